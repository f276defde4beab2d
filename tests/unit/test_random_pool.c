/* SPDX-License-Identifier: MIT */
#include "base/random_pool.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/torture.h"

enum { PIECE = 10 };

static bool
is_zero(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void
what_is_taken_is_no_longer_in_the_pool(void **state)
{
	struct random_pool pool = {.left = 0};
	unsigned char piece[PIECE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(random_pool_take(&pool, piece, PIECE), 0);
		/* Ten bytes are zero once in 10^24. */
		assert_false(is_zero(piece, PIECE));
		assert_true(pool.left < sizeof(pool.bytes));
		assert_true(is_zero(pool.bytes + pool.left, sizeof(pool.bytes) - pool.left));
		assert_null(memmem(pool.bytes, sizeof(pool.bytes), piece, PIECE));
	}
}

static void
every_piece_is_another(void **state)
{
	enum { MANY = 500 };
	struct random_pool pool = {.left = 0};
	unsigned char pieces[MANY][PIECE];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(random_pool_take(&pool, pieces[i], PIECE), 0);
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(pieces[i], pieces[j], PIECE);
	}
}

static void
the_kernel_is_asked_once_for_as_many_as_the_pool_holds(void **state)
{
	struct random_pool pool = {.left = 0};
	unsigned char piece[PIECE], before[PIECE];

	(void)state;
	assert_int_equal(random_pool_take(&pool, piece, PIECE), 0);
	torture_refuse("getrandom", 1);
	for (int i = 1; i < RANDOM_POOL_SIZE / PIECE; i++)
		assert_int_equal(random_pool_take(&pool, piece, PIECE), 0);
	memcpy(before, piece, PIECE);
	assert_int_equal(random_pool_take(&pool, piece, PIECE), ERR_SYSTEM);
	assert_memory_equal(piece, before, PIECE);
	assert_int_equal(random_pool_take(&pool, piece, PIECE), 0);
	assert_memory_not_equal(piece, before, PIECE);
}

static void
more_than_it_holds_comes_from_the_kernel_as_it_is(void **state)
{
	static unsigned char block[10000];
	struct random_pool pool = {.left = 0};
	unsigned char all[RANDOM_POOL_SIZE];
	size_t zeros = 0;

	(void)state;
	assert_int_equal(random_pool_take(&pool, block, sizeof(block)), 0);
	for (size_t i = 0; i < sizeof(block); i++)
		zeros += block[i] == 0;
	assert_true(zeros < 200);
	assert_int_equal(pool.left, 0);
	assert_int_equal(random_pool_take(&pool, all, sizeof(all)), 0);
	assert_int_equal(pool.left, 0);
	assert_true(is_zero(pool.bytes, sizeof(pool.bytes)));
	assert_int_equal(random_pool_take(&pool, all, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken_is_no_longer_in_the_pool),
		cmocka_unit_test(every_piece_is_another),
		cmocka_unit_test(the_kernel_is_asked_once_for_as_many_as_the_pool_holds),
		cmocka_unit_test(more_than_it_holds_comes_from_the_kernel_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
