/* SPDX-License-Identifier: MIT */
#include "base/workers.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "tests/unit/torture.h"

enum { PATIENCE_MS = 60000 };

/* Of the limits those that these tests are not about; test_lanes.c is. */
#define LANES_FOR_TEST                                                              \
	.lane_waiting = 100, .max_new = 100, .max_known = 100, .quick_ms = PATIENCE_MS, \
	.lately_ms = PATIENCE_MS

/* A lock that the tests' own jobs use; that they may take it shows that workers hold none. */
static struct lock lock;
static pthread_cond_t changed;

/* What has happened, under lock. */
static struct {
	unsigned started;
	unsigned running;
	unsigned most_running;
	unsigned done;
	unsigned late;
	bool gate_open; /* jobs of wait_at_gate() end when it is */
	char order[64]; /* a letter for each job of write_letter() */
	pthread_t thread;
} seen;

/*
 * Threads of this process, of whatever kind. Not the entries of /proc/self/task:
 * reading that folder leaves some out while others end.
 */
static unsigned
count_tasks(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	unsigned n = 0;

	assert_non_null(f);
	while (n == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "Threads:", 8) == 0)
			n = (unsigned)strtoul(line + 8, NULL, 10);
	}
	fclose(f);
	return n;
}

/* The main thread, and what a sanitizer may have of its own. */
static unsigned tasks_at_first;

static unsigned
count_threads(void)
{
	return count_tasks() - tasks_at_first;
}

/* By a thread, and itself left out: a sanitizer starts a thread of its own with our first. */
static void *
note_tasks(void *arg)
{
	tasks_at_first = count_tasks() - 1;
	return arg;
}

static int
set_up(void **state)
{
	pthread_t thread;

	(void)state;
	lock_init(&lock, LOCK_REGISTRY);
	lock_cond_init(&changed);
	return pthread_create(&thread, NULL, note_tasks, NULL) == 0 ? pthread_join(thread, NULL) : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	lock_done(&lock);
	pthread_cond_destroy(&changed);
	return 0;
}

static void
begin(void)
{
	seen.started++;
	seen.running++;
	if (seen.running > seen.most_running)
		seen.most_running = seen.running;
	seen.thread = pthread_self();
	pthread_cond_broadcast(&changed);
}

static void
end(void)
{
	seen.running--;
	seen.done++;
	pthread_cond_broadcast(&changed);
}

static bool
wait_at_gate(void *arg)
{
	(void)arg;
	lock_take(&lock);
	begin();
	while (!seen.gate_open)
		lock_wait(&lock, &changed, INT64_MAX);
	end();
	lock_release(&lock);
	return true;
}

static bool
be_quick(void *arg)
{
	(void)arg;
	lock_take(&lock);
	begin();
	end();
	lock_release(&lock);
	return true;
}

static bool
write_letter(void *arg)
{
	const char *letter = arg;

	lock_take(&lock);
	begin();
	seen.order[strlen(seen.order)] = *letter;
	end();
	lock_release(&lock);
	return true;
}

static void
be_late(void *arg)
{
	(void)arg;
	lock_take(&lock);
	seen.late++;
	seen.thread = pthread_self();
	pthread_cond_broadcast(&changed);
	lock_release(&lock);
}

static void
open_gate(void)
{
	lock_take(&lock);
	seen.gate_open = true;
	pthread_cond_broadcast(&changed);
	lock_release(&lock);
}

/* Wait until *count, a number in seen, is n. */
static void
wait_for(const unsigned *count, unsigned n)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	bool in_time = true;
	unsigned now;

	lock_take(&lock);
	while (*count != n && in_time)
		in_time = lock_wait(&lock, &changed, deadline);
	now = *count;
	lock_release(&lock);
	assert_int_equal(now, n);
}

static unsigned
look(const unsigned *count)
{
	unsigned now;

	lock_take(&lock);
	now = *count;
	lock_release(&lock);
	return now;
}

static struct workers *
workers_for_test(unsigned min, unsigned max, unsigned lane_cap)
{
	const struct workers_limits limits = {.min_threads = min,
		.max_threads = max,
		.max_waiting = 100,
		.lane_cap = lane_cap,
		.idle_ms = PATIENCE_MS,
		LANES_FOR_TEST};
	struct workers *w = NULL;

	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	return w;
}

