/* SPDX-License-Identifier: MIT */
/*
 * States, timeouts, /status; which session a link finds is told by test_sessions_find.c, and
 * several threads are in test_sessions_threads.c.
 */
#include "session/sessions.h"

#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/death.h"
#include "tests/unit/registry_scene.h"

enum { MINUTE_MS = 60000 };

static const struct tunables usual = {
	.connect_timeout_s = 300, .reconnect_timeout_s = 3600, .max_duration_s = 0};

/* ---- states ---- */

static void
a_session_is_active_while_a_browser_is_connected(void **state)
{
	struct session *s = entered(100);
	int64_t connected_ms;

	(void)state;
	assert_int_equal(s->state, SESSION_CREATED);
	sessions_viewer_up(s);
	assert_int_equal(s->state, SESSION_ACTIVE);
	assert_int_not_equal(s->connected_unix, 0);
	connected_ms = s->connected_ms -= 1000;
	sessions_viewer_up(s);
	sessions_viewer_down(s);
	assert_int_equal(s->state, SESSION_ACTIVE);
	assert_int_equal(s->viewers, 1);
	sessions_viewer_down(s);
	assert_int_equal(s->state, SESSION_DISCONNECTED);
	sessions_viewer_up(s);
	assert_int_equal(s->state, SESSION_ACTIVE);
	assert_int_equal(s->connected_ms, connected_ms);
	sessions_viewer_down(s);
	leave(s);
}

static struct session *misused;

static void
leave_twice(void)
{
	sessions_viewer_down(misused);
}

static void
more_browsers_can_not_leave_than_came(void **state)
{
	(void)state;
	misused = entered(100);
	assert_true(aborts(leave_twice));
	leave(misused);
}

static void
free_it(void)
{
	sessions_free(r);
}

static void
a_registry_can_not_be_freed_around_a_session(void **state)
{
	struct session *s = entered(100);

	(void)state;
	assert_true(aborts(free_it));
	leave(s);
}

/* ---- time ---- */

static void
who_is_not_connected_in_time_is_told_to_end_once(void **state)
{
	const struct pve_target target = guest(100);
	struct session *s = entered(100);

	(void)state;
	s->created_ms -= 299 * 1000;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_NONE);
	s->created_ms -= 1000;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_CONNECT_TIMEOUT);
	assert_found(&target, "u@pve", NULL);
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_NONE);
	leave(s);
}

static void
a_browser_that_came_meanwhile_lets_it_stay(void **state)
{
	const struct pve_target target = guest(100);
	struct session *s = entered(100);

	(void)state;
	s->created_ms -= 301 * 1000;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_CONNECT_TIMEOUT);
	sessions_viewer_up(s);
	sessions_stays(s);
	assert_found(&target, "u@pve", s);
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_NONE);
	sessions_viewer_down(s);
	leave(s);
}

static void
an_active_session_has_no_timeout_but_its_longest_life(void **state)
{
	struct tunables t = usual;
	struct session *s = entered(100);

	(void)state;
	sessions_viewer_up(s);
	s->created_ms -= 1000 * MINUTE_MS;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_NONE);
	t.max_duration_s = 1000 * 60 + 10;
	sessions_tick(r, &t);
	assert_int_equal(told(s), END_NONE);
	t.max_duration_s = 1000 * 60;
	sessions_tick(r, &t);
	assert_int_equal(told(s), END_MAX_DURATION);
	sessions_viewer_down(s);
	leave(s);
}

static void
who_does_not_come_back_in_time_is_told_to_end(void **state)
{
	struct session *s = entered(100);

	(void)state;
	sessions_viewer_up(s);
	sessions_viewer_down(s);
	s->created_ms -= 1000 * MINUTE_MS;
	s->disconnected_ms -= 3599 * 1000;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_NONE);
	s->disconnected_ms -= 1000;
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_RECONNECT_TIMEOUT);
	leave(s);
}

