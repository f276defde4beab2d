/* SPDX-License-Identifier: MIT */
/*
 * workers - see workers.h
 *
 * A lane is "ready" while it has a job that may start now: it then stands in
 * the ready queue, from which threads take lanes in turn, one job at a time.
 * That is the fairness among lanes; within a lane the order is that of posting.
 *
 * An idle thread that ends waits for the one that ended before it (join_last),
 * so that at most one ended thread is ever unjoined; workers_stop() joins that.
 */
#include "base/workers.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/lock.h"

enum {
	BUCKETS = 256,
	STACK_BYTES = 512 * 1024, /* name resolution, TLS handshakes and JSON happen on it */
};

static const int64_t never = INT64_MAX;

/* A job that waits or runs. */
struct item {
	struct job job;    /* [i] but for job.lane, which is the poster's string and not read */
	struct lane *lane; /* outlives the item */
	TAILQ_ENTRY(item) link;
};

TAILQ_HEAD(items, item);

/* It lives while one of its jobs waits or runs. All fields under LOCK_WORKERS but [i]. */
struct lane {
	LIST_ENTRY(lane) in_bucket;
	TAILQ_ENTRY(lane) in_ready;
	bool is_ready;
	struct items waiting;
	unsigned n_waiting;
	unsigned n_running;
	unsigned cap; /* [i] */
	char name[];  /* [i] */
};

LIST_HEAD(bucket, lane);

struct workers {
	struct workers_limits limits; /* [i] */
	struct lock lock;             /* LOCK_WORKERS, guards the rest */
	pthread_cond_t work;          /* a job may start, or stopping */
	pthread_cond_t ended;         /* n_threads became 0 */
	bool stopping;
	unsigned n_threads;
	unsigned n_busy;    /* threads that run a job */
	unsigned n_waiting; /* jobs in all lanes and in late */
	unsigned n_ready;   /* of these, jobs that may start now */
	struct bucket lanes[BUCKETS];
	TAILQ_HEAD(ready, lane) ready;
	struct items late;     /* found past their deadline by a worker; for workers_tick() */
	bool last_is_unjoined; /* last has ended and is to be joined */
	pthread_t last;
};

/* Lanes; all of these with the lock held. */

static struct bucket *
bucket_of(struct workers *w, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return &w->lanes[hash % BUCKETS];
}

/*
 * The lane of this name, made if need be; NULL without memory. Jobs that have no
 * lane share one that lets every thread in.
 */
static struct lane *
lane_find_or_make(struct workers *w, const char *name)
{
	const char *key = name != NULL ? name : "";
	unsigned cap = name != NULL ? w->limits.lane_cap : w->limits.max_threads;
	struct bucket *bucket = bucket_of(w, key);
	size_t size = strlen(key) + 1;
	struct lane *lane;

	for (lane = LIST_FIRST(bucket); lane != NULL; lane = LIST_NEXT(lane, in_bucket)) {
		/* The cap tells the lane of those without one from a lane that is called "". */
		if (strcmp(lane->name, key) == 0 && lane->cap == cap)
			return lane;
	}
	lane = calloc(1, sizeof(*lane) + size);
	if (lane == NULL)
		return NULL;
	memcpy(lane->name, key, size);
	lane->cap = cap;
	TAILQ_INIT(&lane->waiting);
	LIST_INSERT_HEAD(bucket, lane, in_bucket);
	return lane;
}

/* How many jobs of the lane may start now. */
static unsigned
startable(const struct lane *lane)
{
	unsigned places = lane->cap - lane->n_running;

	return lane->n_waiting < places ? lane->n_waiting : places;
}

/*
 * After every change of a lane: bring the totals and the ready queue in line with
 * it. before is what startable() was; a lane without any job is freed.
 */
static void
lane_settle(struct workers *w, struct lane *lane, unsigned before)
{
	unsigned now = startable(lane);

	w->n_ready = w->n_ready - before + now;
	if (now > 0 && !lane->is_ready)
		TAILQ_INSERT_TAIL(&w->ready, lane, in_ready);
	if (now == 0 && lane->is_ready)
		TAILQ_REMOVE(&w->ready, lane, in_ready);
	lane->is_ready = now > 0;
	if (lane->n_waiting == 0 && lane->n_running == 0) {
		LIST_REMOVE(lane, in_bucket);
		free(lane);
	}
}

