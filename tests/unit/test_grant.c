/* SPDX-License-Identifier: MIT */
#include "session/grant.h"

#include "tests/unit/torture.h"

/* A login, counting its references. */
struct pve {
	int refs;
};

void
pve_unref(struct pve *pve)
{
	if (pve)
		pve->refs--;
}

static struct grant *
grant_for_test(void)
{
	struct grant *g = grant_new();

	assert_non_null(g);
	assert_int_equal(secret_set(&g->credential.secret, "SECRET", 6), 0);
	return g;
}

static void
a_new_one_is_empty(void **state)
{
	struct grant *g = grant_new();

	(void)state;
	assert_non_null(g);
	assert_int_equal(g->target.vmid, 0);
	assert_string_equal(g->target.host, "");
	assert_null(g->hosts);
	assert_string_equal(g->credential.user, "");
	assert_null(g->credential.secret.data);
	assert_int_equal(g->expires_ms, 0);
	grant_free(g);
	grant_free(NULL);
}

static void
its_password_can_go_before_the_rest(void **state)
{
	struct grant *g = grant_for_test();

	(void)state;
	g->target.vmid = 100;
	torture_look_for("SECRET");
	grant_wipe_credentials(g);
	assert_null(g->credential.secret.data);
	assert_int_equal(g->credential.secret.len, 0);
	assert_int_equal(g->target.vmid, 100);
	grant_wipe_credentials(g);
	grant_free(g);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
a_verified_one_has_a_login_and_drops_it_at_its_end(void **state)
{
	struct pve login = {.refs = 1};
	struct grant *g = grant_for_test();

	(void)state;
	g->login = &login;
	grant_wipe_credentials(g);
	assert_int_equal(login.refs, 1);
	grant_free(g);
	assert_int_equal(login.refs, 0);
}

static void
freeing_leaves_no_password_behind(void **state)
{
	struct grant *g = grant_for_test();

	(void)state;
	torture_look_for("SECRET");
	grant_free(g);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
freeing_leaves_its_hosts_to_others_who_have_them(void **state)
{
	struct grant *g = grant_for_test();
	struct pve_hosts *hosts = NULL;

	(void)state;
	assert_int_equal(pve_hosts_new(&hosts, NULL), 0);
	assert_int_equal(pve_hosts_add(hosts, "pve1.example", NULL), 0);
	g->hosts = pve_hosts_ref(hosts);
	grant_free(g);
	assert_string_equal(pve_hosts_at(hosts, 0), "pve1.example");
	pve_hosts_unref(hosts);
}

static void
without_memory_there_is_none(void **state)
{
	(void)state;
	torture_refuse("calloc", 1);
	assert_null(grant_new());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_is_empty),
		cmocka_unit_test(its_password_can_go_before_the_rest),
		cmocka_unit_test(a_verified_one_has_a_login_and_drops_it_at_its_end),
		cmocka_unit_test(freeing_leaves_no_password_behind),
		cmocka_unit_test(freeing_leaves_its_hosts_to_others_who_have_them),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
