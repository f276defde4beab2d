/* SPDX-License-Identifier: MIT */
#include "base/poller.h"

#include <fcntl.h>
#include <limits.h>

#include "tests/unit/poller_scene.h"

/* ---- timers ---- */

static void
timers_run_in_the_order_of_their_time(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};

	(void)state;
	set(&b, 2);
	set(&c, 3);
	set(&a, 1);
	let_pass(4);
	assert_turn("abc");
}

static void
timers_of_one_time_run_in_the_order_of_setting(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};

	(void)state;
	set(&a, 0);
	set(&b, 0);
	set(&c, 0);
	assert_turn("abc");
}

static void
a_timer_runs_once_and_not_before_its_time(void **state)
{
	struct ear a = {.name = 'a'};
	int64_t from_ms = clock_ms();

	(void)state;
	set(&a, 5);
	while (heard_len == 0)
		turn();
	assert_true(clock_ms() >= from_ms + 5);
	assert_int_equal(a.timer.at_ms, 0);
	assert_idle_turn();
}

static void
waiting_for_a_timer_takes_one_turn(void **state)
{
	struct ear a = {.name = 'a'};

	(void)state;
	set(&a, 20);
	assert_turn("a");
}

static void
a_timer_that_is_set_again_runs_at_its_new_time_only(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'};

	(void)state;
	set(&a, 0);
	set(&b, 1);
	set(&a, 2);
	let_pass(3);
	assert_turn("ba");
	set(&a, 0);
	set(&a, LONG_MS);
	assert_idle_turn();
	poller_stop_timer(&poller, &a.timer);
}

static void
a_stopped_timer_does_not_run_and_may_be_stopped_again(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};

	(void)state;
	set(&a, 0);
	set(&b, 0);
	set(&c, 0);
	poller_stop_timer(&poller, &b.timer);
	poller_stop_timer(&poller, &b.timer);
	assert_turn("ac");
	poller_stop_timer(&poller, &a.timer);
}

static void
set_own(struct ear *ear)
{
	set(ear, 0);
}

static void
set_other(struct ear *ear)
{
	set(ear->other, 0);
}

static void
a_timer_that_sets_itself_waits_for_the_next_turn(void **state)
{
	struct ear a = {.name = 'a', .also = set_own};

	(void)state;
	set(&a, 0);
	assert_turn("a");
	assert_turn("a");
	poller_stop_timer(&poller, &a.timer);
}

static void
a_timer_that_is_set_by_another_waits_for_the_next_turn(void **state)
{
	struct ear b = {.name = 'b'}, a = {.name = 'a', .also = set_other, .other = &b};

	(void)state;
	set(&a, 0);
	assert_turn("a");
	assert_turn("b");
}

static void
a_timer_that_is_set_by_an_event_waits_for_the_next_turn(void **state)
{
	struct ear b = {.name = 'b'}, a = {.name = 'a', .also = set_other, .other = &b};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_OUT);
	assert_turn("a");
	poller_unwatch(&poller, &a.watch);
	assert_turn("b");
	close(pair[0]);
	close(pair[1]);
}

static void
set_other_and_take_long(struct ear *ear)
{
	set(ear->other, 0);
	let_pass(3);
}

/* The one that was set in this turn is due first. */
static void
a_timer_that_waits_for_the_next_turn_holds_up_no_other(void **state)
{
	struct ear later = {.name = 'l'}, due = {.name = 'd'};
	struct ear a = {.name = 'a', .also = set_other_and_take_long, .other = &later};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_OUT);
	set(&due, 2);
	assert_turn("ad");
	poller_unwatch(&poller, &a.watch);
	assert_turn("l");
	close(pair[0]);
	close(pair[1]);
}

static void
stop_other(struct ear *ear)
{
	poller_stop_timer(&poller, &ear->other->timer);
}

static void
a_due_timer_that_another_stops_does_not_run(void **state)
{
	struct ear b = {.name = 'b'}, c = {.name = 'c'};
	struct ear a = {.name = 'a', .also = stop_other, .other = &b};

	(void)state;
	set(&a, 0);
	set(&b, 0);
	set(&c, 0);
	assert_turn("ac");
}