static void
lane_add(struct workers *w, struct lane *lane, struct item *item)
{
	unsigned before = startable(lane);

	item->lane = lane;
	TAILQ_INSERT_TAIL(&lane->waiting, item, link);
	lane->n_waiting++;
	w->n_waiting++;
	lane_settle(w, lane, before);
}

static bool
is_late(const struct item *item, int64_t now)
{
	return item->job.deadline_ms != 0 && item->job.deadline_ms <= now;
}

/* The lane's next job that is in time, or NULL; those that are not move to w->late. */
static struct item *
lane_start_next(struct workers *w, struct lane *lane, int64_t now)
{
	unsigned before = startable(lane);
	struct item *item;

	while ((item = TAILQ_FIRST(&lane->waiting)) != NULL) {
		TAILQ_REMOVE(&lane->waiting, item, link);
		lane->n_waiting--;
		if (!is_late(item, now)) {
			w->n_waiting--;
			lane->n_running++;
			break;
		}
		TAILQ_INSERT_TAIL(&w->late, item, link);
	}
	/* To the end of the queue, if it stays ready at all: the other lanes come first. */
	TAILQ_REMOVE(&w->ready, lane, in_ready);
	lane->is_ready = false;
	lane_settle(w, lane, before);
	return item;
}

/* Move the waiting jobs that are late, or all of them, to out. */
static void
lane_collect(struct workers *w, struct lane *lane, int64_t now, bool all, struct items *out)
{
	unsigned before = startable(lane);
	struct item *item, *next;

	for (item = TAILQ_FIRST(&lane->waiting); item != NULL; item = next) {
		next = TAILQ_NEXT(item, link);
		if (!all && !is_late(item, now))
			continue;
		TAILQ_REMOVE(&lane->waiting, item, link);
		lane->n_waiting--;
		w->n_waiting--;
		TAILQ_INSERT_TAIL(out, item, link);
	}
	lane_settle(w, lane, before);
}

/* The same for every lane, and for what workers found to be late. */
static void
collect(struct workers *w, bool all, struct items *out)
{
	int64_t now = clock_ms();
	struct item *item;

	while ((item = TAILQ_FIRST(&w->late)) != NULL) {
		TAILQ_REMOVE(&w->late, item, link);
		w->n_waiting--;
		TAILQ_INSERT_TAIL(out, item, link);
	}
	for (size_t i = 0; i < BUCKETS; i++) {
		struct lane *lane, *next;

		for (lane = LIST_FIRST(&w->lanes[i]); lane != NULL; lane = next) {
			next = LIST_NEXT(lane, in_bucket);
			lane_collect(w, lane, now, all, out);
		}
	}
}

/* Without the lock: late() is someone else's code. */
static void
tell_late(struct items *items)
{
	struct item *item;

	while ((item = TAILQ_FIRST(items)) != NULL) {
		TAILQ_REMOVE(items, item, link);
		item->job.late(item->job.arg);
		free(item);
	}
}

/* Threads; these too with the lock held, but where they say that they release it. */

static struct item *
start_next(struct workers *w)
{
	struct item *item = NULL;
	struct lane *lane;

	/* A lane that yields nothing has no job left and leaves the queue. */
	while (item == NULL && (lane = TAILQ_FIRST(&w->ready)) != NULL)
		item = lane_start_next(w, lane, clock_ms());
	return item;
}

/* Releases the lock while the job runs. */
static void
run(struct workers *w, struct item *item)
{
	struct lane *lane = item->lane;
	unsigned before;

	w->n_busy++;
	lock_release(&w->lock);
	item->job.run(item->job.arg);
	free(item);
	lock_take(&w->lock);
	w->n_busy--;
	before = startable(lane);
	lane->n_running--;
	lane_settle(w, lane, before);
}

/* Wait for work, releasing the lock; false when the thread is one too many and has idled enough. */
static bool
wait_for_work(struct workers *w, int64_t idle_until)
{
	bool spare = w->n_threads > w->limits.min_threads;

	if (spare && clock_left_ms(idle_until) == 0)
		return false;
	lock_wait(&w->lock, &w->work, spare ? idle_until : never);
	return true;
}

/* The calling thread is done: see the top of the file. Releases the lock; w may be gone after. */
static void
end_thread(struct workers *w)
{
	bool join_last = w->last_is_unjoined;
	pthread_t last = w->last;

	w->last = pthread_self();
	w->last_is_unjoined = true;
	w->n_threads--;
	if (w->n_threads == 0)
		pthread_cond_broadcast(&w->ended);
	lock_release(&w->lock);
	if (join_last)
		pthread_join(last, NULL);
}

