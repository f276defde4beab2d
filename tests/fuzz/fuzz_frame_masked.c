/* SPDX-License-Identifier: MIT */
/*
 * Whatever a browser sends, cut wherever the network likes: frame_next_masked() gives the same
 * bytes, the same ends of messages and the same verdict, touches nothing but what it got, and
 * agrees with a reader that has all of the input at hand. And every frame to a browser opens again.
 */
#include "session/frame.h"
#include "tests/fuzz/fuzz_check.h"

enum { EVENTS_MAX = 1 << 20 };

/* What was read: data with a mark where a message ends, control frames between marks. */
struct events {
	size_t len;
	int result;
	uint8_t data[EVENTS_MAX];
};

static struct events whole, pieces, plain;

static void
add(struct events *e, const void *data, size_t len)
{
	CHECK(e->len + len <= EVENTS_MAX);
	memcpy(e->data + e->len, data, len);
	e->len += len;
}

/* Where a piece is empty and ends nothing, there is no event. */
static void
note(struct events *e, const struct frame_event *event)
{
	const uint8_t mark[3] = {'<', (uint8_t)event->kind, (uint8_t)event->len};
	const uint8_t end[2] = {'.', event->text};

	if (event->kind != FRAME_IS_DATA) {
		CHECK(event->len <= FRAME_CONTROL_MAX);
		add(e, mark, sizeof(mark));
	}
	add(e, event->data, event->len);
	if (event->kind == FRAME_IS_DATA && event->last)
		add(e, end, sizeof(end));
}

/* Feed one piece, in memory of exactly its size. */
static int
feed(struct frame_parser *p, const uint8_t *data, size_t len, struct events *e)
{
	unsigned char *piece = malloc(len ? len : 1);
	struct frame_event event;
	size_t at = 0, used;
	int r;

	CHECK(piece);
	memcpy(piece, data, len);
	do {
		r = frame_next_masked(p, piece + at, len - at, &used, &event, NULL);
		CHECK(r == 0 || r == ERR_PROTOCOL);
		CHECK(used <= len - at);
		if (r < 0)
			break;
		if (event.kind == FRAME_IS_DATA) {
			CHECK(event.data >= piece + at && event.data + event.len == piece + at + used);
			CHECK(event.len > 0 || event.last);
			CHECK(!event.last || event.frame_left == 0);
		}
		at += used;
		if (event.kind != FRAME_NEED_MORE)
			note(e, &event);
	} while (event.kind != FRAME_NEED_MORE);
	CHECK(r < 0 || at == len);
	free(piece);
	return r;
}

static void
read_stream(const uint8_t *data, size_t size, struct cuts cuts, struct events *e)
{
	struct frame_parser p = {0};
	size_t n;

	e->len = 0;
	e->result = 0;
	for (; size > 0 && e->result == 0; data += n, size -= n) {
		n = next_cut(&cuts, size);
		e->result = feed(&p, data, n, e);
	}
}

/* ---- the same rules, read another way ---- */

struct head {
	size_t size; /* with the mask; 0: it is not all there */
	uint64_t len;
	bool fin, legal;
	unsigned opcode;
};

static struct head
plain_head(const uint8_t *data, size_t size, bool inside)
{
	struct head h = {.legal = true};
	unsigned form;
	size_t lengths;

	if (size < 2)
		return h;
	h.opcode = data[0] & 15;
	h.fin = (data[0] & 0x80) != 0;
	form = data[1] & 127;
	h.legal = !(data[0] & 0x70) && (data[1] & 0x80) && !(h.opcode > 2 && h.opcode < 8) &&
			  h.opcode <= 10 && (h.opcode < 8 || (h.fin && form <= 125)) &&
			  (h.opcode >= 8 || (h.opcode == 0) == inside);
	lengths = form == 127 ? 8 : form == 126 ? 2 : 0;
	if (!h.legal || size < 2 + lengths + 4)
		return h;
	h.len = lengths > 0 ? 0 : form;
	for (size_t i = 0; i < lengths; i++)
		h.len = h.len << 8 | data[2 + i];
	h.legal = !(h.len >> 63);
	h.size = h.legal ? 2 + lengths + 4 : 0;
	return h;
}

static void
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
			payload[i] = data[i] ^ data[(ptrdiff_t)(i % 4) - 4];
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

static void
build_and_open(const uint8_t *data, size_t size)
{
	unsigned char *room = malloc(FRAME_PLAIN_HEAD_MAX + size), *payload;
	struct frame_parser p = {0};
	struct frame_event event;
	size_t n, used;

	CHECK(room);
	payload = room + FRAME_PLAIN_HEAD_MAX;
	memcpy(payload, data, size);
	n = frame_build_plain(payload, size, FRAME_BINARY);
	CHECK(n == frame_plain_head(size));
	CHECK(frame_next(&p, payload - n, n + size, &used, &event, NULL) == 0);
	CHECK(event.kind == FRAME_IS_DATA && event.len == size && event.last && !event.text);
	CHECK(memcmp(event.data, data, size) == 0);
	free(room);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int how;

	if (size < 2 || size > EVENTS_MAX / 8)
		return 0;
	read_stream(data + 1, size - 1, (struct cuts){CUT_NOWHERE, 0}, &whole);
	read_plainly(data + 1, size - 1, &plain);
	CHECK(plain.result == whole.result && plain.len == whole.len);
	CHECK(memcmp(plain.data, whole.data, whole.len) == 0);
	for (how = CUT_EVERYWHERE; how <= CUT_SOMEWHERE; how++) {
		read_stream(data + 1, size - 1, (struct cuts){how, data[0]}, &pieces);
		CHECK(pieces.result == whole.result && pieces.len == whole.len);
		CHECK(memcmp(pieces.data, whole.data, whole.len) == 0);
	}
	build_and_open(data, size);
	return 0;
}
