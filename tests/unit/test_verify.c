/* SPDX-License-Identifier: MIT */
#include "session/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/prove.h"
#include "session/tunables.h"
#include "tests/unit/torture.h"

struct pve {
	int refs;
};

/* What others say, and what they were asked. */
static struct {
	struct pve login;
	int prove_code, post_code;
	const char *forbidden; /* a host that must not be called */
	int proofs, posts;
	struct job job;
	char lane[LANE_SIZE];
} scene;

int
prove_grant(const struct env *env, struct grant *grant, int64_t since_us, int64_t deadline_ms,
	struct proof *out, struct err *err)
{
	(void)env;
	scene.proofs++;
	assert_true(since_us <= clock_us());
	assert_in_range(deadline_ms - since_us / 1000, 45000, 45001);
	*out = (struct proof){.judged = true};
	if (scene.prove_code < 0)
		return err_set(err, scene.prove_code, "in the host's words");
	grant->target.type = PVE_GUEST_QEMU;
	scene.login.refs++;
	out->pve = &scene.login;
	return 0;
}

int
workers_post(struct workers *w, const struct job *job, struct err *err)
{
	(void)w;
	if (scene.post_code < 0)
		return err_set(err, scene.post_code, "as the test wants it");
	scene.posts++;
	scene.job = *job;
	snprintf(scene.lane, sizeof(scene.lane), "%s", job->lane);
	return 0;
}

int
pve_policy_allows(const struct pve_policy *policy, const char *host, uint16_t port, struct err *err)
{
	(void)policy;
	assert_int_equal(port, 8006);
	return scene.forbidden && strcmp(host, scene.forbidden) == 0
			   ? err_set(err, ERR_FORBIDDEN, "%s is forbidden", host)
			   : 0;
}

void
pve_use_policy(struct pve *pve, struct pve_policy *policy)
{
	(void)pve, (void)policy;
}

void
pve_unref(struct pve *pve)
{
	if (pve)
		pve->refs--;
}

void
tunables_get(struct tunables_cell *cell, struct tunables *out)
{
	(void)cell;
	*out = (struct tunables){.open_timeout_s = 45};
}

void
tunables_done(struct tunables *t)
{
	(void)t;
}

/* ---- what came of it ---- */

static struct env env;
static struct {
	int calls, code;
	enum end end;
	char text[128];
	struct grant *grant;
} told;

static void
done(void *arg, struct core_verified *result)
{
	assert_ptr_equal(arg, &told);
	told.calls++;
	told.code = result->code;
	told.end = result->end;
	snprintf(told.text, sizeof(told.text), "%s", result->text ? result->text : "");
	told.grant = result->grant;
	result->grant = NULL;
}

static int
silence(void **state)
{
	const struct log_config silent = {.enabled = false, .file = "stderr"};

	(void)state;
	memset(&scene, 0, sizeof(scene));
	memset(&told, 0, sizeof(told));
	return log_open(&silent, NULL);
}

static struct grant *
grant_for_test(void)
{
	struct grant *g = grant_new();

	assert_non_null(g);
	snprintf(g->target.host, sizeof(g->target.host), "host");
	g->target.port = 8006;
	assert_int_equal(secret_set(&g->credential.secret, "SECRET", 6), 0);
	return g;
}

static void
verify(struct grant *g)
{
	verify_grant(&env, &g, done, &told);
	assert_null(g);
}

static void
assert_refused(int code, enum end end, const char *text)
{
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.code, code);
	assert_int_equal(told.end, end);
	assert_non_null(strstr(told.text, text));
	assert_null(told.grant);
	assert_int_equal(scene.login.refs, 0);
}

static void
a_grant_that_is_good_comes_back_logged_in_and_without_its_password(void **state)
{
	(void)state;
	verify(grant_for_test());
	assert_int_equal(told.calls, 0);
	assert_string_equal(scene.lane, "host:8006");
	assert_true(scene.job.run(scene.job.arg));
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.code, 0);
	assert_ptr_equal(told.grant->login, &scene.login);
	assert_null(told.grant->credential.secret.data);
	assert_int_equal(told.grant->target.type, PVE_GUEST_QEMU);
	grant_free(told.grant);
	assert_int_equal(scene.login.refs, 0);
}

static void
one_that_is_not_is_told_why_in_the_host_s_words(void **state)
{
	(void)state;
	scene.prove_code = ERR_REFUSED;
	torture_look_for("SECRET");
	verify(grant_for_test());
	assert_true(scene.job.run(scene.job.arg));
	assert_refused(ERR_REFUSED, END_REFUSED, "in the host's words");
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
a_host_that_does_not_answer_did_not_do_well(void **state)
{
	(void)state;
	scene.prove_code = ERR_UNREACHABLE;
	verify(grant_for_test());
	assert_false(scene.job.run(scene.job.arg));
	assert_refused(ERR_UNREACHABLE, END_UNREACHABLE, "");
}

static void
every_host_of_a_list_must_be_allowed_before_any_is_called(void **state)
{
	struct grant *g = grant_for_test();

	(void)state;
	scene.forbidden = "third";
	assert_int_equal(pve_hosts_new(&g->hosts, NULL), 0);
	assert_int_equal(pve_hosts_add(g->hosts, "host", NULL), 0);
	assert_int_equal(pve_hosts_add(g->hosts, "other", NULL), 0);
	assert_int_equal(verify_hosts(&env, g, NULL), 0);
	assert_int_equal(pve_hosts_add(g->hosts, "third", NULL), 0);
	assert_int_equal(verify_hosts(&env, g, NULL), ERR_FORBIDDEN);
	verify(g);
	assert_refused(ERR_FORBIDDEN, END_FORBIDDEN, "third is forbidden");
	assert_int_equal(scene.posts, 0);
	scene.forbidden = "host";
	g = grant_for_test();
	assert_int_equal(verify_hosts(&env, g, NULL), ERR_FORBIDDEN);
	grant_free(g);
}

static void
without_room_for_the_job_it_is_told_at_once(void **state)
{
	(void)state;
	scene.post_code = ERR_BUSY;
	verify(grant_for_test());
	assert_refused(ERR_BUSY, END_LIMIT, "as the test wants it");
}

static void
one_that_waited_for_too_long_is_told_so(void **state)
{
	(void)state;
	verify(grant_for_test());
	scene.job.late(scene.job.arg);
	assert_refused(ERR_STOPPING, END_STOPPING, "stopping");
	assert_int_equal(scene.proofs, 0);
}

static void
without_memory_it_is_told_so_and_the_password_is_wiped(void **state)
{
	struct grant *g = grant_for_test();

	(void)state;
	torture_look_for("SECRET");
	torture_refuse("calloc", 1);
	verify(g);
	assert_true(torture_struck());
	assert_refused(ERR_MEMORY, END_INTERNAL, "no memory");
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, silence)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_grant_that_is_good_comes_back_logged_in_and_without_its_password),
		TEST(one_that_is_not_is_told_why_in_the_host_s_words),
		TEST(a_host_that_does_not_answer_did_not_do_well),
		TEST(every_host_of_a_list_must_be_allowed_before_any_is_called),
		TEST(without_room_for_the_job_it_is_told_at_once),
		TEST(one_that_waited_for_too_long_is_told_so),
		TEST(without_memory_it_is_told_so_and_the_password_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
