/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include <fcntl.h>
#include <string.h>

#include "tests/unit/stream_scene.h"

/* ---- reading ---- */

static void
as_much_is_read_as_there_is_and_as_is_asked_for(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	assert_int_equal(near_read(), STREAM_AGAIN);
	far_say("abcdefghij");
	calls = 0;
	turn();
	assert_int_equal(calls, 1);
	assert_int_equal(told, POLLER_IN);
	near_reads("abcd", 4);
	near_reads("efgh", 4);
	near_reads("ij", 4);
	assert_int_equal(near_read(), STREAM_AGAIN);
}

static void
what_is_left_unread_makes_another_call_or_is_held(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("abcdef");
	turn();
	assert_false(kind == PLAIN && stream_holds(&near));
	near_reads("abc", 3);
	calls = 0;
	glance();
	assert_true(calls == 1 || stream_holds(&near));
	near_reads("def", 3);
	assert_false(stream_holds(&near));
}

static void
an_emptied_socket_is_asked_again_after_the_next_event_only(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("abc");
	turn();
	near_reads("abc", 200);
	far_say("def");
	assert_int_equal(near_read(), STREAM_AGAIN);
	turn();
	near_reads("def", 200);
}

static void
a_read_that_brings_all_it_has_asked_for_says_nothing_about_the_socket(void **state)
{
	(void)state;
	connect_as(PLAIN, POLLER_IN);
	far_say("abc");
	turn();
	near_reads("abc", 3);
	far_say("def");
	near_reads("def", 200);
}

static void
an_event_that_only_says_that_one_may_write_leaves_it_empty(void **state)
{
	(void)state;
	connect_as(PLAIN, POLLER_OUT);
	assert_int_equal(near_read(), STREAM_AGAIN);
	far_say("abc");
	turn();
	assert_int_equal(told, POLLER_OUT);
	assert_int_equal(near_read(), STREAM_AGAIN);
	stream_want(&near, POLLER_IN);
	turn();
	near_reads("abc", 200);
}

static void
a_record_that_comes_in_pieces_is_read_when_it_is_whole(enum kind kind)
{
	int bytes;

	connect_as(kind, POLLER_IN);
	far_write("hello", 5);
	for (bytes = 0; BIO_pending(far.out) > 1; bytes++) {
		assert_int_equal(far_push(1), 1);
		turn();
		assert_int_equal(near_read(), STREAM_AGAIN);
	}
	far_push(1);
	turn();
	near_reads("hello", 200);
}

static void
much_is_read_without_losing_a_byte(enum kind kind)
{
	static char bytes[BIG], got[BIG];

	fill(bytes, BIG);
	connect_as(kind, POLLER_IN);
	near_reads_all(bytes, BIG, got, BIG);
}

/* ---- who is called ---- */

static void
nobody_is_called_for_what_is_not_wanted(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	stream_want(&near, 0);
	far_say("abc");
	calls = 0;
	assert_int_equal(turns_within(3), 1);
	assert_int_equal(calls, 0);
	stream_want(&near, POLLER_OUT);
	turn();
	assert_int_equal(told, POLLER_OUT);
	stream_want(&near, POLLER_IN | POLLER_OUT);
	turn();
	assert_int_equal(told, POLLER_IN | POLLER_OUT);
	stream_want(&near, 0);
	far_close();
	calls = 0;
	assert_true(turns_within(3) <= 2);
	assert_int_equal(calls, 0);
}

static void
close_in_call(void *arg, unsigned what)
{
	(void)what;
	calls++;
	stream_close(arg);
}

static void
a_stream_may_be_closed_within_its_own_call(enum kind kind)
{
	int fd;

	connect_as(kind, POLLER_IN | POLLER_OUT);
	near.ready = close_in_call;
	fd = near.fd;
	far_say("abc");
	calls = 0;
	turn();
	glance();
	assert_int_equal(calls, 1);
	assert_null(near.poller);
	assert_true(fcntl(fd, F_GETFD) < 0);
}

/* ---- its end ---- */

static void
the_far_side_s_end_is_over_and_no_refusal(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("last");
	far_close();
	turn();
	near_reads("last", 200);
	turn();
	assert_int_equal(near_read(), STREAM_OVER);
	assert_int_equal(near_read(), STREAM_OVER);
	assert_false(near.refused);
}

static void
an_end_that_tls_announces_is_over_and_no_refusal(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_say("last");
	assert_int_equal(SSL_shutdown(far.ssl), 0);
	far_push(ALL);
	turn();
	near_reads("last", 200);
	assert_int_equal(near_read(), STREAM_OVER);
	assert_int_equal(near_read(), STREAM_OVER);
	assert_false(near.refused);
}

static void
an_end_in_the_middle_of_a_record_is_over_and_no_refusal(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_write("last", 4);
	far_push(9);
	far_close();
	turn();
	if (near_read() == STREAM_AGAIN) {
		turn();
		assert_int_equal(near_read(), STREAM_OVER);
	}
	assert_false(near.refused);
}

static void
an_end_in_the_handshake_is_over_and_no_refusal(enum kind kind)
{
	int r;

	meet(kind, 0, false);
	assert_int_equal(stream_shake(&near), STREAM_AGAIN);
	if (SSL_do_handshake(far.ssl) != 1)
		ERR_clear_error();
	far_push(9);
	far_close();
	r = STREAM_AGAIN;
	while (r == STREAM_AGAIN) {
		turn();
		r = stream_shake(&near);
	}
	assert_int_equal(r, STREAM_OVER);
	assert_false(near.refused);
}