static void
a_timer_may_free_another_that_is_due_and_itself(void **state)
{
	struct ear *b = ear_new('b', NULL, NULL), *a = ear_new('a', free_other, b);
	struct ear *c = ear_new('c', free_own, NULL), d = {.name = 'd'};

	(void)state;
	set(a, 0);
	set(b, 0);
	set(c, 0);
	set(&d, 0);
	assert_turn("acd");
	free(a);
}

static void
time_before_now_is_the_next_turn(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'};

	(void)state;
	set(&a, INT_MIN);
	set(&b, -1);
	assert_turn("ab");
	/* What comes of a deadline of 0. */
	set(&a, (int)-clock_ms());
	assert_true(a.timer.at_ms > 0);
	assert_turn("a");
	assert_idle_turn();
}

static void
the_farthest_time_is_far(void **state)
{
	struct ear a = {.name = 'a'};

	(void)state;
	set(&a, INT_MAX);
	assert_true(clock_left_ms(a.timer.at_ms) > INT_MAX - LONG_MS);
	assert_idle_turn();
	poller_stop_timer(&poller, &a.timer);
}

/* ---- what is used ---- */

/* Time that passes without waiting for it. */
static void
let_idle(struct idle *idle)
{
	idle->timer.at_ms -= POLLER_IDLE_MS;
	turn();
}

static void
what_is_not_used_any_more_is_given_back_once(void **state)
{
	struct ear a = {.name = 'a'};
	struct idle idle = {.used = false};

	(void)state;
	poller_use(&poller, &idle, call, &a);
	poller_use(&poller, &idle, call, &a);
	let_idle(&idle);
	assert_string_equal(heard, "");
	let_idle(&idle);
	assert_string_equal(heard, "a");
	assert_int_equal(poller_idles(&poller), 1);
	assert_idle_turn();
}

static void
what_is_used_again_and_again_is_kept(void **state)
{
	struct ear a = {.name = 'a'};
	struct idle idle = {.used = false};
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		poller_use(&poller, &idle, call, &a);
		let_idle(&idle);
	}
	assert_string_equal(heard, "");
	poller_forget(&idle);
	poller_forget(&idle);
	assert_idle_turn();
	assert_int_equal(poller_idles(&poller), 0);
}

/* ---- tasks ---- */

static void
a_task_runs_once_at_the_end_of_the_turn(void **state)
{
	struct ear task = {.name = 't'}, timer = {.name = 'm'}, event = {.name = 'e'};
	int pair[2];

	(void)state;
	connect_pair(pair);
	queue(&task);
	set(&timer, 0);
	watch(&event, pair[0], POLLER_OUT);
	assert_turn("emt");
	assert_turn("e");
	poller_unwatch(&poller, &event.watch);
	close(pair[0]);
	close(pair[1]);
}

static void
queue_other(struct ear *ear)
{
	queue(ear->other);
}

static void
queue_own(struct ear *ear)
{
	queue(ear);
}

static void
a_task_that_is_queued_within_a_turn_runs_at_its_end(void **state)
{
	struct ear task = {.name = 't'}, late = {.name = 'l'};
	struct ear timer = {.name = 'm', .also = queue_other, .other = &late};
	struct ear event = {.name = 'e', .also = queue_other, .other = &task};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&event, pair[0], POLLER_OUT);
	set(&timer, 0);
	assert_turn("emtl");
	poller_unwatch(&poller, &event.watch);
	close(pair[0]);
	close(pair[1]);
}

/* The second turn would wait for a minute if it waited. */
static void
a_task_that_is_queued_by_a_task_runs_in_the_next_turn_at_once(void **state)
{
	struct ear far = {.name = 'f'}, b = {.name = 'b'};
	struct ear a = {.name = 'a', .also = queue_other, .other = &b};
	struct ear own = {.name = 'o', .also = queue_own};

	(void)state;
	set(&far, LONG_MS);
	queue(&a);
	queue(&own);
	assert_turn("ao");
	assert_turn("bo");
	poller_drop(&poller, &own.task);
	assert_idle_turn();
	poller_stop_timer(&poller, &far.timer);
}

