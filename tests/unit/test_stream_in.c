/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include <string.h>

#include "tests/unit/stream_scene.h"

/* All that makes a stream think about the memory that it has for TLS. */
static void
do_something_else(void)
{
	near_says("something else");
	stream_want(&near, 0);
	assert_int_equal(near_read(), STREAM_AGAIN);
	pass_time();
	stream_want(&near, POLLER_IN);
	glance();
}

static void
a_record_that_is_cut_anywhere_survives_what_is_done_meanwhile(enum kind kind)
{
	enum { SHORTEST = 27 }; /* of such a record */
	size_t cut;

	connect_as(kind, POLLER_IN);
	for (cut = 1; cut < SHORTEST; cut++) {
		far_say("before");
		far_write("hello", 5);
		assert_int_equal(far_push(cut), cut);
		turn();
		near_reads("before", 200);
		do_something_else();
		assert_true(far_push(ALL) > 0);
		turn();
		near_reads("hello", 200);
		do_something_else();
	}
}

static void
a_record_that_is_read_in_part_survives_what_is_done_meanwhile(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("abcdef");
	far_say("ghi");
	turn();
	near_reads("abc", 3);
	near_says("something else");
	pass_time();
	stream_want(&near, 0);
	assert_true(stream_holds(&near));
	stream_want(&near, POLLER_IN);
	near_reads("de", 2);
	pass_time();
	near_reads("f", 3);
	pass_time();
	near_reads("ghi", 200);
	do_something_else();
	assert_false(stream_holds(&near));
}

static void
records_of_all_sizes_come_whole(enum kind kind)
{
	static const size_t sizes[] = {1, 100, 2000, 2048, 2049, 5000, 16383, 16384};
	static char bytes[16384], got[16384];
	size_t i;

	fill(bytes, sizeof(bytes));
	connect_as(kind, POLLER_IN);
	for (i = 0; i < 3 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		near_reads_all(bytes, sizes[i * 5 % 8], got, sizeof(got));
		do_something_else();
	}
}

/* As an opening and what follows it. */
static void
get_going(void)
{
	enum { CALLS = 100 };
	int i;

	for (i = 0; i < CALLS; i++) {
		far_say("hello");
		turn();
		near_reads("hello", 200);
	}
}

static void
an_opening_keeps_no_memory(enum kind kind)
{
	const struct iovec parts[] = {{block, sizeof(block)}, {block, sizeof(block)}};

	connect_as(kind, POLLER_IN);
	assert_true(!near.in && !near.out);
	far_say("hello");
	turn();
	near_reads("hello", 200);
	assert_int_equal(near_read(), STREAM_AGAIN);
	assert_int_equal(stream_write(&near, parts, 2), 2 * sizeof(block));
	assert_true(!near.in && !near.out);
	assert_int_equal(near.idle.timer.at_ms, 0);
}

static void
who_waits_for_long_keeps_no_memory_and_who_does_not_keeps_it(enum kind kind)
{
	const struct iovec parts[] = {{block, sizeof(block)}, {block, sizeof(block)}};
	const void *in, *out;

	connect_as(kind, POLLER_IN);
	get_going();
	assert_int_equal(near_read(), STREAM_AGAIN);
	assert_int_equal(stream_write(&near, parts, 2), 2 * sizeof(block));
	in = near.in;
	out = near.out;
	assert_true(in && out);
	far_say("hello");
	turn();
	near_reads("hello", 200);
	assert_int_equal(stream_write(&near, parts, 2), 2 * sizeof(block));
	assert_true(near.in == in && near.out == out);
	pass_time();
	assert_true(!near.in && !near.out);
	/* Nor does it turn any more. */
	assert_int_equal(near.idle.timer.at_ms, 0);
}

/* He has sent much, and then the beginning of a head. */
static void
who_waits_with_a_torn_head_keeps_little(enum kind kind)
{
	enum { TORN = 3, MUCH = 16384, LITTLE = 2048 };
	static char bytes[MUCH], got[MUCH];

	fill(bytes, sizeof(bytes));
	connect_as(kind, POLLER_IN);
	get_going();
	near_reads_all(bytes, sizeof(bytes), got, sizeof(got));
	far_write("hello", 5);
	assert_int_equal(far_push(TORN), TORN);
	turn();
	assert_int_equal(near_read(), STREAM_AGAIN);
	assert_false(stream_holds(&near));
	assert_true(near.in_size > LITTLE);
	pass_time();
	assert_in_range(near.in_size, TORN, LITTLE);
	assert_true(far_push(ALL) > 0);
	turn();
	near_reads("hello", 200);
}

/* It still is what has to be sent. */
static void
who_cannot_send_keeps_it_until_he_can(enum kind kind)
{
	size_t sent;

	connect_as(kind, POLLER_OUT);
	sent = near_floods();
	pass_time();
	assert_non_null(near.out);
	assert_int_equal(far_drains_all(), sent);
	pass_time();
	assert_null(near.out);
}

static void
without_memory_to_receive_into_it_is_over(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("hello");
	turn();
	pass_time();
	torture_refuse("malloc", 1);
	assert_int_equal(near_read(), STREAM_OVER);
	assert_true(torture_struck());
	assert_false(near.refused);
}

/* The last of them needs an answer, and nothing comes behind it. */
static void
an_answer_that_had_no_room_goes_when_there_is_some(enum kind kind)
{
	size_t updates, answered;
	char byte;

	connect_as(kind, POLLER_IN | POLLER_OUT);
	(void)near_floods();
	stream_want(&near, POLLER_IN);
	for (updates = 0; !near.blocked && updates < 5000; updates++) {
		assert_int_equal(SSL_key_update(far.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(far.ssl), 1);
		far_push(ALL);
		turn();
		assert_int_equal(near_read(), STREAM_AGAIN);
		near.chatter = 0; /* over days they may be as many */
	}
	assert_true(near.blocked);
	for (answered = 0; answered < 3; answered++) {
		while (far_drains() > 0)
			glance();
		glance();
		assert_int_equal(near_read(), STREAM_AGAIN);
	}
	assert_false(near.blocked);
	/* Else it would be in front of what is said next. */
	assert_int_equal(recv(far.fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_false(SSL_in_init(near.ssl));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_tls(a_record_that_is_cut_anywhere_survives_what_is_done_meanwhile),
		test_tls(a_record_that_is_read_in_part_survives_what_is_done_meanwhile),
		test_tls(records_of_all_sizes_come_whole),
		test_tls(an_opening_keeps_no_memory),
		test_tls(who_waits_for_long_keeps_no_memory_and_who_does_not_keeps_it),
		test_tls(who_waits_with_a_torn_head_keeps_little),
		test_tls(who_cannot_send_keeps_it_until_he_can),
		test_tls(without_memory_to_receive_into_it_is_over),
		test_tls13(an_answer_that_had_no_room_goes_when_there_is_some),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
