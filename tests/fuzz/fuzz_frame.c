/* SPDX-License-Identifier: MIT */
/*
 * Whatever a server sends, cut wherever the network likes: frame_next() gives the same
 * events and the same verdict, hands out nothing that it did not get, and takes what it says.
 * And every frame that is built opens again.
 */
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

/* ---- the same rules, read another way: all of the input at hand ---- */

/* The head of the frame at data; false when it is not there as a whole. *legal: two bytes told. */
static bool
plain_head(const uint8_t *data, size_t size, bool *inside, size_t *head, uint64_t *len, bool *legal)
{
	unsigned opcode, form;

	*legal = true;
	if (size < 2)
		return false;
	opcode = data[0] & 15;
	form = data[1] & 127;
	if ((data[0] & 0x70) || (data[1] & 0x80) || (opcode > 2 && opcode < 8) || opcode > 10 ||
		(opcode >= 8 && (!(data[0] & 0x80) || form > 125)) ||
		(opcode < 8 && (opcode == 0) != *inside)) {
		*legal = false;
		return false;
	}
	*head = form == 127 ? 10 : form == 126 ? 4 : 2;
	if (size < *head)
		return false;
	*len = form;
	if (form >= 126)
		for (size_t i = 2, n = *len = 0; i < *head; i++, n++)
			*len = *len << 8 | data[i];
	*legal = !(*len >> 63) && (form < 126 || *len > (form == 126 ? 125 : 65535));
	if (opcode < 8)
		*inside = !(data[0] & 0x80);
	return *legal;
}

static void
read_plainly(const uint8_t *data, size_t size, struct events *e)
{
	static const enum frame_kind kinds[] = {FRAME_IS_CLOSE, FRAME_IS_PING, FRAME_IS_PONG};
	struct frame_event event;
	bool inside = false, legal;
	uint64_t len;
	size_t head;

	e->len = 0;
	while (plain_head(data, size, &inside, &head, &len, &legal)) {
		event.kind = (data[0] & 15) < 8 ? FRAME_IS_DATA : kinds[(data[0] & 15) - 8];
		data += head;
		size -= head;
		event.data = data;
		event.len = len < size ? (size_t)len : size;
		/* Data is passed on as it comes, what controls only when it is whole. */
		if (event.len > 0 ? event.kind == FRAME_IS_DATA || event.len == len
						  : event.kind != FRAME_IS_DATA && len == 0)
			note(e, &event);
		data += event.len;
		size -= event.len;
	}
	e->result = legal ? 0 : ERR_PROTOCOL;
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
	check_stream(data, size, read_plainly);
	build_and_open(data, size);
	return 0;
}
