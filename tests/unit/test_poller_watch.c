/* SPDX-License-Identifier: MIT */
#include "base/poller.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "tests/unit/poller_scene.h"

/* Turns until ms are over: as few as there are events. */
static unsigned
turns_within(int ms)
{
	struct ear end = {.name = '.'};
	unsigned turns = 0;

	heard[heard_len = 0] = '\0';
	set(&end, ms);
	while (heard_len == 0 || heard[heard_len - 1] != '.') {
		turn();
		turns++;
	}
	return turns;
}

static void
close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* ---- what is told ---- */

static void
only_what_is_wanted_is_told(void **state)
{
	struct ear a = {.name = 'a'};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_IN);
	assert_idle_turn();
	say(pair[1]);
	assert_turn("a");
	assert_int_equal(a.what, POLLER_IN);
	poller_want(&poller, &a.watch, POLLER_OUT);
	assert_turn("a");
	assert_int_equal(a.what, POLLER_OUT);
	poller_want(&poller, &a.watch, POLLER_IN | POLLER_OUT);
	assert_turn("a");
	assert_int_equal(a.what, POLLER_IN | POLLER_OUT);
	poller_unwatch(&poller, &a.watch);
	close_pair(pair);
}

static void
what_is_there_is_told_again_until_it_is_gone(void **state)
{
	struct ear a = {.name = 'a'};
	char byte;
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_IN);
	say(pair[1]);
	assert_turn("a");
	assert_turn("a");
	assert_int_equal(read(pair[0], &byte, 1), 1);
	assert_idle_turn();
	poller_unwatch(&poller, &a.watch);
	close_pair(pair);
}

static void
a_failed_descriptor_is_told_as_all_that_is_wanted(void **state)
{
	static const unsigned wanted[] = {POLLER_IN, POLLER_OUT, POLLER_IN | POLLER_OUT};
	struct ear a = {.name = 'a'};
	int pair[2];
	size_t i;

	(void)state;
	connect_pair(pair);
	close(pair[1]);
	watch(&a, pair[0], 0);
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		poller_want(&poller, &a.watch, wanted[i]);
		assert_turn("a");
		assert_int_equal(a.what, wanted[i]);
	}
	poller_unwatch(&poller, &a.watch);
	close(pair[0]);
}

static void
while_nothing_is_wanted_nothing_is_told(void **state)
{
	struct ear a = {.name = 'a'};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], 0);
	say(pair[1]);
	assert_idle_turn();
	poller_want(&poller, &a.watch, POLLER_IN);
	poller_want(&poller, &a.watch, 0);
	assert_idle_turn();
	close(pair[1]);
	assert_idle_turn();
	assert_idle_turn();
	poller_want(&poller, &a.watch, POLLER_IN);
	assert_turn("a");
	poller_unwatch(&poller, &a.watch);
	close(pair[0]);
}

/* The edge may end one wait in vain, the second is the timer's. */
static void
a_failed_descriptor_of_which_nothing_is_wanted_makes_no_turns(void **state)
{
	struct ear a = {.name = 'a'};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_IN);
	poller_want(&poller, &a.watch, 0);
	close(pair[1]);
	assert_true(turns_within(10) <= 2);
	assert_int_equal(turns_within(10), 1);
	poller_unwatch(&poller, &a.watch);
	/* It has failed before it is watched. */
	watch(&a, pair[0], 0);
	assert_true(turns_within(10) <= 2);
	assert_int_equal(turns_within(10), 1);
	poller_unwatch(&poller, &a.watch);
	close(pair[0]);
}

static void
who_is_not_watched_any_more_makes_no_turns(void **state)
{
	struct ear a = {.name = 'a'};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(&a, pair[0], POLLER_IN | POLLER_OUT);
	poller_unwatch(&poller, &a.watch);
	poller_unwatch(&poller, &a.watch);
	assert_null(a.watch.ready);
	close(pair[1]);
	assert_int_equal(turns_within(10), 1);
	close(pair[0]);
}

/* ---- what one does to another of the same batch ---- */

static void
unwatch_other(struct ear *ear)
{
	poller_unwatch(&poller, &ear->other->watch);
}

