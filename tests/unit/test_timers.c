/* SPDX-License-Identifier: MIT */
/* The heap by itself; how the loop runs timers is in test_poller.c. */
#include "base/timers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/torture.h"

enum { MANY = 1000, LONG_MS = 60000, STEPS = 20000 };

static struct timers all;
static struct timer timers[MANY];
static struct timer *ran[MANY];
static int runs;

static int
begin(void **state)
{
	(void)state;
	all = (struct timers){.root = NULL};
	memset(timers, 0, sizeof(timers));
	runs = 0;
	return 0;
}

static void
note(void *arg)
{
	assert_true(runs < MANY);
	ran[runs++] = arg;
}

static void
set(struct timer *t, int ms)
{
	timers_set(&all, t, ms, note, t);
}

/* As if that much time had passed: all that are set are that much nearer. */
static void
let_pass(int64_t ms)
{
	for (int i = 0; i < MANY; i++)
		if (timers[i].at_ms != 0)
			timers[i].at_ms -= ms;
}

static void
run(void)
{
	runs = 0;
	timers_admit(&all);
	timers_run(&all);
}

static int
by_time(const void *a, const void *b)
{
	const struct timer *x = *(struct timer *const *)a, *y = *(struct timer *const *)b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* Set and stop at random, in some order that is the same each time; what is left runs in order. */
static void
whatever_was_set_and_stopped_the_rest_runs_in_order_of_time(void **state)
{
	static struct timer before[MANY];
	static struct timer *expected[MANY];
	unsigned random = 12345;
	int i, n = 0;

	(void)state;
	for (i = 0; i < STEPS; i++) {
		random = random * 1103515245 + 12345;
		if (random >> 16 & 3)
			set(&timers[random >> 4 & 511], 1 + (int)(random >> 20 & 63));
		else
			timers_stop(&all, &timers[random >> 4 & 511]);
		if ((random >> 18 & 15) == 0)
			timers_admit(&all);
	}
	memcpy(before, timers, sizeof(timers));
	for (i = 0; i < MANY; i++)
		if (before[i].at_ms != 0)
			expected[n++] = &before[i];
	assert_true(n > 100);
	qsort(expected, (size_t)n, sizeof(expected[0]), by_time);
	let_pass(LONG_MS);
	run();
	assert_int_equal(runs, n);
	for (i = 0; i < n; i++)
		assert_ptr_equal(ran[i], &timers[expected[i] - before]);
	assert_int_equal(timers_nearest_ms(&all), 0);
}

static void
the_nearest_is_known_once_it_is_admitted(void **state)
{
	(void)state;
	set(&timers[0], LONG_MS);
	set(&timers[1], 1000);
	assert_int_equal(timers_nearest_ms(&all), 0);
	timers_admit(&all);
	assert_int_equal(timers_nearest_ms(&all), timers[1].at_ms);
	timers_stop(&all, &timers[1]);
	assert_int_equal(timers_nearest_ms(&all), timers[0].at_ms);
}

static void
what_is_not_due_or_not_admitted_does_not_run(void **state)
{
	(void)state;
	set(&timers[0], LONG_MS);
	set(&timers[1], 0);
	timers_run(&all);
	assert_int_equal(runs, 0);
	run();
	assert_int_equal(runs, 1);
	assert_ptr_equal(ran[0], &timers[1]);
	assert_int_equal(timers[1].at_ms, 0);
	assert_true(timers[0].at_ms > clock_ms());
}

static void
stop_all(void *arg)
{
	note(arg);
	for (int i = 0; i < MANY; i++)
		timers_stop(&all, &timers[i]);
}

static void
one_that_runs_may_stop_all_others(void **state)
{
	(void)state;
	for (int i = 1; i < 100; i++)
		set(&timers[i], 1);
	timers_set(&all, &timers[0], 0, stop_all, &timers[0]);
	timers_admit(&all);
	set(&timers[100], 0);
	let_pass(1);
	timers_run(&all);
	assert_int_equal(runs, 1);
	assert_ptr_equal(ran[0], &timers[0]);
	run();
	assert_int_equal(runs, 0);
}

static void
a_stopped_one_is_set_again_and_runs_once(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++)
		set(&timers[i], LONG_MS);
	timers_admit(&all);
	for (int i = 0; i < MANY; i++) {
		timers_stop(&all, &timers[i]);
		timers_stop(&all, &timers[i]);
		set(&timers[i], LONG_MS);
		set(&timers[i], 0);
	}
	run();
	assert_int_equal(runs, MANY);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(ran[i], &timers[i]);
	run();
	assert_int_equal(runs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whatever_was_set_and_stopped_the_rest_runs_in_order_of_time, begin),
		cmocka_unit_test_setup(the_nearest_is_known_once_it_is_admitted, begin),
		cmocka_unit_test_setup(what_is_not_due_or_not_admitted_does_not_run, begin),
		cmocka_unit_test_setup(one_that_runs_may_stop_all_others, begin),
		cmocka_unit_test_setup(a_stopped_one_is_set_again_and_runs_once, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
