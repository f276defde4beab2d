/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/left_behind.h"
#include "tests/unit/torture.h"

static void
an_empty_one_is_valid_everywhere(void **state)
{
	struct secret a = {0};
	struct secret b = {0};

	(void)state;
	assert_string_equal(secret_peek(&a), "");
	secret_wipe(&a);
	secret_move(&a, &b);
	assert_int_equal(secret_copy(&a, &b), 0);
	assert_int_equal(secret_set(&a, "", 0), 0);
	assert_int_equal(secret_set(&a, NULL, 0), 0);
	assert_null(a.data);
	assert_int_equal(a.len, 0);
}

static void
it_holds_its_own_copy_followed_by_a_nul(void **state)
{
	char text[] = "pass\0word";
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, text, 9), 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(s.len, 9);
	assert_memory_equal(s.data, "pass\0word", 10);
	secret_wipe(&s);
}

static void
setting_replaces_what_was_held(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "first", 5), 0);
	assert_int_equal(secret_set(&s, "2nd", 3), 0);
	assert_string_equal(secret_peek(&s), "2nd");
	assert_int_equal(s.len, 3);
	assert_int_equal(secret_set(&s, "", 0), 0);
	assert_null(s.data);
}

static void
it_may_be_set_to_a_part_of_itself(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "user@pam!token", 14), 0);
	assert_int_equal(secret_set(&s, s.data + 5, 3), 0);
	assert_string_equal(secret_peek(&s), "pam");
	assert_int_equal(secret_copy(&s, &s), 0);
	assert_string_equal(secret_peek(&s), "pam");
	secret_move(&s, &s);
	assert_string_equal(secret_peek(&s), "pam");
	secret_wipe(&s);
}

static void
a_copy_is_independent(void **state)
{
	struct secret a = {0};
	struct secret b = {0};

	(void)state;
	assert_int_equal(secret_set(&a, "abc", 3), 0);
	assert_int_equal(secret_copy(&b, &a), 0);
	secret_wipe(&a);
	assert_string_equal(secret_peek(&b), "abc");
	assert_int_equal(secret_copy(&b, &a), 0);
	assert_null(b.data);
}

static void
moving_empties_the_source(void **state)
{
	struct secret a = {0};
	struct secret b = {0};
	const char *where;

	(void)state;
	assert_int_equal(secret_set(&a, "abc", 3), 0);
	assert_int_equal(secret_set(&b, "old", 3), 0);
	where = a.data;
	secret_move(&b, &a);
	assert_null(a.data);
	assert_int_equal(a.len, 0);
	assert_ptr_equal(b.data, where);
	assert_string_equal(secret_peek(&b), "abc");
	secret_wipe(&b);
}

static void
every_way_to_part_with_it_wipes_it(void **state)
{
	struct secret a = {0};
	struct secret b = {0};

	(void)state;
	torture_look_for("hunter2");
	assert_int_equal(secret_set(&a, "hunter2", 7), 0);
	assert_int_equal(secret_copy(&b, &a), 0);
	assert_int_equal(secret_set(&a, "x", 1), 0);
	secret_move(&b, &a);
	assert_int_equal(secret_set(&b, "my hunter2", 10), 0);
	assert_int_equal(secret_random_hex(&b, 8), 0);
	assert_int_equal(secret_set(&b, "hunter2", 7), 0);
	assert_int_equal(secret_random_text(&b, 8), 0);
	assert_int_equal(secret_set(&b, "hunter2", 7), 0);
	assert_int_equal(secret_set(&b, NULL, 0), 0);
	assert_int_equal(secret_set(&b, "hunter2", 7), 0);
	secret_wipe(&b);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
}

static void
equal_means_the_same_length_and_bytes(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "a\0c\xff", 4), 0);
	assert_true(secret_equal(&s, "a\0c\xff", 4));
	assert_false(secret_equal(&s, "b\0c\xff", 4));
	assert_false(secret_equal(&s, "a\0d\xff", 4));
	assert_false(secret_equal(&s, "a\0c\xfe", 4));
	assert_false(secret_equal(&s, "a\0c\x7f", 4));
	assert_false(secret_equal(&s, "a\0c", 3));
	assert_false(secret_equal(&s, "a\0c\xff!", 5));
	assert_false(secret_equal(&s, "", 0));
	secret_wipe(&s);
}

static void
two_empty_ones_are_not_equal(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_false(secret_equal(&s, "", 0));
	assert_false(secret_equal(&s, NULL, 0));
}

static void
random_hex_is_two_lower_case_digits_a_byte(void **state)
{
	struct secret s = {0};
	unsigned seen = 0;

	(void)state;
	assert_int_equal(secret_random_hex(&s, 1000), 0);
	assert_int_equal(s.len, 2000);
	assert_int_equal(strspn(secret_peek(&s), "0123456789abcdef"), 2000);
	/* Each digit misses 2000 draws once in 10^56. */
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		seen |= 1u << (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	assert_int_equal(seen, 0xffff);
	secret_wipe(&s);
}

static void
random_text_uses_every_letter_and_digit_alike(void **state)
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	enum { CHARS = 62 * 2000 };
	struct secret s = {0};
	unsigned counts[256] = {0};

	(void)state;
	assert_int_equal(secret_random_text(&s, CHARS), 0);
	assert_int_equal(s.len, CHARS);
	assert_int_equal(strspn(secret_peek(&s), letters), CHARS);
	for (size_t i = 0; i < s.len; i++)
		counts[(unsigned char)s.data[i]]++;
	/* Nine standard deviations of 44: by chance once in 10^17. A biased draw gives some 2500. */
	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		unsigned n = counts[(unsigned char)letters[i]];

		assert_true(n > 1600 && n < 2400);
	}
	secret_wipe(&s);
}

