/* SPDX-License-Identifier: MIT */
/* Connections that had their time, and answers that wait for theirs. */
#include "router/conns.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ip.h"
#include "router/slow.h"
#include "tests/unit/torture.h"

enum { HEAD_MS = 10000, BODY_MS = 30000, PER_CLIENT = 3, MARGIN_MS = 5000 };

static const struct conns_limits limits = {HEAD_MS, BODY_MS, PER_CLIENT};

static struct conns *conns;
static struct conn *conn;
static int ends[2];

static int
make(void **state)
{
	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	conns = conns_new(&limits);
	conn = conns_add(conns, ends[0], NULL, NULL);
	return conns != NULL && conn != NULL ? 0 : -1;
}

static int
unmake(void **state)
{
	(void)state;
	conns_remove(conns, conn);
	conns_free(conns);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* Has the other end been told? */
static bool
is_shut(void)
{
	char c;

	return recv(ends[1], &c, 1, MSG_DONTWAIT) == 0;
}

static void
assert_lasts(int64_t ms)
{
	assert_int_equal(conns_reap(conns, clock_ms() + ms - MARGIN_MS), 0);
	assert_false(is_shut());
	assert_int_equal(conns_reap(conns, clock_ms() + ms + MARGIN_MS), 1);
	assert_true(is_shut());
	/* Once is enough. */
	assert_int_equal(conns_reap(conns, INT64_MAX), 0);
}

static void
a_head_has_its_time(void **state)
{
	(void)state;
	assert_lasts(HEAD_MS);
}

static void
a_body_has_its_time(void **state)
{
	(void)state;
	conns_phase(conns, conn, CONN_BODY);
	assert_lasts(BODY_MS);
}

static void
an_answer_has_a_minute(void **state)
{
	(void)state;
	conns_phase(conns, conn, CONN_ANSWER);
	assert_lasts(CONN_ANSWER_MS);
}

static void
work_has_all_the_time_it_takes(void **state)
{
	(void)state;
	conns_phase(conns, conn, CONN_WORK);
	assert_int_equal(conns_reap(conns, INT64_MAX), 0);
	assert_false(is_shut());
	conns_phase(conns, conn, CONN_HEAD);
	assert_lasts(HEAD_MS);
}

enum { PHASES = 20000 };

static void *
change_phases(void *arg)
{
	for (int i = 0; i < PHASES; i++)
		conns_phase(conns, arg, i % 2 == 0 ? CONN_BODY : CONN_WORK);
	return NULL;
}

static void
phases_change_while_another_thread_looks_for_late_ones(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, change_phases, conn), 0);
	for (int i = 0; i < PHASES; i++)
		assert_int_equal(conns_reap(conns, clock_ms()), 0);
	pthread_join(thread, NULL);
	assert_false(is_shut());
	conns_phase(conns, conn, CONN_HEAD);
	assert_lasts(HEAD_MS);
}

static void
one_that_is_gone_is_left_alone(void **state)
{
	(void)state;
	conns_remove(conns, conn);
	conn = NULL;
	assert_int_equal(conns_reap(conns, INT64_MAX), 0);
	assert_false(is_shut());
	conns_remove(conns, NULL);
	conns_phase(conns, NULL, CONN_BODY);
}

static void
without_memory_a_connection_is_shut_at_once(void **state)
{
	(void)state;
	torture_refuse("calloc", 1);
	assert_null(conns_add(conns, ends[0], NULL, NULL));
	assert_true(is_shut());
}

static void
without_memory_for_its_client_too(void **state)
{
	const struct ip ip = {.bytes = {1}};

	(void)state;
	torture_refuse("calloc", 2);
	assert_null(conns_add(conns, ends[0], NULL, &ip));
	assert_true(is_shut());
	assert_true(conns_room(conns, &ip));
}

static void
a_change_is_for_what_begins_then(void **state)
{
	const struct conns_limits longer = {2 * HEAD_MS, 2 * BODY_MS, PER_CLIENT};

	(void)state;
	conns_change(conns, &longer);
	assert_int_equal(conns_reap(conns, clock_ms() + HEAD_MS + MARGIN_MS), 1);
	conns_phase(conns, conn, CONN_BODY);
	assert_int_equal(conns_reap(conns, clock_ms() + 2 * BODY_MS - MARGIN_MS), 0);
	assert_int_equal(conns_reap(conns, clock_ms() + 2 * BODY_MS + MARGIN_MS), 1);
}

/* ---- clients ---- */

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	assert_true(ip_parse(text, &ip));
	return ip;
}

static void
those_beyond_a_limit_are_told_and_those_beyond_that_are_not_taken(void **state)
{
	struct ip ip = ip_of("198.51.100.7"), other = ip_of("198.51.100.8");
	struct conn *all[PER_CLIENT + CONN_CROWD], *more;

	(void)state;
	for (int i = 0; i < PER_CLIENT + CONN_CROWD; i++) {
		assert_true(conns_room(conns, &ip));
		all[i] = conns_add(conns, ends[0], NULL, &ip);
		assert_int_equal(conn_crowded(all[i]), i >= PER_CLIENT);
	}
	assert_false(conns_room(conns, &ip));
	assert_true(conns_room(conns, &other));
	more = conns_add(conns, ends[0], NULL, &other);
	assert_false(conn_crowded(more));
	conns_remove(conns, more);
	/* Those who leave make room, at first for being told. */
	conns_remove(conns, all[0]);
	assert_true(conns_room(conns, &ip));
	for (int i = 1; i < PER_CLIENT + CONN_CROWD; i++)
		conns_remove(conns, all[i]);
	more = conns_add(conns, ends[0], NULL, &ip);
	assert_false(conn_crowded(more));
	conns_remove(conns, more);
}

