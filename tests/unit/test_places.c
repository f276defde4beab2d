/* SPDX-License-Identifier: MIT */
/* How many sessions there may be: in all, of a host, of a client. */
#include "session/places.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/access_scene.h"

static struct places *places;
static struct tunables limits;

static int
scene_begin(void **state)
{
	(void)state;
	limits = (struct tunables){.access = access_for_test(NULL, NULL, NULL)};
	return places_new(&places, NULL);
}

static int
scene_end(void **state)
{
	(void)state;
	places_free(places);
	access_unref(limits.access);
	return 0;
}

static struct place *taken[16];
static size_t taken_count;

/* Which limit keeps a session of this host and client out? One that is free is taken. */
static enum place_limit
take(const char *host, uint16_t port, const char *client)
{
	struct pve_target target = {.port = port};
	struct ip ip = ip_for_test(client);
	enum place_limit limit = PLACE_FREE;
	struct place *place = NULL;
	struct err err = {0};
	int r;

	snprintf(target.host, sizeof(target.host), "%s", host);
	r = places_take(places, &limits, &target, &ip, &place, &limit, &err);
	if (r == 0) {
		assert_int_equal(limit, PLACE_FREE);
		taken[taken_count++] = place;
		return PLACE_FREE;
	}
	assert_int_equal(r, ERR_BUSY);
	assert_null(place);
	assert_non_null(strstr(err.text, limit == PLACE_ALL    ? "(max_sessions)"
									 : limit == PLACE_HOST ? "(max_sessions_per_host)"
														   : "(max_sessions_per_client)"));
	return limit;
}

static void
leave_all(void)
{
	while (taken_count > 0) {
		taken_count--;
		place_leave(&taken[taken_count]);
		assert_null(taken[taken_count]);
	}
}

static void
without_limits_everybody_finds_a_place(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	leave_all();
}

static void
there_are_so_many_in_all(void **state)
{
	(void)state;
	limits.max_sessions = 2;
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("b", 8006, "198.51.100.8"), PLACE_FREE);
	assert_int_equal(take("c", 8006, "198.51.100.9"), PLACE_ALL);
	place_leave(&taken[--taken_count]);
	assert_int_equal(take("c", 8006, "198.51.100.9"), PLACE_FREE);
	leave_all();
}

static void
there_are_so_many_of_a_host(void **state)
{
	(void)state;
	limits.max_sessions_per_host = 2;
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("a", 8006, "198.51.100.8"), PLACE_FREE);
	assert_int_equal(take("a", 8006, "198.51.100.9"), PLACE_HOST);
	assert_int_equal(take("a", 8007, "198.51.100.9"), PLACE_FREE);
	assert_int_equal(take("b", 8006, "198.51.100.9"), PLACE_FREE);
	leave_all();
}

static void
there_are_so_many_of_a_client(void **state)
{
	(void)state;
	limits.max_sessions_per_client = 2;
	assert_int_equal(take("a", 8006, "2001:db8:1:2::1"), PLACE_FREE);
	assert_int_equal(take("b", 8006, "2001:db8:1:2::2"), PLACE_FREE);
	assert_int_equal(take("c", 8006, "2001:db8:1:2:3::"), PLACE_CLIENT);
	assert_int_equal(take("c", 8006, "2001:db8:1:3::1"), PLACE_FREE);
	leave_all();
}

