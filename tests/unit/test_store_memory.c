/* SPDX-License-Identifier: MIT */
#include "session/store.h"

#include <string.h>

#include "base/clock.h"
#include "tests/unit/store_scene.h"

static void
a_token_gives_its_grant_back_once(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	struct grant *g = NULL;

	(void)state;
	put(&s, 100, token);
	assert_int_equal(count(&s), 1);
	assert_int_equal(take(&s, token, &g), 0);
	assert_int_equal(g->target.vmid, 100);
	assert_string_equal(secret_peek(&g->credential.secret), "SECRET");
	grant_free(g);
	g = NULL;
	assert_int_equal(count(&s), 0);
	assert_int_equal(take(&s, token, &g), ERR_NOT_FOUND);
	assert_null(g);
	scene_done(&s);
}

static void
a_grant_lives_as_long_as_the_settings_say(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	int64_t before = clock_ms(), after;
	struct grant *g = NULL;

	(void)state;
	put(&s, 100, token);
	after = clock_ms();
	assert_int_equal(take(&s, token, &g), 0);
	assert_true(g->expires_ms >= before + 300000 && g->expires_ms <= after + 300000);
	grant_free(g);
	scene_done(&s);
}

static void
what_is_no_token_is_not_found(void **state)
{
	static const char *const bad[] = {"", "0123456789abcdef0123", "0123456789abcdef012",
		"../../../../../../..", "zzzzzzzzzzzzzzzzzzzz", "ABCDEFABCDEFABCDEFAB"};
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	size_t i;

	(void)state;
	put(&s, 100, token);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(guest_of(&s, bad[i]), 0);
	assert_int_equal(guest_of(&s, token), 100);
	scene_done(&s);
}

static void
an_expired_token_is_not_found_and_gone(void **state)
{
	struct scene s = scene_for_test(0, 10);
	char token[TOKEN_CHARS + 1];

	(void)state;
	put(&s, 100, token);
	assert_int_equal(count(&s), 1);
	assert_int_equal(guest_of(&s, token), 0);
	assert_int_equal(count(&s), 0);
	scene_done(&s);
}

static void
expiring_drops_what_has_expired_and_nothing_else(void **state)
{
	struct scene s = scene_for_test(0, 10);
	char dead[TOKEN_CHARS + 1], alive[TOKEN_CHARS + 1];

	(void)state;
	put(&s, 100, dead);
	put(&s, 101, dead);
	retune(&s, 300, 10);
	put(&s, 102, alive);
	assert_int_equal(count(&s), 3);
	s.store->ops->expire(s.store);
	assert_int_equal(count(&s), 1);
	assert_int_equal(guest_of(&s, alive), 102);
	s.store->ops->expire(s.store);
	scene_done(&s);
}

static void
expiring_drops_nothing_before_its_time_however_far_that_is(void **state)
{
	/* Some fall into the same list as what expires now: see SECONDS in the store. */
	static const int lives_s[] = {1, 2, 4095, 4096, 4097, 8192, 2592000};
	enum { N = sizeof(lives_s) / sizeof(lives_s[0]) };
	struct scene s = scene_for_test(0, 2 * N);
	char tokens[N][TOKEN_CHARS + 1], dead[TOKEN_CHARS + 1];

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		retune(&s, lives_s[i] + 30, 2 * N);
		put(&s, 100 + i, tokens[i]);
		retune(&s, 0, 2 * N);
		put(&s, 200, dead);
	}
	s.store->ops->expire(s.store);
	assert_int_equal(count(&s), N);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(guest_of(&s, tokens[i]), 100 + i);
	scene_done(&s);
}

static void
what_expired_before_it_was_put_back_goes_at_the_next_look(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	struct grant *g = NULL;

	(void)state;
	put(&s, 100, token);
	assert_int_equal(take(&s, token, &g), 0);
	s.store->ops->expire(s.store);
	g->expires_ms = 1000;
	s.store->ops->restore(s.store, token, &g);
	assert_int_equal(count(&s), 1);
	s.store->ops->expire(s.store);
	assert_int_equal(count(&s), 0);
	scene_done(&s);
}

