/* SPDX-License-Identifier: MIT */
/* The side towards Proxmox; the other one, and both together, are in test_rfb.c. */
#include "session/rfb.h"

#include <string.h>

#include "tests/unit/rfb_feed.h"

static void
the_client_waits_for_the_server_s_version(void **state)
{
	struct rfb r;

	(void)state;
	client_for_test(&r, "password");
	assert_int_equal(r.out_len, 0);
	assert_int_equal(client_hears(&r, "R", 1), RFB_MORE);
	assert_int_equal(r.out_len, 0);
	assert_int_equal(client_hears(&r, "FB 003.008\n", 11), RFB_MORE);
	assert_says(&r, "RFB 003.008\n", 12);
}

static void
the_client_says_each_answer_when_its_question_is_complete(void **state)
{
	struct rfb r;

	(void)state;
	client_for_test(&r, "password");
	assert_int_equal(client_hears(&r, server_says, 12), RFB_MORE);
	assert_says(&r, "RFB 003.008\n", 12);
	assert_int_equal(client_hears(&r, server_says + 12, 1), RFB_MORE);
	assert_says(&r, "", 0);
	assert_int_equal(client_hears(&r, server_says + 13, 1), RFB_MORE);
	assert_says(&r, "\x02", 1);
	assert_int_equal(client_hears(&r, server_says + 14, 15), RFB_MORE);
	assert_says(&r, "", 0);
	assert_int_equal(client_hears(&r, server_says + 29, 1), RFB_MORE);
	assert_says(&r, zero_response, 16);
	assert_int_equal(client_hears(&r, server_says + 30, 3), RFB_MORE);
	assert_says(&r, "", 0);
	assert_int_equal(client_hears(&r, server_says + 33, 1), RFB_DONE);
	assert_says(&r, "\x01", 1);
}

static void
the_client_always_asks_for_a_shared_screen_and_leaves_what_follows(void **state)
{
	unsigned char stream[SERVER_SAYS + 4];
	struct rfb r;
	size_t used = 0;

	(void)state;
	memcpy(stream, server_says, SERVER_SAYS);
	memcpy(stream + SERVER_SAYS, "\x04\x00\x03\x00", 4);
	client_for_test(&r, "password");
	assert_int_equal(rfb_client_feed(&r, stream, sizeof(stream), &used, NULL), RFB_DONE);
	assert_int_equal(used, SERVER_SAYS);
	assert_int_equal(r.out_len, 12 + 1 + 16 + 1);
	assert_int_equal(r.out[29], 1);
}

static void
the_client_answers_the_same_wherever_the_stream_is_cut(void **state)
{
	struct rfb r;
	size_t cut;

	(void)state;
	for (cut = 1; cut < SERVER_SAYS; cut++) {
		client_for_test(&r, "password");
		assert_int_equal(client_hears(&r, server_says, cut), RFB_MORE);
		assert_int_equal(client_hears(&r, server_says + cut, SERVER_SAYS - cut), RFB_DONE);
		assert_int_equal(r.out_len, 30);
		assert_memory_equal(r.out, "RFB 003.008\n\x02", 13);
		assert_memory_equal(r.out + 13, zero_response, 16);
	}
}

static int
client_hears_version(const char *version)
{
	struct rfb r;

	client_for_test(&r, "password");
	assert_int_equal(strlen(version), 12);
	return client_hears(&r, version, 12);
}

static void
the_client_takes_a_server_of_3_8_or_newer_only(void **state)
{
	static const char *const bad[] = {"RFB 003.003\n", "RFB 003.007\n", "RFB 002.009\n",
		"RFB 000.000\n", "rfb 003.008\n", "RFB 003,008\n", "RFB 003.008\r", "RFB  03.008\n",
		"RFB 003.0x8\n", "RFB 0-3.008\n", "HTTP/1.1 200"};
	size_t i;

	(void)state;
	assert_int_equal(client_hears_version("RFB 003.008\n"), RFB_MORE);
	assert_int_equal(client_hears_version("RFB 003.889\n"), RFB_MORE);
	assert_int_equal(client_hears_version("RFB 004.001\n"), RFB_MORE);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(client_hears_version(bad[i]), ERR_PROTOCOL);
}

/* A client that has heard a version and then these bytes. */
static int
client_hears_after_version(struct rfb *r, const void *data, size_t len)
{
	client_for_test(r, "password");
	assert_int_equal(client_hears(r, server_says, 12), RFB_MORE);
	r->out_len = 0;
	return client_hears(r, data, len);
}

