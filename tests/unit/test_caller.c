/* SPDX-License-Identifier: MIT */
/* Connections to a session's port: how many a client may have. */
#include "session/caller.h"

#include <stdlib.h>

#include "session/front_impl.h"
#include "tests/unit/access_scene.h"

enum { LIMIT = 3 };

static struct live live;
static struct access *limited;

static int
scene_begin(void **state)
{
	(void)state;
	live = (struct live){.fronts = NULL};
	limited = access_for_test("10.0.0.1", NULL, NULL);
	return 0;
}

/* The newest connection is gone. */
static void
hang_up(void)
{
	struct front *f = live.fronts;

	live.fronts = f->next;
	free(f);
}

static int
scene_end(void **state)
{
	(void)state;
	while (live.fronts)
		hang_up();
	access_unref(limited);
	return 0;
}

/* One more connection from there, if it may be. */
static enum caller_place
call(const char *from)
{
	struct ip peer = ip_for_test(from);
	enum caller_place place = caller_place(&live, limited, &peer, LIMIT);
	struct front *f;

	if (place == CALLER_TURNED_AWAY)
		return place;
	f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->peer = peer;
	f->too_many = place == CALLER_TOO_MANY;
	f->next = live.fronts;
	live.fronts = f;
	return place;
}

static void
a_client_has_so_many_connections_and_no_more(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < LIMIT; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
	assert_int_equal(call("::ffff:198.51.100.7"), CALLER_TOO_MANY);
	assert_int_equal(call("198.51.100.8"), CALLER_WELCOME);
}

static void
an_ipv6_client_is_its_whole_64(void **state)
{
	(void)state;
	assert_int_equal(call("2001:db8:1:2::1"), CALLER_WELCOME);
	assert_int_equal(call("2001:db8:1:2::2"), CALLER_WELCOME);
	assert_int_equal(call("2001:db8:1:2:3::"), CALLER_WELCOME);
	assert_int_equal(call("2001:db8:1:2::1"), CALLER_TOO_MANY);
	assert_int_equal(call("2001:db8:1:3::1"), CALLER_WELCOME);
}

static void
only_a_few_are_told_that_they_are_too_many(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < LIMIT; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	for (i = 0; i < LIVE_TURNED_AWAY_MAX; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
	assert_int_equal(call("198.51.100.7"), CALLER_TURNED_AWAY);
	hang_up();
	assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
}

static void
those_who_leave_make_room(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < LIMIT; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	hang_up();
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
}

static void
a_proxy_of_ours_has_as_many_as_it_needs(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10 * LIMIT; i++)
		assert_int_equal(call("10.0.0.1"), CALLER_WELCOME);
}

static void
loopback_has_no_limit_before_proxies_are_known(void **state)
{
	int i;

	(void)state;
	access_unref(limited);
	limited = access_for_test(NULL, NULL, NULL);
	for (i = 0; i < 10 * LIMIT; i++)
		assert_int_equal(call("127.0.0.1"), CALLER_WELCOME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_has_so_many_connections_and_no_more),
		TEST(an_ipv6_client_is_its_whole_64),
		TEST(only_a_few_are_told_that_they_are_too_many),
		TEST(those_who_leave_make_room),
		TEST(a_proxy_of_ours_has_as_many_as_it_needs),
		TEST(loopback_has_no_limit_before_proxies_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
