/* SPDX-License-Identifier: MIT */
/*
 * lanes - which of the waiting jobs starts next: the part of workers that has no threads.
 *
 * Jobs of a lane start in the order of posting, and lanes take turns. How many of a
 * lane's jobs may run at once depends on its credit:
 *
 *   new      No job of it did well lately. At most max_new such lanes have jobs that
 *            run, so that lanes whose jobs all hang leave threads to those that are
 *            known to do well. A second job, and more, only while it is quiet: fewer
 *            than half as many jobs as that run.
 *   proven   One job at any time, further ones while a quarter of the threads is free,
 *            in case many proven lanes begin to hang at once.
 *
 * A job that did well gives its lane the credit for lane_cap jobs at once, any other
 * takes one of it away; a lane with none is new. Idle lanes with credit are remembered
 * for lately_ms after the last job that did well; of more than max_known the one that
 * was idle longest is forgotten. That needs no memory of its own: it is the lane that
 * is kept.
 *
 * Threads: no lock of its own; workers.c calls all of these under LOCK_WORKERS.
 */
#ifndef BASE_LANES_H
#define BASE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/workers.h"

struct lane; /* opaque, see lanes.c */

/* A job that waits or runs. Made and freed by the caller, who sets job. */
struct item {
	struct job job;     /* [i] but for job.lane, which is the poster's string and not read later */
	struct lane *lane;  /* outlives the item */
	int64_t started_ms; /* see clock_ms() */
	bool as_new;        /* it was started as the first job of a new lane */
	TAILQ_ENTRY(item) link;
};

TAILQ_HEAD(items, item);
LIST_HEAD(lane_bucket, lane);
TAILQ_HEAD(lane_queue, lane);

/* Where a lane stands: in one of the queues, or in none. */
enum lane_standing {
	LANE_FIRST,    /* a job may start, the first of a proven lane; or one of no lane */
	LANE_MORE,     /* ... another of a proven lane */
	LANE_NEW,      /* ... the first of a new lane */
	LANE_NEW_MORE, /* ... another of a new lane */
	LANE_KNOWN,    /* it is proven and has no job */
	LANE_QUEUES,
	LANE_PARKED = LANE_QUEUES, /* no job may start */
};

enum { LANE_BUCKETS = 1024 };

/* All under LOCK_WORKERS but [i]. */
struct lanes {
	struct workers_limits limits; /* [i] */
	unsigned n_waiting;           /* jobs in all lanes and in late */
	unsigned n_running;
	unsigned n_running_new; /* of these, those that are as_new */
	unsigned n_known;       /* lanes that are LANE_KNOWN */
	uint64_t turns;         /* given out so far */
	struct lane_bucket buckets[LANE_BUCKETS];
	struct lane_queue queues[LANE_QUEUES];
	struct items late; /* found past their deadline when it was their turn */
};

void lanes_init(struct lanes *l, const struct workers_limits *limits);

/* No job may be left. */
void lanes_done(struct lanes *l);

/*
 * Let the item wait in its job's lane; it stays the caller's. ERR_BUSY when max_waiting
 * wait in all lanes or lane_waiting in this one, ERR_MEMORY.
 */
int lanes_add(struct lanes *l, struct item *item, int64_t now_ms, struct err *err)
	__attribute__((warn_unused_result));

/* May a job start now? */
bool lanes_ready(const struct lanes *l);

/* Start the job whose turn it is: it now counts as running. NULL when none may start. */
struct item *lanes_start(struct lanes *l, int64_t now_ms);

/* The item's job has run; did_well is what it returned. The item has no lane any more. */
void lanes_end(struct lanes *l, struct item *item, bool did_well, int64_t now_ms);

/*
 * Move to out what waits beyond its deadline, or with all whatever waits; and forget the
 * lanes that are remembered for too long.
 */
void lanes_collect(struct lanes *l, int64_t now_ms, bool all, struct items *out);

#endif
