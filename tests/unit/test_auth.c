/* SPDX-License-Identifier: MIT */
#include "router/auth.h"

#include <string.h>

#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct err err;

static struct auth *
auth_of(const char *text)
{
	struct secret secret = {0};
	struct auth *auth = NULL;

	assert_int_equal(secret_set(&secret, text, strlen(text)), 0);
	assert_int_equal(auth_new(&secret, &auth, &err), 0);
	secret_wipe(&secret);
	return auth;
}

static bool
accepts(struct auth *auth, const char *header)
{
	struct ip peer;

	assert_true(ip_parse("192.0.2.9", &peer));
	return auth_accepts(auth, header, &peer, "/status");
}

static void
the_secret_is_accepted_plain_and_as_bearer(void **state)
{
	static const char *const right[] = {
		"s3cret", "Bearer s3cret", "bearer s3cret", "BEARER s3cret", "Bearer   s3cret"};
	struct auth *auth = auth_of("s3cret");

	(void)state;
	for (size_t i = 0; i < COUNT(right); i++)
		assert_true(accepts(auth, right[i]));
	auth_free(auth);
}

static void
anything_else_is_not(void **state)
{
	static const char *const wrong[] = {NULL, "", " ", "s3cre", "s3cret ", " s3cret", "s3crett",
		"S3cret", "Bearer", "Bearer ", "Bearers3cret", "Bearer s3cre", "Bearer\ts3cret",
		"Basic s3cret", "Bearer Bearer s3cret", "s3cret, s3cret", "Bearer s3cret "};
	struct auth *auth = auth_of("s3cret");

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(accepts(auth, wrong[i]));
	auth_free(auth);
}

static void
a_secret_that_looks_like_a_scheme_works_too(void **state)
{
	struct auth *auth = auth_of("Bearer x");

	(void)state;
	assert_true(accepts(auth, "Bearer x"));
	assert_true(accepts(auth, "Bearer Bearer x"));
	assert_false(accepts(auth, "x"));
	auth_free(auth);
}

static void
a_change_counts_from_then_on(void **state)
{
	struct auth *auth = auth_of("old");
	struct secret now = {0};

	(void)state;
	assert_int_equal(secret_set(&now, "new", 3), 0);
	assert_int_equal(auth_change(auth, &now, &err), 0);
	assert_false(accepts(auth, "old"));
	assert_true(accepts(auth, "new"));
	secret_wipe(&now);
	auth_free(auth);
}

static void
play(void *arg)
{
	struct secret one = {0}, two = {0};
	struct auth *auth = NULL;

	(void)arg;
	if (secret_set(&one, "one", 3) == 0 && secret_set(&two, "two", 3) == 0 &&
		auth_new(&one, &auth, &err) == 0) {
		bool changed = auth_change(auth, &two, &err) == 0;

		assert_true(accepts(auth, changed ? "two" : "one"));
		assert_false(accepts(auth, changed ? "one" : "two"));
	}
	auth_free(auth);
	secret_wipe(&one);
	secret_wipe(&two);
}

static void
without_memory_the_old_secret_stays(void **state)
{
	(void)state;
	assert_true(torture(play, NULL) >= 5);
}

static void
it_is_wiped_in_the_end(void **state)
{
	struct auth *auth = auth_of("a-secret-to-look-for");

	(void)state;
	torture_look_for("a-secret-to-look-for");
	auth_free(auth);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_accepted_plain_and_as_bearer),
		cmocka_unit_test(anything_else_is_not),
		cmocka_unit_test(a_secret_that_looks_like_a_scheme_works_too),
		cmocka_unit_test(a_change_counts_from_then_on),
		cmocka_unit_test(without_memory_the_old_secret_stays),
		cmocka_unit_test(it_is_wiped_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
