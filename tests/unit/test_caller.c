/* SPDX-License-Identifier: MIT */
/* Connections to a session's port: how many a client may have, and answers that are held back. */
#include "session/caller.h"

#include <stdlib.h>

#include "session/front.h"
#include "tests/unit/access_scene.h"

enum { LIMIT = 3 };

static struct loop loop;
static struct access *limited;
static unsigned kicks;
static bool paused, choked;

/* Stand-ins for thread.c and front.c: one timer is enough. */
static void (*timer_run)(void *arg);
static void *timer_arg;
static int timer_ms;

void
loop_timer_set(struct loop *l, struct timer *timer, int ms, void (*run)(void *arg), void *arg)
{
	assert_ptr_equal(l, &loop);
	timer_ms = ms;
	timer->at_ms = 1;
	timer_run = run;
	timer_arg = arg;
}

void
loop_timer_stop(struct loop *l, struct timer *timer)
{
	assert_ptr_equal(l, &loop);
	timer->at_ms = 0;
}

void
front_kick(struct lws *browser)
{
	assert_null(browser);
	kicks++;
}

void
front_pause(struct lws *browser)
{
	assert_null(browser);
	paused = true;
}

void
front_resume(struct lws *browser)
{
	assert_null(browser);
	paused = false;
}

bool
front_choked(struct lws *browser)
{
	assert_null(browser);
	return choked;
}

static int
scene_begin(void **state)
{
	(void)state;
	loop = (struct loop){.held = 0};
	limited = access_for_test("10.0.0.1", NULL, NULL);
	kicks = 0;
	paused = choked = false;
	return 0;
}

static int
scene_end(void **state)
{
	(void)state;
	while (loop.callers)
		caller_free(loop.callers);
	assert_int_equal(loop.held, 0);
	assert_int_equal(loop.stuck, 0);
	access_unref(limited);
	return 0;
}

