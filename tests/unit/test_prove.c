/* SPDX-License-Identifier: MIT */
/* When a credential has done its work, and when it is tried a second time. */
#include "session/prove.h"

#include <stdio.h>
#include <string.h>

#include "session/logins.h"
#include "tests/unit/torture.h"

struct pve {
	int refs;
	bool lapsed;
	int policies; /* how often one was set */
};

/* What the cache and Proxmox say, and how often they are asked. */
static struct {
	struct pve pve;
	int login_code;
	bool answered, cached;
	int find_codes[2];
	bool lapses; /* with the first of these */
	int logins, finds;
	int64_t since_us, deadline_ms;
} scene;

int
logins_get(const struct env *env, const struct login_ask *ask, struct pve **out, bool *answered,
	bool *cached, struct err *err)
{
	(void)env;
	scene.logins++;
	scene.since_us = ask->since_us;
	scene.deadline_ms = ask->deadline_ms;
	*answered = scene.answered;
	*cached = scene.cached;
	if (scene.login_code < 0)
		return err_set(err, scene.login_code, "as the test wants it");
	scene.pve.lapsed = false;
	*out = pve_ref(&scene.pve);
	return 0;
}

int
pve_guest_find(struct pve *pve, struct pve_target *target, int64_t deadline_ms, struct err *err)
{
	int r = scene.find_codes[scene.finds++];

	(void)deadline_ms;
	if (r < 0) {
		pve->lapsed = scene.lapses;
		return err_set(err, r, "as the test wants it");
	}
	target->kind = PVE_CONSOLE_VNC;
	return 0;
}

struct pve *
pve_ref(struct pve *pve)
{
	pve->refs++;
	return pve;
}

void
pve_unref(struct pve *pve)
{
	if (pve)
		pve->refs--;
}

bool
pve_lapsed(const struct pve *pve)
{
	return pve->lapsed;
}

void
env_use_policy(const struct env *env, struct pve *pve)
{
	(void)env;
	pve->policies++;
}

static struct grant *grant;
static struct proof proof;

static int
make_grant(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.answered = true;
	grant = grant_new();
	snprintf(grant->credential.user, sizeof(grant->credential.user), "u@pve");
	return 0;
}

static int
free_grant(void **state)
{
	(void)state;
	grant_free(grant);
	return scene.pve.refs;
}

static int
prove(void)
{
	struct err err = {0, ""};
	int r = prove_grant(NULL, grant, 5, 77, &proof, &err);

	assert_int_equal(r, err.code < 0 && proof.pve == NULL ? err.code : 0);
	return r;
}

static void
a_login_and_a_guest_are_a_proof(void **state)
{
	(void)state;
	assert_int_equal(prove(), 0);
	assert_true(proof.judged);
	assert_int_equal(grant->target.kind, PVE_CONSOLE_VNC);
	assert_int_equal(scene.since_us, 5);
	assert_int_equal(scene.deadline_ms, 77);
	pve_unref(proof.pve);
}

static void
a_refused_password_is_judged_and_a_silent_host_has_not(void **state)
{
	(void)state;
	scene.login_code = ERR_REFUSED;
	assert_int_equal(prove(), ERR_REFUSED);
	assert_true(proof.judged);
	scene.login_code = ERR_UNREACHABLE;
	scene.answered = false;
	assert_int_equal(prove(), ERR_UNREACHABLE);
	assert_false(proof.judged);
	assert_int_equal(scene.finds, 0);
}

static void
after_a_login_of_its_own_a_host_that_falls_silent_has_judged(void **state)
{
	(void)state;
	scene.find_codes[0] = ERR_UNREACHABLE;
	assert_int_equal(prove(), ERR_UNREACHABLE);
	assert_true(proof.judged);
}

static void
after_a_login_that_was_shared_or_a_token_it_has_not(void **state)
{
	(void)state;
	scene.answered = false;
	scene.cached = true;
	scene.find_codes[0] = ERR_TIMEOUT;
	assert_int_equal(prove(), ERR_TIMEOUT);
	assert_false(proof.judged);
}

static void
with_these_the_guest_s_answer_is_the_first(void **state)
{
	(void)state;
	scene.answered = false;
	scene.cached = true;
	scene.find_codes[0] = ERR_NOT_RUNNING;
	assert_int_equal(prove(), ERR_NOT_RUNNING);
	assert_true(proof.judged);
}

static void
a_shared_login_that_has_lapsed_is_made_anew_once(void **state)
{
	(void)state;
	scene.cached = scene.lapses = true;
	scene.find_codes[0] = ERR_REFUSED;
	assert_int_equal(prove(), 0);
	assert_int_equal(scene.logins, 2);
	pve_unref(proof.pve);
	scene.logins = scene.finds = 0;
	scene.find_codes[1] = ERR_REFUSED;
	assert_int_equal(prove(), ERR_REFUSED);
	assert_int_equal(scene.logins, 2);
}

static void
one_of_its_own_a_privilege_and_a_token_are_not_tried_again(void **state)
{
	(void)state;
	scene.lapses = true;
	scene.find_codes[0] = ERR_REFUSED;
	assert_int_equal(prove(), ERR_REFUSED);
	assert_int_equal(scene.logins, 1);
	scene.cached = true;
	scene.lapses = false;
	scene.finds = 0;
	assert_int_equal(prove(), ERR_REFUSED);
	assert_int_equal(scene.logins, 2);
	scene.lapses = true;
	scene.finds = 0;
	snprintf(grant->credential.user, sizeof(grant->credential.user), "u@pve!gw");
	assert_int_equal(prove(), ERR_REFUSED);
	assert_int_equal(scene.logins, 3);
}

static void
what_was_verified_is_not_logged_in_again(void **state)
{
	(void)state;
	grant->login = pve_ref(&scene.pve);
	assert_int_equal(prove(), 0);
	assert_int_equal(scene.logins, 0);
	assert_int_equal(scene.pve.policies, 1);
	assert_ptr_equal(proof.pve, grant->login);
	pve_unref(proof.pve);
	scene.find_codes[1] = ERR_TIMEOUT;
	assert_int_equal(prove(), ERR_TIMEOUT);
	assert_false(proof.judged);
}

static void
a_verified_login_that_has_lapsed_spends_the_link(void **state)
{
	(void)state;
	grant->login = pve_ref(&scene.pve);
	scene.pve.lapsed = true;
	assert_int_equal(prove(), ERR_REFUSED);
	assert_true(proof.judged);
	assert_int_equal(scene.finds, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_grant, free_grant)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_login_and_a_guest_are_a_proof),
		TEST(a_refused_password_is_judged_and_a_silent_host_has_not),
		TEST(after_a_login_of_its_own_a_host_that_falls_silent_has_judged),
		TEST(after_a_login_that_was_shared_or_a_token_it_has_not),
		TEST(with_these_the_guest_s_answer_is_the_first),
		TEST(a_shared_login_that_has_lapsed_is_made_anew_once),
		TEST(one_of_its_own_a_privilege_and_a_token_are_not_tried_again),
		TEST(what_was_verified_is_not_logged_in_again),
		TEST(a_verified_login_that_has_lapsed_spends_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
