/* SPDX-License-Identifier: MIT */
#include "session/threads.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/torture.h"

enum { STEP_MS = 20000, STACK_FILL = 64 * 1024 };

static struct threads *all;

static int
begin(void **state)
{
	(void)state;
	return threads_new(&all, NULL);
}

static int
end(void **state)
{
	(void)state;
	threads_free(all);
	all = NULL;
	return 0;
}

/* ---- who serves whom ---- */

static void
sessions_are_spread_evenly(void **state)
{
	enum { PAIRS = 3 };
	struct thread *t[2 * PAIRS], *first = NULL, *again;
	int i, j, same;

	(void)state;
	for (i = 0; i < 2 * PAIRS; i++)
		t[i] = threads_join(all);
	for (i = 0; i < 2 * PAIRS; i++) {
		same = 0;
		for (j = 0; j < 2 * PAIRS; j++)
			same += t[j] == t[i];
		assert_true(same <= PAIRS);
	}
	/* Whom somebody leaves is the next, where all are equal. */
	first = t[1];
	for (i = 0; i < 2 * PAIRS; i++)
		if (t[i] == first)
			thread_leave(t[i]);
	again = threads_join(all);
	assert_int_equal(again == first, first != t[0] || again == t[0]);
	thread_leave(again);
	for (i = 0; i < 2 * PAIRS; i++)
		if (t[i] != first)
			thread_leave(t[i]);
}

/* ---- what is done in a thread ---- */

/* Something that a thread does when its socket is written to; then it says so there. */
struct errand {
	struct thread *thread;
	int fd[2];
	struct watch watch;
	void (*run)(struct errand *errand);
	const void *found[2];
	int stage;
	volatile uintptr_t deep;
	bool wiped;
	struct timer later;
};

static void
say_done(const struct errand *e)
{
	assert_int_equal(write(e->fd[0], "!", 1), 1);
}

static void
on_ready(void *arg, unsigned what)
{
	struct errand *e = arg;
	char byte;

	assert_int_equal(what, POLLER_IN);
	assert_int_equal(read(e->fd[0], &byte, 1), 1);
	e->run(e);
}

static void
await(const struct errand *e)
{
	struct pollfd p = {.fd = e->fd[1], .events = POLLIN};
	char byte;

	assert_int_equal(poll(&p, 1, STEP_MS), 1);
	assert_int_equal(read(e->fd[1], &byte, 1), 1);
}

static void
stop_watching(struct errand *e)
{
	poller_unwatch(thread_poller(e->thread), &e->watch);
	say_done(e);
}

static void
give(struct errand *e, void (*run)(struct errand *errand))
{
	e->thread = threads_join(all);
	e->run = run;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, e->fd), 0);
	assert_int_equal(
		poller_watch(thread_poller(e->thread), &e->watch, e->fd[0], POLLER_IN, on_ready, e, NULL),
		0);
	assert_int_equal(write(e->fd[1], "?", 1), 1);
	await(e);
}

static void
take_back(struct errand *e)
{
	e->run = stop_watching;
	assert_int_equal(write(e->fd[1], "?", 1), 1);
	await(e);
	close(e->fd[0]);
	close(e->fd[1]);
	thread_leave(e->thread);
}

static void
ask_for_scratch(struct errand *e)
{
	e->found[e->stage++] = thread_scratch(e->thread);
	memset(thread_scratch(e->thread), 0xa5, THREAD_SCRATCH);
	say_done(e);
}

static void
scratch_is_kept_while_it_is_used(void **state)
{
	struct errand e = {.stage = 0};

	(void)state;
	give(&e, ask_for_scratch);
	assert_int_equal(write(e.fd[1], "?", 1), 1);
	await(&e);
	assert_non_null(e.found[0]);
	assert_ptr_equal(e.found[0], e.found[1]);
	take_back(&e);
}

static void
scratch_goes_when_it_is_idle(void **state)
{
	struct errand e = {.stage = 0};
	int64_t until_ms = clock_ms() + STEP_MS;

	(void)state;
	give(&e, ask_for_scratch);
	while (poller_idles(thread_poller(e.thread)) == 0 && clock_ms() < until_ms)
		(void)poll(NULL, 0, 10);
	assert_int_equal(poller_idles(thread_poller(e.thread)), 1);
	take_back(&e);
}

/* ---- what takes long ---- */

static void
ask_twice(struct errand *e)
{
	static bool yes[4];

	yes[e->stage++] = thread_may_take_long(e->thread);
	yes[e->stage++] = thread_may_take_long(e->thread);
	e->found[0] = yes;
	say_done(e);
}

static void
one_thing_that_takes_long_is_done_in_a_turn(void **state)
{
	struct errand e = {.stage = 0};
	const bool *yes;

	(void)state;
	give(&e, ask_twice);
	assert_int_equal(write(e.fd[1], "?", 1), 1);
	await(&e);
	yes = e.found[0];
	assert_true(yes[0] && !yes[1] && yes[2] && !yes[3]);
	take_back(&e);
}

/* ---- the stack ---- */

/* As deep as a handshake goes. */
static __attribute__((noinline)) void
go_deep(struct errand *e)
{
	volatile unsigned char room[STACK_FILL];
	size_t i;

	for (i = 0; i < sizeof(room); i++)
		room[i] = 0xa5;
	/* Behind the frames of those who look later. */
	e->deep = (uintptr_t)&room[sizeof(room) / 4];
}

/* It is nobody's any more, which sanitizers mind. */
static __attribute__((no_sanitize_address)) void
look(void *arg)
{
	struct errand *e = arg;
	const volatile unsigned char *deep = (const volatile unsigned char *)e->deep;

	if (*deep != 0 && ++e->stage < 200) {
		poller_set_timer(thread_poller(e->thread), &e->later, 20, look, e);
		return;
	}
	e->wiped = *deep == 0;
	say_done(e);
}

static void
leave_a_secret(struct errand *e)
{
	go_deep(e);
	thread_settles(e->thread);
	look(e);
}

static void
what_lay_on_the_stack_is_gone_soon(void **state)
{
	struct errand e = {.stage = 0};

	(void)state;
	give(&e, leave_a_secret);
	assert_true(e.wiped);
	/* It was there at first, or the test sees nothing. */
	assert_true(e.stage > 1);
	take_back(&e);
}

/* ---- start ---- */

static void
start_and_end(void *arg)
{
	struct threads *some = NULL;
	struct err err;
	int r = threads_new(&some, &err);

	(void)arg;
	if (r < 0) {
		assert_true(torture_struck());
		assert_null(some);
		assert_true(r == ERR_MEMORY || r == ERR_SYSTEM);
	}
	threads_free(some);
}

static void
a_start_that_fails_leaves_nothing(void **state)
{
	(void)state;
	/* Each of two threads: epoll, eventfd, watch, and the thread itself; and the memory. */
	assert_true(torture(start_and_end, NULL) >= 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sessions_are_spread_evenly, begin, end),
		cmocka_unit_test_setup_teardown(scratch_is_kept_while_it_is_used, begin, end),
		cmocka_unit_test_setup_teardown(scratch_goes_when_it_is_idle, begin, end),
		cmocka_unit_test_setup_teardown(one_thing_that_takes_long_is_done_in_a_turn, begin, end),
		cmocka_unit_test_setup_teardown(what_lay_on_the_stack_is_gone_soon, begin, end),
		cmocka_unit_test(a_start_that_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
