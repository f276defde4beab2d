/* SPDX-License-Identifier: MIT */
/*
 * workers_scene - jobs that tell what happens to them, and workers to run them.
 *
 * Threads: what jobs do is under a lock of their own; the rest is the test's.
 */
#ifndef TESTS_UNIT_WORKERS_SCENE_H
#define TESTS_UNIT_WORKERS_SCENE_H

#include "tests/unit/torture.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/workers.h"

#define test(name) cmocka_unit_test_setup(name, reset)

enum { PATIENCE_MS = 60000 };

/* Of the limits those that these tests are not about; test_lanes.c is. */
#define LANES_FOR_TEST                                                              \
	.lane_waiting = 100, .max_new = 100, .max_known = 100, .quick_ms = PATIENCE_MS, \
	.lately_ms = PATIENCE_MS

/* A lock that the tests' own jobs use; that they may take it shows that workers hold none. */
static struct lock lock;
static pthread_cond_t changed;

/* What has happened, under lock. */
static struct {
	unsigned started;
	unsigned running;
	unsigned most_running;
	unsigned done;
	unsigned late;
	bool gate_open; /* jobs of wait_at_gate() end when it is */
	char order[64]; /* a letter for each job of write_letter() */
	pthread_t thread;
} seen;

/*
 * Threads of this process, of whatever kind. Not the entries of /proc/self/task:
 * reading that folder leaves some out while others end.
 */
static inline unsigned
count_tasks(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	unsigned n = 0;

	assert_non_null(f);
	while (n == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "Threads:", 8) == 0)
			n = (unsigned)strtoul(line + 8, NULL, 10);
	}
	fclose(f);
	return n;
}

/* The main thread, and what a sanitizer may have of its own. */
static unsigned tasks_at_first;

static inline unsigned
count_threads(void)
{
	return count_tasks() - tasks_at_first;
}

/* By a thread, and itself left out: a sanitizer starts a thread of its own with our first. */
static inline void *
note_tasks(void *arg)
{
	tasks_at_first = count_tasks() - 1;
	return arg;
}

static inline int
set_up(void **state)
{
	pthread_t thread;

	(void)state;
	lock_init(&lock, LOCK_REGISTRY);
	lock_cond_init(&changed);
	return pthread_create(&thread, NULL, note_tasks, NULL) == 0 ? pthread_join(thread, NULL) : -1;
}

static inline int
tear_down(void **state)
{
	(void)state;
	lock_done(&lock);
	pthread_cond_destroy(&changed);
	return 0;
}

static inline void
begin(void)
{
	seen.started++;
	seen.running++;
	if (seen.running > seen.most_running)
		seen.most_running = seen.running;
	seen.thread = pthread_self();
	pthread_cond_broadcast(&changed);
}

static inline void
end(void)
{
	seen.running--;
	seen.done++;
	pthread_cond_broadcast(&changed);
}

static inline bool
wait_at_gate(void *arg)
{
	(void)arg;
	lock_take(&lock);
	begin();
	while (!seen.gate_open)
		lock_wait(&lock, &changed, INT64_MAX);
	end();
	lock_release(&lock);
	return true;
}

static inline bool
be_quick(void *arg)
{
	(void)arg;
	lock_take(&lock);
	begin();
	end();
	lock_release(&lock);
	return true;
}

static inline bool
write_letter(void *arg)
{
	const char *letter = arg;

	lock_take(&lock);
	begin();
	seen.order[strlen(seen.order)] = *letter;
	end();
	lock_release(&lock);
	return true;
}

static inline void
be_late(void *arg)
{
	(void)arg;
	lock_take(&lock);
	seen.late++;
	seen.thread = pthread_self();
	pthread_cond_broadcast(&changed);
	lock_release(&lock);
}

static inline void
open_gate(void)
{
	lock_take(&lock);
	seen.gate_open = true;
	pthread_cond_broadcast(&changed);
	lock_release(&lock);
}

/* Wait until *count, a number in seen, is n. */
static inline void
wait_for(const unsigned *count, unsigned n)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	bool in_time = true;
	unsigned now;

	lock_take(&lock);
	while (*count != n && in_time)
		in_time = lock_wait(&lock, &changed, deadline);
	now = *count;
	lock_release(&lock);
	assert_int_equal(now, n);
}

static inline unsigned
look(const unsigned *count)
{
	unsigned now;

	lock_take(&lock);
	now = *count;
	lock_release(&lock);
	return now;
}

static inline struct workers *
workers_for_test(unsigned min, unsigned max, unsigned lane_cap)
{
	const struct workers_limits limits = {.min_threads = min,
		.max_threads = max,
		.max_waiting = 100,
		.lane_cap = lane_cap,
		.idle_ms = PATIENCE_MS,
		LANES_FOR_TEST};
	struct workers *w = NULL;

	assert_int_equal(workers_new(&limits, &w, NULL), 0);
	return w;
}

static inline int
try_post(struct workers *w, const char *lane, bool (*run)(void *), char *arg, int64_t deadline)
{
	const struct job job = {
		.lane = lane, .deadline_ms = deadline, .run = run, .late = be_late, .arg = arg};

	return workers_post(w, &job, NULL);
}

static inline void
post(struct workers *w, const char *lane, bool (*run)(void *), char *arg)
{
	assert_int_equal(try_post(w, lane, run, arg, 0), 0);
}

/* Nothing tells of the end of a thread, so this looks again and again, with a bound. */
static inline unsigned
settled_threads(unsigned expected)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	unsigned n;

	while ((n = count_threads()) != expected && clock_left_ms(deadline) > 0)
		poll(NULL, 0, 1);
	return n;
}

static inline void
wait_for_threads(unsigned n)
{
	assert_int_equal(settled_threads(n), n);
}

static inline void
forget(void)
{
	lock_take(&lock);
	memset(&seen, 0, sizeof(seen));
	lock_release(&lock);
}

static inline int
reset(void **state)
{
	static bool hopeless;

	(void)state;
	/* A thread that has been joined may yet be seen for a moment, one of a failed test for ever. */
	hopeless = hopeless || settled_threads(0) != 0;
	forget();
	return hopeless ? -1 : 0;
}

#endif
