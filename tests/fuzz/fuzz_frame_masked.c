/* SPDX-License-Identifier: MIT */
/*
 * Whatever a browser sends, cut wherever the network likes: frame_next_masked() gives the same
 * bytes, the same ends of messages and the same verdict, touches nothing but what it got, and
 * agrees with a reader that has all of the input at hand. And every frame to a browser opens again.
 */
#include "tests/fuzz/frame_check.h"

static int
next(struct frame_parser *p, unsigned char *in, size_t len, size_t *used, struct frame_event *event)
{
	int r = frame_next_masked(p, in, len, used, event, NULL);

	if (r == 0 && event->kind == FRAME_IS_DATA) {
		CHECK(event->data + event->len == in + *used);
		CHECK(event->len > 0 || event->last);
		CHECK(!event->last || event->frame_left == 0);
	}
	return r;
}

/*
 * Data with a mark where a message ends, control frames between marks. Where a piece is empty and
 * ends nothing, there is no event.
 */
static void
note(struct events *e, const struct frame_event *event)
{
	const uint8_t end[2] = {'.', event->text};

	if (event->kind != FRAME_IS_DATA)
		add_mark(e, event);
	add(e, event->data, event->len);
	if (event->kind == FRAME_IS_DATA && event->last)
		add(e, end, sizeof(end));
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
	if (size < 2 || size > EVENTS_MAX / 8)
		return 0;
	check_stream(data, size, read_plainly);
	build_and_open(data, size);
	return 0;
}
