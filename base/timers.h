/* SPDX-License-Identifier: MIT */
/*
 * timers - who is to be called at what time: the part of a poller that knows no descriptors.
 *
 * A heap whose nodes are the timers themselves (a pairing heap: Fredman and others, 1986), so that
 * to set and to stop one needs no memory, cannot fail, and costs no more with thousands of them.
 *
 * Threads: one at a time, the poller's.
 */
#ifndef BASE_TIMERS_H
#define BASE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

/* Runs once. All zero is a stopped one. Its memory is its owner's. */
struct timer {
	struct timer *child, *next, *prev; /* prev of a first child is its parent */
	int64_t at_ms;                     /* 0: stopped */
	uint64_t number; /* of two of one time the one that was set first runs first */
	bool fresh;      /* set after the last timers_admit() */
	void (*run)(void *arg);
	void *arg;
};

/* All zero is none. */
struct timers {
	struct timer *root;  /* the nearest */
	struct timer *fresh; /* a list */
	uint64_t last_number;
};

/* Run ms from now, 0 or less being now. One that was set already is set anew. */
void timers_set(struct timers *all, struct timer *timer, int ms, void (*run)(void *arg), void *arg);
void timers_stop(struct timers *all, struct timer *timer); /* no matter whether it is set */

/* Those that were set so far may run, and count for the nearest. */
void timers_admit(struct timers *all);

/* When the nearest is due, by clock_ms(); 0: there is none. */
int64_t timers_nearest_ms(const struct timers *all);

/*
 * Call those that are due. Inside run() any of them may be set, stopped and freed; what is set
 * there waits for timers_admit().
 */
void timers_run(struct timers *all);

#endif