static int
try_post(struct workers *w, const char *lane, bool (*run)(void *), char *arg, int64_t deadline)
{
	const struct job job = {
		.lane = lane, .deadline_ms = deadline, .run = run, .late = be_late, .arg = arg};

	return workers_post(w, &job, NULL);
}

static void
post(struct workers *w, const char *lane, bool (*run)(void *), char *arg)
{
	assert_int_equal(try_post(w, lane, run, arg, 0), 0);
}

/* Nothing tells of the end of a thread, so this looks again and again, with a bound. */
static unsigned
settled_threads(unsigned expected)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	unsigned n;

	while ((n = count_threads()) != expected && clock_left_ms(deadline) > 0)
		poll(NULL, 0, 1);
	return n;
}

static void
wait_for_threads(unsigned n)
{
	assert_int_equal(settled_threads(n), n);
}

static void
forget(void)
{
	lock_take(&lock);
	memset(&seen, 0, sizeof(seen));
	lock_release(&lock);
}

static int
reset(void **state)
{
	static bool hopeless;

	(void)state;
	/* A thread that has been joined may yet be seen for a moment, one of a failed test for ever. */
	hopeless = hopeless || settled_threads(0) != 0;
	forget();
	return hopeless ? -1 : 0;
}

static void
a_job_runs_once_on_a_thread_of_the_workers(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);

	(void)state;
	post(w, "a", be_quick, NULL);
	wait_for(&seen.done, 1);
	workers_free(w);
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.late, 0);
	assert_false(pthread_equal(seen.thread, pthread_self()));
}

static void
the_job_and_its_lane_s_name_are_copied(void **state)
{
	struct workers *w = workers_for_test(1, 2, 1);
	char name[] = "host";
	char letter = 'x';
	struct job job = {.lane = name, .run = wait_at_gate, .late = be_late};

	(void)state;
	assert_int_equal(workers_post(w, &job, NULL), 0);
	job.run = write_letter;
	job.arg = &letter;
	assert_int_equal(workers_post(w, &job, NULL), 0);
	memset(name, '?', sizeof(name) - 1);
	memset(&job, 0, sizeof(job));
	open_gate();
	wait_for(&seen.done, 2);
	workers_free(w);
	assert_string_equal(seen.order, "x");
	assert_int_equal(seen.most_running, 1);
}

static void
a_lane_never_runs_more_jobs_than_its_cap(void **state)
{
	struct workers *w = workers_for_test(0, 8, 2);

	(void)state;
	for (int i = 0; i < 6; i++)
		post(w, "slow", wait_at_gate, NULL);
	wait_for(&seen.started, 2);
	open_gate();
	wait_for(&seen.done, 6);
	workers_free(w);
	assert_int_equal(seen.most_running, 2);
}

static void
a_full_lane_does_not_hold_up_the_others(void **state)
{
	struct workers *w = workers_for_test(0, 3, 2);
	char letter = 'f';

	(void)state;
	for (int i = 0; i < 50; i++)
		post(w, "slow", wait_at_gate, NULL);
	wait_for(&seen.started, 2);
	for (int i = 0; i < 10; i++)
		post(w, "fast", write_letter, &letter);
	wait_for(&seen.done, 10);
	assert_string_equal(seen.order, "ffffffffff");
	assert_int_equal(look(&seen.running), 2);
	open_gate();
	wait_for(&seen.done, 60);
	workers_free(w);
}

static void
jobs_of_a_lane_start_in_the_order_of_posting(void **state)
{
	struct workers *w = workers_for_test(4, 4, 1);
	char letters[] = "abcdefghijklmnopqrstuvwxyz";

	(void)state;
	post(w, "host", wait_at_gate, NULL);
	for (size_t i = 0; i < 26; i++)
		post(w, "host", write_letter, &letters[i]);
	open_gate();
	wait_for(&seen.done, 27);
	workers_free(w);
	assert_string_equal(seen.order, letters);
}

