/* SPDX-License-Identifier: MIT */
#include "session/stream.h"

#include "tests/unit/stream_scene.h"

enum { MANY = 80, FLOOD = 4000 };

/* ---- handshakes ---- */

static void
a_plain_stream_needs_no_handshake(void **state)
{
	(void)state;
	meet(PLAIN, 0, false);
	assert_int_equal(stream_shake(&near), 1);
}

static void
a_handshake_waits_for_what_it_needs_though_its_owner_wants_nothing(enum kind kind)
{
	meet(kind, 0, false);
	shake();
	calls = 0;
	far_say("x");
	glance();
	assert_int_equal(calls, 0);
}

/* Each byte is a call, and no call comes without one. */
static void
a_handshake_survives_the_smallest_steps(enum kind kind)
{
	int r;
	size_t steps;

	meet(kind, 0, false);
	r = stream_shake(&near);
	for (steps = 0; r != 1 || !SSL_is_init_finished(far.ssl); steps++) {
		assert_int_equal(r < 0, 0);
		if (SSL_do_handshake(far.ssl) != 1)
			ERR_clear_error();
		calls = 0;
		if (far_push(1) == 1) {
			turn();
			assert_int_equal(calls, 1);
			assert_int_equal(told, POLLER_IN | POLLER_OUT);
		}
		r = stream_shake(&near);
		far_pull(1);
		assert_true(steps < 20000);
	}
	far_say("hello");
	stream_want(&near, POLLER_IN);
	turn();
	near_reads("hello", 200);
}

/* Certificates of many kilobytes, which the socket does not hold. */
static void
a_handshake_waits_until_the_far_side_has_read(enum kind kind)
{
	enum { CHAIN = 40 };
	struct cert above = cert_make("above.example", NULL, NULL, 30);
	int i, r, waits;

	meet(kind, 0, true);
	for (i = 0; i < CHAIN; i++)
		assert_int_equal(SSL_add1_chain_cert(near.ssl, above.x509), 1);
	assert_true(SSL_do_handshake(far.ssl) < 0);
	far_push(ALL);
	r = stream_shake(&near);
	for (waits = 0; r != 1; waits++) {
		assert_int_equal(r, STREAM_AGAIN);
		assert_int_equal(turns_within(3), 1);
		far_pull(ALL);
		if (SSL_do_handshake(far.ssl) != 1)
			ERR_clear_error();
		far_push(ALL);
		calls = 0;
		glance();
		assert_true(calls <= 1);
		r = stream_shake(&near);
	}
	assert_true(waits > 2);
	cert_free(&above);
}

static void
what_comes_right_behind_the_handshake_is_read_without_an_event(void **state)
{
	(void)state;
	meet(TLS13_SERVER, 0, false);
	assert_true(SSL_do_handshake(far.ssl) < 0);
	far_push(ALL);
	assert_int_equal(stream_shake(&near), STREAM_AGAIN);
	far_pull(ALL);
	assert_int_equal(SSL_do_handshake(far.ssl), 1);
	far_write("hello", 5);
	far_push(ALL);
	glance();
	assert_int_equal(stream_shake(&near), 1);
	near_reads("hello", 200);
}

/* So many messages of TLS itself. */
static void
far_sends_tickets(int count)
{
	int i;

	for (i = 0; i < count; i++) {
		assert_int_equal(SSL_new_session_ticket(far.ssl), 1);
		assert_int_equal(SSL_do_handshake(far.ssl), 1);
	}
}

static void
far_sends_key_updates(int count, int kind)
{
	int i;

	for (i = 0; i < count; i++) {
		assert_int_equal(SSL_key_update(far.ssl, kind), 1);
		assert_int_equal(SSL_do_handshake(far.ssl), 1);
	}
}

/* ---- messages of TLS itself, between the bytes ---- */

static void
data_behind_tickets_in_the_same_segment_is_read_without_another_event(void **state)
{
	static const int counts[] = {1, 2, 30};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		connect_as(TLS13_CLIENT, POLLER_IN);
		far_sends_tickets(counts[i]);
		far_write("hello", 5);
		far_push(ALL);
		turn();
		near_reads("hello", 200);
	}
}

