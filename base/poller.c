/* SPDX-License-Identifier: MIT */
/* poller - see poller.h */
#include "base/poller.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"

int
poller_init(struct poller *p, struct err *err)
{
	*p = (struct poller){.fd = epoll_create1(EPOLL_CLOEXEC)};
	if (p->fd < 0) {
		p->fd = 0;
		return err_errno(err, "epoll");
	}
	return 0;
}

void
poller_done(struct poller *p)
{
	if (p->fd > 0)
		close(p->fd);
	p->fd = 0;
}

/* ---- descriptors ---- */

/*
 * What failed is reported whether one wants it or not. While nothing is wanted it is told at most
 * once that way, by the edge, or the loop would spin.
 */
static uint32_t
mask_of(unsigned wanted)
{
	return wanted != 0 ? wanted : EPOLLET;
}

int
poller_watch(struct poller *p, struct watch *w, int fd, unsigned wanted,
	void (*ready)(void *arg, unsigned what), void *arg, struct err *err)
{
	struct epoll_event event = {.events = mask_of(wanted), .data = {.ptr = w}};

	assert(w->ready == NULL);
	/* Before it is watched, since the loop's thread may be told of it at once. */
	*w = (struct watch){.fd = fd, .wanted = wanted, .ready = ready, .arg = arg};
	if (epoll_ctl(p->fd, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	*w = (struct watch){.ready = NULL};
	return err_errno(err, "epoll");
}

void
poller_want(struct poller *p, struct watch *w, unsigned wanted)
{
	struct epoll_event event = {.events = mask_of(wanted), .data = {.ptr = w}};

	if (w->wanted == wanted || w->ready == NULL)
		return;
	w->wanted = wanted;
	/* It is there, so this needs no memory and cannot fail. */
	(void)epoll_ctl(p->fd, EPOLL_CTL_MOD, w->fd, &event);
}

void
poller_unwatch(struct poller *p, struct watch *w)
{
	int i;

	if (w->ready == NULL)
		return;
	for (i = p->at; i < p->count; i++)
		if (p->ready[i].data.ptr == w)
			p->ready[i].data.ptr = NULL;
	poller_retract(p, w);
}

void
poller_retract(struct poller *p, struct watch *w)
{
	struct epoll_event none = {.events = 0};

	(void)epoll_ctl(p->fd, EPOLL_CTL_DEL, w->fd, &none);
	*w = (struct watch){.ready = NULL};
}

/* Any of this turn's events may be for a watch that the one before it has changed. */
static void
tell(const struct watch *w, uint32_t events)
{
	unsigned what = events & (EPOLLERR | EPOLLHUP) ? POLLER_IN | POLLER_OUT : events;

	if (w != NULL && (what & w->wanted) != 0)
		w->ready(w->arg, what & w->wanted);
}

/* ---- timers ---- */

void
poller_stop_timer(struct poller *p, struct timer *timer)
{
	timers_stop(&p->timers, timer);
}

void
poller_set_timer(struct poller *p, struct timer *timer, int ms, void (*run)(void *arg), void *arg)
{
	timers_set(&p->timers, timer, ms, run, arg);
}

/* ---- what is used ---- */

static void
on_idle(void *arg)
{
	struct idle *idle = arg;

	if (idle->used) {
		idle->used = false;
		poller_set_timer(idle->poller, &idle->timer, POLLER_IDLE_MS, on_idle, idle);
		return;
	}
	atomic_fetch_add_explicit(&idle->poller->idles, 1, memory_order_relaxed);
	idle->run(idle->arg);
}

void
poller_use(struct poller *p, struct idle *idle, void (*run)(void *arg), void *arg)
{
	idle->used = true;
	if (idle->timer.at_ms != 0)
		return;
	idle->poller = p;
	idle->run = run;
	idle->arg = arg;
	poller_set_timer(p, &idle->timer, POLLER_IDLE_MS, on_idle, idle);
}

void
poller_forget(struct idle *idle)
{
	if (idle->timer.at_ms != 0)
		poller_stop_timer(idle->poller, &idle->timer);
}

unsigned
poller_idles(const struct poller *p)
{
	return atomic_load_explicit(&p->idles, memory_order_relaxed);
}

/* ---- tasks ---- */

void
poller_queue(struct poller *p, struct task *task, void (*run)(void *arg), void *arg)
{
	if (task->run != NULL)
		return;
	*task = (struct task){.round = p->round, .run = run, .arg = arg};
	if (p->last_task != NULL)
		p->last_task->next = task;
	else
		p->tasks = task;
	p->last_task = task;
}

void
poller_drop(struct poller *p, struct task *task)
{
	struct task **link = &p->tasks, *before = NULL;

	if (task->run == NULL)
		return;
	while (*link != task) {
		before = *link;
		link = &before->next;
	}
	*link = task->next;
	if (p->last_task == task)
		p->last_task = before;
	*task = (struct task){.run = NULL};
}

static void
run_tasks(struct poller *p)
{
	struct task *t, now;

	p->round++;
	while ((t = p->tasks) != NULL && t->round != p->round) {
		now = *t;
		poller_drop(p, t);
		now.run(now.arg);
	}
}

/* ---- turning ---- */

static int
wait_ms(const struct poller *p)
{
	int64_t at_ms, left_ms;

	if (p->tasks != NULL)
		return 0;
	at_ms = timers_nearest_ms(&p->timers);
	if (at_ms == 0)
		return -1;
	left_ms = clock_left_ms(at_ms);
	return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

int
poller_turn(struct poller *p, struct err *err)
{
	struct epoll_event *event;
	int n;

	timers_admit(&p->timers);
	n = epoll_wait(p->fd, p->ready, POLLER_BATCH, wait_ms(p));
	if (n < 0 && errno != EINTR)
		return err_errno(err, "epoll");
	p->count = n > 0 ? n : 0;
	for (p->at = 0; p->at < p->count;) {
		event = &p->ready[p->at++];
		tell(event->data.ptr, event->events);
	}
	timers_run(&p->timers);
	run_tasks(p);
	return 0;
}