/* One more connection from there, if it may be. */
static enum caller_place
call(const char *from)
{
	struct ip peer = ip_for_test(from);
	enum caller_place place = caller_place(&loop, limited, &peer, LIMIT);

	if (place != CALLER_TURNED_AWAY)
		assert_non_null(caller_new(&loop, &peer, place));
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
	assert_true(loop.callers->too_many);
	assert_int_equal(call("::ffff:198.51.100.7"), CALLER_TOO_MANY);
	assert_int_equal(call("198.51.100.8"), CALLER_WELCOME);
	assert_false(loop.callers->too_many);
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
	for (i = 0; i < LOOP_TURNED_AWAY_MAX; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
	assert_int_equal(call("198.51.100.7"), CALLER_TURNED_AWAY);
	caller_free(loop.callers);
	assert_int_equal(call("198.51.100.7"), CALLER_TOO_MANY);
}

static void
those_who_leave_make_room(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < LIMIT; i++)
		assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	caller_free(loop.callers->next);
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

static void
a_caller_is_found_by_its_connection(void **state)
{
	struct lws *a = (struct lws *)(void *)&loop, *b = (struct lws *)(void *)&limited;

	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	loop.callers->wsi = a;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_ptr_equal(caller_find(&loop, a), loop.callers->next);
	assert_null(caller_find(&loop, b));
}

static void
an_answer_is_held_until_it_is_due(void **state)
{
	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_true(caller_hold(loop.callers));
	assert_in_range(timer_ms, 500, 2000);
	assert_int_equal(loop.held, 1);
	assert_true(paused);
	assert_false(loop.callers->due);
	timer_run(timer_arg);
	assert_int_equal(loop.held, 0);
	assert_true(loop.callers->due);
	assert_false(loop.callers->answer.close);
	assert_false(paused);
	assert_int_equal(kicks, 1);
}

static void
who_waits_for_its_socket_is_kicked_by_it(void **state)
{
	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	choked = true;
	caller_wait(loop.callers);
	caller_wait(loop.callers);
	assert_int_equal(loop.stuck, 1);
	assert_int_equal(kicks, 2);
	assert_false(paused);
	caller_goes_on(loop.callers);
	assert_int_equal(loop.stuck, 0);
	assert_false(loop.callers->due);
}

/* The event loop turns for ms milliseconds, and has the processor for share percent of them. */
static void
turn(int64_t *now_ms, int ms, int share, bool busy)
{
	static int64_t us;
	int i;

	for (i = 0; i < ms; i++) {
		++*now_ms;
		us += 10 * share;
		loop.watch.busy = busy;
		callers_turn(&loop, *now_ms, us);
	}
}

static void
when_the_loop_only_turns_nobody_is_held_any_longer(void **state)
{
	int64_t now = 1000;

	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_true(caller_hold(loop.callers));
	turn(&now, 15, 100, false);
	assert_true(loop.callers->due);
	assert_true(loop.callers->answer.close);
	assert_int_equal(kicks, 1);
	assert_int_equal(loop.held, 0);
}

static void
a_loop_that_sleeps_or_works_disturbs_nobody(void **state)
{
	int64_t now = 1000;
	int i;

	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	assert_true(caller_hold(loop.callers));
	/* A millisecond before each timer, which is usual; the rest of the time asleep. */
	for (i = 0; i < 100; i++, now += 24)
		turn(&now, 1, 100, false);
	turn(&now, 1000, 5, false);
	turn(&now, 1000, 100, true);
	assert_false(loop.callers->due);
	assert_int_equal(kicks, 0);
}

static void
who_asks_on_is_read_no_more_until_its_socket_takes_more(void **state)
{
	int64_t now = 1000;

	(void)state;
	assert_int_equal(call("198.51.100.7"), CALLER_WELCOME);
	choked = true;
	caller_wait(loop.callers);
	kicks = 0;
	/* On a machine that has much else to do. */
	turn(&now, 80, 20, false);
	assert_true(paused);
	assert_in_range(timer_ms, 1, 100);
	timer_run(timer_arg);
	assert_true(paused);
	assert_int_equal(kicks, 0);
	choked = false;
	timer_run(timer_arg);
	assert_false(paused);
	assert_int_equal(kicks, 1);
	assert_int_equal(loop.stuck, 0);
	/* From now on at once. */
	caller_wait(loop.callers);
	assert_true(paused);
	assert_int_equal(kicks, 1);
	turn(&now, 15, 100, false);
	assert_false(paused);
	assert_int_equal(kicks, 2);
	assert_false(loop.callers->answer.close);
}

static void
so_many_answers_are_held_and_no_more(void **state)
{
	struct ip peer = ip_for_test("10.0.0.1");
	int i;

	(void)state;
	for (i = 0; i < LOOP_HELD_MAX; i++)
		assert_true(caller_hold(caller_new(&loop, &peer, CALLER_WELCOME)));
	assert_false(caller_hold(caller_new(&loop, &peer, CALLER_WELCOME)));
	/* One that goes away waits no more. */
	assert_true(loop.callers->next->held);
	caller_free(loop.callers->next);
	assert_true(caller_hold(loop.callers));
}

static void
without_memory_there_is_none(void **state)
{
	struct ip peer = ip_for_test("10.0.0.1");

	(void)state;
	torture_refuse("calloc", 1);
	assert_null(caller_new(&loop, &peer, CALLER_WELCOME));
	assert_null(loop.callers);
	caller_free(NULL);
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
		TEST(a_caller_is_found_by_its_connection),
		TEST(an_answer_is_held_until_it_is_due),
		TEST(who_waits_for_its_socket_is_kicked_by_it),
		TEST(when_the_loop_only_turns_nobody_is_held_any_longer),
		TEST(a_loop_that_sleeps_or_works_disturbs_nobody),
		TEST(who_asks_on_is_read_no_more_until_its_socket_takes_more),
		TEST(so_many_answers_are_held_and_no_more),
		TEST(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
