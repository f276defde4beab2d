/* SPDX-License-Identifier: MIT */
#include "session/token.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/torture.h"

static bool
is_hex(const struct secret *s)
{
	return strspn(secret_peek(s), "0123456789abcdef") == s->len;
}

static void
a_token_is_its_bytes_in_lower_case_hex(void **state)
{
	static const unsigned char bytes[TOKEN_BYTES] = {
		0x00, 0x01, 0x09, 0x0a, 0x10, 0x7f, 0x80, 0x9f, 0xde, 0xff};
	char text[TOKEN_CHARS + 1] = "";

	(void)state;
	token_spell(bytes, text);
	assert_string_equal(text, "0001090a107f809fdeff");
	assert_true(token_well_formed(text));
}

static void
a_token_s_text_leads_back_to_its_bytes(void **state)
{
	char text[TOKEN_CHARS + 1] = "";
	unsigned char bytes[TOKEN_BYTES], read[TOKEN_BYTES];

	(void)state;
	for (int i = 0; i < 256; i++) {
		for (int j = 0; j < TOKEN_BYTES; j++)
			bytes[j] = (unsigned char)(i + 25 * j);
		token_spell(bytes, text);
		assert_true(token_read(text, read));
		assert_memory_equal(read, bytes, TOKEN_BYTES);
	}
	assert_false(token_read("0001090a107f809fdefF", read));
	assert_false(token_read("", read));
	assert_memory_equal(read, bytes, TOKEN_BYTES);
}

static void
a_key_is_32_digits_of_lower_case_hex(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_int_equal(key_new(&s), 0);
	assert_int_equal(s.len, 32);
	assert_true(is_hex(&s));
	secret_wipe(&s);
}

static void
every_key_is_another(void **state)
{
	enum { MANY = 200 };
	struct secret all[MANY] = {{0}};
	int i, j;

	(void)state;
	for (i = 0; i < MANY; i++) {
		assert_int_equal(key_new(&all[i]), 0);
		for (j = 0; j < i; j++)
			assert_string_not_equal(secret_peek(&all[i]), secret_peek(&all[j]));
	}
	for (i = 0; i < MANY; i++)
		secret_wipe(&all[i]);
}

static void
only_20_digits_of_lower_case_hex_have_the_form_of_a_token(void **state)
{
	static const char *const bad[] = {"", "0", "0123456789abcdef012", "0123456789abcdef01234",
		"0123456789ABCDEF0123", "0123456789abcdefg123", "0123456789abcdef012 ",
		" 0123456789abcdef012", "0123456789abcdef012\n", "../../../../etc/pass"};
	size_t i;

	(void)state;
	assert_true(token_well_formed("0123456789abcdef0123"));
	assert_true(token_well_formed("00000000000000000000"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(token_well_formed(bad[i]));
}

static void
a_key_is_known_by_its_form(void **state)
{
	static const char good[] = "0123456789abcdef0123456789abcdef/";

	(void)state;
	assert_true(key_well_formed(good, KEY_CHARS));
	assert_false(key_well_formed(good, KEY_CHARS - 1));
	assert_false(key_well_formed(good, KEY_CHARS + 1));
	assert_false(key_well_formed(good + 1, KEY_CHARS));
	assert_false(key_well_formed("0123456789ABCDEF0123456789ABCDEF", KEY_CHARS));
	assert_false(key_well_formed("0123456789abcdefg123456789abcdef", KEY_CHARS));
	assert_false(key_well_formed("0123456789abcdef`123456789abcdef", KEY_CHARS));
}

static void
make_key(void *arg)
{
	struct secret key = {0};

	(void)arg;
	assert_true(key_new(&key) == 0 || torture_struck());
	secret_wipe(&key);
}

static void
without_memory_or_randomness_there_is_no_key(void **state)
{
	struct secret s = {0};

	(void)state;
	assert_true(torture(make_key, NULL) >= 2);
	torture_refuse("getrandom", 1);
	assert_int_equal(key_new(&s), ERR_SYSTEM);
	torture_refuse("calloc", 1);
	assert_int_equal(key_new(&s), ERR_MEMORY);
	assert_null(s.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_its_bytes_in_lower_case_hex),
		cmocka_unit_test(a_token_s_text_leads_back_to_its_bytes),
		cmocka_unit_test(a_key_is_32_digits_of_lower_case_hex),
		cmocka_unit_test(every_key_is_another),
		cmocka_unit_test(only_20_digits_of_lower_case_hex_have_the_form_of_a_token),
		cmocka_unit_test(a_key_is_known_by_its_form),
		cmocka_unit_test(without_memory_or_randomness_there_is_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
