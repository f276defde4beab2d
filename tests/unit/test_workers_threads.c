/* SPDX-License-Identifier: MIT */
/* The threads of the workers: how many there are, and that of many no job is lost. */
#include "base/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/unit/left_behind.h"
#include "tests/unit/workers_scene.h"

static void
threads_start_as_jobs_need_them(void **state)
{
	struct workers *w = workers_for_test(2, 4, 9);

	(void)state;
	wait_for_threads(2);
	for (unsigned i = 1; i <= 4; i++) {
		post(w, "a", wait_at_gate, NULL);
		wait_for(&seen.running, i);
		wait_for_threads(i < 2 ? 2 : i);
	}
	for (int i = 0; i < 3; i++)
		post(w, "a", wait_at_gate, NULL);
	assert_int_equal(count_threads(), 4);
	open_gate();
	wait_for(&seen.done, 7);
	workers_free(w);
	assert_int_equal(seen.most_running, 4);
	wait_for_threads(0);
}

static void
a_job_parked_in_its_lane_needs_no_thread(void **state)
{
	struct workers *w = workers_for_test(0, 8, 1);

	(void)state;
	for (int i = 0; i < 8; i++)
		post(w, "a", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	assert_int_equal(count_threads(), 1);
	open_gate();
	wait_for(&seen.done, 8);
	assert_int_equal(count_threads(), 1);
	workers_free(w);
}

static void
idle_threads_end_but_for_the_first_few(void **state)
{
	const struct workers_limits limits = {.min_threads = 2,
		.max_threads = 8,
		.max_waiting = 100,
		.lane_cap = 8,
		.idle_ms = 1,
		LANES_FOR_TEST};
	struct workers *w = NULL;

	(void)state;
	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	for (int round = 0; round < 3; round++) {
		forget();
		for (int i = 0; i < 8; i++)
			post(w, NULL, wait_at_gate, NULL);
		wait_for(&seen.running, 8);
		assert_int_equal(count_threads(), 8);
		open_gate();
		wait_for(&seen.done, 8);
		wait_for_threads(2);
	}
	post(w, "a", be_quick, NULL);
	wait_for(&seen.done, 9);
	workers_free(w);
	wait_for_threads(0);
}

static void
all_threads_may_end_and_come_back(void **state)
{
	const struct workers_limits limits = {.min_threads = 0,
		.max_threads = 2,
		.max_waiting = 9,
		.lane_cap = 2,
		.idle_ms = 0,
		LANES_FOR_TEST};
	struct workers *w = NULL;

	(void)state;
	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	for (unsigned i = 1; i <= 20; i++) {
		post(w, "a", be_quick, NULL);
		wait_for(&seen.done, i);
		if (i % 5 == 0)
			wait_for_threads(0);
	}
	workers_free(w);
}

static bool
measure_stack(void *arg)
{
	pthread_attr_t attr;
	size_t size = 0;

	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstacksize(&attr, &size);
		pthread_attr_destroy(&attr);
	}
	*(size_t *)arg = size;
	be_quick(NULL);
	return true;
}

static void
the_stack_has_512_kib(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);
	size_t size = 0;
	const struct job job = {.run = measure_stack, .late = be_late, .arg = &size};

	(void)state;
	assert_int_equal(workers_post(w, &job, NULL), 0);
	wait_for(&seen.done, 1);
	workers_free(w);
	/* A sanitizer may ask for more. */
	assert_true(size >= 512 * 1024 && size < 4 * 1024 * 1024);
}

static bool
leave_a_secret(void *arg)
{
	*(uintptr_t *)arg = leave_behind();
	be_quick(NULL);
	return true;
}

static bool
look_for_it(void *arg)
{
	uintptr_t *there = arg;

	*there = is_left(*there);
	be_quick(NULL);
	return true;
}

static void
a_job_leaves_nothing_on_the_stack(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);
	uintptr_t there = 0;

	(void)state;
	post(w, NULL, leave_a_secret, (char *)&there);
	wait_for(&seen.done, 1);
	assert_true(there > 1);
	post(w, NULL, look_for_it, (char *)&there);
	wait_for(&seen.done, 2);
	workers_free(w);
	assert_int_equal(there, false);
}

static bool
tell_name(void *arg)
{
	pthread_getname_np(pthread_self(), arg, 16);
	be_quick(NULL);
	return true;
}

static void
the_threads_are_called_worker(void **state)
{
	struct workers *w = workers_for_test(0, 1, 1);
	char name[16] = "";

	(void)state;
	post(w, NULL, tell_name, name);
	wait_for(&seen.done, 1);
	workers_free(w);
	assert_string_equal(name, "worker");
}

static void
a_thread_that_cannot_be_started_is_made_up_for_by_the_tick(void **state)
{
	struct workers *w = workers_for_test(0, 1, 1);

	(void)state;
	torture_refuse("pthread_create", 1);
	post(w, "a", be_quick, NULL);
	assert_true(torture_struck());
	assert_int_equal(count_threads(), 0);
	workers_tick(w);
	wait_for(&seen.done, 1);
	workers_free(w);
}

static void
without_its_first_threads_there_are_no_workers(void **state)
{
	const struct workers_limits limits = {.min_threads = 3,
		.max_threads = 3,
		.max_waiting = 1,
		.lane_cap = 1,
		.idle_ms = 1,
		LANES_FOR_TEST};
	struct workers *w = NULL;
	struct err err = {0};

	(void)state;
	torture_refuse("pthread_create", 2);
	assert_int_equal(workers_new(&limits, &w, &err), ERR_SYSTEM);
	assert_null(w);
	assert_string_equal(err.text, "cannot start a worker thread: Resource temporarily unavailable");
	wait_for_threads(0);
}