static void
lanes_take_turns(void **state)
{
	struct workers *w = workers_for_test(1, 1, 4);
	char letters[] = "abc";

	(void)state;
	post(w, "gate", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	for (int i = 0; i < 4; i++)
		post(w, "host a", write_letter, &letters[0]);
	for (int i = 0; i < 2; i++)
		post(w, "host b", write_letter, &letters[1]);
	post(w, NULL, write_letter, &letters[2]);
	open_gate();
	wait_for(&seen.done, 8);
	workers_free(w);
	assert_string_equal(seen.order, "abcabaa");
}

static void
jobs_without_a_lane_have_no_cap(void **state)
{
	struct workers *w = workers_for_test(0, 5, 1);

	(void)state;
	for (int i = 0; i < 5; i++)
		post(w, NULL, wait_at_gate, NULL);
	wait_for(&seen.running, 5);
	open_gate();
	wait_for(&seen.done, 5);
	workers_free(w);
}

static void
a_lane_with_an_empty_name_is_a_lane(void **state)
{
	struct workers *w = workers_for_test(0, 5, 1);

	(void)state;
	post(w, NULL, wait_at_gate, NULL);
	post(w, "", wait_at_gate, NULL);
	post(w, "", wait_at_gate, NULL);
	post(w, NULL, wait_at_gate, NULL);
	wait_for(&seen.running, 3);
	open_gate();
	wait_for(&seen.done, 4);
	workers_free(w);
	assert_int_equal(seen.most_running, 3);
}

static void
when_too_many_wait_a_post_says_busy(void **state)
{
	const struct workers_limits limits = {.min_threads = 1,
		.max_threads = 1,
		.max_waiting = 3,
		.lane_cap = 1,
		.idle_ms = 1,
		LANES_FOR_TEST};
	const struct job job = {.lane = "d", .run = be_quick, .late = be_late};
	struct workers *w = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	post(w, "a", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	post(w, "a", be_quick, NULL);
	post(w, "b", be_quick, NULL);
	post(w, NULL, be_quick, NULL);
	assert_int_equal(workers_post(w, &job, &err), ERR_BUSY);
	assert_int_equal(err.code, ERR_BUSY);
	open_gate();
	wait_for(&seen.done, 4);
	assert_int_equal(workers_post(w, &job, &err), 0);
	wait_for(&seen.done, 5);
	workers_free(w);
	assert_int_equal(seen.late, 0);
}

static void
a_job_past_its_deadline_is_late_at_the_next_tick_and_never_runs(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);

	(void)state;
	post(w, "a", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	assert_int_equal(try_post(w, "a", be_quick, NULL, clock_ms()), 0);
	assert_int_equal(try_post(w, "b", be_quick, NULL, 1), 0);
	assert_int_equal(try_post(w, "b", be_quick, NULL, clock_ms() + PATIENCE_MS), 0);
	assert_int_equal(look(&seen.late), 0);
	workers_tick(w);
	assert_int_equal(look(&seen.late), 2);
	assert_true(pthread_equal(seen.thread, pthread_self()));
	workers_tick(w);
	assert_int_equal(look(&seen.late), 2);
	open_gate();
	wait_for(&seen.done, 2);
	workers_free(w);
	assert_int_equal(seen.late, 2);
	assert_int_equal(seen.started, 2);
}

static void
a_worker_that_finds_a_late_job_leaves_it_to_the_tick(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);

	(void)state;
	/* The thread takes the lanes in this order: once c has run, it has met the late ones. */
	assert_int_equal(try_post(w, "a", be_quick, NULL, 1), 0);
	assert_int_equal(try_post(w, "b", be_quick, NULL, 1), 0);
	assert_int_equal(try_post(w, "b", be_quick, NULL, 1), 0);
	post(w, "c", be_quick, NULL);
	wait_for(&seen.done, 1);
	assert_int_equal(look(&seen.late), 0);
	workers_tick(w);
	assert_int_equal(look(&seen.late), 3);
	assert_true(pthread_equal(seen.thread, pthread_self()));
	workers_free(w);
	assert_int_equal(seen.late, 3);
	assert_int_equal(seen.started, 1);
}

static struct workers *reposting;

static bool
post_another(void *arg)
{
	be_quick(arg);
	post(reposting, "a", be_quick, NULL);
	return true;
}

static void
post_another_late(void *arg)
{
	be_late(arg);
	try_post(reposting, "a", be_quick, NULL, 0);
}

static void
run_and_late_may_post(void **state)
{
	const struct job job = {
		.lane = "a", .deadline_ms = 1, .run = be_quick, .late = post_another_late};

	(void)state;
	reposting = workers_for_test(1, 1, 1);
	post(reposting, "a", post_another, NULL);
	wait_for(&seen.done, 2);
	assert_int_equal(workers_post(reposting, &job, NULL), 0);
	workers_tick(reposting);
	wait_for(&seen.done, 3);
	assert_int_equal(look(&seen.late), 1);
	workers_free(reposting);
}

static void *
stop(void *arg)
{
	workers_stop(arg);
	return NULL;
}

static void
stopping_makes_late_what_waits_and_waits_for_what_runs(void **state)
{
	struct workers *w = workers_for_test(1, 1, 1);
	pthread_t thread;

	(void)state;
	post(w, "a", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	post(w, "a", be_quick, NULL);
	post(w, "b", be_quick, NULL);
	assert_int_equal(try_post(w, NULL, be_quick, NULL, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, stop, w), 0);
	wait_for(&seen.late, 3);
	assert_int_equal(look(&seen.done), 0);
	open_gate();
	pthread_join(thread, NULL);
	assert_int_equal(seen.done, 1);
	assert_int_equal(seen.started, 1);
	wait_for_threads(0);
	workers_free(w);
	assert_int_equal(seen.late, 3);
}

static void
after_stopping_nothing_is_accepted(void **state)
{
	struct workers *w = workers_for_test(2, 2, 1);
	struct err err = {0};
	const struct job job = {.run = be_quick, .late = be_late};

	(void)state;
	workers_stop(w);
	assert_int_equal(workers_post(w, &job, &err), ERR_STOPPING);
	assert_int_equal(err.code, ERR_STOPPING);
	workers_tick(w);
	workers_stop(w);
	workers_free(w);
	workers_free(NULL);
	assert_int_equal(seen.started + seen.late, 0);
}

/* What late() got from its own post. */
static int late_post;

static void
post_and_open_gate(void *arg)
{
	be_late(arg);
	late_post = try_post(reposting, "a", be_quick, NULL, 0);
	open_gate();
}

static void
what_is_late_at_a_stop_cannot_post_any_more(void **state)
{
	const struct job job = {.lane = "a", .run = be_quick, .late = post_and_open_gate};

	(void)state;
	reposting = workers_for_test(1, 1, 1);
	post(reposting, "a", wait_at_gate, NULL);
	wait_for(&seen.started, 1);
	assert_int_equal(workers_post(reposting, &job, NULL), 0);
	workers_free(reposting);
	assert_int_equal(seen.late, 1);
	assert_int_equal(late_post, ERR_STOPPING);
}

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
#define TEST(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		TEST(a_job_runs_once_on_a_thread_of_the_workers),
		TEST(the_job_and_its_lane_s_name_are_copied),
		TEST(a_lane_never_runs_more_jobs_than_its_cap),
		TEST(a_full_lane_does_not_hold_up_the_others),
		TEST(jobs_of_a_lane_start_in_the_order_of_posting),
		TEST(lanes_take_turns),
		TEST(jobs_without_a_lane_have_no_cap),
		TEST(a_lane_with_an_empty_name_is_a_lane),
		TEST(when_too_many_wait_a_post_says_busy),
		TEST(a_job_past_its_deadline_is_late_at_the_next_tick_and_never_runs),
		TEST(a_worker_that_finds_a_late_job_leaves_it_to_the_tick),
		TEST(run_and_late_may_post),
		TEST(stopping_makes_late_what_waits_and_waits_for_what_runs),
		TEST(after_stopping_nothing_is_accepted),
		TEST(what_is_late_at_a_stop_cannot_post_any_more),
		TEST(threads_start_as_jobs_need_them),
		TEST(a_job_parked_in_its_lane_needs_no_thread),
		TEST(idle_threads_end_but_for_the_first_few),
		TEST(all_threads_may_end_and_come_back),
		TEST(the_stack_has_512_kib),
		TEST(the_threads_are_called_worker),
		TEST(a_thread_that_cannot_be_started_is_made_up_for_by_the_tick),
		TEST(without_its_first_threads_there_are_no_workers),
		TEST(each_of_many_jobs_ends_in_exactly_one_way),
		TEST(each_job_ends_in_exactly_one_way_when_stopping_meets_posting),
		TEST(without_memory_or_threads_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
