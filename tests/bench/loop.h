/* SPDX-License-Identifier: MIT */
/*
 * loop - an event loop on epoll, level-triggered.
 *
 * A watch may be dropped from its own callback or between turns, not from the
 * callback of another: its event may already be waiting in the same turn.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct watch {
	int fd;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
	bool queued; /* in the loop's list */
	struct watch *next;
};

struct loop {
	int epoll;
	struct watch *again;
	bool stop;
};

void loop_init(struct loop *l);
void loop_done(struct loop *l);

void loop_add(struct loop *l, struct watch *w, uint32_t events);
void loop_change(struct loop *l, struct watch *w, uint32_t events);
void loop_drop(struct loop *l, struct watch *w);

/* Call w with no events in the next turn, which then does not wait: work is left that the kernel knows nothing of. */
void loop_again(struct loop *l, struct watch *w);

/* Wait for events at most timeout_ms and serve them. */
void loop_turn(struct loop *l, int timeout_ms);

#endif
