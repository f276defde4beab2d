/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include <string.h>

#include "tests/unit/stream_scene.h"

/* What the far side's socket has as messages of its own; how many. */
static unsigned
far_counts(void)
{
	char bytes[65536];
	unsigned count = 0;
	ssize_t n;

	while ((n = recv(far.fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		assert_int_equal(BIO_write(far.in, bytes, (int)n), n);
		count++;
	}
	return count;
}

static void
the_records_of_one_call_leave_together(void **state)
{
	static char text[] = "abcdef";
	const struct iovec parts[] = {{text, 2}, {text + 2, 3}, {NULL, 0}, {text + 5, 1}};
	int kind;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		meet_by(SOCK_SEQPACKET, (enum kind)kind, 0);
		shake();
		assert_int_equal(far_counts(), 0);
		assert_int_equal(stream_write(&near, parts, 4), 6);
		assert_int_equal(far_counts(), 1);
		far_hears("abcdef");
		near_says("g");
		near_says("h");
		assert_int_equal(far_counts(), 2);
		far_hears("gh");
	}
}

static void
what_the_socket_takes_at_once_is_not_kept(void **state)
{
	const struct iovec parts[] = {{block, sizeof(block)}, {block, sizeof(block)}};
	int kind;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		connect_as((enum kind)kind, 0);
		near_says("hello");
		assert_int_equal(near.out_len, 0);
		assert_int_equal(stream_write(&near, parts, 2), 2 * sizeof(block));
		assert_int_equal(near.out_len, 0);
	}
}

static void
what_it_does_not_take_goes_by_itself(void **state)
{
	size_t sent;
	int kind;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		connect_as((enum kind)kind, POLLER_OUT);
		sent = near_floods();
		assert_true(near.out_len > 0);
		stream_want(&near, 0);
		calls = 0;
		assert_int_equal(far_drains_all(), sent);
		assert_int_equal(calls, 0);
		assert_int_equal(turns_within(3), 1);
		near_says("hello");
		far_hears("hello");
	}
}

static void
nothing_more_is_taken_meanwhile(void **state)
{
	const struct iovec part = {.iov_base = block, .iov_len = 1};
	int kind;

	(void)state;
	for (kind = 0; kind < KINDS; kind++) {
		connect_as((enum kind)kind, POLLER_OUT);
		assert_false(stream_full(&near));
		(void)near_floods();
		assert_true(stream_full(&near));
		(void)far_drains();
		assert_int_equal(stream_write(&near, &part, 1), STREAM_AGAIN);
		calls = 0;
		turn();
		assert_int_equal(calls, 1);
		assert_int_equal(told, POLLER_OUT);
		assert_false(stream_full(&near));
		assert_int_equal(stream_write(&near, &part, 1), 1);
	}
}

static void
it_is_bounded(void **state)
{
	struct iovec parts[64];
	size_t most, sent, i;
	int kind;

	(void)state;
	for (i = 0; i < 64; i++)
		parts[i] = (struct iovec){.iov_base = block, .iov_len = sizeof(block)};
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		connect_as((enum kind)kind, POLLER_OUT);
		sent = (size_t)stream_write(&near, parts, 64);
		assert_true(near.out_len > 0);
		most = near.out_len - near.out_at;
		assert_true(most <= 4 * (sizeof(block) + 100));
		assert_int_equal(far_drains_all(), sent);
	}
}

static void
who_finishes_behind_it_is_heard_to_the_end(void **state)
{
	size_t sent, got;
	int kind;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		connect_as((enum kind)kind, POLLER_OUT);
		sent = near_floods();
		stream_want(&near, POLLER_IN);
		stream_finish(&near);
		for (got = 0; near.out_len > 0; glance()) {
			got += far_drains();
			assert_int_equal(SSL_get_shutdown(far.ssl), 0);
		}
		got += far_drains();
		assert_int_equal(got, sent);
		assert_int_equal(SSL_get_shutdown(far.ssl), SSL_RECEIVED_SHUTDOWN);
		assert_true(far_sees_end());
		far_say("an answer");
		turn();
		near_reads("an answer", 200);
	}
}

static void
who_waits_with_it_is_told_when_the_far_side_has_gone(void **state)
{
	static const unsigned wanted[] = {POLLER_IN, POLLER_OUT, 0};
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	int kind;
	size_t i;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			connect_as((enum kind)kind, POLLER_OUT);
			(void)near_floods();
			stream_want(&near, wanted[i]);
			far_close();
			calls = 0;
			turn();
			assert_int_equal(calls, 1);
			assert_int_equal(told, POLLER_IN | POLLER_OUT);
			assert_int_equal(stream_write(&near, &part, 1), STREAM_OVER);
			assert_int_equal(near_read(), STREAM_OVER);
			assert_false(near.refused);
			assert_int_equal(near.out_len, 0);
			stream_want(&near, 0);
			assert_true(turns_within(3) <= 2);
		}
	}
}

static void
who_is_closed_with_it_leaves_nothing(void **state)
{
	(void)state;
	connect_as(TLS13_SERVER, POLLER_OUT);
	(void)near_floods();
	stream_close(&near);
	assert_int_equal(near.out_len, 0);
	assert_true(far_drains() > 0);
	assert_true(far_sees_end());
}

static void
without_memory_for_it_the_connection_ends(void **state)
{
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	const struct iovec parts[] = {part, part};
	int kind;
	ssize_t n;

	(void)state;
	for (kind = TLS12_SERVER; kind < KINDS; kind++) {
		connect_as((enum kind)kind, POLLER_OUT);
		torture_refuse("malloc", 1);
		assert_int_equal(stream_write(&near, parts, 2), STREAM_OVER);
		assert_true(torture_struck());
		connect_as((enum kind)kind, POLLER_OUT);
		torture_refuse("malloc", 1);
		while ((n = stream_write(&near, &part, 1)) > 0)
			continue;
		assert_int_equal(n, STREAM_OVER);
		assert_int_equal(stream_write(&near, &part, 1), STREAM_OVER);
		torture_refuse(NULL, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_records_of_one_call_leave_together),
		test(what_the_socket_takes_at_once_is_not_kept),
		test(what_it_does_not_take_goes_by_itself),
		test(nothing_more_is_taken_meanwhile),
		test(it_is_bounded),
		test(who_finishes_behind_it_is_heard_to_the_end),
		test(who_waits_with_it_is_told_when_the_far_side_has_gone),
		test(who_is_closed_with_it_leaves_nothing),
		test(without_memory_for_it_the_connection_ends),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
