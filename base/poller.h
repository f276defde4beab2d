/* SPDX-License-Identifier: MIT */
/*
 * poller - one thread's event loop: descriptors, timers, and tasks to end a turn with.
 *
 * The memory of watches, timers and tasks is their owner's. Inside any function that the loop calls
 * they, its own too, may be set, stopped and freed.
 *
 * Threads: one at a time, the one that turns it; but for poller_watch(), poller_retract()
 * and poller_idles().
 */
#ifndef BASE_POLLER_H
#define BASE_POLLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"
#include "base/timers.h"

enum { POLLER_IN = EPOLLIN, POLLER_OUT = EPOLLOUT };

enum {
	POLLER_BATCH = 64,
	POLLER_IDLE_MS = 1000, /* see poller_use() */
};

/* A descriptor. All zero is one that is not watched. */
struct watch {
	int fd;                                  /* while watched; stays its owner's to close */
	unsigned wanted;                         /* POLLER_IN, POLLER_OUT, both, or 0 */
	void (*ready)(void *arg, unsigned what); /* NULL: not watched */
	void *arg;
};

/* Something that is given back when nobody uses it. All zero is one that is not used. */
struct idle {
	struct timer timer;
	bool used; /* since the timer was set */
	struct poller *poller;
	void (*run)(void *arg);
	void *arg;
};

/* Something to be done at the end of this turn. All zero is one that is not queued. */
struct task {
	struct task *next;
	uint64_t round;         /* in which it was queued */
	void (*run)(void *arg); /* NULL: not queued */
	void *arg;
};

struct poller {
	int fd;
	uint64_t round; /* of tasks */
	struct task *tasks, *last_task;
	struct timers timers;
	struct epoll_event ready[POLLER_BATCH]; /* of this turn, from at on not yet told */
	int at, count;
	atomic_uint idles; /* see poller_idles() */
};

/* 0 or ERR_SYSTEM; after that poller_done() is due. */
int poller_init(struct poller *p, struct err *err) __attribute__((warn_unused_result));

/* Nothing is called any more; what is still watched is simply left. All zero is fine. */
void poller_done(struct poller *p);

/*
 * Wait for something that is wanted, or for the nearest timer, and call whoever it concerns:
 * ready() with what there is of wanted, all of it when the descriptor has failed; then each timer
 * that is due and was not set in this very turn; then each task that is queued by then. One that is
 * queued later has its turn at once. 0 or ERR_SYSTEM.
 */
int poller_turn(struct poller *p, struct err *err) __attribute__((warn_unused_result));

/*
 * Watch fd until poller_unwatch(), which must come before fd is closed. While nothing is wanted,
 * nothing is told, not even that it has failed. Of a descriptor from which nothing can come yet,
 * or as the last thing that is done with it, another thread may call this: from then on watch and
 * owner are the loop's. 0 or ERR_SYSTEM.
 */
int poller_watch(struct poller *p, struct watch *w, int fd, unsigned wanted,
	void (*ready)(void *arg, unsigned what), void *arg, struct err *err)
	__attribute__((warn_unused_result));
void poller_want(struct poller *p, struct watch *w, unsigned wanted);
void poller_unwatch(struct poller *p, struct watch *w); /* no matter whether it is watched */

/* From any thread: undo a poller_watch() of a descriptor from which nothing has come. */
void poller_retract(struct poller *p, struct watch *w);

/* Run once, ms from now; 0 or less is the next turn. A timer that was set already is set anew. */
void poller_set_timer(
	struct poller *p, struct timer *timer, int ms, void (*run)(void *arg), void *arg);
void poller_stop_timer(struct poller *p, struct timer *timer); /* no matter whether it is set */

/*
 * It is used now. Once that has not been said for POLLER_IDLE_MS, and before twice that have passed,
 * run() is called. Not after poller_forget(), which does not mind whether it is used.
 */
void poller_use(struct poller *p, struct idle *idle, void (*run)(void *arg), void *arg);
void poller_forget(struct idle *idle);

/* From any thread: how often such a run() was called, so that memory was given back. */
unsigned poller_idles(const struct poller *p);

/* Have run() called once, behind what is to be done in this turn. One that is queued stays where it is. */
void poller_queue(struct poller *p, struct task *task, void (*run)(void *arg), void *arg);
void poller_drop(struct poller *p, struct task *task); /* no matter whether it is queued */

#endif
