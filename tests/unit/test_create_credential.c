/* SPDX-License-Identifier: MIT */
/* From the body of POST /create to who asks: passwords, tokens, second factors. */
#include <jansson.h>
#include <stdlib.h>

#include "base/abandon.h"
#include "tests/unit/create_scene.h"

#define REST          HOST "," VMID
#define ID            "\"token_id\":\"gw@pve!panel\""
#define UUID          "Un-common-8bd4-4b2a-9f6e-0123456789ab"
#define TOKEN         ID ",\"token_secret\":\"" UUID "\""
#define OTP           "\"otp\":\"Un-common\""
#define GOOD_OTP      "\"otp\":\"012345\""
#define TOKEN_AS_USER "\"username\":\"gw@pve!panel\",\"password\":\"" UUID "\""

static void
a_token_is_its_id_and_its_secret(void **state)
{
	static const char *const spellings[] = {REST "," TOKEN, REST "," TOKEN_AS_USER};
	static const char *const fields[] = {"token_id, token_secret", "username, password"};

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct grant *g = good(spellings[i]);

		assert_string_equal(g->credential.user, "gw@pve!panel");
		assert_string_equal(secret_peek(&g->credential.secret), UUID);
		assert_true(pve_credential_is_token(&g->credential));
		assert_int_equal(g->credential.otp.len, 0);
		assert_string_equal(last.credential, fields[i]);
		grant_free(g);
	}
}

static void
a_user_may_have_a_mark_in_its_name(void **state)
{
	struct grant *g = good(REST ",\"username\":\"we!rd@pam\"," PASS);

	(void)state;
	assert_string_equal(g->credential.user, "we!rd@pam");
	assert_false(pve_credential_is_token(&g->credential));
	assert_string_equal(last.credential, "username, password");
	grant_free(g);
}

static void
a_second_factor_goes_with_a_password(void **state)
{
	struct grant *g = good(REST "," USER "," PASS "," GOOD_OTP);

	(void)state;
	assert_string_equal(secret_peek(&g->credential.otp), "012345");
	assert_string_equal(secret_peek(&g->credential.secret), SECRET);
	grant_free(g);
}

/* members, words */
static const struct {
	const char *members, *words;
} bad[] = {
	{"\"token_id\":\"gw@pve\",\"token_secret\":\"x\"",
		"token_id: must be of the form user@realm!name"},
	{"\"token_id\":\"gw!panel\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":\"gw@pve!\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":\"\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":\"gw@pve!a b\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":\"gw@pve!a\\nb\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":\"gw@pve!a\\u0000\",\"token_secret\":\"x\"", "token_id: must not contain a NUL"},
	{"\"token_id\":\"gw@pve!" A64 "\",\"token_secret\":\"x\"", "token_id: "},
	{"\"token_id\":7,\"token_secret\":\"x\"", "token_id: must be a text in quotes"},
	{ID ",\"token_secret\":\"\"", "token_secret: must not be empty"},
	{ID ",\"token_secret\":\"Un-common 77\"", "token_secret: must be printable ASCII"},
	{ID ",\"token_secret\":\"Un-common\xc3\xa9\"", "token_secret: must be printable ASCII"},
	{ID ",\"token_secret\":\"gw@pve!panel=Un-common\"", "token_secret: must be what stands behind"},
	{ID ",\"token_secret\":\"" A64 A64 "1\"", "token_secret: has more than 128"},
	{ID ",\"token_secret\":12", "token_secret: must be a text in quotes"},
	{ID ",\"token_secret\":[\"Un-common\"]", "token_secret: must be a text in quotes"},
	{"\"username\":\"gw@pve!\"," PASS, "username: "},
	{"\"username\":\"gw!panel\"," PASS, "username: "},
	{"\"username\":\"gw@pve!panel\",\"password\":\"Un-common 77\"", "password: must be printable"},
	{"\"username\":\"gw@pve!panel\",\"password\":\"\"", "password: must not be empty"},
	{USER "," PASS ",\"otp\":\"\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"12345\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"1234567\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"12345x\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\" 12345\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"-12345\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"totp:012345\"", "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":\"\xd9\xa1\xd9\xa2\xd9\xa3\"", "otp: must be 6 digits"},
	{USER "," PASS "," OTP, "otp: must be 6 digits"},
	{USER "," PASS ",\"otp\":123456", "otp: must be a text in quotes: a number loses its leading"},
	{USER "," PASS ",\"otp\":null", "otp: must be a text in quotes"},
	{USER "," PASS ",\"otp\":\"12345\\u0000\"", "otp: must not contain a NUL"},
};

static void
what_is_wrong_is_refused_by_the_name_of_its_field(void **state)
{
	char members[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(members, sizeof(members), REST ",%s", bad[i].members);
		bad_members(members, bad[i].words);
	}
}

static void
no_copy_of_a_secret_is_left_behind(void **state)
{
	static const char *const bodies[] = {"{" REST "," TOKEN "}", "{" REST "," TOKEN_AS_USER "}",
		"{" REST "," USER "," PASS "," OTP "}", "{" REST "," TOKEN "," PASS "}",
		"{" REST "," ID ",\"token_secret\":\"Un-common 77\"}"};

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for("Un-common");
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct grant *g = NULL;

		if (read_as(JSON, bodies[i], strlen(bodies[i]), &g) == 0)
			grant_free(g);
	}
	assert_int_equal(torture_found(), 0);
	torture_look_for("012345");
	grant_free(good(REST "," USER "," PASS "," GOOD_OTP));
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
play(void *arg)
{
	struct grant *g = NULL;
	int r = read_as(JSON, arg, strlen(arg), &g);

	assert_true(r == 0 || (torture_struck() && r == ERR_MEMORY));
	assert_int_equal(r == 0, g != NULL);
	if (g != NULL)
		assert_true(g->credential.secret.len > 0);
	grant_free(g);
}

static void
without_memory_it_fails_and_leaks_nothing(void **state)
{
	char token[] = "{" REST "," TOKEN "}", otp[] = "{" REST "," USER "," PASS "," GOOD_OTP "}";

	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play, token) >= 4);
	assert_true(torture(play, otp) >= 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_its_id_and_its_secret),
		cmocka_unit_test(a_user_may_have_a_mark_in_its_name),
		cmocka_unit_test(a_second_factor_goes_with_a_password),
		cmocka_unit_test(what_is_wrong_is_refused_by_the_name_of_its_field),
		cmocka_unit_test(no_copy_of_a_secret_is_left_behind),
		cmocka_unit_test(without_memory_it_fails_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
