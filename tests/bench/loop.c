/* SPDX-License-Identifier: MIT */
#include "tests/bench/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bench/util.h"

/* Few, since timers have to wait for them. */
enum { EVENTS_A_TURN = 64, FIRST_ROOM = 64, NS_A_SECOND = 1000000000 };

void
loop_init(struct loop *l)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC), .now_ns = now_ns()};
	if (l->epoll < 0)
		die("epoll: %s", strerror(errno));
	/* The kernel else lets a timer be late by 50 us, to wake up less often. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
}

void
loop_done(struct loop *l)
{
	close(l->epoll);
	free(l->heap);
}

/* ---- watches ---- */

static void
control(struct loop *l, int what, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (epoll_ctl(l->epoll, what, w->fd, &e) < 0)
		die("epoll: %s", strerror(errno));
}

void
loop_add(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_ADD, w, events);
}

void
loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_MOD, w, events);
}

void
loop_drop(struct loop *l, struct watch *w)
{
	control(l, EPOLL_CTL_DEL, w, 0);
}

/* ---- timers: a binary heap ---- */

static void
put(struct loop *l, struct timer *t, size_t place)
{
	l->heap[place] = t;
	t->place = place;
}

/* Let t, for which there is a gap at place, find where it belongs. */
static void
settle(struct loop *l, struct timer *t, size_t place)
{
	size_t child;

	while (place > 1 && l->heap[place / 2]->due_ns > t->due_ns) {
		put(l, l->heap[place / 2], place);
		place /= 2;
	}
	while ((child = 2 * place) <= l->timers) {
		if (child < l->timers && l->heap[child + 1]->due_ns < l->heap[child]->due_ns)
			child++;
		if (l->heap[child]->due_ns >= t->due_ns)
			break;
		put(l, l->heap[child], place);
		place = child;
	}
	put(l, t, place);
}

void
loop_set(struct loop *l, struct timer *t, int64_t due_ns)
{
	t->due_ns = due_ns;
	if (t->place == 0) {
		if (l->timers + 2 > l->room) {
			l->room = l->room ? 2 * l->room : FIRST_ROOM;
			l->heap = reallocate(l->heap, l->room * sizeof(*l->heap));
		}
		t->place = ++l->timers;
	}
	settle(l, t, t->place);
}

void
loop_unset(struct loop *l, struct timer *t)
{
	struct timer *last;
	size_t gap = t->place;

	if (gap == 0)
		return;
	t->place = 0;
	last = l->heap[l->timers--];
	if (last != t)
		settle(l, last, gap);
}

/* Those that are due by now: each may set itself again. */
static void
fire(struct loop *l)
{
	int64_t now;
	struct timer *t;

	if (l->timers == 0)
		return;
	for (now = now_ns(); l->timers > 0 && l->heap[1]->due_ns <= now;) {
		t = l->heap[1];
		loop_unset(l, t);
		t->fire(t->arg);
	}
}

/* ---- turning ---- */

static int
await(struct loop *l, struct epoll_event *events, int timeout_ms)
{
	int64_t wait_ns = timeout_ms * INT64_C(1000000), left;
	struct timespec t;

	if (l->timers > 0) {
		left = l->heap[1]->due_ns - now_ns();
		wait_ns = left < 0 ? 0 : left < wait_ns ? left : wait_ns;
	}
	t = (struct timespec){.tv_sec = wait_ns / NS_A_SECOND, .tv_nsec = wait_ns % NS_A_SECOND};
	return epoll_pwait2(l->epoll, events, EVENTS_A_TURN, &t, NULL);
}

void
loop_turn(struct loop *l, int timeout_ms)
{
	struct epoll_event events[EVENTS_A_TURN];
	struct watch *w;
	int i, n;

	n = await(l, events, timeout_ms);
	if (n < 0 && errno != EINTR)
		die("epoll: %s", strerror(errno));
	l->now_ns = now_ns();
	for (i = 0; i < n; i++) {
		w = events[i].data.ptr;
		w->ready(w->arg, events[i].events);
	}
	fire(l);
}
