/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/death.h"
#include "tests/unit/torture.h"

static void
an_empty_buf_owns_nothing_and_reads_as_an_empty_string(void **state)
{
	struct buf b = {.max = 10};

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_addf(&b, "%s", ""), 0);
	assert_int_equal(buf_add_texts(&b, (const char *[]){"", ""}, 2), 0);
	assert_null(b.data);
	buf_done(&b);
}

static void
what_is_added_follows_what_was_there_and_ends_in_nul(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_int_equal(buf_add(&b, "one", 3), 0);
	assert_int_equal(buf_addf(&b, " %d %s", 2, "three"), 0);
	assert_int_equal(b.len, 11);
	assert_int_equal(b.data[b.len], '\0');
	assert_string_equal(buf_text(&b), "one 2 three");
	buf_done(&b);
}

static void
bytes_may_be_any(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_int_equal(buf_add(&b, "a\0b\xff", 4), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\xff", 5);
	buf_done(&b);
}

static void
it_grows_as_far_as_max_and_no_further(void **state)
{
	struct buf b = {.max = 1000};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(buf_add(&b, "x", 1), 0);
	assert_int_equal(buf_add(&b, "y", 1), ERR_LIMIT);
	assert_int_equal(buf_addf(&b, "y"), ERR_LIMIT);
	assert_int_equal(b.len, 1000);
	assert_int_equal(strspn(buf_text(&b), "x"), 1000);
	assert_true(b.cap <= 1001);
	buf_done(&b);
}

static void
beyond_the_limit_nothing_is_added_at_all(void **state)
{
	struct buf b = {.max = 5};

	(void)state;
	assert_int_equal(buf_add(&b, "abc", 3), 0);
	assert_int_equal(buf_add(&b, "def", 3), ERR_LIMIT);
	assert_int_equal(buf_addf(&b, "%d", 456), ERR_LIMIT);
	assert_int_equal(buf_add(&b, "x", SIZE_MAX), ERR_LIMIT);
	assert_string_equal(buf_text(&b), "abc");
	assert_int_equal(buf_add(&b, "de", 2), 0);
	assert_string_equal(buf_text(&b), "abcde");
	buf_done(&b);
}

static void
a_format_is_whole_whatever_room_there_was(void **state)
{
	(void)state;
	for (int before = 0; before < 2; before++) {
		for (int len = 1; len < 1200; len++) {
			struct buf b = {.max = 1200};

			if (before)
				assert_int_equal(buf_add(&b, "0123456789", 10), 0);
			if (len + 10 * before > 1200) {
				assert_int_equal(buf_addf(&b, "%0*d", len, 7), ERR_LIMIT);
				assert_string_equal(buf_text(&b), "0123456789");
			} else {
				assert_int_equal(buf_addf(&b, "%0*d", len, 7), 0);
				assert_int_equal(b.len, len + 10 * before);
				assert_int_equal(strlen(buf_text(&b)), b.len);
				assert_int_equal(strspn(b.data + 10 * before, "0"), len - 1);
				assert_int_equal(b.data[b.len - 1], '7');
			}
			buf_done(&b);
		}
	}
}

static void
texts_are_added_all_or_none(void **state)
{
	static const char *const texts[] = {"one", "", "two", "three"};
	struct buf b = {.max = 21};

	(void)state;
	assert_int_equal(buf_add_texts(&b, texts, 4), 0);
	assert_string_equal(buf_text(&b), "onetwothree");
	assert_int_equal(buf_add_texts(&b, texts, 4), ERR_LIMIT);
	assert_string_equal(buf_text(&b), "onetwothree");
	assert_int_equal(buf_add_texts(&b, texts, 0), 0);
	assert_int_equal(buf_add_texts(&b, texts, 3), 0);
	assert_string_equal(buf_text(&b), "onetwothreeonetwo");
	buf_done(&b);
}

static void
a_max_of_zero_means_one_mebibyte(void **state)
{
	struct buf b = {0};
	char kib[1024];

	(void)state;
	memset(kib, 'k', sizeof(kib));
	for (int i = 0; i < 1024; i++)
		assert_int_equal(buf_add(&b, kib, sizeof(kib)), 0);
	assert_int_equal(buf_add(&b, "x", 1), ERR_LIMIT);
	assert_int_equal(b.len, 1024 * 1024);
	buf_done(&b);
}

static void
no_max_is_too_large(void **state)
{
	struct buf b = {.max = SIZE_MAX};

	(void)state;
	assert_int_equal(buf_add(&b, "x", 1), 0);
	assert_int_equal(buf_add(&b, "x", SIZE_MAX), ERR_LIMIT);
	buf_done(&b);
}

static void
skipping_forgets_the_first_bytes(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_skip(&b, 0);
	assert_int_equal(buf_add(&b, "abcdef", 6), 0);
	buf_skip(&b, 0);
	assert_string_equal(buf_text(&b), "abcdef");
	buf_skip(&b, 2);
	assert_string_equal(buf_text(&b), "cdef");
	assert_int_equal(b.len, 4);
	buf_skip(&b, 4);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_add(&b, "g", 1), 0);
	assert_string_equal(buf_text(&b), "g");
	buf_done(&b);
}