static void
an_ipv6_network_is_one_client(void **state)
{
	struct ip a = ip_of("2001:db8:1:2::1"), b = ip_of("2001:db8:1:2:3:4:5:6"),
			  c = ip_of("2001:db8:1:3::1");
	struct conn *all[PER_CLIENT + 1];

	(void)state;
	for (int i = 0; i < PER_CLIENT; i++)
		all[i] = conns_add(conns, ends[0], NULL, &a);
	all[PER_CLIENT] = conns_add(conns, ends[0], NULL, &b);
	assert_true(conn_crowded(all[PER_CLIENT]));
	for (int i = 0; i <= PER_CLIENT; i++)
		conns_remove(conns, all[i]);
	all[0] = conns_add(conns, ends[0], NULL, &c);
	assert_false(conn_crowded(all[0]));
	conns_remove(conns, all[0]);
}

static void
one_that_is_not_counted_is_never_in_the_way(void **state)
{
	struct conn *all[2 * (PER_CLIENT + CONN_CROWD)];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		all[i] = conns_add(conns, ends[0], NULL, NULL);
		assert_false(conn_crowded(all[i]));
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		conns_remove(conns, all[i]);
	assert_false(conn_crowded(NULL));
}

static void
no_client_gets_more_than_half_of_all(void **state)
{
	const struct conns_limits loose = {HEAD_MS, BODY_MS, 1024};
	struct ip ip = ip_of("198.51.100.7");
	unsigned most = conns_limit() / 2;
	struct conn **all = calloc(most + 1, sizeof(struct conn *));

	(void)state;
	assert_non_null(all);
	conns_change(conns, &loose);
	for (unsigned i = 0; i <= most; i++) {
		all[i] = conns_add(conns, ends[0], NULL, &ip);
		assert_int_equal(conn_crowded(all[i]), i == most);
	}
	for (unsigned i = 0; i <= most; i++)
		conns_remove(conns, all[i]);
	free(all);
}

static void
the_limit_is_in_bounds(void **state)
{
	(void)state;
	assert_in_range(conns_limit(), 128, 1024);
}

/* ---- slow ---- */

static void
count(void *arg)
{
	(*(unsigned *)arg)++;
}

static void
answers_wait_and_go_in_turn(void **state)
{
	struct slow *slow = slow_new();
	unsigned gone = 0;
	struct slow_item one = {.go = count, .arg = &gone}, two = {.go = count, .arg = &gone};

	(void)state;
	assert_true(slow_add(slow, &one));
	slow_tick(slow, clock_ms());
	assert_int_equal(gone, 0);
	assert_true(slow_add(slow, &two));
	slow_tick(slow, clock_ms() + 2 * SLOW_MS);
	assert_int_equal(gone, 2);
	slow_free(slow);
}

static void
the_line_is_bounded_and_has_room_again(void **state)
{
	struct slow *slow = slow_new();
	struct slow_item items[SLOW_MAX + 1];
	unsigned gone = 0;

	(void)state;
	for (int i = 0; i <= SLOW_MAX; i++) {
		items[i] = (struct slow_item){.go = count, .arg = &gone};
		assert_int_equal(slow_add(slow, &items[i]), i < SLOW_MAX);
	}
	slow_tick(slow, INT64_MAX);
	assert_int_equal(gone, SLOW_MAX);
	assert_true(slow_add(slow, &items[SLOW_MAX]));
	slow_close(slow);
	slow_free(slow);
}

static void
closing_lets_all_go_and_takes_no_more(void **state)
{
	struct slow *slow = slow_new();
	unsigned gone = 0;
	struct slow_item item = {.go = count, .arg = &gone};

	(void)state;
	assert_true(slow_add(slow, &item));
	slow_close(slow);
	assert_int_equal(gone, 1);
	assert_false(slow_add(slow, &item));
	slow_close(slow);
	slow_free(slow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_head_has_its_time),
		TEST(a_body_has_its_time),
		TEST(an_answer_has_a_minute),
		TEST(work_has_all_the_time_it_takes),
		TEST(phases_change_while_another_thread_looks_for_late_ones),
		TEST(one_that_is_gone_is_left_alone),
		TEST(without_memory_a_connection_is_shut_at_once),
		TEST(without_memory_for_its_client_too),
		TEST(a_change_is_for_what_begins_then),
		TEST(those_beyond_a_limit_are_told_and_those_beyond_that_are_not_taken),
		TEST(an_ipv6_network_is_one_client),
		TEST(one_that_is_not_counted_is_never_in_the_way),
		TEST(no_client_gets_more_than_half_of_all),
		TEST(the_limit_is_in_bounds),
		cmocka_unit_test(answers_wait_and_go_in_turn),
		cmocka_unit_test(the_line_is_bounded_and_has_room_again),
		cmocka_unit_test(closing_lets_all_go_and_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