static void
a_queued_task_that_is_queued_again_stays_where_it_is(void **state)
{
	struct ear a = {.name = 'a'}, b = {.name = 'b'}, x = {.name = 'x'};

	(void)state;
	queue(&a);
	queue(&b);
	poller_queue(&poller, &a.task, call, &x);
	assert_turn("ab");
}

static void
tasks_are_dropped_wherever_they_stand(void **state)
{
	static const char *const left[] = {"bcd", "acd", "abd", "abc"};
	struct ear ears[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
	size_t i, j;

	(void)state;
	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++)
			queue(&ears[j]);
		poller_drop(&poller, &ears[i].task);
		poller_drop(&poller, &ears[i].task);
		assert_turn(left[i]);
	}
	/* The only one; then the end of the list, behind which others are queued. */
	queue(&ears[0]);
	poller_drop(&poller, &ears[0].task);
	assert_idle_turn();
	queue(&ears[0]);
	queue(&ears[1]);
	poller_drop(&poller, &ears[1].task);
	queue(&ears[2]);
	assert_turn("ac");
}

static void
drop_other(struct ear *ear)
{
	poller_drop(&poller, &ear->other->task);
}

static void
a_task_may_drop_the_next_and_free_others_and_itself(void **state)
{
	struct ear dropped = {.name = 'x'}, *freed = ear_new('y', NULL, NULL);
	struct ear a = {.name = 'a', .also = drop_other, .other = &dropped};
	struct ear b = {.name = 'b', .also = free_other, .other = freed};
	struct ear *c = ear_new('c', free_own, NULL), d = {.name = 'd'};

	(void)state;
	queue(&a);
	queue(&dropped);
	queue(&b);
	queue(freed);
	queue(c);
	queue(&d);
	assert_turn("abcd");
	assert_idle_turn();
}

/* ---- without anything ---- */

static void
all_zero_is_stopped_unwatched_not_queued_and_done(void **state)
{
	struct poller none = {.fd = 0};
	struct ear a = {.name = 'a'};

	(void)state;
	poller_stop_timer(&poller, &a.timer);
	poller_drop(&poller, &a.task);
	poller_unwatch(&poller, &a.watch);
	poller_want(&poller, &a.watch, POLLER_IN);
	assert_int_equal(a.watch.wanted, 0);
	poller_done(&none);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	poller_done(&poller);
	poller_done(&poller);
}

static void
turning_one_that_is_done_fails(void **state)
{
	struct err err = {0};

	(void)state;
	poller_done(&poller);
	assert_int_equal(poller_turn(&poller, &err), ERR_SYSTEM);
	assert_int_equal(err.code, ERR_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(timers_run_in_the_order_of_their_time),
		test(timers_of_one_time_run_in_the_order_of_setting),
		test(a_timer_runs_once_and_not_before_its_time),
		test(waiting_for_a_timer_takes_one_turn),
		test(a_timer_that_is_set_again_runs_at_its_new_time_only),
		test(a_stopped_timer_does_not_run_and_may_be_stopped_again),
		test(a_timer_that_sets_itself_waits_for_the_next_turn),
		test(a_timer_that_is_set_by_another_waits_for_the_next_turn),
		test(a_timer_that_is_set_by_an_event_waits_for_the_next_turn),
		test(a_timer_that_waits_for_the_next_turn_holds_up_no_other),
		test(a_due_timer_that_another_stops_does_not_run),
		test(a_timer_may_free_another_that_is_due_and_itself),
		test(time_before_now_is_the_next_turn),
		test(the_farthest_time_is_far),
		test(what_is_not_used_any_more_is_given_back_once),
		test(what_is_used_again_and_again_is_kept),
		test(a_task_runs_once_at_the_end_of_the_turn),
		test(a_task_that_is_queued_within_a_turn_runs_at_its_end),
		test(a_task_that_is_queued_by_a_task_runs_in_the_next_turn_at_once),
		test(a_queued_task_that_is_queued_again_stays_where_it_is),
		test(tasks_are_dropped_wherever_they_stand),
		test(a_task_may_drop_the_next_and_free_others_and_itself),
		test(all_zero_is_stopped_unwatched_not_queued_and_done),
		test(turning_one_that_is_done_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
