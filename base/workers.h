/* SPDX-License-Identifier: MIT */
/*
 * workers - threads for what may block, with a cap per lane.
 *
 * A lane is a name (the program uses one per Proxmox host). At most lane_cap
 * jobs of a lane run at once; the others are parked in the lane, never on a
 * worker, so that one slow host cannot hold up the rest. Nor can many: lanes none
 * of whose jobs did well lately have a part of the threads only; see lanes.h. Threads
 * are started when jobs wait and end after idle_ms without work, but for the first min.
 *
 * A job that has not started by its deadline never runs: its late() is called
 * instead. Exactly one of run() and late() is called for every accepted job.
 *
 * Threads: workers_post() from any, and it never blocks. run() on a worker;
 * late() on whoever calls workers_tick() or workers_stop(), so it must be short.
 */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct workers_limits {
	unsigned min_threads;
	unsigned max_threads;
	unsigned max_waiting;  /* jobs queued or parked, all lanes together */
	unsigned lane_waiting; /* of these, in one lane */
	unsigned lane_cap;     /* jobs of one lane that run at once */
	unsigned max_new;      /* lanes that have jobs that run though none did well lately */
	unsigned max_known;    /* idle lanes of which is remembered that they did well */
	int quick_ms;          /* a job that did well has not taken longer */
	int lately_ms;         /* for how long that counts */
	int idle_ms;
};

struct job {
	const char *lane;       /* copied; NULL: no cap of any kind */
	int64_t deadline_ms;    /* see clock_ms(); 0: none */
	bool (*run)(void *arg); /* did it do well, as far as its lane is concerned? */
	void (*late)(void *arg);
	void *arg;
};

struct workers; /* opaque, see workers.c */

/* Start min_threads. Returns 0, ERR_MEMORY or ERR_SYSTEM. */
int workers_new(const struct workers_limits *limits, struct workers **out, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Queue a copy of *job. Returns 0, ERR_BUSY when max_waiting are waiting or lane_waiting
 * in this lane (if it has one), ERR_STOPPING, or ERR_MEMORY.
 */
int workers_post(struct workers *w, const struct job *job, struct err *err)
	__attribute__((warn_unused_result));

/* Call late() for every waiting job whose deadline has passed. To be called about once a second. */
void workers_tick(struct workers *w);

/*
 * Refuse further jobs, call late() for all that wait, and wait for those that run.
 * Idempotent. Not from a job, which would wait for itself.
 */
void workers_stop(struct workers *w);

/* Stop if not yet stopped, then free. */
void workers_free(struct workers *w);

#endif
