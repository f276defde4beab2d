/* SPDX-License-Identifier: MIT */
/*
 * Whatever a server sends, cut wherever the network likes: frame_next() gives the same
 * events and the same verdict, hands out nothing that it did not get, and takes what it says.
 * And every frame that is built opens again.
 */
#include "session/frame.h"
#include "tests/fuzz/fuzz_check.h"

enum { EVENTS_MAX = 1 << 20 };

/* What was read: pieces of data run together, control frames between marks. */
struct events {
	size_t len;
	int result;
	uint8_t data[EVENTS_MAX];
};

static struct events whole, pieces;

static void
note(struct events *e, const struct frame_event *event)
{
	uint8_t mark[3] = {'<', (uint8_t)event->kind, (uint8_t)event->len};
	size_t n = event->kind == FRAME_IS_DATA ? 0 : sizeof(mark);

	CHECK(event->kind == FRAME_IS_DATA ? event->len > 0 : event->len <= FRAME_CONTROL_MAX);
	CHECK(e->len + n + event->len <= EVENTS_MAX);
	memcpy(e->data + e->len, mark, n);
	memcpy(e->data + e->len + n, event->data, event->len);
	e->len += n + event->len;
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
		r = frame_next(p, piece + at, len - at, &used, &event, NULL);
		CHECK(r == 0 || r == ERR_PROTOCOL);
		CHECK(used <= len - at);
		if (r < 0)
			break;
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

static void
read_stream(const uint8_t *data, size_t size, struct cuts cuts, struct events *e)
{
	struct frame_parser p = {0};
	struct frame_event event;
	size_t n, used;

	e->len = 0;
	e->result = 0;
	for (; size > 0 && e->result == 0; data += n, size -= n) {
		n = next_cut(&cuts, size);
		e->result = feed(&p, data, n, e);
	}
	if (e->result < 0)
		CHECK(frame_next(&p, (const unsigned char *)"\x82\x00", 2, &used, &event, NULL) < 0);
}

static void
build_and_open(const uint8_t *data, size_t size)
{
	static unsigned char room[FRAME_HEAD_MAX + FRAME_PAYLOAD_MAX];
	unsigned char *payload = room + FRAME_HEAD_MAX;
	const unsigned char mask[4] = {0x5a, (unsigned char)size, data[0], data[size - 1]};
	size_t len = size < FRAME_PAYLOAD_MAX ? size : FRAME_PAYLOAD_MAX, n, i;

	memcpy(payload, data, len);
	n = frame_build(payload, len, FRAME_BINARY, mask);
	CHECK(n <= FRAME_HEAD_MAX && payload[-(ptrdiff_t)n] == 0x82);
	CHECK(memcmp(payload - 4, mask, 4) == 0);
	for (i = 0; i < len; i++)
		CHECK((payload[i] ^ mask[i % 4]) == data[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int how;

	if (size < 2 || size > EVENTS_MAX / 4)
		return 0;
	read_stream(data + 1, size - 1, (struct cuts){CUT_NOWHERE, 0}, &whole);
	for (how = CUT_EVERYWHERE; how <= CUT_SOMEWHERE; how++) {
		read_stream(data + 1, size - 1, (struct cuts){how, data[0]}, &pieces);
		CHECK(pieces.result == whole.result && pieces.len == whole.len);
		CHECK(memcmp(pieces.data, whole.data, whole.len) == 0);
	}
	build_and_open(data, size);
	return 0;
}