/* Many threads post to many lanes while another ticks: each job must end in exactly one way. */
enum { POSTERS = 4, JOBS = 2000, LANES = 7 };

static struct {
	atomic_int ended[POSTERS * JOBS];
	atomic_int in_lane[LANES];
	atomic_bool over_cap;
	atomic_bool done;
	struct workers *workers;
} hammer;

static bool
run_hammered(void *arg)
{
	atomic_int *ended = arg;
	long n = ended - hammer.ended, lane = n % LANES;

	if (atomic_fetch_add(&hammer.in_lane[lane], 1) >= 2)
		atomic_store(&hammer.over_cap, true);
	atomic_fetch_add(ended, 1);
	atomic_fetch_sub(&hammer.in_lane[lane], 1);
	return n % 5 != 0;
}

static void
end_late(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void *
post_many(void *arg)
{
	const int *first = arg;

	for (int i = *first; i < *first + JOBS; i++) {
		char lane[8];
		struct job job = {.lane = lane,
			.deadline_ms = i % 3 == 0 ? clock_ms() + 1 : 0,
			.run = run_hammered,
			.late = end_late,
			.arg = &hammer.ended[i]};
		int r;

		snprintf(lane, sizeof(lane), "l%d", i % LANES);
		do {
			r = workers_post(hammer.workers, &job, NULL);
		} while (r == ERR_BUSY && sched_yield() == 0);
		/* Refused: so that each has to end once in the end. */
		if (r < 0)
			atomic_fetch_add(&hammer.ended[i], 1);
	}
	return NULL;
}

static void *
tick_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&hammer.done)) {
		workers_tick(hammer.workers);
		sched_yield();
	}
	return NULL;
}

static void
check_hammered(bool stop_early)
{
	const struct workers_limits limits = {.min_threads = 1,
		.max_threads = 6,
		.max_waiting = 50,
		.lane_waiting = 12,
		.lane_cap = 2,
		.max_new = 3,
		.max_known = 3,
		.quick_ms = 50,
		.lately_ms = 5};
	pthread_t posters[POSTERS], ticker;
	int first[POSTERS];

	memset(&hammer, 0, sizeof(hammer));
	assert_int_equal(workers_new(&limits, &hammer.workers, NULL), 0);
	assert_int_equal(pthread_create(&ticker, NULL, tick_on, NULL), 0);
	for (int i = 0; i < POSTERS; i++) {
		first[i] = i * JOBS;
		assert_int_equal(pthread_create(&posters[i], NULL, post_many, &first[i]), 0);
	}
	if (stop_early) {
		while (atomic_load(&hammer.ended[JOBS / 10]) == 0)
			sched_yield();
		workers_stop(hammer.workers);
	}
	for (int i = 0; i < POSTERS; i++)
		pthread_join(posters[i], NULL);
	workers_stop(hammer.workers);
	atomic_store(&hammer.done, true);
	pthread_join(ticker, NULL);
	workers_free(hammer.workers);
	for (int i = 0; i < POSTERS * JOBS; i++)
		assert_int_equal(atomic_load(&hammer.ended[i]), 1);
	assert_false(atomic_load(&hammer.over_cap));
	wait_for_threads(0);
}

static void
each_of_many_jobs_ends_in_exactly_one_way(void **state)
{
	(void)state;
	check_hammered(false);
}

static void
each_job_ends_in_exactly_one_way_when_stopping_meets_posting(void **state)
{
	(void)state;
	check_hammered(true);
}

static void
live_and_die(void *arg)
{
	const struct workers_limits limits = {.min_threads = 1,
		.max_threads = 3,
		.max_waiting = 9,
		.lane_cap = 2,
		.idle_ms = 0,
		LANES_FOR_TEST};
	static const char *const lanes[] = {"a", "a", "b", NULL, "c"};
	struct workers *w = NULL;
	unsigned accepted = 0;
	int r;

	(void)arg;
	forget();
	r = workers_new(&limits, &w, NULL);
	assert_true(r == 0 || torture_struck());
	if (r < 0) {
		assert_null(w);
		return;
	}
	for (size_t i = 0; i < 5; i++) {
		r = try_post(w, lanes[i], be_quick, NULL, i == 2 ? 1 : 0);
		assert_true(r == 0 || (r == ERR_MEMORY && torture_struck()));
		accepted += r == 0;
	}
	workers_tick(w);
	workers_free(w);
	assert_int_equal(seen.done + seen.late, accepted);
}

static void
without_memory_or_threads_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(threads_start_as_jobs_need_them),
		test(a_job_parked_in_its_lane_needs_no_thread),
		test(idle_threads_end_but_for_the_first_few),
		test(all_threads_may_end_and_come_back),
		test(the_stack_has_512_kib),
		test(a_job_leaves_nothing_on_the_stack),
		test(the_threads_are_called_worker),
		test(a_thread_that_cannot_be_started_is_made_up_for_by_the_tick),
		test(without_its_first_threads_there_are_no_workers),
		test(each_of_many_jobs_ends_in_exactly_one_way),
		test(each_job_ends_in_exactly_one_way_when_stopping_meets_posting),
		test(without_memory_or_threads_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
