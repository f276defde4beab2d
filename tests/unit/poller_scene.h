/* SPDX-License-Identifier: MIT */
/*
 * poller_scene - an event loop, and those whom it calls.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_POLLER_SCENE_H
#define TESTS_UNIT_POLLER_SCENE_H

#include "tests/unit/torture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/poller.h"

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

enum { LONG_MS = 60000, HEARD_MAX = 256 };

/* Whoever the loop calls: it writes its name down, and then does what the test has told it to. */
struct ear {
	char name;
	struct watch watch;
	struct timer timer;
	struct task task;
	unsigned what; /* of its last event */
	void (*also)(struct ear *ear);
	struct ear *other;
	int fd; /* for who opens or closes something */
};

static struct poller poller;
static char heard[HEARD_MAX];
static size_t heard_len;

static inline void
call(void *arg)
{
	struct ear *ear = arg;

	assert_true(heard_len < HEARD_MAX - 1);
	heard[heard_len++] = ear->name;
	heard[heard_len] = '\0';
	if (ear->also != NULL)
		ear->also(ear);
}

static inline void
call_ready(void *arg, unsigned what)
{
	((struct ear *)arg)->what = what;
	call(arg);
}

static inline int
set_up(void **state)
{
	(void)state;
	heard[heard_len = 0] = '\0';
	return poller_init(&poller, NULL);
}

static inline int
tear_down(void **state)
{
	(void)state;
	poller_done(&poller);
	return 0;
}

static inline void
turn(void)
{
	assert_int_equal(poller_turn(&poller, NULL), 0);
}

/* What is heard within one turn that has something to do already, or needs not wait for it. */
static inline void
assert_turn(const char *expected)
{
	heard[heard_len = 0] = '\0';
	turn();
	assert_string_equal(heard, expected);
}

/* In a turn that has nothing to wait for but this. */
static inline void
assert_idle_turn(void)
{
	struct ear end = {.name = '.'};

	poller_set_timer(&poller, &end.timer, 0, call, &end);
	assert_turn(".");
}

static inline void
set(struct ear *ear, int ms)
{
	poller_set_timer(&poller, &ear->timer, ms, call, ear);
}

static inline void
queue(struct ear *ear)
{
	poller_queue(&poller, &ear->task, call, ear);
}

static inline void
watch(struct ear *ear, int fd, unsigned wanted)
{
	assert_int_equal(poller_watch(&poller, &ear->watch, fd, wanted, call_ready, ear, NULL), 0);
}

/* Both ends of a connection; what is written at pair[1] is heard at pair[0]. */
static inline void
connect_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
}

static inline void
say(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

/* Busy, since a test that sleeps may sleep for long. */
static inline void
let_pass(int ms)
{
	int64_t until_ms = clock_ms() + ms;

	while (clock_ms() < until_ms)
		continue;
}

static inline void
free_other(struct ear *ear)
{
	poller_stop_timer(&poller, &ear->other->timer);
	poller_drop(&poller, &ear->other->task);
	poller_unwatch(&poller, &ear->other->watch);
	free(ear->other);
}

static inline void
free_own(struct ear *ear)
{
	poller_stop_timer(&poller, &ear->timer);
	poller_drop(&poller, &ear->task);
	poller_unwatch(&poller, &ear->watch);
	free(ear);
}

static inline struct ear *
ear_new(char name, void (*also)(struct ear *ear), struct ear *other)
{
	struct ear *ear = calloc(1, sizeof(*ear));

	assert_non_null(ear);
	*ear = (struct ear){.name = name, .also = also, .other = other};
	return ear;
}

#endif