static void
all_that_are_due_are_told_in_one_tick(void **state)
{
	struct session *all[5];
	uint32_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		all[i] = entered(100 + i);
		if (i != 2)
			all[i]->created_ms -= 301 * 1000;
	}
	sessions_tick(r, &usual);
	for (i = 0; i < 5; i++) {
		assert_int_equal(told(all[i]), i == 2 ? END_NONE : END_CONNECT_TIMEOUT);
		leave(all[i]);
	}
}

static void
a_session_that_could_not_be_told_is_told_the_next_time(void **state)
{
	struct session *s = entered(100);

	(void)state;
	s->created_ms -= 301 * 1000;
	torture_refuse("calloc", 1);
	sessions_tick(r, &usual);
	assert_true(torture_struck());
	assert_int_equal(told(s), END_NONE);
	sessions_tick(r, &usual);
	assert_int_equal(told(s), END_CONNECT_TIMEOUT);
	leave(s);
}

/* ---- guests that move ---- */

static void
a_session_knows_where_its_guest_was_found_last(void **state)
{
	struct session *s = entered(100);
	struct core_status status = {.total = 0};
	char node[PVE_NODE_SIZE] = "other";

	(void)state;
	assert_true(sessions_found(s, node));
	assert_false(sessions_found(s, node));
	memset(node, 0, sizeof(node));
	sessions_node(s, node);
	assert_string_equal(node, "other");
	assert_int_equal(sessions_snapshot(r, &status, NULL), 0);
	assert_string_equal(status.sessions[0].node, "other");
	assert_string_equal(status.sessions[0].key, "vm:pve:100");
	free(status.sessions);
	leave(s);
}

static void
a_guest_may_be_missing_for_two_minutes_from_when_it_was_missed(void **state)
{
	const char node[PVE_NODE_SIZE] = "pve";
	struct session *s = entered(100);

	(void)state;
	s->created_ms -= 1000 * MINUTE_MS;
	assert_true(sessions_missing(s));
	s->missing_ms -= 119 * 1000;
	assert_true(sessions_missing(s));
	s->missing_ms -= 1000;
	assert_false(sessions_missing(s));
	assert_false(sessions_found(s, node));
	assert_true(sessions_missing(s));
	leave(s);
}

static void
what_a_link_has_seen_counts_once_and_for_five_seconds(void **state)
{
	const char node[PVE_NODE_SIZE] = "other";
	struct session *s = entered(100);

	(void)state;
	assert_false(sessions_seen_lately(s));
	assert_true(sessions_seen(s, node));
	assert_true(sessions_seen_lately(s));
	assert_false(sessions_seen_lately(s));
	assert_false(sessions_seen(s, node));
	s->seen_ms -= 5000;
	assert_false(sessions_seen_lately(s));
	/* A browser's own look is for that browser. */
	assert_false(sessions_found(s, node));
	assert_false(sessions_seen_lately(s));
	leave(s);
}

static void
a_node_moves_nowhere(void **state)
{
	struct session *s = entered(100);

	(void)state;
	s->target.type = PVE_GUEST_NODE;
	assert_false(sessions_missing(s));
	leave(s);
}

/* ---- the end ---- */

static void
all_are_told_to_end_and_waited_for(void **state)
{
	struct session *a = entered(100), *b = entered(101);

	(void)state;
	sessions_end_all(r, END_STOPPING);
	assert_int_equal(told(a), END_STOPPING);
	assert_int_equal(told(b), END_STOPPING);
	sessions_end_all(r, END_STOPPING);
	assert_int_equal(told(a), END_NONE);
	assert_int_equal(sessions_wait_all(r, clock_ms() + 10), 2);
	leave(a);
	assert_int_equal(sessions_wait_all(r, clock_ms() + 10), 1);
	leave(b);
	assert_int_equal(sessions_wait_all(r, clock_ms() + 60000), 0);
	assert_int_equal(login.refs, 0);
}

