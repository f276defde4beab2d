/* SPDX-License-Identifier: MIT */
/*
 * frame_check - what the fuzzers of frames have in common: a stream that is read at once, in
 * pieces and another way must give the same events and the same verdict.
 *
 * The file that includes it says before whether they are MASKED, as a client's are, and has
 * next() and note().
 *
 * Threads: none.
 */
#ifndef TESTS_FUZZ_FRAME_CHECK_H
#define TESTS_FUZZ_FRAME_CHECK_H

#include "session/frame.h"
#include "tests/fuzz/fuzz_check.h"

enum { EVENTS_MAX = 1 << 20 };

/* What was read, as note() writes it down. */
struct events {
	size_t len;
	int result;
	uint8_t data[EVENTS_MAX];
};

/* At once, in pieces, and another way. */
static struct events whole, pieces, plain;

static inline void
add(struct events *e, const void *data, size_t len)
{
	CHECK(e->len + len <= EVENTS_MAX);
	memcpy(e->data + e->len, data, len);
	e->len += len;
}

/* What controls has a mark in front of it. */
static inline void
add_mark(struct events *e, const struct frame_event *event)
{
	const uint8_t mark[3] = {'<', (uint8_t)event->kind, (uint8_t)event->len};

	CHECK(event->len <= FRAME_CONTROL_MAX);
	add(e, mark, sizeof(mark));
}

/* frame_next() or frame_next_masked(), and what holds of each event of data. */
static int next(
	struct frame_parser *p, unsigned char *in, size_t len, size_t *used, struct frame_event *event);

/* Write an event down; where data was cut must not show. */
static void note(struct events *e, const struct frame_event *event);

/* Feed one piece, in memory of exactly its size. */
static inline int
feed(struct frame_parser *p, const uint8_t *data, size_t len, struct events *e)
{
	unsigned char *piece = malloc(len ? len : 1);
	struct frame_event event;
	size_t at = 0, used;
	int r;

	CHECK(piece);
	memcpy(piece, data, len);
	do {
		r = next(p, piece + at, len - at, &used, &event);
		CHECK(r == 0 || r == ERR_PROTOCOL);
		CHECK(used <= len - at);
		if (r < 0)
			break;
		CHECK(used > 0 || event.kind == FRAME_NEED_MORE);
		if (event.kind == FRAME_IS_DATA)
			CHECK(event.data >= piece + at && event.data + event.len <= piece + at + used);
		at += used;
		if (event.kind != FRAME_NEED_MORE)
			note(e, &event);
	} while (event.kind != FRAME_NEED_MORE);
	CHECK(r < 0 || at == len);
	free(piece);
	return r;
}

static inline void
read_stream(const uint8_t *data, size_t size, struct cuts cuts, struct events *e)
{
	static unsigned char good[] = "\x82\x00", good_masked[] = "\x82\x80\0\0\0\0";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t n, used;

	e->len = 0;
	e->result = 0;
	for (; size > 0 && e->result == 0; data += n, size -= n) {
		n = next_cut(&cuts, size);
		e->result = feed(&p, data, n, e);
	}
	if (e->result < 0) {
		CHECK(next(&p, good, 2, &used, &event) < 0);
		CHECK(next(&p, good_masked, 6, &used, &event) < 0);
	}
}

static inline void
check_same(const struct events *a, const struct events *b)
{
	CHECK(a->result == b->result && a->len == b->len);
	CHECK(memcmp(a->data, b->data, a->len) == 0);
}

/* ---- the same rules, read another way: all of the input is at hand ---- */

struct head {
	size_t size; /* with its mask; 0: it is not all there */
	uint64_t len;
	bool fin, legal;
	unsigned opcode;
};

static inline struct head
plain_head(const uint8_t *data, size_t size, bool inside)
{
	struct head h = {.legal = true};
	unsigned form;
	size_t lengths, masks = MASKED ? 4 : 0;

	if (size < 2)
		return h;
	h.opcode = data[0] & 15;
	h.fin = (data[0] & 0x80) != 0;
	form = data[1] & 127;
	h.legal = !(data[0] & 0x70) && (data[1] & 0x80) == (MASKED ? 0x80 : 0) &&
			  !(h.opcode > 2 && h.opcode < 8) && h.opcode <= 10 &&
			  (h.opcode < 8 || (h.fin && form <= 125)) &&
			  (h.opcode >= 8 || (h.opcode == 0) == inside);
	lengths = form == 127 ? 8 : form == 126 ? 2 : 0;
	if (!h.legal || size < 2 + lengths + masks)
		return h;
	h.len = lengths > 0 ? 0 : form;
	for (size_t i = 0; i < lengths; i++)
		h.len = h.len << 8 | data[2 + i];
	/* A client may take a longer form than it needs. */
	h.legal = !(h.len >> 63) && (MASKED || form < 126 || h.len > (form == 126 ? 125 : 65535));
	h.size = h.legal ? 2 + lengths + masks : 0;
	return h;
}

static inline void
read_plainly(const uint8_t *data, size_t size, struct events *e)
{
	static const enum frame_kind kinds[] = {FRAME_IS_CLOSE, FRAME_IS_PING, FRAME_IS_PONG};
	static uint8_t payload[EVENTS_MAX];
	struct frame_event event = {.text = false};
	bool inside = false;
	struct head h;
	size_t i;

	e->len = 0;
	for (;;) {
		h = plain_head(data, size, inside);
		if (h.size == 0)
			break;
		data += h.size;
		size -= h.size;
		event.kind = h.opcode < 8 ? FRAME_IS_DATA : kinds[h.opcode - 8];
		event.data = payload;
		event.len = h.len < size ? (size_t)h.len : size;
		for (i = 0; i < event.len; i++)
			payload[i] = data[i] ^ (MASKED ? data[(ptrdiff_t)(i % 4) - 4] : 0);
		if (h.opcode == 1 || h.opcode == 2)
			event.text = h.opcode == 1;
		if (h.opcode < 8)
			inside = !h.fin;
		event.last = h.opcode < 8 && h.fin && event.len == h.len;
		if (h.opcode < 8 || event.len == h.len)
			note(e, &event);
		data += event.len;
		size -= event.len;
	}
	e->result = h.legal ? 0 : ERR_PROTOCOL;
}

/* data[0] seeds how the rest is cut. */
static inline void
check_stream(const uint8_t *data, size_t size)
{
	int how;

	read_stream(data + 1, size - 1, (struct cuts){CUT_NOWHERE, 0}, &whole);
	read_plainly(data + 1, size - 1, &plain);
	check_same(&plain, &whole);
	for (how = CUT_EVERYWHERE; how <= CUT_SOMEWHERE; how++) {
		read_stream(data + 1, size - 1, (struct cuts){how, data[0]}, &pieces);
		check_same(&pieces, &whole);
	}
}

#endif