static void
unwant_other(struct ear *ear)
{
	poller_want(&poller, &ear->other->watch, 0);
}

static void
turn_other_to_writing(struct ear *ear)
{
	poller_want(&poller, &ear->other->watch, POLLER_OUT);
}

/*
 * Two that can be read in the same turn and of which the first, whichever it is, does this to
 * the other: the name of one is heard, not both.
 */
static void
assert_one_is_heard(void (*also)(struct ear *ear), unsigned wanted)
{
	struct ear a = {.name = 'a', .also = also}, b = {.name = 'b', .also = also};
	int one[2], two[2];

	a.other = &b;
	b.other = &a;
	connect_pair(one);
	connect_pair(two);
	watch(&a, one[0], wanted);
	watch(&b, two[0], wanted);
	say(one[1]);
	say(two[1]);
	heard[heard_len = 0] = '\0';
	turn();
	assert_int_equal(heard_len, 1);
	poller_unwatch(&poller, &a.watch);
	poller_unwatch(&poller, &b.watch);
	close_pair(one);
	close_pair(two);
}

static void
who_is_unwatched_by_the_one_before_is_not_told(void **state)
{
	(void)state;
	assert_one_is_heard(unwatch_other, POLLER_IN);
}

static void
who_wants_nothing_any_more_since_the_one_before_is_not_told(void **state)
{
	(void)state;
	assert_one_is_heard(unwant_other, POLLER_IN);
}

static void
who_has_come_to_want_something_else_is_not_told_of_it(void **state)
{
	(void)state;
	assert_one_is_heard(turn_other_to_writing, POLLER_IN);
}

static void
who_is_freed_by_the_one_before_is_not_told(void **state)
{
	struct ear *a = ear_new('a', free_other, NULL), *b = ear_new('b', free_other, a);
	int one[2], two[2];

	(void)state;
	a->other = b;
	connect_pair(one);
	connect_pair(two);
	watch(a, one[0], POLLER_OUT);
	watch(b, two[0], POLLER_OUT);
	turn();
	assert_int_equal(heard_len, 1);
	free_own(heard[0] == 'a' ? a : b);
	close_pair(one);
	close_pair(two);
}

static void
who_is_told_may_free_itself(void **state)
{
	struct ear *a = ear_new('a', free_own, NULL);
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(a, pair[0], POLLER_IN | POLLER_OUT);
	say(pair[1]);
	assert_turn("a");
	assert_idle_turn();
	close_pair(pair);
}

static int newcomer[2];

/* Close the other's socket and watch a new one in its place: of the same number, nothing to read. */
static void
replace_other(struct ear *ear)
{
	int fd = ear->other->fd;

	poller_unwatch(&poller, &ear->other->watch);
	connect_pair(newcomer);
	assert_int_equal(dup3(newcomer[0], fd, O_CLOEXEC), fd);
	watch(ear->other, fd, POLLER_IN);
}

static void
an_event_of_a_closed_descriptor_is_not_taken_for_one_of_its_successor_s(void **state)
{
	struct ear a = {.name = 'a', .also = replace_other}, b = {.name = 'b', .also = replace_other};
	int one[2], two[2];

	(void)state;
	connect_pair(one);
	connect_pair(two);
	a.other = &b;
	b.other = &a;
	a.fd = one[0];
	b.fd = two[0];
	watch(&a, a.fd, POLLER_IN);
	watch(&b, b.fd, POLLER_IN);
	say(one[1]);
	say(two[1]);
	turn();
	assert_int_equal(heard_len, 1);
	poller_unwatch(&poller, heard[0] == 'a' ? &a.watch : &b.watch);
	assert_idle_turn();
	/* And the successor is heard. */
	say(newcomer[1]);
	a.also = b.also = NULL;
	turn();
	assert_int_equal(heard_len, 2);
	poller_unwatch(&poller, &a.watch);
	poller_unwatch(&poller, &b.watch);
	close_pair(one);
	close_pair(two);
	close_pair(newcomer);
}