static void
skip_too_far(void)
{
	struct buf b = {0};

	if (buf_add(&b, "abc", 3) == 0)
		buf_skip(&b, 4);
}

static void
skipping_more_than_there_is_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(skip_too_far));
}

static void
done_empties_it_and_keeps_max(void **state)
{
	struct buf b = {.max = 3};

	(void)state;
	assert_int_equal(buf_add(&b, "abc", 3), 0);
	buf_done(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
	buf_done(&b);
	assert_int_equal(buf_add(&b, "abcd", 4), ERR_LIMIT);
	assert_int_equal(buf_add(&b, "abc", 3), 0);
	buf_done(&b);
}

static void
it_is_wiped_when_it_grows_and_when_it_is_freed(void **state)
{
	struct buf b = {0};

	(void)state;
	torture_look_for("hunter2");
	assert_int_equal(buf_addf(&b, "a hunter2"), 0);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(buf_add(&b, "x", 1), 0);
	assert_int_equal(torture_found(), 0);
	buf_done(&b);
	assert_int_equal(buf_add(&b, "hunter2", 7), 0);
	buf_skip(&b, 7);
	buf_done(&b);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
fill_and_empty(void *arg)
{
	struct buf b = {.max = 5000};
	size_t expected = 0;

	(void)arg;
	for (int i = 0; i < 100; i++) {
		int r = i % 2 ? buf_addf(&b, "%040d", i) : buf_add(&b, "0123456789", 10);

		assert_true(r == 0 || (r == ERR_MEMORY && torture_struck()));
		if (r == 0)
			expected += i % 2 ? 40 : 10;
		assert_int_equal(b.len, expected);
		assert_int_equal(strlen(buf_text(&b)), expected);
	}
	buf_done(&b);
}

static void
without_memory_nothing_is_added_and_nothing_lost(void **state)
{
	(void)state;
	assert_true(torture(fill_and_empty, NULL) >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buf_owns_nothing_and_reads_as_an_empty_string),
		cmocka_unit_test(what_is_added_follows_what_was_there_and_ends_in_nul),
		cmocka_unit_test(bytes_may_be_any),
		cmocka_unit_test(it_grows_as_far_as_max_and_no_further),
		cmocka_unit_test(beyond_the_limit_nothing_is_added_at_all),
		cmocka_unit_test(a_format_is_whole_whatever_room_there_was),
		cmocka_unit_test(texts_are_added_all_or_none),
		cmocka_unit_test(a_max_of_zero_means_one_mebibyte),
		cmocka_unit_test(no_max_is_too_large),
		cmocka_unit_test(skipping_forgets_the_first_bytes),
		cmocka_unit_test(skipping_more_than_there_is_is_our_mistake),
		cmocka_unit_test(done_empties_it_and_keeps_max),
		cmocka_unit_test(it_is_wiped_when_it_grows_and_when_it_is_freed),
		cmocka_unit_test(without_memory_nothing_is_added_and_nothing_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