static void
a_shorter_life_is_for_later_tokens_only(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char early[TOKEN_CHARS + 1], late[TOKEN_CHARS + 1];

	(void)state;
	put(&s, 100, early);
	retune(&s, 0, 10);
	put(&s, 101, late);
	s.store->ops->expire(s.store);
	assert_int_equal(guest_of(&s, late), 0);
	assert_int_equal(guest_of(&s, early), 100);
	scene_done(&s);
}

static void
no_more_are_kept_than_the_settings_allow(void **state)
{
	struct scene s = scene_for_test(300, 2);
	char token[TOKEN_CHARS + 1];
	struct grant *g = grant_of(103), *const mine = g;
	struct secret none = {0};
	struct err err = {0};

	(void)state;
	put(&s, 100, token);
	put(&s, 101, token);
	assert_int_equal(s.store->ops->put(s.store, &g, &none, &err), ERR_LIMIT);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_non_null(strstr(err.text, "max_pending_tokens"));
	assert_ptr_equal(g, mine);
	assert_string_equal(secret_peek(&g->credential.secret), "SECRET");
	assert_null(none.data);
	assert_int_equal(guest_of(&s, token), 101);
	assert_int_equal(s.store->ops->put(s.store, &g, &none, NULL), 0);
	secret_wipe(&none);
	scene_done(&s);
}

static void
a_lower_limit_takes_nothing_away(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[3][TOKEN_CHARS + 1];
	struct grant *g = grant_of(200);
	struct secret none = {0};
	uint32_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		put(&s, 100 + i, token[i]);
	retune(&s, 300, 1);
	assert_int_equal(s.store->ops->put(s.store, &g, &none, NULL), ERR_LIMIT);
	for (i = 0; i < 3; i++)
		assert_int_equal(guest_of(&s, token[i]), 100 + i);
	grant_free(g);
	scene_done(&s);
}

static void
a_grant_that_is_put_back_keeps_its_token_and_its_end(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	struct grant *g = NULL;
	int64_t expires_ms;

	(void)state;
	put(&s, 100, token);
	assert_int_equal(take(&s, token, &g), 0);
	expires_ms = g->expires_ms;
	retune(&s, 5, 10);
	s.store->ops->restore(s.store, token, &g);
	assert_null(g);
	assert_int_equal(count(&s), 1);
	assert_int_equal(take(&s, token, &g), 0);
	assert_int_equal(g->expires_ms, expires_ms);
	assert_int_equal(g->target.vmid, 100);
	grant_free(g);
	scene_done(&s);
}

static void
a_grant_is_put_back_whatever_the_limit(void **state)
{
	struct scene s = scene_for_test(300, 1);
	char first[TOKEN_CHARS + 1], second[TOKEN_CHARS + 1];
	struct grant *g = NULL;

	(void)state;
	put(&s, 100, first);
	assert_int_equal(take(&s, first, &g), 0);
	put(&s, 101, second);
	s.store->ops->restore(s.store, first, &g);
	assert_int_equal(count(&s), 2);
	assert_int_equal(guest_of(&s, first), 100);
	assert_int_equal(guest_of(&s, second), 101);
	scene_done(&s);
}

static void
a_grant_that_expired_meanwhile_is_put_back_in_vain(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];
	struct grant *g = NULL;

	(void)state;
	put(&s, 100, token);
	assert_int_equal(take(&s, token, &g), 0);
	g->expires_ms = clock_ms() - 1;
	s.store->ops->restore(s.store, token, &g);
	assert_int_equal(guest_of(&s, token), 0);
	scene_done(&s);
}

static void
among_thousands_each_token_has_its_own_grant(void **state)
{
	enum { MANY = 10000 };
	static char tokens[MANY][TOKEN_CHARS + 1];
	struct scene s = scene_for_test(300, MANY);
	uint32_t i;

	(void)state;
	for (i = 0; i < MANY; i++)
		put(&s, 100 + i, tokens[i]);
	assert_int_equal(count(&s), MANY);
	s.store->ops->expire(s.store);
	for (i = 0; i < MANY; i++)
		assert_int_equal(guest_of(&s, tokens[i]), 100 + i);
	assert_int_equal(count(&s), 0);
	scene_done(&s);
}