static void
a_timer_may_free_who_was_told_in_the_same_turn(void **state)
{
	struct ear *b = ear_new('b', NULL, NULL), a = {.name = 'a', .also = free_other, .other = b};
	int pair[2];

	(void)state;
	connect_pair(pair);
	watch(b, pair[0], POLLER_OUT);
	set(b, 0);
	queue(b);
	poller_stop_timer(&poller, &b->timer);
	set(&a, 0);
	assert_turn("ba");
	assert_idle_turn();
	close_pair(pair);
}

/* ---- against the odds ---- */

struct interruption {
	pthread_t whom;
	atomic_bool done;
};

static void *
interrupt(void *arg)
{
	struct interruption *i = arg;

	while (!atomic_load(&i->done))
		pthread_kill(i->whom, SIGUSR1);
	return NULL;
}

static void
on_signal(int number)
{
	(void)number;
}

static void
a_signal_ends_the_wait_and_nothing_else(void **state)
{
	struct sigaction action = {.sa_handler = on_signal}, before;
	struct interruption i = {.whom = pthread_self()};
	struct ear far = {.name = 'f'};
	pthread_t thread;

	(void)state;
	set(&far, LONG_MS);
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	assert_int_equal(pthread_create(&thread, NULL, interrupt, &i), 0);
	turn();
	atomic_store(&i.done, true);
	pthread_join(thread, NULL);
	sigaction(SIGUSR1, &before, NULL);
	assert_string_equal(heard, "");
	assert_true(clock_left_ms(far.timer.at_ms) > 0);
	poller_stop_timer(&poller, &far.timer);
}

static void
other_programs_do_not_get_its_descriptor(void **state)
{
	(void)state;
	assert_true(fcntl(poller.fd, F_GETFD) & FD_CLOEXEC);
}

static void
a_failure_says_what_was_refused_and_leaves_nothing(void **state)
{
	struct poller refused;
	struct ear a = {.name = 'a'};
	struct err err = {0};

	(void)state;
	torture_refuse("epoll_create1", 1);
	assert_int_equal(poller_init(&refused, &err), ERR_SYSTEM);
	assert_string_equal(err.text, "epoll: Too many open files");
	poller_done(&refused);
	torture_refuse("epoll_ctl", 1);
	assert_int_equal(
		poller_watch(&poller, &a.watch, STDIN_FILENO, POLLER_IN, call_ready, &a, &err), ERR_SYSTEM);
	assert_string_equal(err.text, "epoll: No space left on device");
	assert_null(a.watch.ready);
	poller_unwatch(&poller, &a.watch);
}

static void
live_and_die(void *arg)
{
	struct ear a = {.name = 'a'};
	struct poller p;
	struct err err = {0};
	int pair[2], r;

	(void)arg;
	connect_pair(pair);
	r = poller_init(&p, &err);
	if (r == 0)
		r = poller_watch(&p, &a.watch, pair[0], POLLER_OUT, call_ready, &a, &err);
	if (r == 0)
		r = poller_turn(&p, &err);
	assert_int_equal(r, err.code);
	assert_true(r == 0 || torture_struck());
	poller_unwatch(&p, &a.watch);
	poller_done(&p);
	close_pair(pair);
}

static void
without_descriptors_or_memory_of_the_system_s_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(live_and_die, NULL) >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(only_what_is_wanted_is_told),
		test(what_is_there_is_told_again_until_it_is_gone),
		test(a_failed_descriptor_is_told_as_all_that_is_wanted),
		test(while_nothing_is_wanted_nothing_is_told),
		test(a_failed_descriptor_of_which_nothing_is_wanted_makes_no_turns),
		test(who_is_not_watched_any_more_makes_no_turns),
		test(who_is_unwatched_by_the_one_before_is_not_told),
		test(who_wants_nothing_any_more_since_the_one_before_is_not_told),
		test(who_has_come_to_want_something_else_is_not_told_of_it),
		test(who_is_freed_by_the_one_before_is_not_told),
		test(who_is_told_may_free_itself),
		test(an_event_of_a_closed_descriptor_is_not_taken_for_one_of_its_successor_s),
		test(a_timer_may_free_who_was_told_in_the_same_turn),
		test(a_signal_ends_the_wait_and_nothing_else),
		test(other_programs_do_not_get_its_descriptor),
		test(a_failure_says_what_was_refused_and_leaves_nothing),
		test(without_descriptors_or_memory_of_the_system_s_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
