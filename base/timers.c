/* SPDX-License-Identifier: MIT */
/* timers - see timers.h */
#include "base/timers.h"

#include <stddef.h>

#include "base/clock.h"

/* ---- the heap ---- */

static bool
before(const struct timer *a, const struct timer *b)
{
	return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->number < b->number);
}

/* Two heaps, each of which may be empty, become one. */
static struct timer *
meld(struct timer *a, struct timer *b)
{
	struct timer *first, *other;

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	first = before(a, b) ? a : b;
	other = first == a ? b : a;
	other->prev = first;
	other->next = first->child;
	if (other->next != NULL)
		other->next->prev = other;
	first->child = other;
	return first;
}

static struct timer *
cut_first(struct timer **list)
{
	struct timer *t = *list;

	if (t != NULL) {
		*list = t->next;
		t->next = t->prev = NULL;
	}
	return t;
}

/* What is left of a heap whose root goes: its children are melded in pairs, and then the pairs. */
static struct timer *
meld_children(struct timer *children)
{
	struct timer *pairs = NULL, *root = NULL, *pair;

	while (children != NULL) {
		pair = cut_first(&children);
		pair = meld(pair, cut_first(&children));
		pair->next = pairs;
		pairs = pair;
	}
	while (pairs != NULL)
		root = meld(root, cut_first(&pairs));
	return root;
}

/* Take it out of its parent's children. */
static void
cut(struct timer *t)
{
	if (t->prev->child == t)
		t->prev->child = t->next;
	else
		t->prev->next = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
}

static void
take_out(struct timers *all, struct timer *t)
{
	struct timer *rest = meld_children(t->child);

	t->child = NULL;
	if (t == all->root) {
		all->root = rest;
	} else {
		cut(t);
		all->root = meld(all->root, rest);
	}
}

/* ---- those that wait to be admitted ---- */

static void
push_fresh(struct timers *all, struct timer *t)
{
	t->fresh = true;
	t->next = all->fresh;
	if (t->next != NULL)
		t->next->prev = t;
	all->fresh = t;
}

static void
drop_fresh(struct timers *all, struct timer *t)
{
	if (all->fresh == t)
		all->fresh = t->next;
	else
		t->prev->next = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
}

void
timers_admit(struct timers *all)
{
	struct timer *t;

	while ((t = cut_first(&all->fresh)) != NULL) {
		t->fresh = false;
		all->root = meld(all->root, t);
	}
}

/* ---- setting, stopping, running ---- */

void
timers_stop(struct timers *all, struct timer *timer)
{
	if (timer->at_ms == 0)
		return;
	if (timer->fresh)
		drop_fresh(all, timer);
	else
		take_out(all, timer);
	timer->at_ms = 0;
}

void
timers_set(struct timers *all, struct timer *timer, int ms, void (*run)(void *arg), void *arg)
{
	timers_stop(all, timer);
	*timer =
		(struct timer){.at_ms = clock_ms(), .number = ++all->last_number, .run = run, .arg = arg};
	timer->at_ms += ms > 0 ? ms : 0;
	push_fresh(all, timer);
}

int64_t
timers_nearest_ms(const struct timers *all)
{
	return all->root != NULL ? all->root->at_ms : 0;
}

void
timers_run(struct timers *all)
{
	struct timer *t;
	int64_t now_ms;

	if (all->root == NULL)
		return;
	now_ms = clock_ms();
	while ((t = all->root) != NULL && t->at_ms <= now_ms) {
		timers_stop(all, t);
		t->run(t->arg);
	}
}