static void
no_password_and_no_token_is_left_behind(void **state)
{
	struct scene s = scene_for_test(0, 100);
	char token[TOKEN_CHARS + 1], bytes[TOKEN_BYTES + 1] = "";

	(void)state;
	put(&s, 100, token);
	torture_look_for(token);
	s.store->ops->expire(s.store);
	assert_int_equal(torture_found(), 0);
	/* Its bytes, too; those of one that has no NUL can be looked for. */
	while (strlen(bytes) < TOKEN_BYTES) {
		put(&s, 100, token);
		assert_true(token_read(token, (unsigned char *)bytes));
	}
	torture_look_for(bytes);
	s.store->ops->expire(s.store);
	scene_done(&s);
	assert_int_equal(torture_found(), 0);
	s = scene_for_test(0, 10);
	torture_look_for("SECRET");
	put(&s, 101, token);
	s.store->ops->expire(s.store);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
	scene_done(&s);
}

static void
freeing_wipes_the_passwords_that_still_wait(void **state)
{
	struct scene s = scene_for_test(300, 10);
	char token[TOKEN_CHARS + 1];

	(void)state;
	put(&s, 100, token);
	put(&s, 101, token);
	torture_look_for("SECRET");
	scene_done(&s);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
its_calls_need_no_worker(void **state)
{
	struct scene s = scene_for_test(300, 10);

	(void)state;
	assert_false(s.store->ops->may_block);
	scene_done(&s);
}

/* ---- without memory ---- */

/* Take, put back and take again what is under token. */
static void
use(struct store *store, const char *token)
{
	struct grant *g = NULL;
	int r = store->ops->take(store, token, &g, NULL);

	/* It is not lost. */
	if (r == ERR_MEMORY) {
		assert_true(torture_struck());
		assert_null(g);
		assert_int_equal(store->ops->count(store), 1);
		return;
	}
	assert_int_equal(r, 0);
	store->ops->restore(store, token, &g);
	assert_null(g);
	r = store->ops->take(store, token, &g, NULL);
	assert_true(r == 0 || torture_struck());
	grant_free(g);
}

static void
live_and_die(void *arg)
{
	const struct tunables t = {.token_ttl_s = 300, .max_pending_tokens = 10};
	struct tunables_cell *cell = NULL;
	struct store *store = NULL;
	struct grant *g = grant_new();
	struct secret token = {0};
	struct err err = {0};
	int r = tunables_new(&t, &cell, &err);

	(void)arg;
	if (r == 0)
		r = store_memory_new(cell, &store, &err);
	if (r == 0 && g)
		r = store->ops->put(store, &g, &token, &err);
	assert_int_equal(r, err.code);
	assert_true((r == 0 && token.data) || torture_struck());
	if (token.data)
		use(store, secret_peek(&token));
	grant_free(g);
	secret_wipe(&token);
	if (store)
		store->ops->free(store);
	tunables_free(cell);
}

static void
without_memory_or_randomness_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_gives_its_grant_back_once),
		cmocka_unit_test(a_grant_lives_as_long_as_the_settings_say),
		cmocka_unit_test(what_is_no_token_is_not_found),
		cmocka_unit_test(an_expired_token_is_not_found_and_gone),
		cmocka_unit_test(expiring_drops_what_has_expired_and_nothing_else),
		cmocka_unit_test(expiring_drops_nothing_before_its_time_however_far_that_is),
		cmocka_unit_test(what_expired_before_it_was_put_back_goes_at_the_next_look),
		cmocka_unit_test(a_shorter_life_is_for_later_tokens_only),
		cmocka_unit_test(no_more_are_kept_than_the_settings_allow),
		cmocka_unit_test(a_lower_limit_takes_nothing_away),
		cmocka_unit_test(a_grant_that_is_put_back_keeps_its_token_and_its_end),
		cmocka_unit_test(a_grant_is_put_back_whatever_the_limit),
		cmocka_unit_test(a_grant_that_expired_meanwhile_is_put_back_in_vain),
		cmocka_unit_test(among_thousands_each_token_has_its_own_grant),
		cmocka_unit_test(no_password_and_no_token_is_left_behind),
		cmocka_unit_test(freeing_wipes_the_passwords_that_still_wait),
		cmocka_unit_test(its_calls_need_no_worker),
		cmocka_unit_test(without_memory_or_randomness_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