static void *
thread_main(void *arg)
{
	struct workers *w = arg;
	int64_t idle_until = clock_ms() + w->limits.idle_ms;

	pthread_setname_np(pthread_self(), "worker");
	lock_take(&w->lock);
	for (;;) {
		struct item *item = start_next(w);

		if (item != NULL) {
			run(w, item);
			idle_until = clock_ms() + w->limits.idle_ms;
		} else if (w->stopping || !wait_for_work(w, idle_until)) {
			break;
		}
	}
	end_thread(w);
	return NULL;
}

/* 0 or an errno. */
static int
start_thread(struct workers *w)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	r = pthread_attr_init(&attr);
	if (r != 0)
		return r;
	r = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (r == 0)
		r = pthread_create(&thread, &attr, thread_main, w);
	if (r == 0)
		w->n_threads++;
	pthread_attr_destroy(&attr);
	return r;
}

/*
 * See to it that jobs which may start find a thread. One that cannot be started
 * now is not missed for long: a thread that becomes free takes the job, and
 * workers_tick() comes here again.
 */
static void
provide_threads(struct workers *w)
{
	while (w->n_ready > w->n_threads - w->n_busy && w->n_threads < w->limits.max_threads) {
		if (start_thread(w) != 0)
			break;
	}
}

/* The public face. */

int
workers_new(const struct workers_limits *limits, struct workers **out, struct err *err)
{
	struct workers *w;
	int r = 0;

	assert(limits->max_threads > 0 && limits->min_threads <= limits->max_threads);
	assert(limits->lane_cap > 0);
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(err, ERR_MEMORY, "no memory for workers");
	w->limits = *limits;
	lock_init(&w->lock, LOCK_WORKERS);
	lock_cond_init(&w->work);
	lock_cond_init(&w->ended);
	TAILQ_INIT(&w->ready);
	TAILQ_INIT(&w->late);
	lock_take(&w->lock);
	while (r == 0 && w->n_threads < limits->min_threads)
		r = start_thread(w);
	lock_release(&w->lock);
	if (r != 0) {
		errno = r;
		err_errno(err, "cannot start a worker thread");
		workers_free(w);
		return ERR_SYSTEM;
	}
	*out = w;
	return 0;
}

/* Queue the item, with the lock held. */
static int
accept_item(struct workers *w, struct item *item, struct err *err)
{
	struct lane *lane;
	unsigned ready = w->n_ready;

	if (w->stopping)
		return err_set(err, ERR_STOPPING, "the workers are stopping");
	if (w->n_waiting >= w->limits.max_waiting)
		return err_set(err, ERR_BUSY, "%u jobs are waiting already", w->n_waiting);
	lane = lane_find_or_make(w, item->job.lane);
	if (lane == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a job's lane");
	lane_add(w, lane, item);
	if (w->n_ready > ready) {
		pthread_cond_signal(&w->work);
		provide_threads(w);
	}
	return 0;
}

int
workers_post(struct workers *w, const struct job *job, struct err *err)
{
	struct item *item;
	int r;

	assert(job->run != NULL && job->late != NULL);
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a job");
	item->job = *job;
	lock_take(&w->lock);
	r = accept_item(w, item, err);
	lock_release(&w->lock);
	if (r < 0)
		free(item);
	return r;
}

void
workers_tick(struct workers *w)
{
	struct items late = TAILQ_HEAD_INITIALIZER(late);

	lock_take(&w->lock);
	collect(w, false, &late);
	if (!w->stopping)
		provide_threads(w);
	lock_release(&w->lock);
	tell_late(&late);
}

void
workers_stop(struct workers *w)
{
	struct items late = TAILQ_HEAD_INITIALIZER(late);
	bool join_last;
	pthread_t last;

	lock_take(&w->lock);
	w->stopping = true;
	collect(w, true, &late);
	pthread_cond_broadcast(&w->work);
	lock_release(&w->lock);
	tell_late(&late);
	lock_take(&w->lock);
	while (w->n_threads > 0)
		lock_wait(&w->lock, &w->ended, never);
	join_last = w->last_is_unjoined;
	last = w->last;
	w->last_is_unjoined = false;
	lock_release(&w->lock);
	if (join_last)
		pthread_join(last, NULL);
}

void
workers_free(struct workers *w)
{
	if (w == NULL)
		return;
	workers_stop(w);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->ended);
	lock_done(&w->lock);
	free(w);
}
