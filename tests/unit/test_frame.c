/* SPDX-License-Identifier: MIT */
/* What a server sends. */
#include "session/frame.h"

enum { MASKED = 0 };

#include "tests/unit/frame_scene.h"

static int
next(struct frame_parser *p, unsigned char *in, size_t len, size_t *used, struct frame_event *event,
	struct err *err)
{
	return frame_next(p, in, len, used, event, err);
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

static void
a_frame_of_every_length_class_is_read(void **state)
{
	static const size_t sizes[] = {1, 125, 126, 127, 65535, 65536, 131072};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_length_is_read(sizes[i], shortest_width(sizes[i]));
		assert_int_equal(whole.len, sizes[i]);
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
	add_text(FRAME_BINARY, "ab");
	add_text(FIN | FRAME_PING, "1");
	add_text(FIN | FRAME_PONG, "2");
	add_text(FRAME_CONTINUATION, "cd");
	add_text(FIN | FRAME_PING, "");
	add_text(FIN | FRAME_CONTINUATION, "ef");
	add_text(FIN | FRAME_BINARY, "gh");
	assert_string_equal(read_whole(), "ab<p1><o2>cd<p>efgh");
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
	(void)state;
	make_stream();
	read_whole();
	read_in_pieces();
}

static void
a_long_length_may_be_cut_at_any_byte(void **state)
{
	static unsigned char payload[65536];
	size_t cut;

	(void)state;
	stream.len = 0;
	memset(payload, 'x', sizeof(payload));
	add_frame(FIN | FRAME_BINARY, payload, sizeof(payload));
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

static void
what_the_standard_forbids_is_refused_at_the_last_byte_that_tells(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		assert_forbidden(forbidden[i].what, forbidden[i].head, forbidden[i].len);
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
	stream.len = 0;
	add(&stream, in, 13);
	assert_string_equal(read_whole(), "xyz");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
