/* SPDX-License-Identifier: MIT */
#include "base/scratch.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/death.h"
#include "tests/unit/torture.h"

static struct scratch scratch;

static bool
is_inside(const void *piece)
{
	return (uintptr_t)piece - (uintptr_t)scratch.bytes < sizeof(scratch.bytes);
}

static void
pieces_lie_in_it_apart_and_aligned(void **state)
{
	char *a, *b, *c;

	(void)state;
	scratch_begin(&scratch);
	a = scratch_alloc(1);
	b = scratch_alloc(17);
	c = scratch_alloc(SCRATCH_SIZE - 64);
	assert_true(is_inside(a) && is_inside(b) && is_inside(c));
	assert_int_equal((uintptr_t)a % _Alignof(max_align_t), 0);
	assert_int_equal((uintptr_t)b % _Alignof(max_align_t), 0);
	assert_true(b >= a + 1 && c >= b + 17);
	scratch_free(b);
	scratch_free(a);
	scratch_free(c);
	scratch_end(&scratch);
}

static void
what_does_not_fit_is_the_heaps(void **state)
{
	void *large, *rest, *more;

	(void)state;
	scratch_begin(&scratch);
	large = scratch_alloc(SCRATCH_SIZE + 1);
	assert_false(is_inside(large));
	rest = scratch_alloc(SCRATCH_SIZE);
	assert_true(is_inside(rest));
	more = scratch_alloc(1);
	assert_non_null(more);
	assert_false(is_inside(more));
	scratch_free(large);
	scratch_free(more);
	scratch_free(rest);
	scratch_free(NULL);
	torture_refuse("malloc", 1);
	assert_null(scratch_alloc(SCRATCH_SIZE + 1));
	scratch_end(&scratch);
}

static void
outside_of_it_all_is_the_heaps(void **state)
{
	void *before = scratch_alloc(10), *after;

	(void)state;
	assert_false(is_inside(before));
	scratch_begin(&scratch);
	scratch_free(before);
	scratch_end(&scratch);
	after = scratch_alloc(10);
	assert_false(is_inside(after));
	scratch_free(after);
}

static void *
alloc_elsewhere(void *arg)
{
	(void)arg;
	return scratch_alloc(10);
}

static void
it_is_one_threads_alone(void **state)
{
	pthread_t thread;
	void *piece;

	(void)state;
	scratch_begin(&scratch);
	assert_int_equal(pthread_create(&thread, NULL, alloc_elsewhere, NULL), 0);
	pthread_join(thread, &piece);
	assert_non_null(piece);
	assert_false(is_inside(piece));
	scratch_free(piece);
	scratch_end(&scratch);
}

static void
its_end_wipes_it(void **state)
{
	char *piece;

	(void)state;
	scratch_begin(&scratch);
	piece = scratch_alloc(100);
	memcpy(piece, "a password", 11);
	scratch_free(piece);
	scratch_end(&scratch);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(piece[i], 0);
}

static void
end_too_early(void)
{
	scratch_begin(&scratch);
	(void)!scratch_alloc(10);
	scratch_end(&scratch);
}

static void
begin_twice(void)
{
	struct scratch other;

	scratch_begin(&scratch);
	scratch_begin(&other);
}

static void
a_piece_that_outlives_it_is_our_mistake_and_so_are_two(void **state)
{
	(void)state;
	assert_true(aborts(end_too_early));
	assert_true(aborts(begin_twice));
}

static void
jansson_frees_all_that_it_took(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"three\",null,{\"b\":\"\\u00e9\"}],\"c\":true}";
	static const char broken[] = "{\"a\":[1,2,\"three";
	json_t *value;

	(void)state;
	json_set_alloc_funcs(scratch_alloc, scratch_free);
	scratch_begin(&scratch);
	value = json_loadb(text, sizeof(text) - 1, JSON_REJECT_DUPLICATES, NULL);
	assert_true(is_inside(value));
	json_decref(value);
	assert_null(json_loadb(broken, sizeof(broken) - 1, 0, NULL));
	assert_true(scratch.used > 0);
	scratch_end(&scratch);
	json_set_alloc_funcs(malloc, free);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_lie_in_it_apart_and_aligned),
		cmocka_unit_test(what_does_not_fit_is_the_heaps),
		cmocka_unit_test(outside_of_it_all_is_the_heaps),
		cmocka_unit_test(it_is_one_threads_alone),
		cmocka_unit_test(its_end_wipes_it),
		cmocka_unit_test(a_piece_that_outlives_it_is_our_mistake_and_so_are_two),
		cmocka_unit_test(jansson_frees_all_that_it_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
