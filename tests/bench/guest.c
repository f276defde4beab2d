/* SPDX-License-Identifier: MIT */
#include "tests/bench/guest.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/vnc.h"
#include "tests/bench/ws.h"

enum step { VERSION, TYPE, ANSWER, INIT, RUNNING, CLOSING };

/* So many frames may be late at a time, as after a slow wake-up; what is more is left out. */
enum { CATCH_UP = 4, NS_A_SECOND = 1000000000 };

struct guest {
	struct conn *conn;
	struct counters *counters;
	struct work work;
	bool raw;
	struct ws_in ws;
	enum step step;
	char password[9];
	unsigned char challenge[VNC_CHALLENGE];
	unsigned char in[VNC_CHALLENGE]; /* of the handshake */
	size_t in_len;
	uint64_t received, sent; /* while running */
	struct timer pace;
	int64_t due_ns; /* the next frame */
};

/* How many bytes the client has to say in each step of the handshake. */
static const size_t needs[] = {
	[VERSION] = VNC_VERSION_LEN, [TYPE] = 1, [ANSWER] = VNC_CHALLENGE, [INIT] = 1};

/* 800x600, 32 bits a pixel, named "bench" */
static const unsigned char server_init[] = {0x03, 0x20, 0x02, 0x58, 32, 24, 0, 1, 0, 255, 0, 255, 0,
	255, 16, 8, 0, 0, 0, 0, 0, 0, 0, 5, 'b', 'e', 'n', 'c', 'h'};

void
violation(struct conn *c, struct counters *counters, const char *what)
{
	if (counters->violations++ < 5)
		fprintf(stderr, "load pve: %s\n", what);
	conn_close(c);
}

/* One frame, in TLS records of its own: so does Proxmox. */
static void
frame(struct guest *g, unsigned opcode, const void *data, size_t len)
{
	static unsigned char bytes[WS_HEAD_MAX + WORK_FRAME_MAX];
	size_t n;

	if (g->raw) {
		conn_write(g->conn, data, len);
		return;
	}
	n = ws_head(bytes, opcode, len, NULL);
	memcpy(bytes + n, data, len);
	conn_write(g->conn, bytes, n + len);
}

/* ---- paced ---- */

static size_t
next_size(const struct guest *g)
{
	uint64_t left = g->work.total - g->sent;

	return left < g->work.frame ? (size_t)left : g->work.frame;
}

static void
stamped_frame(struct guest *g)
{
	static unsigned char bytes[WORK_FRAME_MAX];
	size_t n = next_size(g);

	memcpy(bytes, pattern_at(g->sent), n);
	if (n >= STAMP_SIZE)
		stamp_write(bytes, g->sent, now_ns());
	frame(g, WS_BINARY, bytes, n);
	g->sent += n;
}

static void
on_pace(void *arg)
{
	struct guest *g = arg;
	int64_t period = NS_A_SECOND / g->work.rate, late = now_ns() - g->due_ns;

	if (late >= CATCH_UP * period)
		g->due_ns += (late / period - CATCH_UP + 1) * period;
	for (; g->due_ns <= now_ns() && g->sent < g->work.total; g->due_ns += period)
		if (conn_waiting(g->conn) < CONN_ROOM)
			stamped_frame(g);
	if (g->sent < g->work.total)
		loop_set(g->conn->loop, &g->pace, g->due_ns);
	conn_flush(g->conn);
}

/*
 * Guests of one rate are spread over its period, whenever each begins: by the
 * golden ratio, which leaves no two close together however many they are.
 */
static void
start_pace(struct guest *g)
{
	static uint32_t phase;
	int64_t period = NS_A_SECOND / g->work.rate, now = now_ns();

	phase += UINT32_C(2654435769);
	g->due_ns = now - now % period + (int64_t)((uint64_t)period * phase >> 32);
	g->due_ns += g->due_ns <= now ? period : 0;
	loop_set(g->conn->loop, &g->pace, g->due_ns);
}

/* ---- life ---- */

struct guest *
guest_new(struct conn *c, bool raw, const struct work *work, const char *password,
	struct counters *counters)
{
	struct guest *g = allocate(sizeof(*g));

	g->conn = c;
	g->counters = counters;
	g->work = *work;
	g->raw = raw;
	g->ws.strict = g->ws.masked = true;
	g->pace = (struct timer){.fire = on_pace, .arg = g};
	snprintf(g->password, sizeof(g->password), "%s", password);
	if (RAND_bytes(g->challenge, sizeof(g->challenge)) != 1)
		die("no random bytes");
	frame(g, WS_BINARY, VNC_VERSION, VNC_VERSION_LEN);
	return g;
}

