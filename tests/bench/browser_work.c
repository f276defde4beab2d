/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/browser.h"
#include "tests/bench/vnc.h"

enum rfb_step { VERSION, TYPES, CHALLENGE, RESULT, INIT, AUTHENTICATED };

/* What makes the guest send. */
static void
ask(struct browser *b)
{
	if (b->plan->work.what == WORK_STREAM || b->plan->work.what == WORK_PACED)
		browser_send(b, WS_BINARY, vnc_request, sizeof(vnc_request));
}

/* ---- RFB's handshake ---- */

/* How many bytes the step needs, as far as is known by now. */
static size_t
needed(const struct browser *b)
{
	switch ((enum rfb_step)b->rfb_step) {
	case VERSION:
		return VNC_VERSION_LEN;
	case TYPES:
		return b->in_len < 1 ? 1 : 1 + (size_t)b->in[0];
	case CHALLENGE:
		return VNC_CHALLENGE;
	case RESULT:
		return 4;
	default:
		return b->in_len < VNC_SERVER_INIT ? VNC_SERVER_INIT : VNC_SERVER_INIT + (size_t)b->in[23];
	}
}

void
browser_stall(struct browser *b)
{
	if (b->state != BROWSER_WORKING)
		return;
	browser_enter(b, BROWSER_STALLED);
	conn_pause(b->conn);
}

/* The screen is there. */
static void
arrived(struct browser *b)
{
	if (!browser_reached(b, AT_SCREEN))
		return;
	browser_enter(b, b->stalls ? BROWSER_STALLED : BROWSER_READY);
	if (b->stalls) {
		ask(b);
		conn_pause(b->conn);
	} else if (b->plan->at_once) {
		browser_work(b);
	}
}

static void
advance(struct browser *b)
{
	static const unsigned char none[4] = {0};
	unsigned char answer[VNC_CHALLENGE];

	switch ((enum rfb_step)b->rfb_step++) {
	case VERSION:
		browser_send(b, WS_BINARY, VNC_VERSION, VNC_VERSION_LEN);
		break;
	case TYPES:
		if (!memchr(b->in + 1, VNC_AUTH, b->in_len - 1))
			browser_fail(b, "VNC authentication is not offered");
		else
			browser_send(b, WS_BINARY, "\x02", 1);
		break;
	case CHALLENGE:
		vnc_answer(b->password, b->in, answer);
		browser_send(b, WS_BINARY, answer, sizeof(answer));
		break;
	case RESULT:
		if (memcmp(b->in, none, 4) != 0)
			browser_fail(b, "VNC authentication failed");
		else
			browser_send(b, WS_BINARY, "\x01", 1);
		break;
	default:
		arrived(b);
	}
	b->in_len = 0;
}

/* How many bytes were taken. */
static size_t
handshake(struct browser *b, const unsigned char *data, size_t len)
{
	size_t n = needed(b) - b->in_len;

	n = n < len ? n : len;
	memcpy(b->in + b->in_len, data, n);
	b->in_len += n;
	/* A step may need more once its first bytes are known. */
	if (b->in_len == needed(b))
		advance(b);
	return n;
}

/* ---- work ---- */

void
browser_moved(struct browser *b)
{
	int64_t now = b->plan->loop->now_ns;

	if (now - b->moved_ns > b->gap_ns)
		b->gap_ns = now - b->moved_ns;
	b->moved_ns = now;
}

static void
done(struct browser *b)
{
	if (b->plan->at_once)
		browser_leave(b);
	browser_enter(b, BROWSER_DONE);
}

static size_t
next_size(const struct browser *b)
{
	uint64_t left = b->plan->work.total - b->sent;

	return left < b->plan->work.frame ? (size_t)left : b->plan->work.frame;
}

static void
send_frame(struct browser *b)
{
	size_t n = next_size(b);

	browser_send(b, WS_BINARY, pattern_at(b->sent), n);
	b->sent += n;
	browser_moved(b);
}