static void
data_behind_many_messages_is_not_lost(enum kind kind)
{
	int i;

	connect_as(kind, POLLER_IN);
	far_sends_key_updates(MANY, SSL_KEY_UPDATE_NOT_REQUESTED);
	far_write("hello", 5);
	far_push(ALL);
	for (i = 0; i < 100 && (near_read()) != 5; i++) {
		calls = 0;
		turn();
		assert_int_equal(calls, 1);
	}
	assert_true(i < 100);
}

static void
messages_of_tls_alone_are_no_data_and_make_no_turns(enum kind kind)
{
	connect_as(kind, POLLER_IN);
	far_sends_key_updates(3, SSL_KEY_UPDATE_REQUESTED);
	far_push(ALL);
	turn();
	assert_int_equal(near_read(), STREAM_AGAIN);
	assert_int_equal(turns_within(3), 1);
	/* Both directions have their new keys. */
	far_hears("");
	near_says("hello");
	far_hears("hello");
	far_say("hello");
	turn();
	near_reads("hello", 200);
}

/* Each costs us more than its sender, and others wait in the same thread. */
static void
who_sends_key_updates_without_an_end_is_cut_off(enum kind kind)
{
	int rounds;
	ssize_t n = STREAM_AGAIN;

	connect_as(kind, POLLER_IN);
	far_sends_key_updates(FLOOD, SSL_KEY_UPDATE_NOT_REQUESTED);
	far_write("hello", 5);
	for (rounds = 0; rounds < FLOOD && n == STREAM_AGAIN; rounds++) {
		far_push(ALL);
		turn();
		n = near_read();
	}
	assert_int_equal(n, STREAM_OVER);
	n = STREAM_AGAIN;
}

/* ---- waiting for the other direction ---- */

static int
fatten_ticket(SSL *ssl, void *arg)
{
	(void)arg;
	return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), block, 1000);
}

/* One that takes several records, of which the first is brought. */
static void
far_sends_half_a_ticket(void)
{
	SSL_CTX_set_session_ticket_cb(server_ctx, fatten_ticket, NULL, NULL);
	SSL_set_max_send_fragment(far.ssl, 512);
	far_sends_tickets(1);
	SSL_CTX_set_session_ticket_cb(server_ctx, NULL, NULL, NULL);
	assert_true(BIO_pending(far.out) > 1000);
	assert_int_equal(far_push(534), 534);
}

/* TLS reads the rest before it writes anything. */
static void
writing_waits_for_the_rest_of_a_message_without_a_turn(void **state)
{
	const struct iovec part = {.iov_base = block, .iov_len = 5};
	int reading;

	(void)state;
	for (reading = 0; reading < 2; reading++) {
		connect_as(TLS13_CLIENT, POLLER_IN | POLLER_OUT);
		far_sends_half_a_ticket();
		turn();
		assert_int_equal(near_read(), STREAM_AGAIN);
		stream_want(&near, POLLER_OUT | (reading ? POLLER_IN : 0));
		assert_int_equal(stream_write(&near, &part, 1), STREAM_AGAIN);
		assert_int_equal(turns_within(3), 1);
		far_push(ALL);
		calls = 0;
		turn();
		assert_int_equal(calls, 1);
		assert_int_equal(told, POLLER_IN | POLLER_OUT);
		assert_int_equal(stream_write(&near, &part, 1), 5);
		assert_int_equal(far_drains(), 5);
	}
}

/* Each message is to be answered, and nobody reads the answers. */
static void
reading_waits_for_room_for_an_answer_without_a_turn(enum kind kind)
{
	ssize_t n = STREAM_AGAIN;
	int i;

	connect_as(kind, POLLER_IN | POLLER_OUT);
	(void)near_floods();
	stream_want(&near, POLLER_IN);
	for (i = 0; !near.blocked && i < FLOOD; i++) {
		far_sends_key_updates(1, SSL_KEY_UPDATE_REQUESTED);
		far_push(ALL);
		turn();
		assert_int_equal(near_read(), STREAM_AGAIN);
		near.chatter = 0; /* over days they may be as many */
	}
	assert_true(near.blocked);
	far_write("hello", 5);
	far_push(ALL);
	assert_int_equal(turns_within(3), 1);
	for (i = 0; i < FLOOD && (n = near_read()) == STREAM_AGAIN; i++) {
		(void)far_drains();
		glance();
	}
	assert_int_equal(n, 5);
}

