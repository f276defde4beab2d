/* SPDX-License-Identifier: MIT */
/* What a browser sends, and what it is sent. */
#include "session/frame.h"

enum { MASKED = 1 };

#include "tests/unit/death.h"
#include "tests/unit/frame_scene.h"

static int
next(struct frame_parser *p, unsigned char *in, size_t len, size_t *used, struct frame_event *event,
	struct err *err)
{
	return frame_next_masked(p, in, len, used, event, err);
}

/* Data as it is, text in brackets, "." where a message ends, "<p...>" for what controls. */
static void
note(struct bytes *log, const struct frame_event *event)
{
	static const char kinds[] = "  poc";

	if (event->kind == FRAME_IS_DATA) {
		if (event->text && log->len > 0 && log->data[log->len - 1] == ']')
			log->len--;
		else if (event->text)
			add_byte(log, '[');
		add(log, event->data, event->len);
		if (event->text)
			add_byte(log, ']');
		if (event->last)
			add_byte(log, '.');
		return;
	}
	add_byte(log, '<');
	add_byte(log, (unsigned char)kinds[event->kind]);
	add(log, event->data, event->len);
	add_byte(log, '>');
}

static void
the_example_of_the_standard_is_read(void **state)
{
	/* RFC 6455, section 5.7 */
	static const unsigned char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

	(void)state;
	stream.len = 0;
	add(&stream, hello, 11);
	assert_string_equal(read_whole(), "[Hello].");
}

static void
lengths_of_every_form_are_read_also_when_they_are_longer_than_need_be(void **state)
{
	static const int widths[] = {1, 3, 9};
	size_t i, sizes[] = {1, 125, 126, 65535, 65536, 66000};

	(void)state;
	for (i = 0; i < 6; i++) {
		assert_length_is_read(sizes[i], shortest_width(sizes[i]));
		assert_int_equal(whole.len, sizes[i] + 1);
	}
	for (i = 0; i < 3; i++) {
		assert_length_is_read(3, widths[i]);
		assert_int_equal(whole.len, 3 + 1);
	}
}

static void
messages_of_all_kinds_are_told_apart(void **state)
{
	(void)state;
	stream.len = 0;
	add_text(FIN | FRAME_BINARY, "one");
	add_text(FRAME_TEXT, "two");
	add_text(FIN | FRAME_PING, "1");
	add_text(FRAME_CONTINUATION, "");
	add_text(FRAME_CONTINUATION, "and");
	add_text(FIN | FRAME_CONTINUATION, "three");
	add_text(FIN | FRAME_PONG, "");
	add_text(FRAME_BINARY, "four");
	add_text(FIN | FRAME_CONTINUATION, "five");
	add_text(FIN | FRAME_CLOSE, "\x03\xe8gone");
	assert_string_equal(read_whole(), "one.[two]<p1>[andthree].<o>fourfive.<c\x03\xe8gone>");
}

static void
a_message_may_end_with_nothing(void **state)
{
	(void)state;
	stream.len = 0;
	add_text(FIN | FRAME_TEXT, "");
	add_text(FRAME_TEXT, "a");
	add_text(FIN | FRAME_CONTINUATION, "");
	add_text(FIN | FRAME_BINARY, "");
	assert_string_equal(read_whole(), "[].[a]..");
}

static void
a_stream_in_pieces_of_any_size_gives_the_same(void **state)
{
	(void)state;
	make_stream();
	read_whole();
	read_in_pieces();
}

static void
data_is_unmasked_where_it_lies_and_says_what_is_to_come(void **state)
{
	struct frame_parser p = {0};
	struct frame_event event;
	size_t used;

	(void)state;
	stream.len = 0;
	add_text(FIN | FRAME_BINARY, "hello, world");
	assert_int_equal(frame_next_masked(&p, stream.data, 6 + 5, &used, &event, NULL), 0);
	assert_int_equal(used, 11);
	assert_ptr_equal(event.data, stream.data + 6);
	assert_int_equal(event.len, 5);
	assert_memory_equal(event.data, "hello", 5);
	assert_int_equal(event.frame_left, 7);
	assert_false(event.last);
	assert_int_equal(frame_next_masked(&p, stream.data + 11, 7, &used, &event, NULL), 0);
	assert_memory_equal(event.data, ", world", 7);
	assert_int_equal(event.frame_left, 0);
	assert_true(event.last);
}

