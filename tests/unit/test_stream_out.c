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
the_records_of_one_call_leave_together(enum kind kind)
{
	static char text[] = "abcdef";
	const struct iovec parts[] = {{text, 2}, {text + 2, 3}, {NULL, 0}, {text + 5, 1}};

	meet_by(SOCK_SEQPACKET, kind, 0);
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

static void
what_the_socket_takes_at_once_is_not_kept(enum kind kind)
{
	const struct iovec parts[] = {{block, sizeof(block)}, {block, sizeof(block)}};

	connect_as(kind, 0);
	near_says("hello");
	assert_int_equal(near.out_len, 0);
	assert_int_equal(stream_write(&near, parts, 2), 2 * sizeof(block));
	assert_int_equal(near.out_len, 0);
}

static void
what_it_does_not_take_goes_by_itself(enum kind kind)
{
	size_t sent;

	connect_as(kind, POLLER_OUT);
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

static void
nothing_more_is_taken_meanwhile(enum kind kind)
{
	const struct iovec part = {.iov_base = block, .iov_len = 1};

	connect_as(kind, POLLER_OUT);
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

static void
it_is_bounded(enum kind kind)
{
	struct iovec parts[64];
	size_t most, sent, i;

	for (i = 0; i < 64; i++)
		parts[i] = (struct iovec){.iov_base = block, .iov_len = sizeof(block)};
	connect_as(kind, POLLER_OUT);
	sent = (size_t)stream_write(&near, parts, 64);
	assert_true(near.out_len > 0);
	most = near.out_len - near.out_at;
	assert_true(most <= 4 * (sizeof(block) + 100));
	assert_int_equal(far_drains_all(), sent);
}

static void
who_finishes_behind_it_is_heard_to_the_end(enum kind kind)
{
	size_t sent, got;

	connect_as(kind, POLLER_OUT);
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

static void
who_waits_with_it_is_told_when_the_far_side_has_gone(enum kind kind)
{
	static const unsigned wanted[] = {POLLER_IN, POLLER_OUT, 0};
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		connect_as(kind, POLLER_OUT);
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
without_memory_for_it_the_connection_ends(enum kind kind)
{
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	const struct iovec parts[] = {part, part};
	ssize_t n;

	connect_as(kind, POLLER_OUT);
	torture_refuse("malloc", 1);
	assert_int_equal(stream_write(&near, parts, 2), STREAM_OVER);
	assert_true(torture_struck());
	connect_as(kind, POLLER_OUT);
	torture_refuse("malloc", 1);
	while ((n = stream_write(&near, &part, 1)) > 0)
		continue;
	assert_int_equal(n, STREAM_OVER);
	assert_int_equal(stream_write(&near, &part, 1), STREAM_OVER);
	torture_refuse(NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_tls(the_records_of_one_call_leave_together),
		test_tls(what_the_socket_takes_at_once_is_not_kept),
		test_tls(what_it_does_not_take_goes_by_itself),
		test_each(nothing_more_is_taken_meanwhile),
		test_tls(it_is_bounded),
		test_tls(who_finishes_behind_it_is_heard_to_the_end),
		test_tls(who_waits_with_it_is_told_when_the_far_side_has_gone),
		test(who_is_closed_with_it_leaves_nothing),
		test_tls(without_memory_for_it_the_connection_ends),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