/* A socket that is closed with something unread in it resets the connection. */
static void
a_reset_is_over_as_often_as_one_asks(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	near_says("never read");
	far_close();
	turn();
	assert_int_equal(near_read(), STREAM_OVER);
	assert_int_equal(near_read(), STREAM_OVER);
	assert_false(near.refused);
}

static void
what_is_no_tls_is_refused(enum kind kind)
{
	static const char words[] = "GET / HTTP/1.1\r\nHost: near.example\r\n\r\n";

	meet(kind, 0, false);
	assert_int_equal(stream_shake(&near), STREAM_AGAIN);
	assert_int_equal(send(far.fd, words, strlen(words), 0), strlen(words));
	turn();
	assert_int_equal(stream_shake(&near), STREAM_OVER);
	assert_true(near.refused);
	assert_int_not_equal(ERR_peek_error(), 0);
}

/* Its length stands where no other record has it. */
static void
a_hello_as_ssl_2_had_it_is_answered(enum kind kind)
{
	enum { LEN = 776, SPECS = 735, CHALLENGE = 32 };
	static const unsigned char begin[] = {
		0x80 | LEN >> 8, LEN & 0xff, 1, 3, 3, SPECS >> 8, SPECS & 0xff, 0, 0, 0, CHALLENGE};
	unsigned char hello[2 + LEN] = {0}, byte;
	size_t i;

	memcpy(hello, begin, sizeof(begin));
	for (i = sizeof(begin); i < sizeof(begin) + SPECS; i += 3)
		memcpy(hello + i, "\0\xc0\x2b", 3);
	meet(kind, 0, false);
	assert_int_equal(stream_shake(&near), STREAM_AGAIN);
	assert_int_equal(send(far.fd, hello, sizeof(hello), 0), sizeof(hello));
	turn();
	(void)!stream_shake(&near);
	assert_int_equal(recv(far.fd, &byte, 1, MSG_DONTWAIT), 1);
}

/* A handshake that the near side gives up: why? */
static int
reason_of_refusal(void)
{
	int r;

	while ((r = stream_shake(&near)) == STREAM_AGAIN) {
		far_pull(ALL);
		assert_int_not_equal(SSL_do_handshake(far.ssl), 1);
		far_push(ALL);
		turn();
	}
	assert_int_equal(r, STREAM_OVER);
	assert_true(near.refused);
	return ERR_GET_REASON(ERR_peek_error());
}

static void
a_certificate_that_is_not_accepted_is_refused_and_the_far_side_is_told(enum kind kind)
{
	meet(kind, 0, false);
	SSL_set_verify(near.ssl, SSL_VERIFY_PEER, NULL);
	assert_int_equal(reason_of_refusal(), SSL_R_CERTIFICATE_VERIFY_FAILED);
	far_pull(ALL);
	assert_int_not_equal(SSL_do_handshake(far.ssl), 1);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
}

static void
an_alert_is_a_refusal(enum kind kind)
{
	meet(kind, 0, false);
	SSL_set_verify(far.ssl, SSL_VERIFY_PEER, NULL);
	assert_int_equal(reason_of_refusal(), SSL_R_TLSV1_ALERT_UNKNOWN_CA);
}

static void
a_forged_record_is_a_refusal(enum kind kind)
{
	static const char forged[] = "\x17\x03\x03\x00\x14never a good record.";

	connect_as(kind, POLLER_IN);
	assert_int_equal(send(far.fd, forged, sizeof(forged) - 1, 0), sizeof(forged) - 1);
	turn();
	assert_int_equal(near_read(), STREAM_OVER);
	assert_true(near.refused);
	assert_int_equal(near_read(), STREAM_OVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test_each(as_much_is_read_as_there_is_and_as_is_asked_for),
		test_each(what_is_left_unread_makes_another_call_or_is_held),
		test_each(an_emptied_socket_is_asked_again_after_the_next_event_only),
		test(a_read_that_brings_all_it_has_asked_for_says_nothing_about_the_socket),
		test(an_event_that_only_says_that_one_may_write_leaves_it_empty),
		test_tls(a_record_that_comes_in_pieces_is_read_when_it_is_whole),
		test_tls(much_is_read_without_losing_a_byte),
		test_each(nobody_is_called_for_what_is_not_wanted),
		test_each(a_stream_may_be_closed_within_its_own_call),
		test_each(the_far_side_s_end_is_over_and_no_refusal),
		test_tls(an_end_that_tls_announces_is_over_and_no_refusal),
		test_tls(an_end_in_the_middle_of_a_record_is_over_and_no_refusal),
		test_tls(an_end_in_the_handshake_is_over_and_no_refusal),
		test_each(a_reset_is_over_as_often_as_one_asks),
		test_tls(what_is_no_tls_is_refused),
		test_servers(a_hello_as_ssl_2_had_it_is_answered),
		test_clients(a_certificate_that_is_not_accepted_is_refused_and_the_far_side_is_told),
		test_servers(an_alert_is_a_refusal),
		test_tls(a_forged_record_is_a_refusal),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