static void
new_keys_that_are_asked_for_in_the_middle_of_a_record_break_nothing(enum kind kind)
{
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	size_t sent, got;
	int i;
	ssize_t n;

	connect_as(kind, POLLER_IN | POLLER_OUT);
	sent = near_floods();
	far_sends_key_updates(2, SSL_KEY_UPDATE_REQUESTED);
	far_write("hello", 5);
	far_push(ALL);
	turn();
	got = 0;
	for (i = 0; i < 100; i++) {
		n = near_read();
		if (n != STREAM_AGAIN)
			break;
		got += far_drains();
		glance();
	}
	assert_int_equal(n, 5);
	while (sent < BIG || got < sent) {
		n = sent < BIG ? stream_write(&near, &part, 1) : 0;
		assert_true(n >= 0);
		sent += (size_t)n;
		if (sent >= BIG)
			stream_want(&near, 0);
		got += far_drains();
		glance();
	}
	assert_int_equal(got, sent);
}

/* ---- old ways ---- */

static void
a_renegotiation_is_declined_and_harms_nobody(void **state)
{
	(void)state;
	meet(TLS12_SERVER, POLLER_IN, false);
	SSL_set_options(near.ssl, SSL_OP_NO_RENEGOTIATION);
	shake();
	assert_int_equal(SSL_renegotiate(far.ssl), 1);
	assert_true(SSL_do_handshake(far.ssl) < 0);
	far_push(ALL);
	turn();
	(void)!near_read();
	assert_int_equal(turns_within(3), 1);
}

/* As OpenSSL does when something else of this thread fails. */
static void
somebody_else_fails(void)
{
	ERR_raise(ERR_LIB_NONE, ERR_R_INTERNAL_ERROR);
}

static void
what_others_have_left_in_the_errors_ends_nothing(enum kind kind)
{
	size_t cut;

	meet(kind, POLLER_IN, false);
	somebody_else_fails();
	assert_int_equal(stream_shake(&near), STREAM_AGAIN);
	shake();
	/* In the head of a record, right behind it, and in its body. */
	for (cut = 3; cut < 9; cut += 2) {
		far_write("hello", 5);
		assert_int_equal(far_push(cut), cut);
		turn();
		somebody_else_fails();
		assert_int_equal(near_read(), STREAM_AGAIN);
		far_push(ALL);
		turn();
		somebody_else_fails();
		near_reads("hello", 200);
		somebody_else_fails();
		assert_int_equal(near_read(), STREAM_AGAIN);
		somebody_else_fails();
		near_says("hello");
	}
	assert_false(near.refused);
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_plain_stream_needs_no_handshake),
		test_tls(a_handshake_waits_for_what_it_needs_though_its_owner_wants_nothing),
		test_tls(a_handshake_survives_the_smallest_steps),
		test_servers(a_handshake_waits_until_the_far_side_has_read),
		test(what_comes_right_behind_the_handshake_is_read_without_an_event),
		test(data_behind_tickets_in_the_same_segment_is_read_without_another_event),
		test_tls13(data_behind_many_messages_is_not_lost),
		test_tls13(messages_of_tls_alone_are_no_data_and_make_no_turns),
		test_tls13(who_sends_key_updates_without_an_end_is_cut_off),
		test(writing_waits_for_the_rest_of_a_message_without_a_turn),
		test_tls13(reading_waits_for_room_for_an_answer_without_a_turn),
		test_tls13(new_keys_that_are_asked_for_in_the_middle_of_a_record_break_nothing),
		test(a_renegotiation_is_declined_and_harms_nobody),
		test_tls(what_others_have_left_in_the_errors_ends_nothing),
	};

	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
