/* SPDX-License-Identifier: MIT */
/*
 * loop - an event loop on epoll, level-triggered, with timers.
 *
 * A watch may be dropped from its own callback, from a timer's or between turns,
 * not from the callback of another watch: its event may already be waiting in
 * the same turn.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch {
	int fd;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

/* All zero but for what it does: not set. */
struct timer {
	void (*fire)(void *arg);
	void *arg;
	int64_t due_ns;
	size_t place; /* in the loop's heap; 0: not set */
};

struct loop {
	int epoll;
	int64_t
		now_ns; /* when the turn's events came: cheaper than a clock where that is good enough */
	struct timer **heap; /* from place 1 on, the next one first */
	size_t timers, room;
	bool stop;
};

void loop_init(struct loop *l);
void loop_done(struct loop *l);

void loop_add(struct loop *l, struct watch *w, uint32_t events);
void loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_drop(struct loop *l, struct watch *w);

/* Fire once at that time of CLOCK_MONOTONIC; a timer that is set already is moved. */
void loop_set(struct loop *l, struct timer *t, int64_t due_ns);
void loop_unset(struct loop *l, struct timer *t);

/* Wait for events or timers at most timeout_ms and serve them. */
void loop_turn(struct loop *l, int timeout_ms);

#endif
