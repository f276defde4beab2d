/* SPDX-License-Identifier: MIT */
/* viewer_open - a viewer's way to its console: turn, gate, ticket, connection; see viewer.h. */
#include "base/clock.h"
#include "base/log.h"
#include "session/front.h"
#include "session/gates.h"
#include "session/open.h"
#include "session/sessions.h"
#include "session/tunables.h"
#include "session/viewer_impl.h"

enum {
	LEFT_MS = 10000, /* so long Proxmox keeps a console's port for who does not come */
	LEFT_LOG_MS = 1000,
};

/* ---- what the back says ---- */

static void ask(struct viewer *v);

static void
on_authenticated(void *arg)
{
	struct viewer *v = arg;

	/* The guest's VNC password has done its work: the next opening may overwrite it. */
	gate_leave(&v->pass);
	v->state = VIEWER_OPEN;
	v->side->ready(v);
	if (v->state != VIEWER_OPEN)
		return;
	viewer_connect(v);
	back_kick(v->back);
}

/* Somebody outside the gateway may have opened the same guest just now, and changed its password. */
static bool
may_ask_again(struct viewer *v, enum end end)
{
	bool may = v->state == VIEWER_DIALLING && end == END_PVE_AUTH && !v->asked_again &&
			   gate_needed(&v->live->session->target);

	v->asked_again |= may;
	return may;
}

static void
on_back_ended(void *arg, enum end end, const struct err *err)
{
	struct viewer *v = arg;

	v->back = NULL;
	if (v->state == VIEWER_ASKING) {
		/* It was early. What is wrong, if anything, will be told by the next. */
		log_debug(LOG_WS_PROXY, "%s: browser %llu: the early connection has ended: %s",
			viewer_session(v), viewer_number(v), err->text);
		return;
	}
	if (may_ask_again(v, end)) {
		log_info(LOG_WS_PROXY, "%s: browser %llu: %s: %s; asking for another console",
			viewer_session(v), viewer_number(v), end_row(end)->log, err->text);
		ask(v);
	} else if (v->state == VIEWER_OPEN) {
		viewer_end(v, end);
	} else {
		viewer_fail(v, end, err);
	}
}

static void
on_readable(void *arg)
{
	struct viewer *v = arg;

	v->side->readable(v);
}

static void
on_writable(void *arg)
{
	struct viewer *v = arg;

	front_resume(v->browser);
}

static void
on_back_ping(void *arg)
{
	struct viewer *v = arg;

	v->side->keep(v);
}

static const struct back_events back_events = {
	.authenticated = on_authenticated,
	.ended = on_back_ended,
	.readable = on_readable,
	.writable = on_writable,
	.ping = on_back_ping,
};

/* ---- the opening ---- */

static void
ask(struct viewer *v)
{
	struct err err;
	int r;

	v->state = VIEWER_ASKING;
	r = open_console(v->live->env, v->live->session, v->number, v->deadline_ms, &err);
	if (r < 0)
		viewer_fail(v, end_of_err(r), &err);
}

/* Over the connection that waits for it, if that is alive and leads there. */
static int
open_back(struct viewer *v, struct pve_console *console, struct err *err)
{
	int r = 0;

	/* While its end is no matter yet. */
	if (v->back)
		back_look(v->back);
	if (v->back && !back_leads(v->back, &console->way)) {
		back_close(v->back);
		v->back = NULL;
	}
	v->state = VIEWER_DIALLING;
	if (!v->back)
		r = back_dial(v->live, &console->way, &v->pipe, &back_events, v, &v->back, err);
	if (r == 0)
		back_order(v->back, console);
	return r;
}

static struct viewer *
find(struct live *live, uint64_t number)
{
	struct viewer *v;

	for (v = live->viewers; v && v->number != number; v = v->next)
		;
	return v;
}

void
viewer_granted(struct live *live, uint64_t number)
{
	struct viewer *v = find(live, number);

	if (v && v->state == VIEWER_WAITING)
		ask(v);
}

