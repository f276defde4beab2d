/* SPDX-License-Identifier: MIT */
/*
 * threads - the few threads that serve all sessions: an event loop each.
 *
 * As many as there are processors, and a session stays with one for as long as it lives: what is a
 * session's is never locked. (A thread a session costs a stack, a start and an end each, and a
 * switch for each message that is relayed.) Whoever is called by a loop must not block and must
 * come to an end soon, since others are waiting.
 *
 * Threads: threads_new(), threads_tick() and threads_free() belong to main; threads_join() any
 * thread; the others the one that they are about.
 */
#ifndef SESSION_THREADS_H
#define SESSION_THREADS_H

#include "base/poller.h"

struct threads; /* opaque, see threads.c */
struct thread;

enum { THREAD_SCRATCH = 65536 /* bytes of thread_scratch() */ };

/* Start them. 0, ERR_SYSTEM or ERR_MEMORY. */
int threads_new(struct threads **out, struct err *err) __attribute__((warn_unused_result));

/* End them. No session may be left. NULL is fine. */
void threads_free(struct threads *all);

/* Once a second: what sessions have given back goes back to the system once they are quiet. */
void threads_tick(struct threads *all);

/* The one with the fewest sessions, which has one more until thread_leave(). */
struct thread *threads_join(struct threads *all);
void thread_leave(struct thread *t);

struct poller *thread_poller(struct thread *t);

/*
 * THREAD_SCRATCH bytes to receive into, good until the function that asked returns to the loop. Kept
 * while they are used, so that who is busy does not ask for them at each turn and who is idle has
 * none. NULL when out of memory.
 */
void *thread_scratch(struct thread *t);

/*
 * May something long be done, as the key of a handshake is? Once in a turn of the loop: who hears no
 * is told again in the next one, behind what others have to do.
 */
bool thread_may_take_long(struct thread *t);

/* Soon the thread gives back the stack that what it did just now has needed. */
void thread_settles(struct thread *t);

#endif
