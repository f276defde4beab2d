/* SPDX-License-Identifier: MIT */
#include "base/workers.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/workers_scene.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_job_runs_once_on_a_thread_of_the_workers),
		test(the_job_and_its_lane_s_name_are_copied),
		test(a_lane_never_runs_more_jobs_than_its_cap),
		test(a_full_lane_does_not_hold_up_the_others),
		test(jobs_of_a_lane_start_in_the_order_of_posting),
		test(lanes_take_turns),
		test(jobs_without_a_lane_have_no_cap),
		test(a_lane_with_an_empty_name_is_a_lane),
		test(when_too_many_wait_a_post_says_busy),
		test(a_job_past_its_deadline_is_late_at_the_next_tick_and_never_runs),
		test(a_worker_that_finds_a_late_job_leaves_it_to_the_tick),
		test(run_and_late_may_post),
		test(stopping_makes_late_what_waits_and_waits_for_what_runs),
		test(after_stopping_nothing_is_accepted),
		test(what_is_late_at_a_stop_cannot_post_any_more),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
