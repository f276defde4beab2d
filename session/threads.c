/* SPDX-License-Identifier: MIT */
/* threads - see threads.h */
#include "session/threads.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	COUNT_MIN = 2, /* so that nobody depends on there being one */
	COUNT_MAX = 16,
	STACK_BYTES = 512 * 1024, /* address space; what is not used costs nothing */
	SETTLED_MS = 200,         /* after which an opening is over, with what followed at once */
	BUSY_TICKS = 30,          /* who is never quiet is trimmed all the same */
	TRIM_SHARE = 100,         /* of the time is for it at most: meanwhile others wait for malloc */
};

/* [i] immutable after the start, [a] atomic, [t] the thread's own, [m] main's */
struct thread {
	pthread_t id;           /* [i] */
	struct poller poller;   /* [t] */
	int bell_fd;            /* [i] an eventfd, rung when it shall end */
	struct watch bell;      /* [t] */
	bool stopping;          /* [t] */
	atomic_uint sessions;   /* [a] that it serves */
	atomic_uint moves;      /* [a] how often one came or went */
	unsigned char *scratch; /* [t] see thread_scratch() */
	struct idle scratch_idle;
	struct timer settled;
	struct task turn_ends; /* queued: something long was done in this turn */
};

struct threads {
	unsigned count;   /* [i] of those that run */
	unsigned seen;    /* [m] how often memory came or went, at the last tick */
	unsigned trimmed; /* [m] the same when it last went back to the system */
	unsigned ticks;   /* [m] since then */
	int64_t again_us; /* [m] not before this time, by clock_us() */
	struct thread threads[];
};

/* ---- what a thread has ---- */

struct poller *
thread_poller(struct thread *t)
{
	return &t->poller;
}

static void
on_scratch_idle(void *arg)
{
	struct thread *t = arg;

	free(t->scratch);
	t->scratch = NULL;
}

void *
thread_scratch(struct thread *t)
{
	if (!t->scratch)
		t->scratch = malloc(THREAD_SCRATCH);
	if (t->scratch)
		poller_use(&t->poller, &t->scratch_idle, on_scratch_idle, t);
	return t->scratch;
}

static void
on_turn_ends(void *arg)
{
	(void)arg; /* it is not queued any more, which is all */
}

bool
thread_may_take_long(struct thread *t)
{
	if (t->turn_ends.run)
		return false;
	poller_queue(&t->poller, &t->turn_ends, on_turn_ends, t);
	return true;
}

/*
 * Handshakes go deep, and leave below us whatever secret lay there. Called from the loop, near the
 * top of the stack.
 */
static void
on_settled(void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), low;
	pthread_attr_t attr;
	size_t size;
	void *stack;

	(void)arg;
	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	if (pthread_attr_getstack(&attr, &stack, &size) == 0) {
		low = ((uintptr_t)stack + page - 1) & ~(page - 1);
		/* A page is left to the calls that this function makes. */
		here = (here & ~(page - 1)) - page;
		if (here > low)
			(void)madvise((void *)low, here - low, MADV_DONTNEED);
	}
	pthread_attr_destroy(&attr);
}

void
thread_settles(struct thread *t)
{
	/* Not put off by each opening, or by many it would be for good. */
	if (t->settled.at_ms == 0)
		poller_set_timer(&t->poller, &t->settled, SETTLED_MS, on_settled, t);
}

/* ---- who serves whom ---- */

struct thread *
threads_join(struct threads *all)
{
	struct thread *least = &all->threads[0];
	unsigned i;

	/* Two that look at once may choose the same: it evens out. */
	for (i = 1; i < all->count; i++)
		if (atomic_load(&all->threads[i].sessions) < atomic_load(&least->sessions))
			least = &all->threads[i];
	atomic_fetch_add(&least->sessions, 1);
	atomic_fetch_add(&least->moves, 1);
	return least;
}

void
thread_leave(struct thread *t)
{
	atomic_fetch_sub(&t->sessions, 1);
	atomic_fetch_add(&t->moves, 1);
}

/* ---- memory ---- */

static void
trim(struct threads *all, unsigned now)
{
	int64_t began_us = clock_us();

	(void)malloc_trim(0);
	all->again_us = clock_us() + (clock_us() - began_us) * TRIM_SHARE;
	all->trimmed = now;
	all->ticks = 0;
}

void
threads_tick(struct threads *all)
{
	unsigned i, now = 0;

	for (i = 0; i < all->count; i++)
		now += poller_idles(&all->threads[i].poller) + atomic_load(&all->threads[i].moves);
	all->ticks += now != all->trimmed;
	/* Between what is used malloc keeps what was given back, which after many openings is much. */
	if (now != all->trimmed && (now == all->seen || all->ticks >= BUSY_TICKS) &&
		clock_us() >= all->again_us)
		trim(all, now);
	all->seen = now;
}

/* ---- start and end ---- */

static void
on_bell(void *arg, unsigned what)
{
	struct thread *t = arg;

	(void)what;
	t->stopping = true;
}

static void *
thread_main(void *arg)
{
	struct thread *t = arg;
	struct err err;

	(void)pthread_setname_np(pthread_self(), "session");
	while (!t->stopping) {
		if (poller_turn(&t->poller, &err) == 0)
			continue;
		/* It can't wait for its own descriptor: nothing is as it should be. */
		log_error(LOG_VNC_SERVICE, "an event loop failed: %s", err.text);
		log_close();
		abort();
	}
	return NULL;
}

static void
done(struct thread *t)
{
	poller_unwatch(&t->poller, &t->bell);
	poller_done(&t->poller);
	if (t->bell_fd >= 0)
		close(t->bell_fd);
	free(t->scratch);
}

static int
start(struct thread *t, struct err *err)
{
	pthread_attr_t attr;
	int r = poller_init(&t->poller, err), failure;

	t->bell_fd = r < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r == 0 && t->bell_fd < 0)
		r = err_errno(err, "eventfd");
	if (r == 0)
		r = poller_watch(&t->poller, &t->bell, t->bell_fd, POLLER_IN, on_bell, t, err);
	if (r == 0) {
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, STACK_BYTES);
		failure = pthread_create(&t->id, &attr, thread_main, t);
		pthread_attr_destroy(&attr);
		if (failure)
			r = err_set(err, ERR_SYSTEM, "no thread for sessions: %s", strerror(failure));
	}
	if (r < 0)
		done(t);
	return r;
}

static unsigned
processors(void)
{
	cpu_set_t set;
	unsigned n;

	/* It fails where there are more than the set has room for. */
	n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : COUNT_MAX;
	n = n < COUNT_MIN ? COUNT_MIN : n;
	return n < COUNT_MAX ? n : COUNT_MAX;
}

int
threads_new(struct threads **out, struct err *err)
{
	unsigned n = processors();
	struct threads *all = calloc(1, sizeof(*all) + n * sizeof(all->threads[0]));
	int r = 0;

	if (!all)
		return err_set(err, ERR_MEMORY, "no memory for threads");
	while (r == 0 && all->count < n) {
		r = start(&all->threads[all->count], err);
		all->count += r == 0;
	}
	if (r < 0) {
		threads_free(all);
		return r;
	}
	*out = all;
	return 0;
}

void
threads_free(struct threads *all)
{
	const uint64_t one = 1;
	unsigned i;

	if (!all)
		return;
	for (i = 0; i < all->count; i++) {
		/* A counter that nobody reads takes it. */
		if (write(all->threads[i].bell_fd, &one, sizeof(one)) != sizeof(one))
			abort();
		pthread_join(all->threads[i].id, NULL);
		done(&all->threads[i]);
	}
	free(all);
}
