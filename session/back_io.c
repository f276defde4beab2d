/* SPDX-License-Identifier: MIT */
#include "session/back_impl.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

enum {
	LITTLE = 2048,                 /* what is received by way of the stack */
	STRAIGHT = 1024,               /* what is not, if so much of a frame is to come */
	READS_A_TURN = 256,            /* for records of little */
	BYTES_A_TURN = 3 * PIPE_CHUNK, /* what one write of the front takes */
	WRITES_A_TURN = 16,
	PONGS_MAX = 4096, /* bytes of them that wait */
};

_Static_assert(
	(int)PIPE_HEADROOM >= (int)FRAME_HEAD_MAX, "a frame's head goes in front of a chunk");
_Static_assert((int)PIPE_CHUNK <= (int)FRAME_PAYLOAD_MAX, "a chunk is one frame");

/* ---- sending ---- */

/* An unpredictable masking key (RFC 6455, section 10.3), from a pool so as not to ask the kernel each time. */
static int
next_mask(struct back *b, unsigned char mask[4])
{
	if (b->masks_left == 0) {
		if (random_bytes(b->masks, sizeof(b->masks)) < 0)
			return -1;
		b->masks_left = sizeof(b->masks);
	}
	b->masks_left -= 4;
	memcpy(mask, b->masks + b->masks_left, 4);
	return 0;
}

/* Put a small frame into out. */
int
back_say(struct back *b, enum frame_opcode opcode, const void *data, size_t len)
{
	unsigned char frame[FRAME_HEAD_MAX + BACK_SAY_MAX], mask[4];
	size_t head;
	int r;

	assert(len <= BACK_SAY_MAX);
	if (next_mask(b, mask) < 0)
		return -1;
	if (len > 0)
		memcpy(frame + FRAME_HEAD_MAX, data, len);
	head = frame_build(frame + FRAME_HEAD_MAX, len, opcode, mask);
	r = buf_add(&b->out, frame + FRAME_HEAD_MAX - head, head + len);
	explicit_bzero(frame, FRAME_HEAD_MAX + len);
	if (r < 0)
		return -1;
	back_kick(b);
	return 0;
}

/* Make the next waiting chunk the one being sent; false when there is none. */
static bool
next_chunk(struct back *b)
{
	struct pipe_queue *q = b->state == BACK_RELAYING ? &b->pipe->to_pve : &b->left;
	unsigned char mask[4];
	size_t head;

	if (b->state != BACK_RELAYING && b->state != BACK_CLOSING)
		return false;
	if (!q->first || next_mask(b, mask) < 0)
		return false;
	b->chunk = pipe_take(q);
	head = frame_build(b->chunk->data, b->chunk->len, FRAME_BINARY, mask);
	b->chunk_at = chunk_before(b->chunk, head);
	b->chunk_left = b->chunk->len + head;
	atomic_fetch_add_explicit(&b->live->session->to_pve, b->chunk->len, memory_order_relaxed);
	if (b->state == BACK_RELAYING && pipe_may_resume(q))
		b->events->writable(b->arg);
	return true;
}

/* What has gone, 0 when the socket is full, -1 on failure. */
static ssize_t
send_some(struct back *b, void *data, size_t len)
{
	const struct iovec part = {.iov_base = data, .iov_len = len};
	ssize_t n = stream_write(&b->stream, &part, 1);

	b->blocked = n == STREAM_AGAIN;
	back_watch(b);
	return n;
}

/* Everything is said: half-close, and wait for the far side to do the same. */
static int
finish(struct back *b)
{
	b->state = BACK_DRAINING;
	stream_finish(&b->stream);
	return 0;
}

/* Send as much as the socket takes. 0, or -1 when over. */
int
back_flush(struct back *b)
{
	ssize_t n;
	int turns;

	if (b->state < BACK_UPGRADING || b->state >= BACK_DRAINING)
		return 0;
	for (turns = 0; turns < WRITES_A_TURN; turns++) {
		if (!b->chunk && b->out.len > 0) {
			n = send_some(b, b->out.data, b->out.len);
			if (n > 0)
				buf_skip(&b->out, (size_t)n);
			if (b->out.len == 0)
				buf_done(
					&b->out); /* the upgrade request had cookie and ticket in it, or it was a login */
		} else if (b->chunk || next_chunk(b)) {
			n = send_some(b, b->chunk_at, b->chunk_left);
			b->chunk_at += n > 0 ? n : 0;
			b->chunk_left -= n > 0 ? (size_t)n : 0;
			if (b->chunk_left == 0) {
				chunk_free(b->chunk);
				b->chunk = NULL;
			}
		} else if (b->state != BACK_CLOSING) {
			return 0;
		} else if (b->parted) {
			return finish(b);
		} else {
			/* Only now: what follows a Close frame is not read any more. */
			b->parted = true;
			if (back_say(b, FRAME_CLOSE, "\x03\xe8", 2) < 0)
				return back_over_eof(b);
			continue;
		}
		if (n < 0)
			return back_over_eof(b);
		if (n == 0)
			return 0;
	}
	back_kick(b);
	return 0;
}