static void
the_client_picks_vnc_authentication_wherever_it_is_in_the_list(void **state)
{
	unsigned char list[256];
	struct rfb r;

	(void)state;
	assert_int_equal(client_hears_after_version(&r, "\x03\x10\x02\x13", 4), RFB_MORE);
	assert_says(&r, "\x02", 1);
	memset(list, 0x10, sizeof(list));
	list[0] = list[255] = 255;
	assert_int_equal(client_hears_after_version(&r, list, 256), ERR_PROTOCOL);
	list[255] = 2;
	assert_int_equal(client_hears_after_version(&r, list, 256), RFB_MORE);
	assert_says(&r, "\x02", 1);
}

static void
a_server_without_vnc_authentication_is_no_partner(void **state)
{
	struct rfb r;

	(void)state;
	assert_int_equal(client_hears_after_version(&r, "\x01\x01", 2), ERR_PROTOCOL);
	assert_int_equal(client_hears_after_version(&r, "\x03\x01\x13\x10", 4), ERR_PROTOCOL);
	assert_says(&r, "", 0);
}

static void
a_server_that_offers_nothing_refuses_and_its_reason_is_read_to_the_end(void **state)
{
	struct rfb r;

	(void)state;
	assert_int_equal(client_hears_after_version(&r, "\0\0\0\0\x04too", 8), RFB_MORE);
	assert_int_equal(client_hears(&r, "!", 1), ERR_REFUSED);
	assert_int_equal(client_hears_after_version(&r, "\0\0\0\0\0", 5), ERR_REFUSED);
}

/* A client that has answered the challenge and then hears these bytes. */
static int
client_hears_result(const void *data, size_t len, size_t *used)
{
	struct rfb r;

	client_for_test(&r, "password");
	assert_int_equal(client_hears(&r, server_says, SERVER_SAYS - 4), RFB_MORE);
	return rfb_client_feed(&r, data, len, used, NULL);
}

static void
a_failed_result_is_a_refusal_when_its_reason_has_come(void **state)
{
	static const char qemu[] = "\0\0\0\x01\0\0\0\x16"
							   "Authentication failed"; /* its NUL counts */
	size_t used = 0;

	(void)state;
	assert_int_equal(client_hears_result(qemu, 4, &used), RFB_MORE);
	assert_int_equal(client_hears_result(qemu, 8, &used), RFB_MORE);
	assert_int_equal(client_hears_result(qemu, 29, &used), RFB_MORE);
	assert_int_equal(client_hears_result(qemu, 30, &used), ERR_REFUSED);
	assert_int_equal(used, 30);
	assert_int_equal(client_hears_result("\0\0\0\x02\0\0\0\x01x", 9, &used), ERR_REFUSED);
	assert_int_equal(client_hears_result("\0\0\0\x01\0\0\0\0", 8, &used), ERR_REFUSED);
}

static void
an_endless_reason_is_not_waited_for(void **state)
{
	static unsigned char reason[8 + 65536] = "\0\0\0\x01\0\x01";
	size_t used = 0;

	(void)state;
	assert_int_equal(client_hears_result("\0\0\0\x01\0\x01\0\x01", 8, &used), ERR_PROTOCOL);
	assert_int_equal(client_hears_result("\0\0\0\x01\xff\xff\xff\xff", 8, &used), ERR_PROTOCOL);
	assert_int_equal(client_hears_result(reason, sizeof(reason) - 1, &used), RFB_MORE);
	assert_int_equal(client_hears_result(reason, sizeof(reason), &used), ERR_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_waits_for_the_server_s_version),
		cmocka_unit_test(the_client_says_each_answer_when_its_question_is_complete),
		cmocka_unit_test(the_client_always_asks_for_a_shared_screen_and_leaves_what_follows),
		cmocka_unit_test(the_client_answers_the_same_wherever_the_stream_is_cut),
		cmocka_unit_test(the_client_takes_a_server_of_3_8_or_newer_only),
		cmocka_unit_test(the_client_picks_vnc_authentication_wherever_it_is_in_the_list),
		cmocka_unit_test(a_server_without_vnc_authentication_is_no_partner),
		cmocka_unit_test(a_server_that_offers_nothing_refuses_and_its_reason_is_read_to_the_end),
		cmocka_unit_test(a_failed_result_is_a_refusal_when_its_reason_has_come),
		cmocka_unit_test(an_endless_reason_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
