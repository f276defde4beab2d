/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/torture.h"

static void
the_codes_are_negative_in_the_order_of_the_table(void **state)
{
	int expected = 0;

	(void)state;
#define X(code, text) assert_int_equal(code, --expected);
	ERR_TBL(X)
#undef X
	assert_int_equal(expected, -ERR_COUNT);
}

static void
err_set_fills_code_and_text_and_returns_the_code(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_set(&e, ERR_BUSY, "port %d of %s", 42, "pool"), ERR_BUSY);
	assert_int_equal(e.code, ERR_BUSY);
	assert_string_equal(e.text, "port 42 of pool");
}

static void
without_an_err_only_the_code_is_returned(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_GONE, "%s", "x"), ERR_GONE);
	assert_int_equal(err_errno(NULL, "%s", "x"), ERR_SYSTEM);
}

static void
a_long_text_is_cut_and_ends_in_nul(void **state)
{
	struct err e;
	char text[1000];

	(void)state;
	memset(&e, 'z', sizeof(e));
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ERR_LIMIT, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(strspn(e.text, "a"), sizeof(e.text) - 1);
}

static void
a_text_is_never_cut_within_a_character(void **state)
{
	struct err e = {0};
	char text[1000] = "";

	(void)state;
	for (int shift = 0; shift < 3; shift++) {
		memset(text, 'a', (size_t)shift);
		for (size_t i = (size_t)shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		err_set(&e, ERR_LIMIT, "%s", text);
		assert_true(strlen(e.text) > sizeof(e.text) - 4);
		assert_null(strchr(e.text, '?'));
		assert_memory_equal(e.text + strlen(e.text) - 3, "\xe2\x82\xac", 3);
	}
}

static void
what_is_not_printable_becomes_a_question_mark(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, ERR_PROTOCOL, "%s", "a\nb\x1b[2J\xff \xc3\xa9");
	assert_string_equal(e.text, "a?b?[2J? \xc3\xa9");
}

static void
a_text_may_be_made_from_itself(void **state)
{
	struct err e = {0};

	(void)state;
	err_set(&e, ERR_REFUSED, "inner");
	err_set(&e, e.code, "outer: %s", e.text);
	assert_string_equal(e.text, "outer: inner");
}

static void
err_errno_adds_the_reason_of_the_system(void **state)
{
	struct err e = {0};

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&e, "file %s", "x"), ERR_SYSTEM);
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_string_equal(e.text, "file x: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void
the_reason_of_the_system_outlives_a_long_text(void **state)
{
	static const char reason[] = ": No such file or directory";
	struct err e = {0};
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = ENOENT;
	err_errno(&e, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_string_equal(e.text + strlen(e.text) - strlen(reason), reason);
}

static void
every_code_has_its_name_and_meaning(void **state)
{
	(void)state;
#define X(code, text)                           \
	assert_string_equal(err_name(code), #code); \
	assert_string_equal(err_meaning(code), text);
	ERR_TBL(X)
#undef X
	assert_string_equal(err_name(0), "ERR_OK");
}

static void
a_number_that_is_no_code_has_a_name_all_the_same(void **state)
{
	(void)state;
	assert_string_equal(err_name(1), "ERR_?");
	assert_string_equal(err_name(-ERR_COUNT - 1), "ERR_?");
	assert_non_null(err_meaning(1));
	assert_non_null(err_meaning(-ERR_COUNT - 1));
	assert_non_null(err_meaning(0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_codes_are_negative_in_the_order_of_the_table),
		cmocka_unit_test(err_set_fills_code_and_text_and_returns_the_code),
		cmocka_unit_test(without_an_err_only_the_code_is_returned),
		cmocka_unit_test(a_long_text_is_cut_and_ends_in_nul),
		cmocka_unit_test(a_text_is_never_cut_within_a_character),
		cmocka_unit_test(what_is_not_printable_becomes_a_question_mark),
		cmocka_unit_test(a_text_may_be_made_from_itself),
		cmocka_unit_test(err_errno_adds_the_reason_of_the_system),
		cmocka_unit_test(the_reason_of_the_system_outlives_a_long_text),
		cmocka_unit_test(every_code_has_its_name_and_meaning),
		cmocka_unit_test(a_number_that_is_no_code_has_a_name_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