/* ---- receiving ---- */

static void
on_ping_time(void *arg)
{
	struct back *b = arg;

	/* While we do not read, silence says nothing. */
	if (b->paused)
		b->heard_ms = clock_ms();
	if (clock_ms() - b->heard_ms >= BACK_SILENT_MS) {
		back_over_text(b, END_PVE_SILENT, ERR_TIMEOUT, "nothing heard, not even a pong");
		return;
	}
	poller_set_timer(b->live->poller, &b->timer, BACK_PING_MS, on_ping_time, b);
	(void)back_say(b, FRAME_PING, NULL, 0);
	b->events->ping(b->arg);
}

static int
was_put(struct back *b, int r)
{
	b->put = true;
	if (r < 0)
		return back_over_text(b, END_INTERNAL, ERR_MEMORY, "no memory for the relay");
	b->paused = r == PIPE_PAUSE;
	if (b->paused)
		back_watch(b);
	return 0;
}

static int
relay(struct back *b, const unsigned char *data, size_t len)
{
	return len > 0 ? was_put(b, pipe_put(&b->pipe->to_browser, data, len)) : 0;
}

/* From here on bytes flow; the first are there. */
static int
begin_relay(struct back *b, const unsigned char *data, size_t len)
{
	b->state = BACK_RELAYING;
	poller_set_timer(b->live->poller, &b->timer, BACK_PING_MS, on_ping_time, b);
	b->events->authenticated(b->arg);
	return b->state == BACK_RELAYING ? relay(b, data, len) : -1;
}

/* The terminal's side of authenticate(): one line of ours, one word of theirs. */
static int
log_in(struct back *b)
{
	int r = b->login.len <= BACK_SAY_MAX
				? back_say(b, FRAME_BINARY, secret_peek(&b->login), b->login.len)
				: -1;

	secret_wipe(&b->login);
	return r < 0 ? back_over_text(b, END_INTERNAL, ERR_MEMORY, "no memory for the login line") : 0;
}

static int
greet(struct back *b, const unsigned char *data, size_t len)
{
	struct err err = {0, ""};
	size_t used;
	int r = term_greeting_feed(&b->greeting, data, len, &used, &err);

	if (r < 0)
		return back_over(b, end_of_err(r), &err);
	return r == TERM_MORE ? 0 : begin_relay(b, data + used, len - used);
}

static int
authenticate(struct back *b, const unsigned char *data, size_t len)
{
	struct err err = {0, ""};
	size_t used;
	int r;

	if (b->state == BACK_GREETING)
		back_enter(b, BACK_PROVING, BACK_AUTH_MS);
	r = rfb_client_feed(&b->rfb, data, len, &used, &err);
	if (b->rfb.out_len > 0 && back_say(b, FRAME_BINARY, b->rfb.out, b->rfb.out_len) < 0)
		return back_over_text(b, END_INTERNAL, ERR_MEMORY, "no memory for the handshake");
	b->rfb.out_len = 0;
	if (r < 0)
		return back_over(b, r == ERR_REFUSED ? END_PVE_AUTH : end_of_err(r), &err);
	if (r == RFB_MORE)
		return 0;
	rfb_done(&b->rfb);
	return begin_relay(b, data + used, len - used);
}

/* Who asks faster than it listens gets fewer answers (RFC 6455, section 5.5.3), and no memory of ours. */
static int
pong(struct back *b, const struct frame_event *ping)
{
	if (b->out.len > PONGS_MAX)
		return 0;
	if (back_say(b, FRAME_PONG, ping->data, ping->len) < 0)
		return back_over_text(b, END_INTERNAL, ERR_MEMORY, "no memory for a pong");
	return 0;
}

static int
on_event(struct back *b, const struct frame_event *event)
{
	switch (event->kind) {
	case FRAME_IS_DATA:
		if (b->state == BACK_RELAYING)
			return relay(b, event->data, event->len);
		if (b->kind == PVE_CONSOLE_TERM)
			return greet(b, event->data, event->len);
		return authenticate(b, event->data, event->len);
	case FRAME_IS_PING:
		return pong(b, event);
	case FRAME_IS_CLOSE:
		return back_over_eof(b);
	default:
		return 0;
	}
}

