/* SPDX-License-Identifier: MIT */
/* The helper that tests the others is tested too. */
#include "tests/unit/torture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void
three_allocations(void *arg)
{
	unsigned *got = arg;
	/* volatile: a compiler may leave out allocations whose memory nobody uses. */
	char *volatile a = malloc(10);
	char *volatile b = strdup("b");
	char *volatile c = calloc(2, 5);

	*got += (a ? 1u : 0u) + (b ? 1u : 0u) + (c ? 1u : 0u);
	assert_int_equal(a == NULL || b == NULL || c == NULL, torture_struck());
	free(a);
	free(b);
	free(c);
}

static void
every_allocation_fails_once_alone_and_once_with_all_after_it(void **state)
{
	unsigned got = 0;

	(void)state;
	assert_int_equal(torture(three_allocations, &got), 6);
	/* Undisturbed 3, alone 2+2+2 and 3 undisturbed, with the later ones 0+1+2 and 3 undisturbed. */
	assert_int_equal(got, 3 + 6 + 3 + 3 + 3);
}

static void
nothing_fails_after_torture(void **state)
{
	unsigned got = 0;
	void *block;

	(void)state;
	torture(three_allocations, &got);
	block = malloc(1);
	assert_non_null(block);
	free(block);
}

static void
a_refused_allocation_says_enomem(void **state)
{
	char *volatile block;

	(void)state;
	errno = 0;
	torture_refuse("malloc", 1);
	block = malloc(8);
	assert_null(block);
	assert_int_equal(errno, ENOMEM);
	assert_true(torture_struck());
}

static void
only_the_named_call_is_refused(void **state)
{
	char *volatile a;
	char *volatile b;
	char *volatile c;

	(void)state;
	torture_refuse("strdup", 2);
	a = calloc(1, 8);
	b = strdup("b");
	c = strdup("c");
	assert_non_null(a);
	assert_non_null(b);
	assert_null(c);
	free(a);
	free(b);
}

static void *
allocate(void *arg)
{
	void *volatile block = malloc(8);

	*(bool *)arg = block != NULL;
	free(block);
	return NULL;
}

static void
other_threads_are_left_alone(void **state)
{
	bool got = false;
	pthread_t thread;

	(void)state;
	torture_refuse("malloc", 1);
	assert_int_equal(pthread_create(&thread, NULL, allocate, &got), 0);
	pthread_join(thread, NULL);
	torture_refuse(NULL, 0);
	assert_true(got);
}

static void
text_left_in_a_freed_block_is_found(void **state)
{
	char *wiped;
	char *left;

	(void)state;
	torture_look_for("needle");
	wiped = strdup("a needle");
	left = strdup("a needle");
	assert_non_null(wiped);
	assert_non_null(left);
	explicit_bzero(wiped, 8);
	free(wiped);
	assert_int_equal(torture_found(), 0);
	free(left);
	assert_int_equal(torture_found(), 1);
	torture_look_for(NULL);
}

static void
a_block_that_grows_counts_as_freed_where_it_was(void **state)
{
	char *block;
	char *grown;

	(void)state;
	torture_look_for("needle");
	block = strdup("needle");
	assert_non_null(block);
	grown = realloc(block, 1000);
	assert_non_null(grown);
	assert_string_equal(grown, "needle");
	assert_int_equal(torture_found(), 1);
	free(grown);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_fails_once_alone_and_once_with_all_after_it),
		cmocka_unit_test(nothing_fails_after_torture),
		cmocka_unit_test(a_refused_allocation_says_enomem),
		cmocka_unit_test(only_the_named_call_is_refused),
		cmocka_unit_test(other_threads_are_left_alone),
		cmocka_unit_test(text_left_in_a_freed_block_is_found),
		cmocka_unit_test(a_block_that_grows_counts_as_freed_where_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
