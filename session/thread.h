/* SPDX-License-Identifier: MIT */
/*
 * thread - one session's thread: its lws context, mailbox and timers; starts, runs, ends everything below.
 *
 * Threads: thread_start() from a worker; global init and done from main.
 */
#ifndef SESSION_THREAD_H
#define SESSION_THREAD_H

#include "session/env.h"
#include "session/session.h"

/*
 * Once, before any session: libwebsockets keeps process-global OpenSSL state,
 * which only a first context that outlives all others sets up safely. 0 or ERR_SYSTEM.
 */
int thread_global_init(struct err *err) __attribute__((warn_unused_result));
void thread_global_done(void);

/*
 * Start the session's thread, with a reference of its own, and wait until its
 * port accepts connections. Returns 0, ERR_SYSTEM or ERR_MEMORY; then no thread
 * runs. On success the thread runs until session_end() and must be entered in
 * the registry with sessions_add(), which sees to the joining.
 */
int thread_start(struct session *s, const struct env *env, struct err *err)
	__attribute__((warn_unused_result));

#endif
