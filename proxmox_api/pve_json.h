/* SPDX-License-Identifier: MIT */
/*
 * pve_json - JSON as Proxmox writes it, read strictly; pure.
 *
 * Strict about syntax and about types, but a number may come as a number or as a
 * string, since Perl decides that anew each time. An error's text never quotes the
 * answer: it may hold a ticket. what, in all of them, is how that text begins.
 *
 * ERR_MEMORY is told only where jansson's allocator is that of base/abandon.h: on its own jansson
 * goes on without memory, with characters missing or worse.
 *
 * Threads: no shared state.
 */
#ifndef PROXMOX_API_PVE_JSON_H
#define PROXMOX_API_PVE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/secret.h"

/* The whole text; the caller's, by json_decref(). 0, ERR_PROTOCOL or ERR_MEMORY. */
int pve_json_whole(const char *json, size_t len, const char *what, json_t **out, struct err *err)
	__attribute__((warn_unused_result));

/* The same of an answer whose "data" is an object, which is borrowed from *root. */
int pve_json_data(const char *json, size_t len, const char *what, json_t **root,
	const json_t **data, struct err *err) __attribute__((warn_unused_result));

/* One row of a list; borrowed. Returns 0, or what pve_json_rows() is to end with. */
typedef int pve_json_row_fn(void *arg, const json_t *row, struct err *err);

/*
 * The same of an answer whose "data" is a list: each object in it is given to row in turn. Never
 * more than one of them is in memory, since a large cluster lists thousands. Only when all is
 * read is it known that the whole is an answer: then 0, else ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_json_rows(const char *json, size_t len, const char *what, pve_json_row_fn *row, void *arg,
	struct err *err) __attribute__((warn_unused_result));

/* Perl's idea of true; NULL is false. */
bool pve_json_truth(const json_t *value);

/* A string of 1..max bytes, or NULL. No NUL is in it: jansson refuses \u0000 unless told. */
const char *pve_json_text(const json_t *value, size_t max);

/* A copy of text. 0 or ERR_MEMORY. */
int pve_json_secret(struct secret *out, const char *text, const char *what, struct err *err)
	__attribute__((warn_unused_result));

#endif
