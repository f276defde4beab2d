/* SPDX-License-Identifier: MIT */
#include "session/rfb.h"

#include <string.h>

#include "tests/unit/rfb_feed.h"

struct verdict {
	int client, server;
};

/* Carry what one side says to the other, step bytes at a time, until it is over for both. */
static struct verdict
talk(const char *client_password, const char *server_password, size_t step)
{
	struct verdict v = {RFB_MORE, RFB_MORE};
	struct rfb client, server;
	unsigned char said[sizeof(client.out)];
	size_t len, at, n;

	client_for_test(&client, client_password);
	server_for_test(&server, server_password);
	while (server.out_len > 0 || client.out_len > 0) {
		len = server.out_len;
		memcpy(said, server.out, len);
		server.out_len = 0;
		for (at = 0; at < len && v.client == RFB_MORE; at += n) {
			n = step < len - at ? step : len - at;
			v.client = client_hears(&client, said + at, n);
		}
		len = client.out_len;
		memcpy(said, client.out, len);
		client.out_len = 0;
		for (at = 0; at < len && v.server == RFB_MORE; at += n) {
			n = step < len - at ? step : len - at;
			v.server = server_hears(&server, said + at, n);
		}
	}
	rfb_done(&client);
	rfb_done(&server);
	return v;
}

static void
assert_agree(const char *client_password, const char *server_password)
{
	struct verdict v = talk(client_password, server_password, 1);

	assert_int_equal(v.client, RFB_DONE);
	assert_int_equal(v.server, RFB_DONE);
}

static void
assert_disagree(const char *client_password, const char *server_password)
{
	struct verdict v = talk(client_password, server_password, 1);

	assert_int_equal(v.client, ERR_REFUSED);
	assert_int_equal(v.server, ERR_REFUSED);
}

static void
the_cipher_gives_the_known_value(void **state)
{
	static const unsigned char challenge[RFB_CHALLENGE_SIZE];
	unsigned char response[RFB_CHALLENGE_SIZE];

	(void)state;
	assert_int_equal(rfb_des((const unsigned char *)"password", challenge, response), 0);
	assert_memory_equal(response, zero_response, sizeof(response));
}

static void
both_sides_understand_each_other_in_pieces_of_any_size(void **state)
{
	struct verdict v;
	size_t step;

	(void)state;
	for (step = 1; step <= 40; step++) {
		v = talk("secret12", "secret12", step);
		assert_int_equal(v.client, RFB_DONE);
		assert_int_equal(v.server, RFB_DONE);
	}
}

static void
a_wrong_password_is_refused_on_both_sides(void **state)
{
	(void)state;
	assert_disagree("secret12", "secret13");
	assert_disagree("Secret12", "secret12");
	assert_disagree("", "secret12");
}

static void
a_password_ends_after_eight_bytes(void **state)
{
	(void)state;
	assert_agree("12345678", "12345678 and more");
	assert_agree("PVEVNC:6something", "PVEVNC:6else");
	assert_disagree("1234567", "12345678");
}

static void
a_short_password_is_filled_up_with_zeroes(void **state)
{
	struct rfb r;

	(void)state;
	assert_agree("short", "short");
	assert_disagree("short", "shorter");
	rfb_client_init(&r, "short\0\0\0", 8);
	assert_memory_equal(r.password, "short\0\0\0", 8);
	rfb_client_init(&r, "longer than eight", 2);
	assert_memory_equal(r.password, "lo\0\0\0\0\0\0", 8);
}

/* ---- towards the browser ---- */

static void
the_server_speaks_first(void **state)
{
	struct rfb r;

	(void)state;
	server_for_test(&r, "password");
	assert_says(&r, "RFB 003.008\n", 12);
	assert_int_equal(server_hears(&r, "R", 1), RFB_MORE);
}

static void
every_challenge_is_another(void **state)
{
	struct rfb a, b;

	(void)state;
	server_for_test(&a, "password");
	server_for_test(&b, "password");
	assert_memory_not_equal(a.challenge, b.challenge, RFB_CHALLENGE_SIZE);
}

static void
without_randomness_there_is_no_server(void **state)
{
	struct err err = {0};
	struct rfb r;

	(void)state;
	torture_refuse("getrandom", 1);
	assert_int_equal(rfb_server_init(&r, "password", 8, &err), ERR_SYSTEM);
	assert_int_equal(err.code, ERR_SYSTEM);
}

/*
 * Bring a server to the end of the response of a client of this version, which
 * knows the password or does not; what it says then is left in out.
 */
static int
authenticate(struct rfb *r, const char *version, const char *password)
{
	unsigned char challenge[RFB_CHALLENGE_SIZE], response[RFB_CHALLENGE_SIZE];
	bool old = strcmp(version, "RFB 003.007\n") < 0;

	server_for_test(r, "password");
	r->out_len = 0;
	assert_int_equal(server_hears(r, version, 12), RFB_MORE);
	if (old) {
		assert_int_equal(r->out_len, 20);
		assert_memory_equal(r->out, "\0\0\0\x02", 4);
		memcpy(challenge, r->out + 4, sizeof(challenge));
	} else {
		assert_says(r, "\x01\x02", 2);
		assert_int_equal(server_hears(r, "\x02", 1), RFB_MORE);
		assert_int_equal(r->out_len, 16);
		memcpy(challenge, r->out, sizeof(challenge));
	}
	r->out_len = 0;
	assert_int_equal(rfb_des((const unsigned char *)password, challenge, response), 0);
	assert_int_equal(server_hears(r, response, 15), RFB_MORE);
	return server_hears(r, response + 15, 1);
}

