/* SPDX-License-Identifier: MIT */
/*
 * site - what the endpoints know of the program: its core, its secret, its URLs.
 *
 * Threads: site_new(), site_change() and site_free() belong to main; the rest
 * may be called from any thread. What SIGHUP may change is guarded by
 * LOCK_SETTINGS.
 */
#ifndef ROUTER_SITE_H
#define ROUTER_SITE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "router/auth.h"
#include "router/config.h"

struct core;

struct site {
	struct core *core;      /* [i] borrowed */
	struct auth *auth;      /* [i] owned */
	char *session_base;     /* [i] "http://198.51.100.7" */
	struct site_cell *cell; /* [i] what may change, see site.c */
};

/* Returns 0 or ERR_MEMORY. */
int site_new(const struct config *config, struct core *core, struct site **out, struct err *err)
	__attribute__((warn_unused_result));
void site_free(struct site *site);

/* SIGHUP: secret, public_url, token_ttl. Returns 0 or ERR_MEMORY; then nothing has changed. */
int site_change(struct site *site, const struct config *running, const struct config *now,
	struct err *err) __attribute__((warn_unused_result));

/* Append "<public_url>/vnc/<token>"; *ttl_s becomes the seconds it lives. 0, ERR_LIMIT or ERR_MEMORY. */
int site_add_link(struct site *site, struct buf *out, const char *token, int *ttl_s)
	__attribute__((warn_unused_result));

/* Append "<scheme>://<public_ip>:<port>/". 0, ERR_LIMIT or ERR_MEMORY. */
int site_add_session(const struct site *site, struct buf *out, uint16_t port)
	__attribute__((warn_unused_result));

#endif
