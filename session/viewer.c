/* SPDX-License-Identifier: MIT */
#include "session/viewer_impl.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/front.h"
#include "session/gates.h"
#include "session/sessions.h"
#include "session/tunables.h"

enum {
	VIEWER_MAGIC = 0x56494557,
	PING_MS = 30000,
	SILENT_MS = 60000,
};

const char *
viewer_session(const struct viewer *v)
{
	return v->live->session->id;
}

unsigned long long
viewer_number(const struct viewer *v)
{
	return v->number;
}

/* A browser that goes, of whatever kind, before its console is taken leaves a port of the host's behind. */
static void
note_left(struct viewer *v, enum end end)
{
	struct live *live = v->live;

	if ((v->state == VIEWER_ASKING || v->state == VIEWER_DIALLING) && end >= END_VIEWER_LEFT)
		live->left_ms[live->left++ % LIVE_LEFT_MAX] = clock_ms();
}

void
viewer_end(struct viewer *v, enum end end)
{
	if (v->state == VIEWER_ENDING)
		return;
	note_left(v, end);
	v->state = VIEWER_ENDING;
	v->end = end;
	gate_leave(&v->pass);
	poller_stop_timer(v->live->poller, &v->opening);
	poller_stop_timer(v->live->poller, &v->turn);
	poller_stop_timer(v->live->poller, &v->ping);
	if (v->back)
		back_close(v->back);
	v->back = NULL;
	v->pipe.to_browser.more = false;
	if (v->counted)
		sessions_viewer_down(v->live->session);
	v->counted = false;
	log_info(LOG_WS_PROXY, "%s: browser %llu ends: %s (%llu bytes to it, %llu from it)",
		viewer_session(v), viewer_number(v), end_row(end)->log,
		(unsigned long long)v->pipe.to_browser.total, (unsigned long long)v->pipe.to_pve.total);
	front_close(v->browser, end);
}

void
viewer_fail(struct viewer *v, enum end end, const struct err *err)
{
	if (v->state == VIEWER_ENDING)
		return;
	log_error(LOG_WS_PROXY, "%s: browser %llu: %s: %s", viewer_session(v), viewer_number(v),
		end_row(end)->log, err->text);
	viewer_end(v, end);
}

void
viewer_garbled(struct viewer *v, const struct err *err)
{
	log_info(LOG_WS_PROXY, "%s: browser %llu: %s", viewer_session(v), viewer_number(v), err->text);
	viewer_end(v, END_VIEWER_GARBLED);
}

static void
on_ping(void *arg)
{
	struct viewer *v = arg;

	/* While it is not read, its silence says nothing. */
	if (v->pipe.to_pve.paused)
		v->heard_ms = clock_ms();
	if (clock_ms() - v->heard_ms >= SILENT_MS) {
		viewer_end(v, END_VIEWER_SILENT);
		return;
	}
	v->ping_due = true;
	front_kick(v->browser);
	poller_set_timer(v->live->poller, &v->ping, PING_MS, on_ping, v);
}

void
viewer_connect(struct viewer *v)
{
	if (v->state != VIEWER_OPEN || !v->proven || v->counted)
		return;
	v->counted = true;
	poller_stop_timer(v->live->poller, &v->opening);
	sessions_viewer_up(v->live->session);
	thread_settles(v->live->thread);
	log_info(LOG_WS_PROXY, "%s: browser %llu connected", viewer_session(v), viewer_number(v));
	front_kick(v->browser);
}

void
viewer_proven(struct viewer *v)
{
	v->proven = true;
	viewer_connect(v);
}

/* ---- the beginning ---- */

/* Those that are at their end need no place any more. */
static unsigned
viewers_alive(const struct live *live)
{
	const struct viewer *v;
	unsigned n = 0;

	for (v = live->viewers; v; v = v->next)
		n += v->state != VIEWER_ENDING;
	return n;
}

static unsigned
viewers_max(const struct live *live)
{
	struct tunables t;

	tunables_get(live->env->tunables, &t);
	tunables_done(&t);
	return t.max_browsers_per_session;
}

struct viewer *
viewer_new(struct live *live, struct front *browser, const struct ip *client)
{
	struct viewer *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->magic = VIEWER_MAGIC;
	v->side = live->session->target.kind == PVE_CONSOLE_TERM ? &viewer_term : &viewer_vnc;
	v->live = live;
	v->browser = browser;
	v->client = *client;
	v->number = ++live->last_viewer;
	v->heard_ms = clock_ms();
	v->next = live->viewers;
	live->viewers = v;
	log_info(LOG_WS_PROXY, "%s: browser %llu opens", viewer_session(v), viewer_number(v));
	if (live->ending != END_NONE) {
		viewer_end(v, live->ending);
	} else if (viewers_alive(live) > viewers_max(live)) {
		viewer_end(v, END_LIMIT);
	} else {
		poller_set_timer(live->poller, &v->ping, PING_MS, on_ping, v);
		viewer_open(v);
		front_kick(browser);
	}
	return v;
}

/* ---- the browser's side ---- */

void
viewer_browser_gone(struct viewer *v)
{
	struct viewer **link = &v->live->viewers;

	assert(v->magic == VIEWER_MAGIC);
	viewer_end(v, END_VIEWER_LEFT);
	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	v->side->done(v);
	pipe_done(&v->pipe);
	v->magic = 0;
	live_left(v->live);
	free(v);
}

void
viewer_receive(struct viewer *v, const struct viewer_piece *piece)
{
	if (v->state != VIEWER_ENDING)
		v->side->receive(v, piece);
}

/* What came of queueing something for the guest. */
static void
was_put(struct viewer *v, int r)
{
	if (r < 0) {
		viewer_end(v, END_INTERNAL);
		return;
	}
	if (r == PIPE_PAUSE)
		front_pause(v->browser);
	if (v->state == VIEWER_OPEN)
		back_kick(v->back);
}

void
viewer_put(struct viewer *v, const void *data, size_t len)
{
	was_put(v, pipe_put(&v->pipe.to_pve, data, len));
}

void
viewer_put_whole(struct viewer *v, const void *data, size_t len)
{
	was_put(v, pipe_put_whole(&v->pipe.to_pve, data, len));
}

struct chunk *
viewer_take(struct viewer *v)
{
	struct chunk *c = pipe_take(&v->pipe.to_browser);

	if (c)
		atomic_fetch_add_explicit(&v->live->session->to_browser, c->len, memory_order_relaxed);
	if (pipe_may_resume(&v->pipe.to_browser) && v->back)
		back_resume(v->back);
	return c;
}

struct chunk *
viewer_next(struct viewer *v)
{
	return v->side->next(v);
}

void
viewer_stuck(struct viewer *v, bool stuck)
{
	v->pipe.to_browser.stuck = stuck;
}

void
viewer_heard(struct viewer *v)
{
	v->heard_ms = clock_ms();
}

bool
viewer_ping_due(struct viewer *v)
{
	bool due = v->ping_due;

	v->ping_due = false;
	return due;
}

void
viewers_end_all(struct live *live, enum end end)
{
	struct viewer *v;

	/* Viewers leave the list when their websocket is closed, never in here. */
	for (v = live->viewers; v; v = v->next)
		viewer_end(v, end);
}

bool
viewers_present(const struct live *live)
{
	return viewers_alive(live) > 0;
}
