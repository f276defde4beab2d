/* SPDX-License-Identifier: MIT */
#include "session/frame.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/death.h"
#include "tests/unit/torture.h"

enum { FIN = 0x80 };

/* A server's stream, and what was read from one. */
struct bytes {
	size_t len;
	unsigned char data[140000];
};

static void
add(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
add_byte(struct bytes *b, unsigned byte)
{
	unsigned char c = (unsigned char)byte;

	add(b, &c, 1);
}

/* A frame as a server sends it, its length in width bytes (1, 3 or 9 of the head). */
static void
add_frame_of_width(struct bytes *b, unsigned first, const void *payload, size_t len, int width)
{
	int i;

	add_byte(b, first);
	add_byte(b, width == 1 ? (unsigned)len : width == 3 ? 126 : 127);
	for (i = width - 2; i >= 0; i--)
		add_byte(b, (unsigned)((uint64_t)len >> 8 * i) & 0xff);
	add(b, payload, len);
}

static void
add_frame(struct bytes *b, unsigned first, const void *payload, size_t len)
{
	add_frame_of_width(b, first, payload, len, len < 126 ? 1 : len < 65536 ? 3 : 9);
}

static void
add_text_frame(struct bytes *b, unsigned first, const char *text)
{
	add_frame(b, first, text, strlen(text));
}

/* Note an event; pieces of data run together, so that it does not matter where they were cut. */
static void
note(struct bytes *log, const struct frame_event *event)
{
	if (event->kind != FRAME_IS_DATA) {
		add_byte(log, '<');
		add_byte(log, event->kind == FRAME_IS_PING   ? 'p'
					  : event->kind == FRAME_IS_PONG ? 'o'
													 : 'c');
	} else {
		assert_true(event->len > 0);
	}
	add(log, event->data, event->len);
	if (event->kind != FRAME_IS_DATA)
		add_byte(log, '>');
}

/* Feed one piece, in memory of exactly its size; returns what frame_next() said last. */
static int
feed(struct frame_parser *p, const unsigned char *in, size_t len, struct bytes *log)
{
	unsigned char *piece = malloc(len);
	struct frame_event event;
	size_t at = 0, used;
	struct err err = {0};
	int r;

	assert_non_null(piece);
	memcpy(piece, in, len);
	do {
		r = frame_next(p, piece + at, len - at, &used, &event, &err);
		assert_int_equal(r, err.code);
		if (r < 0)
			break;
		at += used;
		if (event.kind != FRAME_NEED_MORE)
			note(log, &event);
	} while (event.kind != FRAME_NEED_MORE);
	assert_true(r < 0 || at == len);
	free(piece);
	return r;
}

static struct bytes stream, whole, pieces;

/* Several frames of every kind. */
static void
make_stream(void)
{
	char long_text[200];

	memset(long_text, 'L', sizeof(long_text));
	stream.len = 0;
	add_text_frame(&stream, FIN | FRAME_BINARY, "one");
	add_text_frame(&stream, FIN | FRAME_PING, "ping");
	add_text_frame(&stream, FIN | FRAME_BINARY, "");
	add_text_frame(&stream, FRAME_TEXT, "two ");
	add_text_frame(&stream, FIN | FRAME_PING, "");
	add_text_frame(&stream, FRAME_CONTINUATION, "");
	add_text_frame(&stream, FRAME_CONTINUATION, "and ");
	add_text_frame(&stream, FIN | FRAME_PONG, "pong");
	add_text_frame(&stream, FIN | FRAME_CONTINUATION, "three");
	add_frame(&stream, FIN | FRAME_BINARY, long_text, sizeof(long_text));
	add_frame(&stream, FIN | FRAME_PONG, long_text, FRAME_CONTROL_MAX);
	add_text_frame(&stream, FIN | FRAME_CLOSE, "\x03\xe8gone");
}

static void
read_whole(void)
{
	struct frame_parser p = {0};

	whole.len = 0;
	assert_int_equal(feed(&p, stream.data, stream.len, &whole), 0);
}

static void
assert_same_events(void)
{
	assert_int_equal(pieces.len, whole.len);
	assert_memory_equal(pieces.data, whole.data, whole.len);
}

static void
a_frame_of_every_length_class_is_read(void **state)
{
	static const size_t sizes[] = {1, 125, 126, 127, 65535, 65536, 131072};
	static unsigned char payload[131072];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(payload); i++)
		payload[i] = (unsigned char)(i * 7 >> 3);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		stream.len = 0;
		add_frame(&stream, FIN | FRAME_BINARY, payload, sizes[i]);
		read_whole();
		assert_int_equal(whole.len, sizes[i]);
		assert_memory_equal(whole.data, payload, sizes[i]);
	}
}

