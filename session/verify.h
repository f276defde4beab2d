/* SPDX-License-Identifier: MIT */
/*
 * verify - a grant is tried before its token is given out: what POST /create waits for when
 * it is asked to.
 *
 * One job in the lane of the grant's host. It holds neither a port nor a place.
 *
 * Threads: verify_grant() from any; nothing blocks.
 */
#ifndef SESSION_VERIFY_H
#define SESSION_VERIFY_H

#include "session/core.h"
#include "session/env.h"

/*
 * May a grant's hosts be called at all, each of them? 0 or ERR_FORBIDDEN. Said before anything
 * is resolved or called.
 */
int verify_hosts(const struct env *env, const struct grant *grant, struct err *err)
	__attribute__((warn_unused_result));

/* See core_verify(). */
void verify_grant(const struct env *env, struct grant **grant,
	void (*done)(void *arg, struct core_verified *result), void *arg);

#endif
