/* SPDX-License-Identifier: MIT */
/* Who shares whose login, renewal, and what is forgotten; threads are in test_logins_threads.c. */
#include "session/logins.h"

#include <stdio.h>

#include "tests/unit/logins_scene.h"

enum { MINUTE_MS = 60 * 1000 };

#define USER  "u@pve"
#define TOKEN "u@pve!gw"

static void
assert_asked(int logins, int agains)
{
	assert_int_equal(proxmox.logins, logins);
	assert_int_equal(proxmox.agains, agains);
}

/* ---- sharing ---- */

static void
the_same_credential_shares_one_login(void **state)
{
	struct got one = get(USER, "right"), two;

	(void)state;
	assert_int_equal(one.code, 0);
	assert_true(one.answered);
	assert_false(one.cached);
	later(1);
	two = get(USER, "right");
	assert_ptr_equal(two.pve, one.pve);
	assert_true(two.cached);
	/* Nobody was asked: the link that rides may be opened again if the guest cannot be asked. */
	assert_false(two.answered);
	assert_asked(1, 0);
	pve_unref(one.pve);
	pve_unref(two.pve);
}

static void
a_wrong_password_never_rides_on_another_s_login(void **state)
{
	struct got right = get(USER, "right"), wrong, again;

	(void)state;
	proxmox.code = ERR_REFUSED;
	wrong = get(USER, "wrong");
	assert_int_equal(wrong.code, ERR_REFUSED);
	assert_true(wrong.answered);
	assert_asked(2, 0);
	again = get(USER, "right");
	assert_ptr_equal(again.pve, right.pve);
	assert_asked(2, 0);
	pve_unref(right.pve);
	pve_unref(again.pve);
}

static void
a_failure_is_shared_with_all_who_had_asked_by_then(void **state)
{
	struct asking early, late;
	struct got got;

	(void)state;
	ask_as(&early, USER, "wrong");
	proxmox.code = ERR_REFUSED;
	later(3000);
	assert_int_equal(get(USER, "wrong").code, ERR_REFUSED);
	got = get_by(&early);
	assert_int_equal(got.code, ERR_REFUSED);
	assert_true(got.answered);
	assert_asked(1, 0);
	ask_as(&late, USER, "wrong");
	assert_int_equal(get_by(&late).code, ERR_REFUSED);
	assert_asked(2, 0);
}

static void
so_is_silence_which_spends_no_link(void **state)
{
	struct asking early;
	struct got got;

	(void)state;
	ask_as(&early, USER, "right");
	proxmox.code = ERR_UNREACHABLE;
	proxmox.answered = false;
	assert_int_equal(get(USER, "right").code, ERR_UNREACHABLE);
	got = get_by(&early);
	assert_int_equal(got.code, ERR_UNREACHABLE);
	assert_false(got.answered);
	assert_asked(1, 0);
}

static void
what_only_the_one_who_tried_could_not_do_is_not_shared(void **state)
{
	static const int codes[] = {ERR_TIMEOUT, ERR_MEMORY, ERR_SYSTEM};
	struct asking early;
	int n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		ask_as(&early, USER, "right");
		proxmox.code = codes[i];
		assert_int_equal(get(USER, "right").code, codes[i]);
		assert_int_equal(get_by(&early).code, codes[i]);
		assert_asked(n += 2, 0);
	}
}

static void
a_link_that_waited_for_a_login_was_judged_with_it(void **state)
{
	struct asking early;
	struct got one, two;

	(void)state;
	ask_as(&early, USER, "right");
	one = get(USER, "right");
	two = get_by(&early);
	assert_true(two.cached);
	assert_true(two.answered);
	pve_unref(one.pve);
	pve_unref(two.pve);
}

static void
what_sighup_changed_counts_for_a_login_that_is_shared(void **state)
{
	struct pve_policy *old = (struct pve_policy *)&posted, *fresh = (struct pve_policy *)&env;
	struct got one, two;

	(void)state;
	policy_now = old;
	one = get(USER, "right");
	assert_ptr_equal(proxmox.policy, old);
	policy_now = fresh;
	two = get(USER, "right");
	assert_ptr_equal(two.pve->policy, fresh);
	policy_now = NULL;
	pve_unref(one.pve);
	pve_unref(two.pve);
}

