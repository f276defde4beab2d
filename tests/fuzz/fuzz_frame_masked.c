/* SPDX-License-Identifier: MIT */
/*
 * Whatever a browser sends, cut wherever the network likes: frame_next_masked() gives the same
 * bytes, the same ends of messages and the same verdict, touches nothing but what it got, and
 * agrees with a reader that has all of the input at hand. And every frame to a browser opens again.
 */
enum { MASKED = 1 };

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
	check_stream(data, size);
	build_and_open(data, size);
	return 0;
}
