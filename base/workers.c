/* SPDX-License-Identifier: MIT */
/*
 * workers - see workers.h
 *
 * Which job starts next is lanes.c's to say; this file brings it a thread. Who sees
 * that a job may start wakes or starts one, no more: that one takes the job, and
 * does the same for the next before it runs it (provide_thread()).
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

#include "base/clock.h"
#include "base/lanes.h"
#include "base/lock.h"
#include "base/secret.h"

enum { STACK_BYTES = 512 * 1024 }; /* name resolution, TLS handshakes and JSON happen on it */

static const int64_t never = INT64_MAX;

struct workers {
	struct workers_limits limits; /* [i] */
	struct lock lock;             /* LOCK_WORKERS, guards the rest */
	pthread_cond_t work;          /* a job may start, or stopping */
	pthread_cond_t ended;         /* n_threads became 0 */
	bool stopping;
	unsigned n_threads;
	struct lanes lanes;
	bool last_is_unjoined; /* last has ended and is to be joined */
	pthread_t last;
};

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

static void *thread_main(void *arg);

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
 * Release the lock and, if a job may start, see to it that a thread comes for it. One that cannot be
 * started now is not missed for long: a thread that becomes free takes the job, and
 * workers_tick() comes here again.
 */
static void
provide_thread(struct workers *w)
{
	bool may_start = lanes_ready(&w->lanes), wake = may_start && w->n_threads > w->lanes.n_running;

	if (may_start && !wake && w->n_threads < w->limits.max_threads)
		(void)start_thread(w);
	lock_release(&w->lock);
	/* Not before, or who is woken would wait for the lock. */
	if (wake)
		pthread_cond_signal(&w->work);
}

/* Releases the lock while the job runs. */
static void
run(struct workers *w, struct item *item)
{
	bool did_well;

	provide_thread(w);
	did_well = item->job.run(item->job.arg);
	secret_wipe_stack();
	lock_take(&w->lock);
	lanes_end(&w->lanes, item, did_well, clock_ms());
	free(item);
}

static void *
thread_main(void *arg)
{
	struct workers *w = arg;
	int64_t idle_until = clock_ms() + w->limits.idle_ms;

	pthread_setname_np(pthread_self(), "worker");
	lock_take(&w->lock);
	for (;;) {
		struct item *item = lanes_start(&w->lanes, clock_ms());

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

/* The public face. */

int
workers_new(const struct workers_limits *limits, struct workers **out, struct err *err)
{
	struct workers *w;
	int r = 0;

	assert(limits->max_threads > 0 && limits->min_threads <= limits->max_threads);
	assert(limits->lane_cap > 0 && limits->lane_waiting > 0 && limits->max_new > 0);
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return err_set(err, ERR_MEMORY, "no memory for workers");
	w->limits = *limits;
	lock_init(&w->lock, LOCK_WORKERS);
	lock_cond_init(&w->work);
	lock_cond_init(&w->ended);
	lanes_init(&w->lanes, limits);
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

int
workers_post(struct workers *w, const struct job *job, struct err *err)
{
	struct item *item;
	int r = 0;

	assert(job->run != NULL && job->late != NULL);
	item = calloc(1, sizeof(*item));
	if (item == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a job");
	item->job = *job;
	lock_take(&w->lock);
	if (w->stopping)
		r = err_set(err, ERR_STOPPING, "the workers are stopping");
	if (r == 0)
		r = lanes_add(&w->lanes, item, clock_ms(), err);
	if (r == 0)
		provide_thread(w);
	else
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
	lanes_collect(&w->lanes, clock_ms(), false, &late);
	provide_thread(w);
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
	lanes_collect(&w->lanes, clock_ms(), true, &late);
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
	lanes_done(&w->lanes);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->ended);
	lock_done(&w->lock);
	free(w);
}