static void
two_random_ones_differ(void **state)
{
	struct secret a = {0};
	struct secret b = {0};

	(void)state;
	assert_int_equal(secret_random_hex(&a, 16), 0);
	assert_int_equal(secret_random_hex(&b, 16), 0);
	assert_false(secret_equal(&a, b.data, b.len));
	assert_int_equal(secret_random_text(&a, 22), 0);
	assert_int_equal(secret_random_text(&b, 22), 0);
	assert_false(secret_equal(&a, b.data, b.len));
	secret_wipe(&a);
	secret_wipe(&b);
}

static void
random_nothing_is_empty(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "x", 1), 0);
	assert_int_equal(secret_random_hex(&s, 0), 0);
	assert_null(s.data);
	assert_int_equal(secret_set(&s, "x", 1), 0);
	assert_int_equal(secret_random_text(&s, 0), 0);
	assert_null(s.data);
	assert_int_equal(random_bytes(NULL, 0), 0);
}

static void
random_bytes_fills_all_of_a_large_block(void **state)
{
	static unsigned char block[100000];
	size_t zeros = 0;

	(void)state;
	assert_int_equal(random_bytes(block, sizeof(block)), 0);
	for (size_t i = 0; i < sizeof(block); i++)
		zeros += block[i] == 0;
	assert_true(zeros < 1000);
}

static void
without_the_kernel_s_generator_nothing_changes(void **state)
{
	struct secret s = {0};
	char block[8];

	(void)state;
	assert_int_equal(secret_set(&s, "kept", 4), 0);
	torture_refuse("getrandom", 1);
	assert_int_equal(secret_random_hex(&s, 16), ERR_SYSTEM);
	torture_refuse("getrandom", 1);
	assert_int_equal(secret_random_text(&s, 16), ERR_SYSTEM);
	torture_refuse("getrandom", 1);
	assert_int_equal(random_bytes(block, sizeof(block)), ERR_SYSTEM);
	assert_string_equal(secret_peek(&s), "kept");
	secret_wipe(&s);
}

static void
more_than_memory_can_hold_is_refused(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(secret_set(&s, "x", SIZE_MAX), ERR_MEMORY);
	assert_int_equal(secret_random_hex(&s, SIZE_MAX / 2 + 1), ERR_MEMORY);
	assert_int_equal(secret_random_hex(&s, SIZE_MAX), ERR_MEMORY);
	assert_int_equal(secret_random_text(&s, SIZE_MAX), ERR_MEMORY);
	assert_null(s.data);
}

/* r < 0: *s must be what it was; r == 0: it is something else now. */
static void
check_kept(const struct secret *s, const char *was, int r)
{
	assert_true(r == 0 || torture_struck());
	if (r < 0)
		assert_string_equal(secret_peek(s), was);
}

static void
use_secrets(void *arg)
{
	struct secret a = {0};
	struct secret b = {0};
	char was[32];
	int r;

	(void)arg;
	r = secret_set(&a, "one", 3);
	check_kept(&a, "", r);
	r = secret_copy(&b, &a);
	check_kept(&b, "", r);
	snprintf(was, sizeof(was), "%s", secret_peek(&b));
	r = secret_set(&b, "two", 3);
	check_kept(&b, was, r);
	snprintf(was, sizeof(was), "%s", secret_peek(&b));
	r = secret_random_hex(&b, 10);
	check_kept(&b, was, r);
	snprintf(was, sizeof(was), "%s", secret_peek(&b));
	r = secret_random_text(&b, 20);
	check_kept(&b, was, r);
	secret_wipe(&a);
	secret_wipe(&b);
}

static void
a_failure_leaves_what_was_held(void **state)
{
	(void)state;
	assert_true(torture(use_secrets, NULL) >= 14);
}

static void
what_a_call_left_on_the_stack_is_wiped(void **state)
{
	uintptr_t there;

	(void)state;
	there = leave_behind();
	assert_true(is_left(there));
	there = leave_behind();
	secret_wipe_stack();
	assert_false(is_left(there));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_is_valid_everywhere),
		cmocka_unit_test(it_holds_its_own_copy_followed_by_a_nul),
		cmocka_unit_test(setting_replaces_what_was_held),
		cmocka_unit_test(it_may_be_set_to_a_part_of_itself),
		cmocka_unit_test(a_copy_is_independent),
		cmocka_unit_test(moving_empties_the_source),
		cmocka_unit_test(every_way_to_part_with_it_wipes_it),
		cmocka_unit_test(equal_means_the_same_length_and_bytes),
		cmocka_unit_test(two_empty_ones_are_not_equal),
		cmocka_unit_test(random_hex_is_two_lower_case_digits_a_byte),
		cmocka_unit_test(random_text_uses_every_letter_and_digit_alike),
		cmocka_unit_test(two_random_ones_differ),
		cmocka_unit_test(random_nothing_is_empty),
		cmocka_unit_test(random_bytes_fills_all_of_a_large_block),
		cmocka_unit_test(without_the_kernel_s_generator_nothing_changes),
		cmocka_unit_test(more_than_memory_can_hold_is_refused),
		cmocka_unit_test(a_failure_leaves_what_was_held),
		cmocka_unit_test(what_a_call_left_on_the_stack_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
