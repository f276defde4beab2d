/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/torture.h"

static void
ascii_is_printable(void **state)
{
	(void)state;
	for (char c = 0x20; c < 0x7f; c++)
		assert_int_equal(text_printable(&c, 1), 1);
}

static void
control_bytes_are_not_printable(void **state)
{
	(void)state;
	for (char c = 0; c < 0x20; c++)
		assert_int_equal(text_printable(&c, 1), 0);
	assert_int_equal(text_printable("\x7f", 1), 0);
}

static void
ascii_in_a_row_ends_at_the_first_byte_that_is_not_printable_or_not_ascii(void **state)
{
	static const char *const ends[] = {"\x1f", "\x7f", "\n", "\t", "\x80", "\xc3\xa9", "\xff", ""};
	char all[0x7f - 0x20 + 8];
	size_t n = 0;

	(void)state;
	for (char c = 0x20; c < 0x7f; c++)
		all[n++] = c;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		memcpy(all + n, ends[i], strlen(ends[i]) + 1);
		assert_int_equal(text_ascii(all, n + strlen(ends[i])), n);
		assert_int_equal(text_ascii(all, 5), 5);
		assert_int_equal(text_ascii(all, 0), 0);
	}
}

static void
a_character_of_several_bytes_counts_them_all(void **state)
{
	(void)state;
	assert_int_equal(text_printable("\xc2\xa0", 2), 2);         /* U+00A0, the first */
	assert_int_equal(text_printable("\xdf\xbf", 2), 2);         /* U+07FF */
	assert_int_equal(text_printable("\xe0\xa0\x80", 3), 3);     /* U+0800 */
	assert_int_equal(text_printable("\xef\xbf\xbd", 3), 3);     /* U+FFFD */
	assert_int_equal(text_printable("\xf0\x90\x80\x80", 4), 4); /* U+10000 */
	assert_int_equal(text_printable("\xf4\x8f\xbf\xbd", 4), 4); /* U+10FFFD, near the last */
}

static void
what_is_not_utf8_is_not_printable(void **state)
{
	static const char *const wrong[] = {
		"\x80",             /* a continuation without a beginning */
		"\xbf",             /* the same */
		"\xc0\xaf",         /* '/' in two bytes */
		"\xc1\xbf",         /* the same trick with DEL */
		"\xe0\x80\xaf",     /* '/' in three bytes */
		"\xe0\x9f\xbf",     /* U+07FF in three bytes */
		"\xf0\x8f\xbf\xbf", /* U+FFFF in four bytes */
		"\xed\xa0\x80",     /* U+D800, half of a pair */
		"\xed\xbf\xbf",     /* U+DFFF */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf5\x80\x80\x80", /* the same */
		"\xff",             /* never */
		"\xc3(",            /* a beginning without its continuation */
		"\xe2\x82(",        /* the same */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(text_printable(wrong[i], strlen(wrong[i])), 0);
}

static void
a_character_that_is_cut_is_not_printable(void **state)
{
	(void)state;
	for (size_t len = 0; len < 4; len++)
		assert_int_equal(text_printable("\xf0\x9f\x98\x80", len), 0);
	assert_int_equal(text_printable("\xf0\x9f\x98\x80", 4), 4);
}

static void
characters_that_steer_a_line_are_not_printable(void **state)
{
	static const char *const steering[] = {
		"\xc2\x80",
		"\xc2\x85",
		"\xc2\x9b",
		"\xc2\x9f", /* C1; U+009B begins terminal sequences */
		"\xe2\x80\xa8",
		"\xe2\x80\xa9", /* line and paragraph separator */
		"\xe2\x80\xae",
		"\xe2\x81\xa6",
		"\xe2\x80\x8f", /* writing direction */
		"\xd8\x9c",
		"\xef\xbb\xbf",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
		assert_int_equal(text_printable(steering[i], strlen(steering[i])), 0);
}

static void
only_the_bytes_given_are_read(void **state)
{
	char *exact = malloc(1);

	(void)state;
	assert_non_null(exact);
	exact[0] = '\xe2';
	assert_int_equal(text_printable(exact, 1), 0);
	assert_int_equal(text_printable(exact, 0), 0);
	free(exact);
}

static void
a_hex_digit_has_its_value_and_nothing_else_has(void **state)
{
	static const char digits[] = "0123456789abcdef", capitals[] = "0123456789ABCDEF";

	(void)state;
	for (int i = 0; i < 256; i++) {
		const char *low = i != 0 ? strchr(digits, i) : NULL,
				   *high = i != 0 ? strchr(capitals, i) : NULL;
		int value = low != NULL ? (int)(low - digits) : high != NULL ? (int)(high - capitals) : -1;

		assert_int_equal(text_hex((char)i), value);
	}
}

static void
a_number_is_written_as_printf_writes_it(void **state)
{
	static const int64_t numbers[] = {
		0, 1, 9, 10, 99, 100, 8006, 65535, 999999999, INT64_MAX, -1, -10, -8006, INT64_MIN};
	char text[TEXT_NUMBER_SIZE], expected[32];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		snprintf(expected, sizeof(expected), "%" PRId64, numbers[i]);
		assert_string_equal(text_number(text, numbers[i]), expected);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_is_printable),
		cmocka_unit_test(control_bytes_are_not_printable),
		cmocka_unit_test(ascii_in_a_row_ends_at_the_first_byte_that_is_not_printable_or_not_ascii),
		cmocka_unit_test(a_character_of_several_bytes_counts_them_all),
		cmocka_unit_test(what_is_not_utf8_is_not_printable),
		cmocka_unit_test(a_character_that_is_cut_is_not_printable),
		cmocka_unit_test(characters_that_steer_a_line_are_not_printable),
		cmocka_unit_test(only_the_bytes_given_are_read),
		cmocka_unit_test(a_hex_digit_has_its_value_and_nothing_else_has),
		cmocka_unit_test(a_number_is_written_as_printf_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
