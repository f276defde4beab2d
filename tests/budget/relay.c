/* SPDX-License-Identifier: MIT */
/*
 * Relaying: a MiB from Proxmox and a MiB from the browser, and what people do with a mouse
 * and a keyboard, each event by itself.
 *
 * What comes from a socket is given to the parser a TLS record at a time, and in each turn of
 * the event loop some records are read and as many chunks written. The sockets and TLS are not
 * counted.
 */
#include <limits.h>
#include <string.h>

#include "session/frame.h"
#include "session/pipe.h"
#include "session/rfb_watch.h"
#include "session/term.h"
#include "tests/budget/measure.h"

enum {
	MIB = 1024 * 1024,
	EVENTS = 1000,
	RECORD = 16384,
	TURN = 3, /* records and chunks */
	WIRE_SIZE = 2 * MIB,
	CUT_TEXT = 6,
	POINTER_EVENT = 5,
};

static const unsigned char mask[4] = {0xde, 0xad, 0xbe, 0xef};

/* What the far side has sent, and is read by piece. */
static unsigned char wire[WIRE_SIZE] __attribute__((aligned(64)));
static size_t wire_len, piece_len;
static unsigned char payload[65536];

/* Add a frame as a server sends it, or as a browser does: masked. */
static void
wire_add(size_t len, bool from_browser)
{
	static unsigned char frame[FRAME_PLAIN_HEAD_MAX + sizeof(payload)];
	unsigned char *at = frame + FRAME_PLAIN_HEAD_MAX;
	size_t head;

	MUST(len <= sizeof(payload) && wire_len + FRAME_PLAIN_HEAD_MAX + len <= sizeof(wire));
	memcpy(at, payload, len);
	head = from_browser ? frame_build(at, len, FRAME_BINARY, mask)
						: frame_build_plain(at, len, FRAME_BINARY);
	memcpy(wire + wire_len, at - head, head + len);
	wire_len += head + len;
	piece_len = from_browser ? head + len : RECORD;
}

/* ---- from Proxmox ---- */

static size_t sent;
static struct rfb_watch watch;

static void
fill_from_pve(size_t frame)
{
	wire_len = 0;
	watch = (struct rfb_watch){0};
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (unsigned char)(i * 7 + i / 256);
	for (size_t done = 0; done < MIB; done += frame)
		wire_add(frame, false);
}

static void
fill_256(void)
{
	fill_from_pve(256);
}

static void
fill_1k(void)
{
	fill_from_pve(1024);
}

static void
fill_16k(void)
{
	fill_from_pve(16384);
}

/* So many chunks leave for the browser. */
static void
send_down(struct pipe_queue *q, int chunks, struct rfb_watch *w)
{
	struct chunk *c;

	while (chunks-- > 0 && (c = pipe_take(q))) {
		if (w)
			rfb_watch_server(w, c->data, c->len);
		MUST(frame_build_plain(c->data, c->len, FRAME_BINARY) > 0);
		sent += c->len;
		chunk_free(c);
	}
	(void)pipe_may_resume(q);
}

static void
receive_down(struct rfb_watch *w)
{
	struct frame_parser parser = {0};
	struct pipe_queue q = {0};
	struct frame_event event;
	struct err err;
	size_t at, end, used;
	int records = 0;

	sent = 0;
	for (at = 0; at < wire_len; at = end) {
		end = wire_len - at > piece_len ? at + piece_len : wire_len;
		for (size_t from = at;; from += used) {
			MUST(frame_next(&parser, wire + from, end - from, &used, &event, &err) == 0);
			if (event.kind == FRAME_NEED_MORE)
				break;
			MUST(pipe_put(&q, event.data, event.len) >= 0);
		}
		if (++records % TURN == 0)
			send_down(&q, TURN, w);
	}
	send_down(&q, INT_MAX, w);
	MUST(sent == MIB);
}

static void
vnc_down(void)
{
	receive_down(&watch);
}

static void
term_down(void)
{
	receive_down(NULL);
}

/* ---- from the browser ---- */

/* What waits for Proxmox leaves. */
static void
send_up(struct pipe_queue *q)
{
	struct chunk *c;

	while ((c = pipe_take(q))) {
		MUST(frame_build(c->data, c->len, FRAME_BINARY, mask) > 0);
		sent += c->len;
		chunk_free(c);
	}
	(void)pipe_may_resume(q);
}

