/* SPDX-License-Identifier: MIT */
/*
 * config_types - how a value of each type is read, shown and freed.
 *
 * For config.c only. A field is the member of struct config that the option's
 * offset leads to.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CONFIG_TYPES_H
#define ROUTER_CONFIG_TYPES_H

#include <jansson.h>

#include "router/config.h"

/* Fill err with "<key>: ..." and return ERR_INVALID. */
int config_bad(const struct config_option *option, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Read a value that is not null into an empty field. 0, ERR_INVALID or ERR_MEMORY. */
int config_read_value(const struct config_option *option, const char *folder, json_t *value,
	void *field, struct err *err) __attribute__((warn_unused_result));

/* See config_show(). */
int config_show_value(const struct config_option *option, const void *field, struct buf *out)
	__attribute__((warn_unused_result));

/* Is it a text that the field owns (or does not yet have)? */
bool config_is_text(enum config_type type);

/* Is it a struct config_list? */
bool config_is_list(enum config_type type);

/* What a JSON value is, in words: "a number". */
const char *config_json_kind(const json_t *value);

/* ---- lists, config_lists.c ---- */

/* Read an array of texts, or an object for CONFIG_PINS. 0, ERR_INVALID or ERR_MEMORY. */
int config_read_list(const struct config_option *option, json_t *value, struct config_list *out,
	struct err *err) __attribute__((warn_unused_result));
int config_show_list(const struct config_list *list, struct buf *out)
	__attribute__((warn_unused_result));
void config_list_done(struct config_list *list);

/* ---- the secret, config_secret.c ---- */

/*
 * Find the secret where it is: authorization, authorization_file or the environment,
 * one of them and no more. 0, ERR_INVALID or ERR_MEMORY.
 */
int config_find_secret(struct config *config, struct err *err) __attribute__((warn_unused_result));

/* Is this a secret that fits into a header? Fills *err without a key's name. 0 or ERR_INVALID. */
int config_check_secret(const char *text, size_t len, int min, int max, struct err *err)
	__attribute__((warn_unused_result));

#endif