static void
loopback_is_no_client_before_proxies_are_known(void **state)
{
	static const char *const loopback[] = {"127.0.0.1", "127.0.0.1", "::1", "::1", "::1"};
	size_t i;

	(void)state;
	limits.max_sessions_per_client = 1;
	for (i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
		assert_int_equal(take("a", 8006, loopback[i]), PLACE_FREE);
	leave_all();
	access_unref(limits.access);
	limits.access = access_for_test("10.0.0.1", NULL, NULL);
	assert_int_equal(take("a", 8006, "::1"), PLACE_FREE);
	assert_int_equal(take("a", 8006, "::1"), PLACE_CLIENT);
	leave_all();
}

static void
among_thousands_each_host_and_client_has_its_own_count(void **state)
{
	enum { MANY = 3000 };
	static struct place *all[MANY];
	char host[32], client[32];

	(void)state;
	limits.max_sessions_per_host = limits.max_sessions_per_client = 1;
	for (int i = 0; i < MANY; i++) {
		snprintf(host, sizeof(host), "h%d", i);
		snprintf(client, sizeof(client), "10.0.%d.%d", i / 250, i % 250);
		taken_count = 0;
		assert_int_equal(take(host, 8006, client), PLACE_FREE);
		all[i] = taken[0];
	}
	taken_count = 0;
	for (int i = 0; i < MANY; i += 7) {
		snprintf(host, sizeof(host), "h%d", i);
		snprintf(client, sizeof(client), "10.0.%d.%d", i / 250, i % 250);
		assert_int_equal(take(host, 8006, "198.51.100.7"), PLACE_HOST);
		assert_int_equal(take("new", 8006, client), PLACE_CLIENT);
		place_leave(&all[i]);
		assert_int_equal(take(host, 8006, client), PLACE_FREE);
		leave_all();
	}
	limits.max_sessions = 100;
	assert_int_equal(take("new", 8006, "198.51.100.7"), PLACE_ALL);
	for (int i = 0; i < MANY; i++)
		place_leave(&all[i]);
	assert_int_equal(take("new", 8006, "198.51.100.7"), PLACE_FREE);
	leave_all();
}

static void
a_host_s_port_is_no_part_of_another_s_name(void **state)
{
	/* Port 0x3161 looks like "a1" or "1a" behind a name. */
	(void)state;
	limits.max_sessions_per_host = 1;
	assert_int_equal(take("h", 0x3161, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("ha1", 0x3161, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("h1a", 0x3161, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("h", 0x3161, "198.51.100.7"), PLACE_HOST);
	leave_all();
}

static void
a_limit_that_shrinks_ends_nobody(void **state)
{
	(void)state;
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	limits.max_sessions = 1;
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_ALL);
	place_leave(&taken[--taken_count]);
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_ALL);
	leave_all();
	assert_int_equal(take("a", 8006, "198.51.100.7"), PLACE_FREE);
	leave_all();
}

static void
without_memory_there_is_none(void **state)
{
	const struct pve_target target = {.host = "a"};
	struct ip ip = ip_for_test("198.51.100.7");
	enum place_limit limit;
	struct place *place = NULL;
	struct places *none = NULL;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		torture_refuse("calloc", i);
		assert_int_equal(
			places_take(places, &limits, &target, &ip, &place, &limit, NULL), ERR_MEMORY);
		assert_null(place);
	}
	torture_refuse("calloc", 1);
	assert_int_equal(places_new(&none, NULL), ERR_MEMORY);
	place_leave(&place);
	places_free(none);
}

/* ---- several threads ---- */

enum { THREADS = 4, TURNS = 5000, MOST = 3 };

static atomic_int inside, most;

static void *
come_and_go(void *arg)
{
	const struct pve_target target = {.host = "a"};
	struct ip ip = ip_for_test("198.51.100.7");
	enum place_limit limit;
	struct place *place = NULL;
	int i, now, before;

	for (i = 0; i < TURNS; i++) {
		if (places_take(places, &limits, &target, &ip, &place, &limit, NULL) < 0)
			continue;
		now = atomic_fetch_add(&inside, 1) + 1;
		before = atomic_load(&most);
		while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
			;
		atomic_fetch_sub(&inside, 1);
		place_leave(&place);
	}
	return arg;
}

static void
never_are_there_more_than_the_limit(void **state)
{
	pthread_t threads[THREADS];
	int i;

	(void)state;
	limits.max_sessions_per_client = MOST;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_in_range(most, 1, MOST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_limits_everybody_finds_a_place),
		TEST(there_are_so_many_in_all),
		TEST(there_are_so_many_of_a_host),
		TEST(there_are_so_many_of_a_client),
		TEST(loopback_is_no_client_before_proxies_are_known),
		TEST(among_thousands_each_host_and_client_has_its_own_count),
		TEST(a_host_s_port_is_no_part_of_another_s_name),
		TEST(a_limit_that_shrinks_ends_nobody),
		TEST(without_memory_there_is_none),
		TEST(never_are_there_more_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