void
guest_free(struct guest *g)
{
	if (g)
		loop_unset(g->conn->loop, &g->pace);
	free(g);
}

/* ---- RFB ---- */

static void
show_screen(struct guest *g)
{
	if (g->in[0] != 1) {
		violation(g->conn, g->counters, "ClientInit without the shared flag");
		return;
	}
	g->counters->shown++;
	frame(g, WS_BINARY, server_init, sizeof(server_init));
}

/* The client has said what the step needs. */
static void
advance(struct guest *g)
{
	static const unsigned char types[] = {1, VNC_AUTH}, success[4] = {0};
	unsigned char right[VNC_CHALLENGE];

	switch (g->step) {
	case VERSION:
		if (memcmp(g->in, VNC_VERSION, VNC_VERSION_LEN) != 0)
			violation(g->conn, g->counters, "not RFB 3.8");
		frame(g, WS_BINARY, types, sizeof(types));
		break;
	case TYPE:
		if (g->in[0] != VNC_AUTH)
			violation(g->conn, g->counters, "another security type than offered");
		frame(g, WS_BINARY, g->challenge, sizeof(g->challenge));
		break;
	case ANSWER:
		vnc_answer(g->password, g->challenge, right);
		if (memcmp(g->in, right, sizeof(right)) != 0)
			violation(g->conn, g->counters, "wrong VNC password");
		frame(g, WS_BINARY, success, sizeof(success));
		break;
	case INIT:
		show_screen(g);
		break;
	default:
		break;
	}
	g->in_len = 0;
	g->step++;
}

static void
run(struct guest *g, const unsigned char *data, size_t len)
{
	switch (g->work.what) {
	case WORK_SINK:
		if (!pattern_is(g->received, data, len)) {
			violation(g->conn, g->counters, "bytes lost or changed on their way to the guest");
			return;
		}
		if (g->received < g->work.total && g->received + len >= g->work.total)
			frame(g, WS_BINARY, vnc_request, sizeof(vnc_request)); /* all here */
		break;
	case WORK_ECHO:
		frame(g, WS_BINARY, data, len);
		break;
	case WORK_PACED:
		if (g->received < VNC_REQUEST && g->received + len >= VNC_REQUEST)
			start_pace(g);
		break;
	default:
		break;
	}
	g->received += len;
}

static void
payload(struct guest *g, const unsigned char *data, size_t len)
{
	size_t n;

	while (g->step < RUNNING && len > 0 && !g->conn->doomed) {
		n = needs[g->step] - g->in_len;
		n = n < len ? n : len;
		memcpy(g->in + g->in_len, data, n);
		g->in_len += n;
		data += n;
		len -= n;
		if (g->in_len == needs[g->step])
			advance(g);
	}
	if (len > 0 && !g->conn->doomed)
		run(g, data, len);
}

void
guest_bytes(struct guest *g, unsigned char *data, size_t len)
{
	struct ws_event event;
	size_t used;

	if (g->raw) {
		payload(g, data, len);
		return;
	}
	do {
		if (g->step == CLOSING)
			return;
		ws_next(&g->ws, data, len, &used, &event);
		data += used;
		len -= used;
		if (event.kind == WS_DATA) {
			payload(g, event.data, event.len);
		} else if (event.kind == WS_PING) {
			frame(g, WS_PONG_OP, event.data, event.len);
		} else if (event.kind == WS_CLOSE) {
			/* Proxmox sends no Close frame. */
			g->step = CLOSING;
			loop_unset(g->conn->loop, &g->pace);
			conn_finish(g->conn);
		} else if (event.kind == WS_BROKEN) {
			violation(g->conn, g->counters, "a frame that Proxmox would die of");
		}
	} while (event.kind != WS_MORE && !g->conn->doomed);
}

void
guest_room(struct guest *g)
{
	size_t n;

	/* The viewer asks for the screen first, so that all begin when the clock is started. */
	if (g->work.what != WORK_STREAM || g->step != RUNNING || g->received < VNC_REQUEST)
		return;
	while (g->sent < g->work.total && conn_waiting(g->conn) < CONN_ROOM) {
		n = next_size(g);
		frame(g, WS_BINARY, pattern_at(g->sent), n);
		g->sent += n;
	}
}
