/* SPDX-License-Identifier: MIT */
/* Many lanes whose jobs all hang, on real threads; which job is next is test_lanes.c's matter. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/workers.h"
#include "tests/unit/torture.h"

enum { THREADS = 16, HALF = 8, BUSY = HALF / 2, MANY = 40, JOBS = 3, PATIENCE_S = 60 };

static sem_t gate;   /* lets one job that hangs end */
static sem_t peace;  /* lets one of those end that make new lanes have one job each */
static sem_t begun;  /* a job that hangs runs */
static sem_t served; /* a job that does not hang has run */
static atomic_uint late;

static int
set_up(void **state)
{
	(void)state;
	atomic_store(&late, 0);
	return sem_init(&gate, 0, 0) | sem_init(&peace, 0, 0) | sem_init(&begun, 0, 0) |
		   sem_init(&served, 0, 0);
}

static int
tear_down(void **state)
{
	(void)state;
	sem_destroy(&gate);
	sem_destroy(&peace);
	sem_destroy(&begun);
	sem_destroy(&served);
	return 0;
}

static bool
hang(void *arg)
{
	sem_post(&begun);
	sem_wait(arg);
	return false;
}

static bool
serve(void *arg)
{
	(void)arg;
	sem_post(&served);
	return true;
}

static void
be_late(void *arg)
{
	(void)arg;
	atomic_fetch_add(&late, 1);
}

static void
post(struct workers *w, const char *lane, bool (*run)(void *))
{
	const struct job job = {
		.lane = lane, .run = run, .late = be_late, .arg = lane != NULL ? &gate : &peace};

	assert_int_equal(workers_post(w, &job, NULL), 0);
}

static void
wait_for(sem_t *what, unsigned n)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	while (n-- > 0)
		assert_int_equal(sem_timedwait(what, &deadline), 0);
}

static struct workers *
workers_for_test(void)
{
	const struct workers_limits limits = {.min_threads = 1,
		.max_threads = THREADS,
		.max_waiting = 2 * MANY * JOBS,
		.lane_waiting = MANY,
		.lane_cap = JOBS,
		.max_new = HALF,
		.max_known = MANY,
		.quick_ms = PATIENCE_S * 1000,
		.lately_ms = PATIENCE_S * 1000,
		.idle_ms = 1000};
	struct workers *w = NULL;

	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	return w;
}

/* Of the jobs that hang so many are to be let go, and so many to begin. */
static void
let_all_end(struct workers *w, int to_end, unsigned to_begin)
{
	for (int i = 0; i < to_end; i++)
		sem_post(&gate);
	for (int i = 0; i < BUSY; i++)
		sem_post(&peace);
	wait_for(&begun, to_begin);
	workers_free(w);
	assert_int_equal(atomic_load(&late), 0);
}

static void
hang_many(struct workers *w)
{
	char name[32];

	for (int i = 0; i < BUSY; i++)
		post(w, NULL, hang);
	wait_for(&begun, BUSY);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "silent %d", i);
		for (int k = 0; k < JOBS; k++)
			post(w, name, hang);
	}
	wait_for(&begun, HALF);
}

static void
many_lanes_that_hang_do_not_hold_up_one_that_did_well(void **state)
{
	struct workers *w = workers_for_test();

	(void)state;
	post(w, "good", serve);
	wait_for(&served, 1);
	hang_many(w);
	for (int i = 0; i < 20; i++)
		post(w, "good", serve);
	post(w, NULL, serve);
	wait_for(&served, 21);
	/* No more of the others have begun. */
	assert_int_equal(sem_trywait(&begun), -1);
	let_all_end(w, MANY * JOBS, MANY * JOBS - HALF);
}

static void
a_new_lane_has_its_turn_when_those_before_it_had_one(void **state)
{
	struct workers *w = workers_for_test();

	(void)state;
	hang_many(w);
	post(w, "new", serve);
	/* One job each of the lanes before it, and no second one. */
	for (int i = HALF; i < MANY; i++) {
		assert_int_equal(sem_trywait(&served), -1);
		sem_post(&gate);
		wait_for(&begun, 1);
	}
	sem_post(&gate);
	wait_for(&served, 1);
	let_all_end(w, MANY * JOBS - (MANY - HALF + 1), MANY * JOBS - MANY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			many_lanes_that_hang_do_not_hold_up_one_that_did_well, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_new_lane_has_its_turn_when_those_before_it_had_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