/* Frames of a size, each one message of RFB's as long as itself. */
static void
fill_from_browser(size_t frame, size_t frames)
{
	wire_len = 0;
	watch = (struct rfb_watch){0};
	memset(payload, CUT_TEXT, sizeof(payload));
	payload[0] = frame > 8 ? CUT_TEXT : POINTER_EVENT;
	payload[1] = 0;
	if (frame > 8) {
		payload[4] = payload[5] = 0;
		payload[6] = (unsigned char)((frame - 8) >> 8);
		payload[7] = (unsigned char)(frame - 8);
	}
	for (size_t i = 0; i < frames; i++)
		wire_add(frame, true);
}

static void
fill_paste(void)
{
	fill_from_browser(16384, MIB / 16384);
}

static void
fill_pointer(void)
{
	fill_from_browser(6, EVENTS);
}

static void
fill_typing(void)
{
	fill_from_browser(1, EVENTS);
}

/* The next frame, which has come by itself: its payload, without its mask. */
static struct frame_event
receive_up(struct frame_parser *parser, size_t *at)
{
	struct frame_event event;
	struct err err;
	size_t used;

	MUST(frame_next_masked(parser, wire + *at, piece_len, &used, &event, &err) == 0);
	MUST(event.kind == FRAME_IS_DATA && used == piece_len);
	*at += used;
	return event;
}

static void
vnc_up(void)
{
	struct frame_parser parser = {0};
	struct pipe_queue q = {0};
	size_t got = 0;

	sent = 0;
	for (size_t at = 0; at < wire_len;) {
		struct frame_event event = receive_up(&parser, &at);

		rfb_watch_client(&watch, event.data, event.len);
		MUST(pipe_put(&q, event.data, event.len) >= 0);
		got += event.len;
		send_up(&q);
	}
	MUST(sent == got && rfb_watch_between(&watch));
}

static void
term_up(void)
{
	struct frame_parser parser = {0};
	struct pipe_queue q = {0};
	char head[TERM_HEAD_SIZE];
	size_t got = 0, n;

	sent = 0;
	for (size_t at = 0; at < wire_len;) {
		struct frame_event event = receive_up(&parser, &at);

		n = term_input_head(head, event.len);
		MUST(pipe_put_whole(&q, head, n) >= 0);
		MUST(pipe_put(&q, event.data, event.len) >= 0);
		got += n + event.len;
		send_up(&q);
	}
	MUST(sent == got);
}

/* What a page with a terminal says of what it has shown. */
static void
term_acks(void)
{
	static const char line[] = "ack 65536";
	struct term_control c;
	struct err err;

	for (int i = 0; i < EVENTS; i++)
		MUST(term_control_parse(line, sizeof(line) - 1, &c, &err) == 0 && c.bytes == 65536);
}

/* ---- what would be found ---- */

static void
look_at_each_byte(void)
{
	volatile unsigned char sum = 0;

	for (size_t i = 0; i < MIB; i++)
		sum = (unsigned char)(sum ^ wire[i]);
	vnc_down();
}

static void
copy_once_more(void)
{
	static unsigned char copy[RECORD];

	for (size_t at = 0; at < MIB; at += RECORD) {
		memcpy(copy, wire + at, RECORD);
		/* For all the compiler knows somebody reads it. */
		__asm__ volatile("" : : "r"(copy) : "memory");
	}
	vnc_down();
}

const struct measure relay_measures[] = {
	{"relay-down-256", fill_256, vnc_down},
	{"relay-down-1k", fill_1k, vnc_down},
	{"relay-down-16k", fill_16k, vnc_down},
	{"relay-up-16k", fill_paste, vnc_up},
	{"pointer-1000", fill_pointer, vnc_up},
	{"term-down-16k", fill_16k, term_down},
	{"typing-1000", fill_typing, term_up},
	{"acks-1000", NULL, term_acks},
	{.name = NULL},
};

const struct measure wasteful_measures[] = {
	{"relay-down-16k and a look at each byte", fill_16k, look_at_each_byte},
	{"relay-down-16k and a copy", fill_16k, copy_once_more},
	{.name = NULL},
};