/*
 * Connect while Proxmox makes the console, which takes it longer. Only now, so that a host has no
 * more of these connections than calls.
 */
void
viewer_asking(struct live *live, uint64_t number)
{
	struct viewer *v = find(live, number);
	struct pve_way way;
	struct err err;

	if (!v || v->state != VIEWER_ASKING || v->back ||
		pve_way_get(live->session->pve, &way, &err) < 0)
		return;
	if (back_dial(live, &way, &v->pipe, &back_events, v, &v->back, &err) < 0)
		log_debug(LOG_WS_PROXY, "%s: browser %llu: not connected early: %s", viewer_session(v),
			viewer_number(v), err.text);
	pve_way_done(&way);
}

void
viewer_console(struct live *live, struct console_mail *mail)
{
	struct viewer *v = find(live, mail->viewer);
	struct err err;
	int r;

	if (!v || v->state != VIEWER_ASKING)
		return;
	if (mail->err.code < 0) {
		viewer_fail(v, mail->end, &mail->err);
		return;
	}
	if (clock_ms() - mail->console.made_ms > PVE_CONSOLE_FRESH_MS) {
		/* The port behind it may be dead, and dialling a dead port harms the whole host. */
		log_info(LOG_WS_PROXY, "%s: console ticket grew old on its way, asking for another",
			viewer_session(v));
		ask(v);
		return;
	}
	r = open_back(v, &mail->console, &err);
	if (r < 0)
		viewer_fail(v, end_of_err(r), &err);
}

static void
enter_gate(struct viewer *v)
{
	struct live *live = v->live;
	struct err err;
	int r = GATE_OPEN;

	if (gate_needed(&live->session->target))
		r = gate_enter(live->env->gates, &live->session->target, live->session->mailbox, MAIL_GATE,
			v->number, &v->pass, &err);
	if (r < 0)
		viewer_fail(v, end_of_err(r), &err);
	else if (r == GATE_OPEN)
		ask(v);
}

/* Who holds a key can cause these at will. */
static void
log_waits(const struct viewer *v)
{
	static struct log_rate rate;
	unsigned more = 0;

	if (log_rate_allow(&rate, LEFT_LOG_MS, &more))
		log_info(LOG_WS_PROXY,
			"%s: browser %llu waits, since %d have left before their console was there (%u more "
			"like it)",
			viewer_session(v), viewer_number(v), LIVE_LEFT_MAX, more);
}

/*
 * A host has a hundred ports for all its consoles: who opens and leaves, again and again,
 * would have them all.
 */
static void
take_turn(void *arg)
{
	struct viewer *v = arg;
	const struct live *live = v->live;
	int64_t oldest_ms = live->left_ms[live->left % LIVE_LEFT_MAX];
	int64_t wait_ms = oldest_ms > 0 ? oldest_ms + LEFT_MS - clock_ms() : 0;

	if (wait_ms <= 0) {
		enter_gate(v);
		return;
	}
	log_waits(v);
	poller_set_timer(v->live->poller, &v->turn, (int)wait_ms, take_turn, v);
}

static void
on_opening_late(void *arg)
{
	struct viewer *v = arg;
	struct err err;

	if (v->state == VIEWER_OPEN) {
		viewer_end(v, END_VIEWER_SLOW);
		return;
	}
	err_set(&err, ERR_TIMEOUT, "not open within open_timeout");
	viewer_fail(v, END_TIMEOUT, &err);
}

void
viewer_open(struct viewer *v)
{
	struct live *live = v->live;
	struct err err;
	struct tunables t;
	int r;

	tunables_get(live->env->tunables, &t);
	v->deadline_ms = clock_ms() + t.open_timeout_s * INT64_C(1000);
	poller_set_timer(live->poller, &v->opening, t.open_timeout_s * 1000, on_opening_late, v);
	tunables_done(&t);
	r = v->side->open(v, &err);
	if (r < 0)
		viewer_fail(v, end_of_err(r), &err);
	else
		take_turn(v);
}