static void
data_is_handed_out_where_it_lies(void **state)
{
	static const unsigned char in[] = "\x82\x05hello\x82\x01!";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used = 0;

	(void)state;
	assert_int_equal(frame_next(&p, in, 9, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_IS_DATA);
	assert_ptr_equal(event.data, in + 2);
	assert_int_equal(event.len, 5);
	assert_int_equal(used, 7);
	assert_int_equal(frame_next(&p, in + 7, 3, &used, &event, NULL), 0);
	assert_ptr_equal(event.data, in + 9);
	assert_int_equal(event.len, 1);
	assert_int_equal(used, 3);
}

static void
a_piece_of_data_is_handed_out_before_the_rest_is_there(void **state)
{
	static const unsigned char in[] = "\x82\x05hello";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used = 0;

	(void)state;
	assert_int_equal(frame_next(&p, in, 4, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_IS_DATA);
	assert_int_equal(event.len, 2);
	assert_int_equal(frame_next(&p, in + 4, 0, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_NEED_MORE);
	assert_int_equal(used, 0);
	assert_int_equal(frame_next(&p, in + 4, 3, &used, &event, NULL), 0);
	assert_memory_equal(event.data, "llo", 3);
	assert_int_equal(event.len, 3);
}

static void
nothing_at_all_is_no_event(void **state)
{
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used = 1;

	(void)state;
	assert_int_equal(frame_next(&p, NULL, 0, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_NEED_MORE);
	assert_int_equal(used, 0);
}

static void
an_empty_data_frame_is_no_event(void **state)
{
	static const unsigned char in[] = "\x82\0\x82\0\x82\x01x\x82";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used = 0;

	(void)state;
	assert_int_equal(frame_next(&p, in, 2, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_NEED_MORE);
	assert_int_equal(used, 2);
	assert_int_equal(frame_next(&p, in + 2, 5, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_IS_DATA);
	assert_int_equal(*event.data, 'x');
	assert_int_equal(used, 5);
}

static void
an_empty_control_frame_is_an_event_even_as_the_last_bytes(void **state)
{
	static const unsigned char kinds[] = {FRAME_PING, FRAME_PONG, FRAME_CLOSE};
	static const enum frame_kind expected[] = {FRAME_IS_PING, FRAME_IS_PONG, FRAME_IS_CLOSE};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		const unsigned char in[2] = {(unsigned char)(FIN | kinds[i]), 0};
		struct frame_parser p = {0};
		struct frame_event event;
		size_t used = 0;

		assert_int_equal(frame_next(&p, in, 2, &used, &event, NULL), 0);
		assert_int_equal(event.kind, expected[i]);
		assert_int_equal(event.len, 0);
		assert_int_equal(used, 2);
		assert_int_equal(frame_next(&p, in, 0, &used, &event, NULL), 0);
		assert_int_equal(event.kind, FRAME_NEED_MORE);
	}
}

static void
control_frames_may_stand_between_fragments(void **state)
{
	(void)state;
	stream.len = 0;
	add_text_frame(&stream, FRAME_BINARY, "ab");
	add_text_frame(&stream, FIN | FRAME_PING, "1");
	add_text_frame(&stream, FIN | FRAME_PONG, "2");
	add_text_frame(&stream, FRAME_CONTINUATION, "cd");
	add_text_frame(&stream, FIN | FRAME_PING, "");
	add_text_frame(&stream, FIN | FRAME_CONTINUATION, "ef");
	add_text_frame(&stream, FIN | FRAME_BINARY, "gh");
	read_whole();
	whole.data[whole.len] = '\0';
	assert_string_equal((char *)whole.data, "ab<p1><o2>cd<p>efgh");
}

static void
a_stream_cut_in_two_at_any_byte_gives_the_same_events(void **state)
{
	size_t cut;

	(void)state;
	make_stream();
	read_whole();
	for (cut = 0; cut <= stream.len; cut++) {
		struct frame_parser p = {0};

		pieces.len = 0;
		assert_int_equal(feed(&p, stream.data, cut, &pieces), 0);
		assert_int_equal(feed(&p, stream.data + cut, stream.len - cut, &pieces), 0);
		assert_same_events();
	}
}

static void
a_stream_in_pieces_of_any_size_gives_the_same_events(void **state)
{
	size_t size, at, n;

	(void)state;
	make_stream();
	read_whole();
	for (size = 1; size <= stream.len; size++) {
		struct frame_parser p = {0};

		pieces.len = 0;
		for (at = 0; at < stream.len; at += n) {
			n = size < stream.len - at ? size : stream.len - at;
			assert_int_equal(feed(&p, stream.data + at, n, &pieces), 0);
		}
		assert_same_events();
	}
}

static void
a_long_length_may_be_cut_at_any_byte(void **state)
{
	static unsigned char payload[65536];
	size_t cut;

	(void)state;
	stream.len = 0;
	memset(payload, 'x', sizeof(payload));
	add_frame(&stream, FIN | FRAME_BINARY, payload, sizeof(payload));
	read_whole();
	for (cut = 0; cut <= 12; cut++) {
		struct frame_parser p = {0};

		pieces.len = 0;
		assert_int_equal(feed(&p, stream.data, cut, &pieces), 0);
		assert_int_equal(feed(&p, stream.data + cut, stream.len - cut, &pieces), 0);
		assert_same_events();
	}
}

/* What RFC 6455, sections 5.1 to 5.5, forbids a server; given as the bytes of a head. */
static const struct {
	const char *what, *head;
	size_t len;
} forbidden[] = {
	{"RSV1", "\xc2\x01", 2},
	{"RSV2", "\xa2\x01", 2},
	{"RSV3", "\x92\x01", 2},
	{"masked", "\x82\x81", 2},
	{"masked and empty", "\x82\x80", 2},
	{"masked control frame", "\x89\x80", 2},
	{"opcode 3", "\x83\x01", 2},
	{"opcode 7", "\x87\x01", 2},
	{"opcode 11", "\x8b\x01", 2},
	{"opcode 15", "\x8f\x01", 2},
	{"ping in pieces", "\x09\x01", 2},
	{"close in pieces", "\x08\x00", 2},
	{"ping of 126 bytes", "\x89\x7e", 2},
	{"close with a length of 64 bits", "\x88\x7f", 2},
	{"continuation of nothing", "\x80\x01", 2},
	{"continuation of an ended message", "\x82\x01x\x80\x01", 5},
	{"new message inside another", "\x02\x01x\x82\x01", 5},
	{"text inside binary", "\x02\x01x\x89\x00\x01\x01", 7},
	{"length with its highest bit", "\x82\x7f\x80\0\0\0\0\x01\0\0", 10},
	{"125 in 16 bits", "\x82\x7e\0\x7d", 4},
	{"0 in 16 bits", "\x82\x7e\0\0", 4},
	{"65535 in 64 bits", "\x82\x7f\0\0\0\0\0\0\xff\xff", 10},
	{"1 in 64 bits", "\x82\x7f\0\0\0\0\0\0\0\x01", 10},
};

static int
read_at_once(const unsigned char *head, size_t len)
{
	struct frame_parser p = {0};

	pieces.len = 0;
	return feed(&p, head, len, &pieces);
}

static int
read_byte_by_byte(const unsigned char *head, size_t len)
{
	struct frame_parser p = {0};
	size_t i;
	int r = 0;

	pieces.len = 0;
	for (i = 0; r == 0 && i < len; i++)
		r = feed(&p, head + i, 1, &pieces);
	assert_int_equal(i, len);
	return r;
}

static void
what_the_standard_forbids_is_refused_at_the_last_byte_that_tells(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		const unsigned char *head = (const unsigned char *)forbidden[i].head;

		if (read_at_once(head, forbidden[i].len) != ERR_PROTOCOL ||
			read_byte_by_byte(head, forbidden[i].len) != ERR_PROTOCOL)
			fail_msg("%s is let through", forbidden[i].what);
		assert_int_equal(read_at_once(head, forbidden[i].len - 1), 0);
	}
}

static void
nothing_is_read_after_a_forbidden_frame(void **state)
{
	static const unsigned char good[] = "\x82\x05hello\x82\x05hello\x82\x05hello";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used;
	int i;

	(void)state;
	assert_int_equal(
		frame_next(&p, (const unsigned char *)"\x83\x01", 2, &used, &event, NULL), ERR_PROTOCOL);
	for (i = 0; i < 21; i++) {
		assert_int_equal(frame_next(&p, good + i, 1, &used, &event, NULL), ERR_PROTOCOL);
		assert_int_equal(event.kind, FRAME_NEED_MORE);
		assert_int_equal(used, 0);
	}
}

static void
the_longest_length_there_can_be_is_only_a_number(void **state)
{
	static const unsigned char in[] = "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffxyz";

	(void)state;
	assert_int_equal(read_at_once(in, 13), 0);
	assert_int_equal(pieces.len, 3);
	assert_memory_equal(pieces.data, "xyz", 3);
}

/* ---- building ---- */

static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static void
a_mask_is_what_the_standard_says(void **state)
{
	/* RFC 6455, section 5.7 */
	unsigned char text[] = "Hello";

	(void)state;
	frame_mask(text, 5, mask);
	assert_memory_equal(text, "\x7f\x9f\x4d\x51\x58", 5);
}

static void
masking_is_the_same_at_every_length_and_alignment(void **state)
{
	unsigned char data[96], expected[96];
	size_t from, len, i;

	(void)state;
	for (from = 0; from < 16; from++) {
		for (len = 0; from + len <= 80; len++) {
			for (i = 0; i < sizeof(data); i++) {
				data[i] = expected[i] = (unsigned char)(i * 11);
				if (i >= from && i < from + len)
					expected[i] ^= mask[(i - from) % 4];
			}
			frame_mask(data + from, len, mask);
			assert_memory_equal(data, expected, sizeof(data));
		}
	}
}

/* Read a client's only frame as a strict server does; returns the payload's length. */
static size_t
open_frame(const unsigned char *frame, size_t size, unsigned opcode, unsigned char *payload)
{
	size_t len = frame[1] & 0x7f, at = 2, i;

	assert_int_equal(frame[0], FIN | opcode);
	assert_true(frame[1] & 0x80);
	assert_int_not_equal(len, 127);
	if (len == 126) {
		len = (size_t)frame[2] << 8 | frame[3];
		assert_true(len >= 126);
		at = 4;
	}
	assert_int_equal(size, at + 4 + len);
	for (i = 0; i < len; i++)
		payload[i] = frame[at + 4 + i] ^ frame[at + i % 4];
	return len;
}

static void
every_frame_built_is_whole_masked_and_short_and_opens_again(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 125, 126, 127, 16384, 65534, 65535};
	static unsigned char room[FRAME_HEAD_MAX + FRAME_PAYLOAD_MAX], opened[FRAME_PAYLOAD_MAX];
	unsigned char *payload = room + FRAME_HEAD_MAX;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (j = 0; j < sizes[i]; j++)
			payload[j] = (unsigned char)(j * 13 + i);
		n = frame_build(payload, sizes[i], FRAME_BINARY, mask);
		assert_true(n <= FRAME_HEAD_MAX);
		assert_int_equal(open_frame(payload - n, n + sizes[i], FRAME_BINARY, opened), sizes[i]);
		for (j = 0; j < sizes[i]; j++)
			assert_int_equal(opened[j], (unsigned char)(j * 13 + i));
	}
}

static void
control_frames_are_built_too(void **state)
{
	static const enum frame_opcode opcodes[] = {FRAME_CLOSE, FRAME_PING, FRAME_PONG};
	unsigned char room[FRAME_HEAD_MAX + FRAME_CONTROL_MAX] = {0}, opened[FRAME_CONTROL_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		memset(room, 'c', sizeof(room));
		n = frame_build(room + FRAME_HEAD_MAX, FRAME_CONTROL_MAX, opcodes[i], mask);
		assert_int_equal(n, 6);
		open_frame(room + FRAME_HEAD_MAX - n, n + FRAME_CONTROL_MAX, opcodes[i], opened);
		assert_int_equal(opened[FRAME_CONTROL_MAX - 1], 'c');
	}
}

static void
building_touches_nothing_outside_the_frame(void **state)
{
	unsigned char room[2 + FRAME_HEAD_MAX + 200];
	size_t len, n, i;

	(void)state;
	for (len = 0; len < 199; len++) {
		memset(room, 0x55, sizeof(room));
		n = frame_build(room + 2 + FRAME_HEAD_MAX, len, FRAME_BINARY, mask);
		for (i = 0; i < 2 + FRAME_HEAD_MAX - n; i++)
			assert_int_equal(room[i], 0x55);
		assert_int_equal(room[2 + FRAME_HEAD_MAX + len], 0x55);
	}
}

static unsigned char too_much[FRAME_HEAD_MAX + FRAME_PAYLOAD_MAX + 1];

static void
build_too_long(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, FRAME_PAYLOAD_MAX + 1, FRAME_BINARY, mask);
}

static void
build_long_ping(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, FRAME_CONTROL_MAX + 1, FRAME_PING, mask);
}

