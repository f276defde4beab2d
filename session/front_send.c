/* SPDX-License-Identifier: MIT */
/* front_send - what a browser's websocket sends, see front_impl.h */
#include "session/front_impl.h"

#include <string.h>

#include "session/viewer.h"

enum {
	CHUNKS_MAX = 3, /* in one write */
	CLOSE_TEXT_MAX = FRAME_CONTROL_MAX - 2,
};

_Static_assert((int)PIPE_HEADROOM >= (int)FRAME_PLAIN_HEAD_MAX, "a frame's head is in front of it");

void
front_want(struct front *f)
{
	stream_want(&f->stream, (f->unread ? 0 : POLLER_IN) | (f->stuck ? POLLER_OUT : 0));
}

/* ---- what is sent ---- */

/* One whole frame that controls goes out before what has not begun to. 0 or -1. */
static int
say(struct front *f, enum frame_opcode opcode, const void *data, size_t len)
{
	unsigned char frame[FRAME_PLAIN_HEAD_MAX + FRAME_CONTROL_MAX];
	unsigned char *payload = frame + FRAME_PLAIN_HEAD_MAX;
	size_t head;

	memcpy(payload, data, len);
	head = frame_build_plain(payload, len, opcode);
	return buf_add(&f->rest, payload - head, head + len) < 0 ? -1 : 0;
}

/* Where no frame has been cut short, or only in rest. */
static int
say_controls(struct front *f)
{
	int r = 0;

	if (f->closed || (f->stuck && f->rest.len == 0))
		return 0;
	if (f->pong_due) {
		f->pong_due = false;
		r = say(f, FRAME_PONG, f->pong, f->pong_len);
	}
	if (r == 0 && f->viewer && viewer_ping_due(f->viewer))
		r = say(f, FRAME_PING, "", 0);
	return r;
}

static int
say_close(struct front *f)
{
	const struct end_row *row = end_row(f->end);
	unsigned char payload[FRAME_CONTROL_MAX];
	size_t n = strnlen(row->customer, CLOSE_TEXT_MAX);

	if (f->leaving) {
		f->closed = true;
		return say(f, FRAME_CLOSE, f->pong, f->pong_len);
	}
	/* Who does not answer needs none. */
	if (row->close_code == 0)
		return -1;
	payload[0] = (unsigned char)(row->close_code >> 8);
	payload[1] = (unsigned char)row->close_code;
	memcpy(payload + 2, row->customer, n);
	f->closed = true;
	return say(f, FRAME_CLOSE, payload, 2 + n);
}

static void
fetch_chunks(struct front *f)
{
	struct chunk *c;

	while (!f->closed && f->viewer && f->count < CHUNKS_MAX && (c = viewer_next(f->viewer))) {
		frame_build_plain(c->data, c->len, FRAME_BINARY);
		if (f->last)
			f->last->next = c;
		else
			f->chunks = c;
		f->last = c;
		f->count++;
	}
}

/* The chunk with the head in front of it. */
static unsigned char *
frame_of(struct chunk *c)
{
	return chunk_before(c, frame_plain_head(c->len));
}

static size_t
frame_size(const struct chunk *c)
{
	return frame_plain_head(c->len) + c->len;
}

static void
drop_first(struct front *f)
{
	struct chunk *c = f->chunks;

	f->chunks = c->next;
	if (!f->chunks)
		f->last = NULL;
	f->count--;
	f->sent = 0;
	chunk_free(c);
}

void
front_drop_chunks(struct front *f, bool all)
{
	struct chunk *first = f->chunks;
	size_t sent = f->sent;

	/* One that the socket, or TLS, has begun with has to go whole. */
	if (!all && first && f->stuck && f->rest.len == 0) {
		f->chunks = first->next;
		first->next = NULL;
	} else {
		first = NULL;
	}
	while (f->chunks)
		drop_first(f);
	if (!first)
		return;
	f->chunks = f->last = first;
	f->count = 1;
	f->sent = sent;
}