static void
without_memory_for_one_the_next_call_tells_the_rest(void **state)
{
	struct session *a = entered(100), *b = entered(101);

	(void)state;
	torture_refuse("calloc", 2);
	sessions_end_all(r, END_STOPPING);
	assert_true(torture_struck());
	assert_int_equal(told(a), END_STOPPING);
	assert_int_equal(told(b), END_NONE);
	sessions_end_all(r, END_STOPPING);
	assert_int_equal(told(a), END_NONE);
	assert_int_equal(told(b), END_STOPPING);
	leave(a);
	leave(b);
}

/* ---- /status ---- */

static void
a_snapshot_shows_all_that_live_the_oldest_first(void **state)
{
	struct core_status status = {.total = 77};
	struct session *all[4];
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		all[i] = entered(100 + i);
	all[0]->created_ms -= 65000;
	sessions_viewer_up(all[1]);
	sessions_viewer_up(all[1]);
	all[1]->connected_ms -= 5000;
	sessions_viewer_up(all[2]);
	sessions_viewer_down(all[2]);
	all[3]->ending = true;
	assert_int_equal(sessions_snapshot(r, &status, NULL), 0);
	assert_int_equal(status.total, 3);
	assert_int_equal(status.created, 1);
	assert_int_equal(status.active, 1);
	assert_int_equal(status.disconnected, 1);
	assert_string_equal(status.sessions[0].key, "vm:pve:100");
	assert_string_equal(status.sessions[0].id, all[0]->id);
	assert_string_equal(status.sessions[0].node, "pve");
	assert_int_equal(status.sessions[0].vmid, 100);
	assert_string_equal(status.sessions[0].type, "qemu");
	assert_string_equal(status.sessions[0].console, "vnc");
	assert_int_equal(status.sessions[0].age_s, 65);
	assert_int_equal(status.sessions[0].connected_unix, 0);
	assert_int_equal(status.sessions[0].connected_s, 0);
	assert_int_equal(status.sessions[1].state, SESSION_ACTIVE);
	assert_int_equal(status.sessions[1].viewers, 2);
	assert_int_equal(status.sessions[1].connected_s, 5);
	assert_int_equal(status.sessions[2].state, SESSION_DISCONNECTED);
	free(status.sessions);
	sessions_viewer_down(all[1]);
	sessions_viewer_down(all[1]);
	for (i = 0; i < 4; i++)
		leave(all[i]);
}

static void
a_snapshot_of_nobody_is_empty(void **state)
{
	struct core_status status = {.total = 77};

	(void)state;
	assert_int_equal(sessions_snapshot(r, &status, NULL), 0);
	assert_int_equal(status.total, 0);
	free(status.sessions);
}

static void
without_memory_there_is_no_snapshot(void **state)
{
	struct core_status status = {.total = 77};
	struct err err = {0};

	(void)state;
	torture_refuse("calloc", 1);
	assert_int_equal(sessions_snapshot(r, &status, &err), ERR_MEMORY);
	assert_int_equal(status.total, 77);
	assert_null(status.sessions);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_is_active_while_a_browser_is_connected),
		TEST(more_browsers_can_not_leave_than_came),
		TEST(a_registry_can_not_be_freed_around_a_session),
		TEST(who_is_not_connected_in_time_is_told_to_end_once),
		TEST(a_browser_that_came_meanwhile_lets_it_stay),
		TEST(an_active_session_has_no_timeout_but_its_longest_life),
		TEST(who_does_not_come_back_in_time_is_told_to_end),
		TEST(all_that_are_due_are_told_in_one_tick),
		TEST(a_session_that_could_not_be_told_is_told_the_next_time),
		TEST(a_session_knows_where_its_guest_was_found_last),
		TEST(a_guest_may_be_missing_for_two_minutes_from_when_it_was_missed),
		TEST(what_a_link_has_seen_counts_once_and_for_five_seconds),
		TEST(a_node_moves_nowhere),
		TEST(all_are_told_to_end_and_waited_for),
		TEST(without_memory_for_one_the_next_call_tells_the_rest),
		TEST(a_snapshot_shows_all_that_live_the_oldest_first),
		TEST(a_snapshot_of_nobody_is_empty),
		TEST(without_memory_there_is_no_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
