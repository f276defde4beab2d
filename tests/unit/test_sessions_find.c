/* SPDX-License-Identifier: MIT */
/* Which session is a link's: that of its guest, user, certificate and hosts. */
#include "session/sessions.h"

#include "tests/unit/registry_scene.h"

static void
a_session_is_found_by_its_guest_and_user_only(void **state)
{
	struct session *s = entered(100);
	struct pve_target target = guest(100);

	(void)state;
	assert_found(&target, "u@pve", s);
	assert_found(&target, "u@pam", NULL);
	assert_found(&target, "", NULL);
	target.vmid = 101;
	assert_found(&target, "u@pve", NULL);
	target = guest(100);
	target.port = 443;
	assert_found(&target, "u@pve", NULL);
	target = guest(100);
	target.host[0] = 'g';
	assert_found(&target, "u@pve", NULL);
	leave(s);
	target = guest(100);
	assert_found(&target, "u@pve", NULL);
}

static void
among_those_with_numbers_alike_each_is_found_until_it_leaves(void **state)
{
	/* All in one chain of the registry, whose length divides STEP. */
	enum { MANY = 9, STEP = 1024 };
	struct session *all[MANY];
	struct pve_target target;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		all[i] = entered(100 + i * STEP);
	/* From the middle, and round. */
	for (uint32_t gone = 4; gone < 4 + MANY; gone++) {
		for (uint32_t i = 0; i < MANY; i++) {
			target = guest(100 + i * STEP);
			assert_found(&target, "u@pve", all[i]);
		}
		leave(all[gone % MANY]);
		all[gone % MANY] = NULL;
	}
	target = guest(100);
	assert_found(&target, "u@pve", NULL);
}

static void
what_a_link_leaves_open_may_be_any_and_the_rest_may_not(void **state)
{
	struct session *s = entered(100);
	struct pve_target target = guest(100);

	(void)state;
	target.type = PVE_GUEST_UNKNOWN;
	target.kind = PVE_CONSOLE_AUTO;
	target.node[0] = '\0';
	assert_found(&target, "u@pve", s);
	target.kind = PVE_CONSOLE_TERM;
	assert_found(&target, "u@pve", NULL);
	target = guest(100);
	target.type = PVE_GUEST_LXC;
	assert_found(&target, "u@pve", NULL);
	target = guest(100);
	target.serial = 1;
	assert_found(&target, "u@pve", NULL);
	leave(s);
}

static void
a_guest_that_has_moved_is_the_same_and_another_node_is_not(void **state)
{
	struct session *s = entered(100);
	struct pve_target target = guest(100);

	(void)state;
	target.node[0] = 'P';
	assert_found(&target, "u@pve", s);
	target.type = s->target.type = PVE_GUEST_NODE;
	assert_found(&target, "u@pve", NULL);
	target.node[0] = 'p';
	assert_found(&target, "u@pve", s);
	leave(s);
}

/* A link's own fingerprint says whom its login has convinced. */
static void
a_session_is_found_by_its_pinned_certificate_only(void **state)
{
	const struct pve_fingerprint pin = {.set = true, .sha256 = {1}}, other = {true, {1, [31] = 1}};
	struct session *bare = entered(100), *pinned = session_for_test(r, 100, &login);
	struct pve_target target = guest(100);

	(void)state;
	pinned->target.pin = pin;
	enter(r, pinned);
	assert_found(&target, "u@pve", bare);
	target.pin = pin;
	assert_found(&target, "u@pve", pinned);
	target.pin = other;
	assert_found(&target, "u@pve", NULL);
	leave(bare);
	target = guest(100);
	assert_found(&target, "u@pve", NULL);
	leave(pinned);
}

static struct pve_hosts *
hosts(const char *first, const char *second)
{
	struct pve_hosts *list = NULL;

	assert_int_equal(pve_hosts_new(&list, NULL), 0);
	assert_int_equal(pve_hosts_add(list, first, NULL), 0);
	assert_int_equal(pve_hosts_add(list, second, NULL), 0);
	return list;
}

static void
a_session_is_found_by_its_list_of_hosts_only(void **state)
{
	struct pve_hosts *list = hosts("host", "other"), *same = hosts("host", "other"),
					 *another = hosts("host", "another");
	struct pve listed = {.user = "u@pve", .hosts = list};
	struct session *s = session_for_test(r, 100, &listed), *found;
	struct pve_target target = guest(100);

	(void)state;
	enter(r, s);
	assert_found(&target, "u@pve", NULL);
	assert_null(sessions_find(r, &target, another, "u@pve"));
	found = sessions_find(r, &target, same, "u@pve");
	assert_ptr_equal(found, s);
	session_unref(found);
	leave(s);
	pve_hosts_unref(list);
	pve_hosts_unref(same);
	pve_hosts_unref(another);
	assert_int_equal(sessions_wait_all(r, clock_ms()), 0);
}

static void
of_twins_the_first_lives_and_the_second_ends(void **state)
{
	const struct pve_target target = guest(100);
	struct session *first = entered(100), *second = session_for_test(r, 100, &login);

	(void)state;
	assert_ptr_equal(sessions_add(r, second), first);
	session_unref(first);
	assert_true(second->ending);
	assert_found(&target, "u@pve", first);
	leave(second);
	assert_found(&target, "u@pve", first);
	leave(first);
	assert_int_equal(sessions_wait_all(r, clock_ms()), 0);
	assert_int_equal(login.refs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_found_by_its_guest_and_user_only),
		TEST(among_those_with_numbers_alike_each_is_found_until_it_leaves),
		TEST(what_a_link_leaves_open_may_be_any_and_the_rest_may_not),
		TEST(a_guest_that_has_moved_is_the_same_and_another_node_is_not),
		TEST(a_session_is_found_by_its_pinned_certificate_only),
		TEST(a_session_is_found_by_its_list_of_hosts_only),
		TEST(of_twins_the_first_lives_and_the_second_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