/* ---- for how long ---- */

static void
a_proof_is_believed_for_ten_minutes_and_then_made_anew(void **state)
{
	struct got one = get(USER, "right"), two, three;

	(void)state;
	later(PROOF_MS - 1000);
	two = get(USER, "right");
	assert_asked(1, 0);
	later(1001);
	three = get(USER, "right");
	assert_asked(1, 1);
	assert_ptr_equal(three.pve, one.pve);
	assert_true(three.answered);
	assert_false(three.cached);
	pve_unref(three.pve);
	later(PROOF_MS - 1000);
	three = get(USER, "right");
	assert_asked(1, 1);
	pve_unref(one.pve);
	pve_unref(two.pve);
	pve_unref(three.pve);
}

static void
a_password_that_has_changed_ends_the_proof_and_not_the_login(void **state)
{
	struct got one = get(USER, "right");

	(void)state;
	later(PROOF_MS);
	proxmox.code = ERR_REFUSED;
	assert_int_equal(get(USER, "right").code, ERR_REFUSED);
	later(1);
	assert_int_equal(get(USER, "right").code, ERR_REFUSED);
	assert_asked(1, 2);
	assert_int_equal(proxmox.living, 1);
	pve_unref(one.pve);
}

static void
a_login_that_has_lapsed_is_not_given_out_but_made_anew(void **state)
{
	struct got one = get(USER, "right"), two;

	(void)state;
	one.pve->lapsed = true;
	later(1);
	two = get(USER, "right");
	assert_asked(1, 1);
	assert_int_equal(two.code, 0);
	assert_ptr_equal(two.pve, one.pve);
	assert_false(two.pve->lapsed);
	one.pve->lapsed = true;
	proxmox.code = ERR_UNREACHABLE;
	assert_int_equal(get(USER, "right").code, ERR_UNREACHABLE);
	pve_unref(one.pve);
	pve_unref(two.pve);
}

static void
a_token_needs_no_proof_but_each_call_s_and_begins_anew_when_it_lapsed(void **state)
{
	struct got one = get(TOKEN, "uuid"), two, three;

	(void)state;
	assert_false(one.answered);
	later(100 * MINUTE_MS);
	two = get(TOKEN, "uuid");
	assert_ptr_equal(two.pve, one.pve);
	assert_true(two.cached);
	assert_false(two.answered);
	assert_asked(1, 0);
	one.pve->lapsed = true;
	three = get(TOKEN, "uuid");
	assert_ptr_not_equal(three.pve, one.pve);
	assert_asked(2, 0);
	pve_unref(one.pve);
	pve_unref(two.pve);
	pve_unref(three.pve);
}

static void
with_a_second_factor_each_is_a_login_of_its_own(void **state)
{
	struct asking a;
	struct got got[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		ask_as(&a, USER, "right");
		assert_int_equal(secret_set(&a.credential.otp, "123456", 6), 0);
		got[i] = get_by(&a);
		assert_false(got[i].cached);
	}
	assert_ptr_not_equal(got[0].pve, got[1].pve);
	assert_asked(2, 0);
	proxmox.code = ERR_REFUSED;
	ask_as(&a, USER, "right");
	assert_int_equal(secret_set(&a.credential.otp, "123456", 6), 0);
	a.ask.since_us = 0;
	assert_int_equal(get_by(&a).code, ERR_REFUSED);
	a.ask.since_us = 0;
	ask_as(&a, USER, "right");
	assert_int_equal(get_by(&a).code, ERR_REFUSED);
	assert_asked(4, 0);
	pve_unref(got[0].pve);
	pve_unref(got[1].pve);
}

/* ---- what is forgotten ---- */

