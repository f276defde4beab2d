/* SPDX-License-Identifier: MIT */
/* caller - see caller.h */
#include "session/caller.h"

#include <stdlib.h>

#include "session/front.h"

enum { HOLD_MS = 1000 };

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
stop_holding(struct caller *c)
{
	loop_timer_stop(c->loop, &c->hold);
	c->loop->held -= c->held;
	c->held = false;
}

void
caller_free(struct caller *c)
{
	struct caller **link;

	if (!c)
		return;
	stop_holding(c);
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
on_due(void *arg)
{
	struct caller *c = arg;

	stop_holding(c);
	c->due = true;
	front_kick(c->wsi);
}

bool
caller_hold(struct caller *c)
{
	if (c->loop->held >= LOOP_HELD_MAX)
		return false;
	c->loop->held++;
	c->held = true;
	loop_timer_set(c->loop, &c->hold, HOLD_MS, on_due, c);
	return true;
}
