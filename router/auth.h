/* SPDX-License-Identifier: MIT */
/*
 * auth - is an Authorization header the secret of config.json?
 *
 * "<secret>" and "Bearer <secret>" are taken; the comparison's time depends on
 * the length only. A wrong answer is told to the log, once a second at most.
 *
 * Threads: any; guarded by LOCK_AUTH.
 */
#ifndef ROUTER_AUTH_H
#define ROUTER_AUTH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/secret.h"

struct auth; /* opaque, see auth.c */

/* A copy of *secret is kept. Returns 0 or ERR_MEMORY. */
int auth_new(const struct secret *secret, struct auth **out, struct err *err)
	__attribute__((warn_unused_result));
void auth_free(struct auth *auth);

/* SIGHUP. Returns 0 or ERR_MEMORY; then the old secret stays. */
int auth_change(struct auth *auth, const struct secret *secret, struct err *err)
	__attribute__((warn_unused_result));

/* Is the value of the header (NULL: there is none) right? peer and what are for the log. */
bool auth_accepts(struct auth *auth, const char *header, const struct ip *peer, const char *what);

#endif
