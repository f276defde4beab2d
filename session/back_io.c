/* SPDX-License-Identifier: MIT */
#include "session/back_impl.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/secret.h"

enum {
	READ_SIZE = 16384,
	READS_A_TURN = 8,
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
	back_want_write(b);
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
	b->chunk_at = b->chunk->data - head;
	b->chunk_left = b->chunk->len + head;
	atomic_fetch_add_explicit(&b->loop->session->to_pve, b->chunk->len, memory_order_relaxed);
	if (b->state == BACK_RELAYING && pipe_may_resume(q))
		b->events->writable(b->arg);
	return true;
}

/* One SSL_write: how many bytes went, 0 when the socket is full, -1 on failure. */
static int
send_some(struct back *b, const void *data, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_write(b->ssl, data, (int)len);
	if (n > 0)
		return n;
	switch (SSL_get_error(b->ssl, n)) {
	case SSL_ERROR_WANT_WRITE:
		back_want_write(b);
		return 0;
	case SSL_ERROR_WANT_READ:
		return 0;
	default:
		return -1;
	}
}

/* Everything is said: half-close, and wait for the far side to do the same. */
static int
finish(struct back *b)
{
	b->state = BACK_DRAINING;
	ERR_clear_error();
	SSL_shutdown(b->ssl);
	shutdown(b->fd, SHUT_WR);
	return 0;
}

/* Send as much as the socket takes. 0, or -1 when over. */
int
back_flush(struct back *b)
{
	int n, turns;

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
	back_want_write(b);
	return 0;
}

/* ---- receiving ---- */

static void
on_ping_time(void *arg)
{
	struct back *b = arg;

	/* While we do not read, silence says nothing. */
	if (!b->paused && clock_ms() - b->heard_ms >= BACK_SILENT_MS) {
		back_over_text(b, END_PVE_SILENT, ERR_TIMEOUT, "nothing heard, not even a pong");
		back_close_soon(b);
		return;
	}
	loop_timer_set(b->loop, &b->timer, BACK_PING_MS, on_ping_time, b);
	(void)back_say(b, FRAME_PING, NULL, 0);
	b->events->ping(b->arg);
}

static int
relay(struct back *b, const unsigned char *data, size_t len)
{
	if (len == 0)
		return 0;
	b->put = true;
	switch (pipe_put(&b->pipe->to_browser, data, len)) {
	case PIPE_OK:
		return 0;
	case PIPE_PAUSE:
		if (!b->paused)
			back_hold(b);
		b->paused = true;
		return 0;
	default:
		return back_over_text(b, END_INTERNAL, ERR_MEMORY, "no memory for the relay");
	}
}

/* From here on bytes flow; the first are there. */
static int
begin_relay(struct back *b, const unsigned char *data, size_t len)
{
	b->state = BACK_RELAYING;
	loop_timer_set(b->loop, &b->timer, BACK_PING_MS, on_ping_time, b);
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
	} while (event.kind != FRAME_NEED_MORE);
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
	back_enter(b, BACK_GREETING, BACK_GREETING_MS);
	if (b->kind == PVE_CONSOLE_TERM && log_in(b) < 0)
		return -1;
	r = on_frames(b, (unsigned char *)b->head.data + used, b->head.len - used);
	buf_done(&b->head);
	return r;
}

static int
on_bytes(struct back *b, const unsigned char *data, size_t len)
{
	b->heard_ms = clock_ms();
	switch (b->state) {
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

/* Receive until the socket or the queue says stop. 0, or -1 when over. */
int
back_receive(struct back *b)
{
	unsigned char data[READ_SIZE];
	int n, turns, r = 0;

	for (turns = 0; turns < READS_A_TURN && !b->paused; turns++) {
		ERR_clear_error();
		n = SSL_read(b->ssl, data, sizeof(data));
		if (n > 0) {
			r = on_bytes(b, data, (size_t)n);
			if (r < 0)
				break;
			continue;
		}
		n = SSL_get_error(b->ssl, n);
		if (n == SSL_ERROR_WANT_WRITE)
			back_want_write(b);
		else if (n != SSL_ERROR_WANT_READ)
			r = back_over_eof(b);
		break;
	}
	/* Decrypted bytes that wait inside the SSL raise no event of the socket. */
	if (r == 0 && turns == READS_A_TURN)
		back_want_write(b);
	if (b->put && b->state == BACK_RELAYING)
		b->events->readable(b->arg);
	b->put = false;
	return r;
}
