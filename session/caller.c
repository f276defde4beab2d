/* SPDX-License-Identifier: MIT */
/* caller - see caller.h */
#include "session/caller.h"

#include <stdlib.h>

#include "session/front.h"

enum {
	HOLD_MS = 1000,
	LOOK_MS = 25,
	/* Spinning: so much for nothing in so long. Before each timer up to 1 ms is usual. */
	SPIN_US = 10000,
	WATCH_MS = 100,
};

enum caller_place
caller_place(
	const struct loop *loop, const struct access *access, const struct ip *peer, unsigned limit)
{
	struct ip group = ip_group(peer), other;
	unsigned same = 0, told = 0;
	const struct caller *c;

	/* Behind a proxy everybody has its address. */
	if (!access_limits(access, peer) || access_trusts(access, peer))
		return CALLER_WELCOME;
	for (c = loop->callers; c; c = c->next) {
		other = ip_group(&c->peer);
		same += !c->too_many && ip_equal(&other, &group);
		told += c->too_many;
	}
	if (same < limit)
		return CALLER_WELCOME;
	return told < LOOP_TURNED_AWAY_MAX ? CALLER_TOO_MANY : CALLER_TURNED_AWAY;
}

struct caller *
caller_new(struct loop *loop, const struct ip *peer, enum caller_place place)
{
	struct caller *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = loop;
	c->peer = *peer;
	c->from.client = *peer;
	c->too_many = place != CALLER_WELCOME;
	c->next = loop->callers;
	loop->callers = c;
	return c;
}

static void
stop_waiting(struct caller *c)
{
	loop_timer_stop(c->loop, &c->wait);
	c->loop->held -= c->held;
	c->loop->stuck -= c->stuck;
	c->held = c->stuck = false;
}

void
caller_free(struct caller *c)
{
	struct caller **link;

	if (!c)
		return;
	stop_waiting(c);
	for (link = &c->loop->callers; *link != c; link = &(*link)->next)
		;
	*link = c->next;
	free(c);
}

struct caller *
caller_find(const struct loop *loop, const struct lws *wsi)
{
	struct caller *c;

	for (c = loop->callers; c && c->wsi != wsi; c = c->next)
		;
	return c;
}

static void
go_on(struct caller *c)
{
	c->due = c->held;
	stop_waiting(c);
	front_resume(c->wsi);
	front_kick(c->wsi);
}

static void
on_due(void *arg)
{
	go_on(arg);
}

bool
caller_hold(struct caller *c)
{
	if (c->loop->held >= LOOP_HELD_MAX)
		return false;
	c->loop->held++;
	c->held = true;
	front_pause(c->wsi);
	loop_timer_set(c->loop, &c->wait, HOLD_MS, on_due, c);
	return true;
}

static void
on_look(void *arg)
{
	struct caller *c = arg;

	if (front_choked(c->wsi))
		loop_timer_set(c->loop, &c->wait, LOOK_MS, on_look, c);
	else
		go_on(c);
}

static void
look_later(struct caller *c)
{
	front_pause(c->wsi);
	loop_timer_set(c->loop, &c->wait, LOOK_MS, on_look, c);
}

void
caller_wait(struct caller *c)
{
	c->loop->stuck += !c->stuck;
	c->stuck = true;
	if (c->asks_on)
		look_later(c);
	else
		front_kick(c->wsi);
}

void
caller_goes_on(struct caller *c)
{
	if (c->stuck)
		stop_waiting(c);
}

static void
unstick(struct loop *loop)
{
	struct caller *c;

	for (c = loop->callers; c; c = c->next) {
		if (c->held) {
			c->answer.close = true;
			go_on(c);
		} else if (c->stuck && !c->asks_on) {
			c->asks_on = true;
			look_later(c);
		} else if (c->stuck && !front_choked(c->wsi)) {
			go_on(c);
		}
	}
}

void
callers_turn(struct loop *loop, int64_t now_ms, int64_t thread_us)
{
	struct loop_watch *w = &loop->watch;

	if (w->since_ms == 0 || now_ms - w->since_ms > WATCH_MS) {
		w->since_ms = now_ms;
		w->idle_us = 0;
	} else if (!w->busy) {
		w->idle_us += thread_us - w->last_us;
	}
	w->last_us = thread_us;
	w->busy = false;
	if (w->idle_us < SPIN_US)
		return;
	unstick(loop);
	w->since_ms = 0;
}