static void
clients_of_every_version_get_in_with_the_password(void **state)
{
	static const char *const versions[] = {
		"RFB 003.003\n", "RFB 003.005\n", "RFB 003.007\n", "RFB 003.008\n", "RFB 003.889\n"};
	struct rfb r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		assert_int_equal(authenticate(&r, versions[i], "password"), RFB_MORE);
		assert_says(&r, "\0\0\0\0", 4);
		assert_int_equal(server_hears(&r, "\x01", 1), RFB_DONE);
	}
}

static void
a_wrong_password_is_answered_as_the_client_s_version_wants_it(void **state)
{
	struct rfb r;

	(void)state;
	assert_int_equal(authenticate(&r, "RFB 003.003\n", "passw0rd"), ERR_REFUSED);
	assert_says(&r, "\0\0\0\x01", 4);
	assert_int_equal(authenticate(&r, "RFB 003.007\n", "passw0rd"), ERR_REFUSED);
	assert_says(&r, "\0\0\0\x01", 4);
	assert_int_equal(authenticate(&r, "RFB 003.008\n", "passw0rd"), ERR_REFUSED);
	assert_says(&r,
		"\0\0\0\x01\0\0\0\x15"
		"Authentication failed",
		29);
}

static void
a_type_that_was_not_offered_is_refused(void **state)
{
	struct rfb r;
	unsigned char type;
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		type = (unsigned char)i;
		server_for_test(&r, "password");
		assert_int_equal(server_hears(&r, "RFB 003.008\n", 12), RFB_MORE);
		assert_int_equal(server_hears(&r, &type, 1), i == 2 ? RFB_MORE : ERR_PROTOCOL);
	}
}

static void
what_is_not_rfb_3_is_refused(void **state)
{
	static const char *const bad[] = {"RFB 003.002\n", "RFB 002.008\n", "RFB 004.000\n",
		"RFB 003.00\n8", "GET / HTTP/1", "RFB 003.008 "};
	struct rfb r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		server_for_test(&r, "password");
		assert_int_equal(server_hears(&r, bad[i], 12), ERR_PROTOCOL);
	}
}

static void
the_browser_s_client_init_is_dropped_and_what_follows_is_left(void **state)
{
	struct rfb r;
	size_t used = 0;

	(void)state;
	authenticate(&r, "RFB 003.008\n", "password");
	assert_int_equal(
		rfb_server_feed(&r, (const unsigned char *)"\0\x02\0\0", 4, &used, NULL), RFB_DONE);
	assert_int_equal(used, 1);
}

/* ---- both ---- */

static void
after_the_end_nothing_is_taken(void **state)
{
	struct rfb r;
	size_t used = 7;

	(void)state;
	client_for_test(&r, "password");
	assert_int_equal(client_hears(&r, server_says, SERVER_SAYS), RFB_DONE);
	assert_int_equal(rfb_client_feed(&r, (const unsigned char *)"abc", 3, &used, NULL), RFB_DONE);
	assert_int_equal(used, 0);
	authenticate(&r, "RFB 003.008\n", "password");
	assert_int_equal(server_hears(&r, "\x01", 1), RFB_DONE);
	assert_int_equal(rfb_server_feed(&r, (const unsigned char *)"abc", 3, &used, NULL), RFB_DONE);
	assert_int_equal(used, 0);
}

static void
after_a_failure_nothing_is_taken_and_it_stays_one(void **state)
{
	struct rfb r;
	int i;

	(void)state;
	client_for_test(&r, "password");
	assert_int_equal(client_hears(&r, "HTTP/1.1 200 OK", 15), ERR_PROTOCOL);
	for (i = 0; i < 300; i++)
		assert_int_equal(client_hears(&r, "RFB 003.008\n", 12), ERR_PROTOCOL);
	assert_int_equal(authenticate(&r, "RFB 003.008\n", "passw0rd"), ERR_REFUSED);
	r.out_len = 0;
	for (i = 0; i < 300; i++)
		assert_int_equal(server_hears(&r, "\x01", 1), ERR_PROTOCOL);
	assert_says(&r, "", 0);
}

static void
when_done_no_password_is_left(void **state)
{
	struct rfb r;

	(void)state;
	client_for_test(&r, "password");
	assert_non_null(memmem(&r, sizeof(r), "password", 8));
	rfb_done(&r);
	assert_null(memmem(&r, sizeof(r), "password", 8));
	assert_int_equal(client_hears(&r, "RFB 003.008\n", 12), ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cipher_gives_the_known_value),
		cmocka_unit_test(both_sides_understand_each_other_in_pieces_of_any_size),
		cmocka_unit_test(a_wrong_password_is_refused_on_both_sides),
		cmocka_unit_test(a_password_ends_after_eight_bytes),
		cmocka_unit_test(a_short_password_is_filled_up_with_zeroes),
		cmocka_unit_test(the_server_speaks_first),
		cmocka_unit_test(every_challenge_is_another),
		cmocka_unit_test(without_randomness_there_is_no_server),
		cmocka_unit_test(clients_of_every_version_get_in_with_the_password),
		cmocka_unit_test(a_wrong_password_is_answered_as_the_client_s_version_wants_it),
		cmocka_unit_test(a_type_that_was_not_offered_is_refused),
		cmocka_unit_test(what_is_not_rfb_3_is_refused),
		cmocka_unit_test(the_browser_s_client_init_is_dropped_and_what_follows_is_left),
		cmocka_unit_test(after_the_end_nothing_is_taken),
		cmocka_unit_test(after_a_failure_nothing_is_taken_and_it_stays_one),
		cmocka_unit_test(when_done_no_password_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
