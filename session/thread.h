/* SPDX-License-Identifier: MIT */
/*
 * thread - one session's thread: its event loop and mailbox; starts, runs, ends everything below.
 *
 * Threads: thread_start() from a worker.
 */
#ifndef SESSION_THREAD_H
#define SESSION_THREAD_H

#include "session/env.h"
#include "session/session.h"

/*
 * Start the session's thread, with a reference of its own, and wait until its
 * port accepts connections. Returns 0, ERR_SYSTEM or ERR_MEMORY; then no thread
 * runs. On success the thread runs until session_end() and must be entered in
 * the registry with sessions_add(), which sees to the joining.
 */
int thread_start(struct session *s, const struct env *env, struct err *err)
	__attribute__((warn_unused_result));

#endif