static void
build_fragment(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, 1, FRAME_CONTINUATION, mask);
}

static void
what_would_kill_the_other_side_can_not_be_built(void **state)
{
	(void)state;
	assert_true(aborts(build_too_long));
	assert_true(aborts(build_long_ping));
	assert_true(aborts(build_fragment));
}

static void
payload_may_be_received_past_the_parser(void **state)
{
	static const unsigned char input[] = "\x82\x0a"
										 "0123456789"
										 "\x89\x02"
										 "ab"
										 "\x82\x01"
										 "z";
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used;

	(void)state;
	assert_int_equal(frame_awaits(&p), 0);
	assert_int_equal(frame_next(&p, input, 5, &used, &event, NULL), 0);
	assert_int_equal(event.len, 3);
	assert_int_equal(frame_awaits(&p), 7);
	frame_received(&p, 6);
	assert_int_equal(frame_awaits(&p), 1);
	frame_received(&p, 1);
	assert_int_equal(frame_awaits(&p), 0);
	/* In the middle of a ping nothing is awaited. */
	assert_int_equal(frame_next(&p, input + 12, 3, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_NEED_MORE);
	assert_int_equal(frame_awaits(&p), 0);
	assert_int_equal(frame_next(&p, input + 15, 4, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_IS_PING);
	assert_int_equal(frame_next(&p, input + 16, 3, &used, &event, NULL), 0);
	assert_int_equal(event.kind, FRAME_IS_DATA);
	assert_int_equal(*event.data, 'z');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_of_every_length_class_is_read),
		cmocka_unit_test(data_is_handed_out_where_it_lies),
		cmocka_unit_test(a_piece_of_data_is_handed_out_before_the_rest_is_there),
		cmocka_unit_test(nothing_at_all_is_no_event),
		cmocka_unit_test(an_empty_data_frame_is_no_event),
		cmocka_unit_test(an_empty_control_frame_is_an_event_even_as_the_last_bytes),
		cmocka_unit_test(control_frames_may_stand_between_fragments),
		cmocka_unit_test(a_stream_cut_in_two_at_any_byte_gives_the_same_events),
		cmocka_unit_test(a_stream_in_pieces_of_any_size_gives_the_same_events),
		cmocka_unit_test(a_long_length_may_be_cut_at_any_byte),
		cmocka_unit_test(what_the_standard_forbids_is_refused_at_the_last_byte_that_tells),
		cmocka_unit_test(nothing_is_read_after_a_forbidden_frame),
		cmocka_unit_test(the_longest_length_there_can_be_is_only_a_number),
		cmocka_unit_test(payload_may_be_received_past_the_parser),
		cmocka_unit_test(a_mask_is_what_the_standard_says),
		cmocka_unit_test(masking_is_the_same_at_every_length_and_alignment),
		cmocka_unit_test(every_frame_built_is_whole_masked_and_short_and_opens_again),
		cmocka_unit_test(control_frames_are_built_too),
		cmocka_unit_test(building_touches_nothing_outside_the_frame),
		cmocka_unit_test(what_would_kill_the_other_side_can_not_be_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