/* ---- sending ---- */

/* What there is to be sent, in its order; *total is how many bytes. */
static size_t
gather(struct front *f, struct iovec parts[1 + CHUNKS_MAX], size_t *total)
{
	size_t count = 0, skip = f->sent, i;
	struct chunk *c;

	if (f->rest.len > 0)
		parts[count++] = (struct iovec){.iov_base = f->rest.data, .iov_len = f->rest.len};
	for (c = f->chunks; c; c = c->next, skip = 0)
		parts[count++] =
			(struct iovec){.iov_base = frame_of(c) + skip, .iov_len = frame_size(c) - skip};
	for (i = 0, *total = 0; i < count; i++)
		*total += parts[i].iov_len;
	return count;
}

static void
was_sent(struct front *f, size_t n)
{
	size_t left;

	left = n < f->rest.len ? n : f->rest.len;
	if (left == f->rest.len)
		buf_done(&f->rest);
	else
		buf_skip(&f->rest, left);
	for (n -= left; n > 0; n -= left) {
		left = frame_size(f->chunks) - f->sent;
		if (n < left) {
			f->sent += n;
			break;
		}
		drop_first(f);
	}
}

/* Everything is sent. */
static int
is_empty(struct front *f)
{
	front_want(f);
	if (!f->closed)
		return 0;
	if (f->leaving)
		return front_part(f);
	/* To hang up at once could take the frame away again from a browser that was just sending. */
	if (f->closing)
		front_set_deadline(f, FRONT_PART_MS);
	f->closing = false;
	return 0;
}

int
front_send(struct front *f)
{
	struct iovec parts[1 + CHUNKS_MAX];
	size_t count, total;
	ssize_t n;

	for (;;) {
		f->stuck = f->stuck && (f->chunks || f->rest.len > 0);
		if (f->viewer)
			viewer_stuck(f->viewer, f->stuck);
		if (say_controls(f) < 0)
			return -1;
		/* A browser that takes nothing has no more of it waiting here. */
		if (!f->stuck)
			fetch_chunks(f);
		count = gather(f, parts, &total);
		if (count == 0 && f->closing && !f->closed) {
			if (say_close(f) < 0)
				return -1;
			continue;
		}
		if (count == 0)
			return is_empty(f);
		n = stream_write(&f->stream, parts, count);
		if (n == STREAM_OVER)
			return -1;
		was_sent(f, (size_t)n);
		/* TLS takes more than the socket. */
		f->stuck = (size_t)n < total || stream_full(&f->stream);
		if (f->viewer)
			viewer_stuck(f->viewer, f->stuck);
		if (f->stuck) {
			front_want(f);
			return 0;
		}
	}
}

/* ---- the browser's Close frame ---- */

/* RFC 6455, 7.4 */
static bool
is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
		   (code >= 3000 && code <= 4999);
}

/* The code is what is answered; without one nothing; 1002 for what is none. */
static size_t
echo_of(const unsigned char *payload, size_t len, unsigned char echo[FRAME_CONTROL_MAX])
{
	unsigned code = 1002;

	if (len == 0)
		return 0;
	if (len >= 2 && is_close_code((unsigned)payload[0] << 8 | payload[1]))
		code = (unsigned)payload[0] << 8 | payload[1];
	echo[0] = (unsigned char)(code >> 8);
	echo[1] = (unsigned char)code;
	return 2;
}

int
front_answer_close(struct front *f, const unsigned char *payload, size_t len)
{
	struct viewer *viewer = f->viewer;

	f->parted = f->leaving = true;
	f->viewer = NULL;
	if (viewer)
		viewer_browser_gone(viewer);
	if (!f->closed) {
		front_drop_chunks(f, false);
		f->pong_due = false;
		f->pong_len = (unsigned char)echo_of(payload, len, f->pong);
		f->closing = true;
		front_set_deadline(f, LIVE_DRAIN_MS);
	}
	return f->stuck ? 0 : front_send(f);
}
