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
#include "base/lock.h"
#include "router/auth.h"
#include "router/config.h"
#include "router/settings.h"

struct core;

struct site {
	struct core *core;  /* [i] borrowed */
	struct auth *auth;  /* [i] owned */
	char *session_base; /* [i] "http://198.51.100.7" */
	struct lock lock;
	struct settings *settings; /* [lock] */
};

/* access is that of the configuration, here as below, and referenced. Returns 0 or ERR_MEMORY. */
int site_new(const struct config *config, struct access *access, struct core *core,
	struct site **out, struct err *err) __attribute__((warn_unused_result));
void site_free(struct site *site);

/* SIGHUP: the secret and struct settings. Returns 0 or ERR_MEMORY; then nothing has changed. */
int site_change(struct site *site, const struct config *running, const struct config *now,
	struct access *access, struct err *err) __attribute__((warn_unused_result));

/* The current settings; a reference of the caller's. */
struct settings *site_settings(struct site *site);

/* Append "<scheme>://<public_ip>:<port>/". 0, ERR_LIMIT or ERR_MEMORY. */
int site_add_session(const struct site *site, struct buf *out, uint16_t port)
	__attribute__((warn_unused_result));

#endif