/* What RFC 6455, sections 5.1 to 5.5, forbids a client; given as the bytes of a head. */
static const struct {
	const char *what, *head;
	size_t len;
} forbidden[] = {
	{"not masked", "\x82\x01", 2},
	{"not masked and empty", "\x82\x00", 2},
	{"ping that is not masked", "\x89\x00", 2},
	{"RSV1", "\xc2\x81", 2},
	{"RSV2", "\xa2\x81", 2},
	{"RSV3", "\x92\x81", 2},
	{"opcode 3", "\x83\x81", 2},
	{"opcode 7", "\x87\x81", 2},
	{"opcode 11", "\x8b\x81", 2},
	{"opcode 15", "\x8f\x81", 2},
	{"ping in pieces", "\x09\x81", 2},
	{"close in pieces", "\x08\x80", 2},
	{"ping of 126 bytes", "\x89\xfe", 2},
	{"close with a length of 64 bits", "\x88\xff", 2},
	{"continuation of nothing", "\x80\x81", 2},
	{"continuation of an ended message", "\x82\x81\0\0\0\0x\x80\x81", 9},
	{"new message inside another", "\x02\x81\0\0\0\0x\x82\x81", 9},
	{"text inside binary", "\x02\x81\0\0\0\0x\x89\x80\0\0\0\0\x01\x81", 15},
	{"length with its highest bit", "\x82\xff\x80\0\0\0\0\x01\0\0\0\0\0\0", 14},
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
frames_to_a_client_have_the_shortest_head(void **state)
{
	static const struct {
		size_t len, head;
		const char *bytes;
	} rows[] = {
		{0, 2, "\x82\x00"},
		{1, 2, "\x82\x01"},
		{125, 2, "\x82\x7d"},
		{126, 4, "\x82\x7e\x00\x7e"},
		{65535, 4, "\x82\x7e\xff\xff"},
		{65536, 10, "\x82\x7f\0\0\0\0\0\x01\0\0"},
	};
	static unsigned char room[FRAME_PLAIN_HEAD_MAX + 65536];
	unsigned char *payload = room + FRAME_PLAIN_HEAD_MAX;
	size_t i, n, j;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(room, 'x', sizeof(room));
		n = frame_build_plain(payload, rows[i].len, FRAME_BINARY);
		assert_int_equal(n, rows[i].head);
		assert_int_equal(frame_plain_head(rows[i].len), rows[i].head);
		assert_memory_equal(payload - n, rows[i].bytes, n);
		for (j = 0; j < FRAME_PLAIN_HEAD_MAX - n; j++)
			assert_int_equal(room[j], 'x');
		assert_int_equal(*payload, 'x');
	}
}

static void
frames_to_a_client_open_again(void **state)
{
	unsigned char room[FRAME_PLAIN_HEAD_MAX + 200];
	unsigned char *payload = room + FRAME_PLAIN_HEAD_MAX;
	struct frame_event event;
	size_t len, n, used;

	(void)state;
	for (len = 1; len < 200; len++) {
		struct frame_parser p = {0};

		memset(payload, 'p', len);
		n = frame_build_plain(payload, len, FRAME_TEXT);
		assert_int_equal(frame_next(&p, payload - n, n + len, &used, &event, NULL), 0);
		assert_int_equal(event.kind, FRAME_IS_DATA);
		assert_int_equal(event.len, len);
		assert_true(event.text && event.last);
	}
}

static unsigned char much[FRAME_PLAIN_HEAD_MAX + FRAME_CONTROL_MAX + 1];

static void
build_long_ping(void)
{
	frame_build_plain(much + FRAME_PLAIN_HEAD_MAX, FRAME_CONTROL_MAX + 1, FRAME_PING);
}

static void
build_fragment(void)
{
	frame_build_plain(much + FRAME_PLAIN_HEAD_MAX, 1, FRAME_CONTINUATION);
}

static void
what_no_client_would_take_can_not_be_built(void **state)
{
	(void)state;
	assert_true(aborts(build_long_ping));
	assert_true(aborts(build_fragment));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_standard_is_read),
		cmocka_unit_test(lengths_of_every_form_are_read_also_when_they_are_longer_than_need_be),
		cmocka_unit_test(messages_of_all_kinds_are_told_apart),
		cmocka_unit_test(a_message_may_end_with_nothing),
		cmocka_unit_test(a_stream_in_pieces_of_any_size_gives_the_same),
		cmocka_unit_test(data_is_unmasked_where_it_lies_and_says_what_is_to_come),
		cmocka_unit_test(what_the_standard_forbids_is_refused_at_the_last_byte_that_tells),
		cmocka_unit_test(frames_to_a_client_have_the_shortest_head),
		cmocka_unit_test(frames_to_a_client_open_again),
		cmocka_unit_test(what_no_client_would_take_can_not_be_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