static int
on_frames(struct back *b, const unsigned char *data, size_t len)
{
	struct frame_event event;
	struct err err;
	size_t used;

	do {
		if (frame_next(&b->parser, data, len, &used, &event, &err) < 0)
			return back_over(b, END_GARBLED, &err);
		data += used;
		len -= used;
		if (event.kind != FRAME_NEED_MORE && on_event(b, &event) < 0)
			return -1;
	} while (len > 0);
	return 0;
}

static int
on_answer(struct back *b, const unsigned char *data, size_t len)
{
	struct err err;
	size_t used = 0;
	int r;

	if (buf_add(&b->head, data, len) < 0)
		return back_over_text(
			b, END_GARBLED, ERR_PROTOCOL, "the answer to the upgrade is too long");
	r = upgrade_response(b->head.data, b->head.len, b->key, &used, &err);
	if (r < 0)
		return back_over(b, end_of_err(r), &err);
	if (r == UPGRADE_MORE)
		return 0;
	back_upgraded(b);
	if (b->kind == PVE_CONSOLE_TERM && log_in(b) < 0)
		return -1;
	r = on_frames(b, (unsigned char *)b->head.data + used, b->head.len - used);
	buf_done(&b->head);
	return r;
}

static int
on_bytes(struct back *b, const unsigned char *data, size_t len)
{
	switch (b->state) {
	case BACK_READY:
		return back_over_text(b, END_GARBLED, ERR_PROTOCOL, "an answer to no question");
	case BACK_UPGRADING:
		return on_answer(b, data, len);
	case BACK_GREETING:
	case BACK_PROVING:
	case BACK_RELAYING:
		return on_frames(b, data, len);
	default:
		return 0; /* closing: nobody listens any more */
	}
}

/* Results of one read: 1 when there may be more, 0 when there is not, -1 when over. */
static int
received(struct back *b, ssize_t n)
{
	if (n == STREAM_AGAIN)
		return 0;
	if (n < 0)
		return back_over_eof(b);
	b->heard = true;
	return 1;
}

/* By way of the stack: heads, and what is little. */
static int
receive_little(struct back *b)
{
	unsigned char data[LITTLE];
	ssize_t n = stream_read(&b->stream, data, sizeof(data));
	int r = received(b, n);

	return r == 1 && on_bytes(b, data, (size_t)n) < 0 ? -1 : r;
}

/* The rest of a long frame: straight to where it waits for the browser. */
static int
receive_straight(struct back *b, uint64_t left)
{
	struct pipe_queue *q = &b->pipe->to_browser;
	size_t size;
	unsigned char *room = pipe_room(q, &size);
	ssize_t n;
	int r, state;

	if (!room)
		return was_put(b, ERR_MEMORY);
	n = stream_read(&b->stream, room, left < size ? (size_t)left : size);
	state = pipe_filled(q, n > 0 ? (size_t)n : 0);
	r = received(b, n);
	if (r != 1)
		return r;
	frame_received(&b->parser, (size_t)n);
	return was_put(b, state) < 0 ? -1 : 1;
}

static int
receive_some(struct back *b)
{
	uint64_t left = b->state == BACK_RELAYING ? frame_awaits(&b->parser) : 0;

	return left >= STRAIGHT ? receive_straight(b, left) : receive_little(b);
}

/*
 * Does enough wait for the browser? If it was there before the first read, the front could not take it:
 * the same bytes would be told of in each turn.
 */
static bool
enough(struct back *b, int reads)
{
	if (b->state != BACK_RELAYING || b->pipe->to_browser.bytes < BYTES_A_TURN)
		return false;
	if (reads == 0)
		b->pipe->to_browser.paused = true;
	(void)was_put(b, pipe_filled(&b->pipe->to_browser, 0));
	return true;
}

/* Receive until the socket or the queue says stop. 0, or -1 when over. */
int
back_receive(struct back *b)
{
	bool more;
	int turns, r = 1;

	b->heard = false;
	for (turns = 0; turns < READS_A_TURN && r == 1 && !b->paused && !enough(b, turns); turns++)
		r = receive_some(b);
	if (b->heard)
		b->heard_ms = clock_ms();
	more = r == 1 && !b->paused && stream_holds(&b->stream);
	if (b->state == BACK_RELAYING) {
		b->put |= b->pipe->to_browser.more && !more;
		b->pipe->to_browser.more = more;
	}
	if (b->put && b->state == BACK_RELAYING)
		b->events->readable(b->arg);
	b->put = false;
	/* Behind what the viewer does with it. */
	if (more)
		back_come_again(b);
	return r < 0 ? -1 : 0;
}
