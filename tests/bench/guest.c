/* SPDX-License-Identifier: MIT */
#include "tests/bench/guest.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/vnc.h"
#include "tests/bench/ws.h"

enum step { VERSION, TYPE, ANSWER, INIT, RUNNING, CLOSING };

struct guest {
	struct conn *conn;
	struct counters *counters;
	struct work work;
	struct ws_in ws;
	enum step step;
	char password[9];
	unsigned char challenge[VNC_CHALLENGE];
	unsigned char in[VNC_CHALLENGE]; /* of the handshake */
	size_t in_len;
	uint64_t received, sent; /* while running */
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
	size_t n = ws_head(bytes, opcode, len, NULL);

	memcpy(bytes + n, data, len);
	conn_write(g->conn, bytes, n + len);
}

struct guest *
guest_new(struct conn *c, const struct work *work, const char *password, struct counters *counters)
{
	struct guest *g = allocate(sizeof(*g));

	g->conn = c;
	g->counters = counters;
	g->work = *work;
	g->ws.strict = g->ws.masked = true;
	snprintf(g->password, sizeof(g->password), "%s", password);
	if (RAND_bytes(g->challenge, sizeof(g->challenge)) != 1)
		die("no random bytes");
	frame(g, WS_BINARY, VNC_VERSION, VNC_VERSION_LEN);
	return g;
}

void
guest_free(struct guest *g)
{
	free(g);
}

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
		n = g->work.total - g->sent < g->work.frame ? (size_t)(g->work.total - g->sent)
													: g->work.frame;
		frame(g, WS_BINARY, pattern_at(g->sent), n);
		g->sent += n;
	}
}
