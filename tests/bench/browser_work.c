/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/browser.h"
#include "tests/bench/vnc.h"

enum rfb_step { VERSION, TYPES, CHALLENGE, RESULT, INIT, AUTHENTICATED };

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
		b->at_ns[AT_SCREEN] = now_ns();
		browser_enter(b, BROWSER_READY);
		if (b->plan->at_once)
			browser_work(b);
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

/* Something was sent or received. */
static void
moved(struct browser *b)
{
	int64_t now = now_ns();

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
	moved(b);
}

void
browser_work(struct browser *b)
{
	const struct work *w = &b->plan->work;

	if (b->state != BROWSER_READY)
		return;
	browser_enter(b, BROWSER_WORKING);
	b->moved_ns = now_ns();
	if (w->what == WORK_IDLE || b->plan->link_only) {
		done(b);
		return;
	}
	if (w->what == WORK_STREAM)
		browser_send(b, WS_BINARY, vnc_request, sizeof(vnc_request));
	if (w->what == WORK_ECHO) {
		b->rounds_ns = allocate((size_t)(w->total / w->frame + 2) * sizeof(*b->rounds_ns));
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
	b->rounds_ns[b->rounds++] = now - b->sent_ns;
	if (b->received == b->plan->work.total) {
		done(b);
		return;
	}
	b->sent_ns = now;
	send_frame(b);
}

static void
work(struct browser *b, const unsigned char *data, size_t len)
{
	const struct work *w = &b->plan->work;
	bool sink = w->what == WORK_SINK;
	uint64_t total = sink ? VNC_REQUEST : w->total;

	if (b->received == 0)
		b->at_ns[AT_FIRST] = now_ns();
	if (b->received + len > total || (sink ? memcmp(vnc_request + b->received, data, len) != 0
										   : !pattern_is(b->received, data, len))) {
		browser_fail(
			b, "bytes lost, changed or too many, near byte %llu", (unsigned long long)b->received);
		return;
	}
	b->received += len;
	moved(b);
	if (w->what == WORK_ECHO)
		echoed(b);
	else if (b->received == total)
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
	else if (len > 0)
		browser_fail(b, "%zu bytes that nobody asked for", len);
}
