/* SPDX-License-Identifier: MIT */
/*
 * viewer_term - the browser's side of a terminal: see term.h for what is said.
 *
 * The key in the path is the browser's proof, so there is nothing to authenticate. Proxmox
 * has no flow control: what we do not read it keeps, without limit. So output waits here for
 * the page's acks within a window, then in the pipe, then in Proxmox, but not for long: a
 * viewer whose output does not move is ended.
 */
#include <string.h>

#include "base/clock.h"
#include "session/front.h"
#include "session/viewer_impl.h"

_Static_assert(
	TERM_WINDOW - 64 * 1024 > PIPE_CHUNK, "a page that acks every 64 KiB is never stuck");

static int
open_term(struct viewer *v, struct err *err)
{
	(void)err;
	viewer_proven(v);
	return 0;
}

/* ---- from the browser ---- */

static void
tell_size(struct viewer *v)
{
	char message[TERM_HEAD_SIZE];

	viewer_put_whole(v, message, term_resize(message, v->term.cols, v->term.rows));
}

/* What was typed before termproxy was ready waits; the size goes first. */
static void
ready(struct viewer *v)
{
	char message[TERM_HEAD_SIZE];

	if (v->term.cols > 0 && pipe_put_first(&v->pipe.to_pve, message,
								term_resize(message, v->term.cols, v->term.rows)) < 0)
		viewer_end(v, END_INTERNAL);
}

/* The head announces the whole frame, so that few heads can be cut on their way (see term.h). */
static void
input(struct viewer *v, const struct viewer_piece *piece)
{
	struct viewer_term *t = &v->term;
	char head[TERM_HEAD_SIZE];

	if (piece->len == 0)
		return;
	if (t->frame_left == 0) {
		t->frame_left = piece->len + piece->frame_left;
		viewer_put_whole(v, head, term_input_head(head, t->frame_left));
	}
	if (v->state == VIEWER_ENDING)
		return;
	t->frame_left -= piece->len;
	viewer_put(v, piece->data, piece->len);
}

static void
resize(struct viewer *v, const struct term_control *c)
{
	v->term.cols = c->cols;
	v->term.rows = c->rows;
	if (v->state == VIEWER_OPEN)
		tell_size(v);
}

static void
ack(struct viewer *v, const struct term_control *c)
{
	struct err err;

	if (c->bytes > v->term.unshown) {
		err_set(&err, ERR_PROTOCOL, "ack of more than was sent");
		viewer_garbled(v, &err);
		return;
	}
	v->term.unshown -= c->bytes;
	front_kick(v->browser);
}

static void
control(struct viewer *v, const struct viewer_piece *piece)
{
	struct viewer_term *t = &v->term;
	struct term_control c;
	struct err err;

	if (piece->len > sizeof(t->line) - t->line_len) {
		err_set(&err, ERR_PROTOCOL, "control line is too long");
		viewer_garbled(v, &err);
		return;
	}
	memcpy(t->line + t->line_len, piece->data, piece->len);
	t->line_len += piece->len;
	if (!piece->last)
		return;
	if (term_control_parse(t->line, t->line_len, &c, &err) < 0)
		viewer_garbled(v, &err);
	else if (c.kind == TERM_RESIZE)
		resize(v, &c);
	else
		ack(v, &c);
	t->line_len = 0;
}

static void
receive(struct viewer *v, const struct viewer_piece *piece)
{
	if (piece->text)
		control(v, piece);
	else
		input(v, piece);
}

/* ---- to the browser ---- */

static void
on_blocked(void *arg)
{
	struct viewer *v = arg;
	int64_t left_ms = v->term.moved_ms + TERM_BLOCKED_MS - clock_ms();

	if (!v->term.waiting || v->state == VIEWER_ENDING)
		return;
	if (left_ms > 0) {
		poller_set_timer(v->live->poller, &v->term.blocked, (int)left_ms, on_blocked, v);
		return;
	}
	/* Nobody will look at it, and the Close frame need not wait behind it. */
	pipe_drop(&v->pipe.to_browser);
	viewer_end(v, END_VIEWER_BLOCKED);
}

static void
readable(struct viewer *v)
{
	struct viewer_term *t = &v->term;

	if (!t->waiting) {
		t->waiting = true;
		t->moved_ms = clock_ms();
		if (!t->blocked.at_ms)
			poller_set_timer(v->live->poller, &t->blocked, TERM_BLOCKED_MS, on_blocked, v);
	}
	front_kick(v->browser);
}

/* At its end the rest is sent whatever the window says: it is no more than a pipe holds. */
static bool
fits(const struct viewer *v, const struct chunk *c)
{
	return v->state == VIEWER_ENDING || v->term.unshown + c->len <= TERM_WINDOW;
}

static struct chunk *
next(struct viewer *v)
{
	struct viewer_term *t = &v->term;
	const struct chunk *first = v->pipe.to_browser.first;
	struct chunk *c = first && fits(v, first) ? viewer_take(v) : NULL;

	if (!c)
		return NULL;
	t->unshown += c->len;
	t->moved_ms = clock_ms();
	t->waiting = v->pipe.to_browser.first != NULL;
	return c;
}

/* Within a frame of input it would be taken for a part of it. */
static void
keep(struct viewer *v)
{
	if (v->term.frame_left == 0)
		viewer_put_whole(v, TERM_PING, sizeof(TERM_PING) - 1);
}

static void
done(struct viewer *v)
{
	poller_stop_timer(v->live->poller, &v->term.blocked);
}

const struct viewer_side viewer_term = {
	.open = open_term,
	.ready = ready,
	.receive = receive,
	.readable = readable,
	.next = next,
	.keep = keep,
	.done = done,
};