static void
who_is_unused_for_a_minute_is_dropped(void **state)
{
	struct got got = get(USER, "right");

	(void)state;
	later(10 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(proxmox.living, 1);
	pve_unref(got.pve);
	later(LOGIN_IDLE_MS - 1000);
	logins_tick(&env);
	assert_int_equal(proxmox.living, 1);
	later(1001);
	logins_tick(&env);
	assert_int_equal(proxmox.living, 0);
}

static void
when_there_are_too_many_the_one_that_is_unused_for_longest_goes(void **state)
{
	struct got first = get("first@pve", "right"), got;
	char user[32];

	(void)state;
	for (int i = 0; i < LOGINS_MAX + 10; i++) {
		snprintf(user, sizeof(user), "u%d@pve", i);
		later(1);
		pve_unref(get(user, "right").pve);
	}
	assert_int_equal(proxmox.living, LOGINS_MAX);
	got = get("first@pve", "right");
	assert_ptr_equal(got.pve, first.pve);
	pve_unref(got.pve);
	pve_unref(first.pve);
	got = get(user, "right");
	assert_true(got.cached);
	pve_unref(got.pve);
	assert_false((got = get("u0@pve", "right")).cached);
	pve_unref(got.pve);
}

static void
those_in_use_are_kept_however_many_they_are(void **state)
{
	static struct got all[LOGINS_MAX + 10];
	char user[32];

	(void)state;
	for (int i = 0; i < LOGINS_MAX + 10; i++) {
		snprintf(user, sizeof(user), "u%d@pve", i);
		all[i] = get(user, "right");
	}
	posted.at_once = true;
	later(60 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(proxmox.renewals, LOGINS_MAX + 10);
	for (int i = 0; i < LOGINS_MAX + 10; i++)
		pve_unref(all[i].pve);
	assert_int_equal(proxmox.living, LOGINS_MAX + 10);
}

/* ---- renewal ---- */

static void
run_posted(void)
{
	assert_true(posted.job.run(posted.job.arg));
}

static void
a_login_in_use_is_renewed_once_an_hour_for_all_who_share_it(void **state)
{
	struct got got[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		got[i] = get(USER, "right");
	later(59 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 0);
	for (int hour = 1; hour <= 3; hour++) {
		later(hour == 1 ? MINUTE_MS : 60 * MINUTE_MS);
		logins_tick(&env);
		logins_tick(&env);
		assert_int_equal(posted.count, hour);
		assert_string_equal(posted.lane, "host:8006");
		run_posted();
		logins_tick(&env);
		assert_int_equal(proxmox.renewals, hour);
		assert_int_equal(posted.count, hour);
	}
	for (int i = 0; i < 10; i++)
		pve_unref(got[i].pve);
}

static void
a_renewal_that_failed_or_had_no_worker_is_due_again_in_a_minute(void **state)
{
	struct got got = get(USER, "right");

	(void)state;
	later(60 * MINUTE_MS);
	logins_tick(&env);
	proxmox.code = ERR_UNREACHABLE;
	assert_false(posted.job.run(posted.job.arg));
	later(MINUTE_MS - 1000);
	logins_tick(&env);
	assert_int_equal(posted.count, 1);
	later(1001);
	logins_tick(&env);
	assert_int_equal(posted.count, 2);
	posted.job.late(posted.job.arg);
	later(MINUTE_MS);
	posted.code = ERR_BUSY;
	logins_tick(&env);
	posted.code = proxmox.code = 0;
	logins_tick(&env);
	assert_int_equal(posted.count, 2);
	later(MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 3);
	run_posted();
	later(59 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 3);
	pve_unref(got.pve);
}

static void
a_ticket_that_is_refused_is_tried_seldom_and_not_when_it_is_too_old(void **state)
{
	struct got got = get(USER, "right");

	(void)state;
	later(60 * MINUTE_MS);
	logins_tick(&env);
	proxmox.code = ERR_REFUSED;
	proxmox.age_ms = PVE_TICKET_MAX_MS - 1;
	run_posted();
	later(9 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 1);
	later(MINUTE_MS + 1000);
	logins_tick(&env);
	assert_int_equal(posted.count, 2);
	proxmox.age_ms = PVE_TICKET_MAX_MS;
	run_posted();
	later(24 * 60 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 2);
	/* Whoever knows the password heals it. */
	proxmox.code = 0;
	pve_unref(get(USER, "right").pve);
	later(60 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 3);
	run_posted();
	pve_unref(got.pve);
}

static void
one_that_nobody_uses_and_a_token_are_not_renewed(void **state)
{
	struct got unused = get(USER, "right"), token = get(TOKEN, "uuid");

	(void)state;
	pve_unref(unused.pve);
	later(60 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 0);
	pve_unref(token.pve);
}

static void
one_with_a_second_factor_is_renewed(void **state)
{
	struct asking a;
	struct got got;

	(void)state;
	ask_as(&a, USER, "right");
	assert_int_equal(secret_set(&a.credential.otp, "123456", 6), 0);
	got = get_by(&a);
	later(60 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 1);
	run_posted();
	assert_int_equal(proxmox.renewals, 1);
	pve_unref(got.pve);
}

static void
a_proof_made_anew_counts_as_a_renewal(void **state)
{
	struct got one = get(USER, "right"), two;

	(void)state;
	later(30 * MINUTE_MS);
	two = get(USER, "right");
	assert_asked(1, 1);
	later(40 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 0);
	later(20 * MINUTE_MS);
	logins_tick(&env);
	assert_int_equal(posted.count, 1);
	run_posted();
	pve_unref(one.pve);
	pve_unref(two.pve);
}

/* ---- memory ---- */

static void
live_and_die(void *arg)
{
	struct got got = {.pve = NULL};
	struct asking a = {.target = {.port = 0}};
	struct err err = {0, ""};

	(void)arg;
	memset(&posted, 0, sizeof(posted));
	env.logins = NULL;
	if (logins_new(&env.logins, &err) < 0) {
		assert_true(torture_struck());
		assert_null(env.logins);
		return;
	}
	snprintf(a.credential.user, sizeof(a.credential.user), USER);
	a.ask = (struct login_ask){.target = &a.target,
		.credential = &a.credential,
		.since_us = clock_us(),
		.deadline_ms = clock_ms() + 60000};
	if (logins_get(&env, &a.ask, &got.pve, &got.answered, &got.cached, &err) < 0) {
		assert_true(torture_struck());
		assert_null(got.pve);
	}
	later(60 * MINUTE_MS);
	logins_tick(&env);
	if (posted.count > 0)
		run_posted();
	pve_unref(got.pve);
	logins_free(env.logins);
	assert_int_equal(proxmox.living, 0);
}

static void
without_memory_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 6);
	logins_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_logins, free_logins)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_credential_shares_one_login),
		TEST(a_wrong_password_never_rides_on_another_s_login),
		TEST(a_failure_is_shared_with_all_who_had_asked_by_then),
		TEST(so_is_silence_which_spends_no_link),
		TEST(what_only_the_one_who_tried_could_not_do_is_not_shared),
		TEST(a_link_that_waited_for_a_login_was_judged_with_it),
		TEST(what_sighup_changed_counts_for_a_login_that_is_shared),
		TEST(a_proof_is_believed_for_ten_minutes_and_then_made_anew),
		TEST(a_password_that_has_changed_ends_the_proof_and_not_the_login),
		TEST(a_login_that_has_lapsed_is_not_given_out_but_made_anew),
		TEST(a_token_needs_no_proof_but_each_call_s_and_begins_anew_when_it_lapsed),
		TEST(with_a_second_factor_each_is_a_login_of_its_own),
		TEST(who_is_unused_for_a_minute_is_dropped),
		TEST(when_there_are_too_many_the_one_that_is_unused_for_longest_goes),
		TEST(those_in_use_are_kept_however_many_they_are),
		TEST(a_login_in_use_is_renewed_once_an_hour_for_all_who_share_it),
		TEST(a_renewal_that_failed_or_had_no_worker_is_due_again_in_a_minute),
		TEST(a_ticket_that_is_refused_is_tried_seldom_and_not_when_it_is_too_old),
		TEST(one_that_nobody_uses_and_a_token_are_not_renewed),
		TEST(one_with_a_second_factor_is_renewed),
		TEST(a_proof_made_anew_counts_as_a_renewal),
		cmocka_unit_test(without_memory_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
