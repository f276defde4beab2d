/* SPDX-License-Identifier: MIT */
/*
 * slow - answers that are held back for about a second, because their client guesses secrets.
 *
 * A bounded line of things that wait. One that finds no place is to be let go at
 * once: holding back must not become a way to fill our memory.
 *
 * Threads: any; guarded by LOCK_HTTP. go() is called without the lock.
 */
#ifndef ROUTER_SLOW_H
#define ROUTER_SLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
	SLOW_MS = 700, /* and the rest of the second that a tick has */
	SLOW_MAX = 64,
};

/* To be a member of what waits. */
struct slow_item {
	void (*go)(void *arg); /* its waiting is over */
	void *arg;
	int64_t due_ms;              /* [lock] */
	TAILQ_ENTRY(slow_item) link; /* [lock] */
};

struct slow; /* opaque, see slow.c */

struct slow *slow_new(void);       /* NULL without memory */
void slow_free(struct slow *slow); /* must be empty; NULL is fine */

/* Put an item in line. False when the line is full or closed. */
bool slow_add(struct slow *slow, struct slow_item *item);

/* Let go of those that are due; to be called about once a second. */
void slow_tick(struct slow *slow, int64_t now_ms);

/* Let go of all, and take no more. */
void slow_close(struct slow *slow);

#endif