void
browser_work(struct browser *b)
{
	const struct work *w = &b->plan->work;

	if (b->state != BROWSER_READY)
		return;
	browser_enter(b, BROWSER_WORKING);
	b->moved_ns = b->plan->loop->now_ns;
	if (w->what == WORK_IDLE || b->plan->link_only) {
		done(b);
		return;
	}
	ask(b);
	if (w->what == WORK_ECHO) {
		b->sent_ns = now_ns();
		send_frame(b);
	}
	conn_flush(b->conn);
}

void
browser_room(struct browser *b)
{
	if (b->state != BROWSER_WORKING || b->plan->work.what != WORK_SINK)
		return;
	while (b->sent < b->plan->work.total && conn_waiting(b->conn) < CONN_ROOM)
		send_frame(b);
}

static void
echoed(struct browser *b)
{
	int64_t now = now_ns();

	if (b->received < b->sent)
		return;
	hist_add(b->plan->rounds, now - b->sent_ns);
	if (b->received == b->plan->work.total) {
		done(b);
		return;
	}
	b->sent_ns = now;
	send_frame(b);
}

/*
 * Paced: what belongs to one frame at most, len bytes from its byte `at` on. A
 * frame's delay is known when its last byte is there.
 */
static bool
paced_piece(struct browser *b, uint32_t at, uint32_t size, const unsigned char *data, size_t len)
{
	size_t n = 0;
	int64_t now;

	if (size >= STAMP_SIZE && at < STAMP_SIZE) {
		n = STAMP_SIZE - at < len ? STAMP_SIZE - at : len;
		memcpy(b->stamp + at, data, n);
		if (at + n == STAMP_SIZE && !stamp_read(b->stamp, b->received - at, &b->sent_ns))
			return false;
	}
	if (!pattern_is(b->received + n, data + n, len - n))
		return false;
	b->received += len;
	if (size >= STAMP_SIZE && at + len == size) {
		now = now_ns();
		hist_add(b->plan->delays, now - b->sent_ns);
		hist_seconds_add(b->plan->seconds, now, now - b->sent_ns);
	}
	return true;
}

static bool
paced(struct browser *b, const unsigned char *data, size_t len)
{
	const struct work *w = &b->plan->work;
	uint32_t at, size;
	size_t n;

	for (; len > 0; data += n, len -= n) {
		at = (uint32_t)(b->received % w->frame);
		size = w->total - (b->received - at) < w->frame ? (uint32_t)(w->total - (b->received - at))
														: w->frame;
		n = size - at < len ? size - at : len;
		if (!paced_piece(b, at, size, data, n))
			return false;
	}
	return true;
}

/* Are these the bytes that come next? They count as received then. */
static bool
expected(struct browser *b, const unsigned char *data, size_t len)
{
	const struct work *w = &b->plan->work;
	uint64_t total = w->what == WORK_SINK ? VNC_REQUEST : w->total;

	if (b->received + len > total)
		return false;
	if (w->what == WORK_PACED)
		return paced(b, data, len);
	if (w->what == WORK_SINK ? memcmp(vnc_request + b->received, data, len) != 0
							 : !pattern_is(b->received, data, len))
		return false;
	b->received += len;
	return true;
}

static void
work(struct browser *b, const unsigned char *data, size_t len)
{
	const struct work *w = &b->plan->work;

	if (b->received == 0)
		b->at_ns[AT_FIRST] = now_ns();
	if (!expected(b, data, len))
		browser_fail(
			b, "bytes lost, changed or too many, near byte %llu", (unsigned long long)b->received);
	else if (w->what == WORK_ECHO)
		echoed(b);
	else if (b->received == (w->what == WORK_SINK ? VNC_REQUEST : w->total))
		done(b);
}

void
browser_payload(struct browser *b, const unsigned char *data, size_t len)
{
	size_t n;

	while (len > 0 && b->state == BROWSER_OPENING && b->rfb_step < AUTHENTICATED) {
		n = handshake(b, data, len);
		data += n;
		len -= n;
	}
	if (len > 0 && b->state == BROWSER_WORKING)
		work(b, data, len);
	else if (len > 0 && b->state != BROWSER_STALLED)
		browser_fail(b, "%zu bytes that nobody asked for", len);
}
