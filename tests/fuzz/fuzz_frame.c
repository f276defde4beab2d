/* SPDX-License-Identifier: MIT */
/*
 * Whatever a server sends, cut wherever the network likes: frame_next() gives the same
 * events and the same verdict, hands out nothing that it did not get, and takes what it says.
 * And every frame that is built opens again.
 */
enum { MASKED = 0 };

#include "tests/fuzz/frame_check.h"

static int
next(struct frame_parser *p, unsigned char *in, size_t len, size_t *used, struct frame_event *event)
{
	int r = frame_next(p, in, len, used, event, NULL);

	CHECK(r < 0 || event->kind != FRAME_IS_DATA || event->len > 0);
	return r;
}

/* Pieces of data run together, control frames between marks. */
static void
note(struct events *e, const struct frame_event *event)
{
	if (event->kind != FRAME_IS_DATA)
		add_mark(e, event);
	add(e, event->data, event->len);
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
	CHECK(n == (len < 126 ? 6 : 8) && payload[-(ptrdiff_t)n] == 0x82);
	CHECK(n == 6 ? payload[-5] == (0x80 | len)
				 : payload[-7] == 0xfe && payload[-6] == len >> 8 && payload[-5] == (len & 255));
	CHECK(memcmp(payload - 4, mask, 4) == 0);
	for (i = 0; i < len; i++)
		CHECK((payload[i] ^ mask[i % 4]) == data[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > EVENTS_MAX / 4)
		return 0;
	check_stream(data, size);
	build_and_open(data, size);
	return 0;
}
