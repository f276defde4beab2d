/* SPDX-License-Identifier: MIT */
#include "session/upgrade.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/torture.h"

/* The example of RFC 6455, section 1.3 */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE   "Upgrade: websocket\r\n"
#define CONNECT   "Connection: upgrade\r\n"
#define ACCEPTED  "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define GOOD      SWITCHING UPGRADE CONNECT ACCEPTED "\r\n"

/* Read an answer in memory of exactly its size. */
static int
read_answer(const char *text, size_t len, size_t *used, struct err *err)
{
	char *copy = malloc(len);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = upgrade_response(copy, len, key, used, err);
	free(copy);
	return r;
}

static int
answer(const char *text)
{
	struct err err = {0};
	size_t used = 0;
	int r = read_answer(text, strlen(text), &used, &err);

	assert_int_equal(r < 0 ? r : 0, err.code);
	if (r == UPGRADE_DONE)
		assert_int_equal(used, strlen(text));
	return r;
}

static void
the_standard_s_example_is_answered_as_it_says(void **state)
{
	char accept[29];

	(void)state;
	assert_int_equal(upgrade_accept(key, accept), 0);
	assert_string_equal(accept, ACCEPT);
}

static void
every_key_is_another_of_16_bytes_in_base64(void **state)
{
	char a[UPGRADE_KEY_SIZE], b[UPGRADE_KEY_SIZE];
	int i;

	(void)state;
	assert_int_equal(upgrade_key(a), 0);
	assert_int_equal(upgrade_key(b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 24);
	for (i = 0; i < 22; i++)
		assert_true(isalnum((unsigned char)a[i]) || a[i] == '+' || a[i] == '/');
	assert_string_equal(a + 22, "==");
}

static void
without_randomness_there_is_no_key(void **state)
{
	char out[UPGRADE_KEY_SIZE];

	(void)state;
	torture_refuse("getrandom", 1);
	assert_int_equal(upgrade_key(out), ERR_SYSTEM);
}

/* ---- the request ---- */

static char target[] = "/api2/json/nodes/a/qemu/100/vncwebsocket?port=5900&vncticket=SECRET%3D";
static char cookie[] = "Cookie: PVEAuthCookie=SECRET";

static struct pve_console
console_at(const char *host, uint16_t port)
{
	struct pve_console c = {.way.port = port};

	snprintf(c.way.host, sizeof(c.way.host), "%s", host);
	c.request_target = (struct secret){target, strlen(target)};
	c.auth_header = (struct secret){cookie, strlen(cookie)};
	return c;
}

static void
the_request_is_what_proxmox_wants(void **state)
{
	struct pve_console c = console_at("pve.example", 8006);
	struct buf out = {0};

	(void)state;
	assert_int_equal(upgrade_request(&out, &c, key), 0);
	assert_string_equal(buf_text(&out),
		"GET /api2/json/nodes/a/qemu/100/vncwebsocket?port=5900&vncticket=SECRET%3D HTTP/1.1\r\n"
		"Host: pve.example:8006\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: binary\r\n"
		"Cookie: PVEAuthCookie=SECRET\r\n"
		"\r\n");
	buf_done(&out);
}

static void
an_ipv6_host_is_bracketed(void **state)
{
	struct pve_console c = console_at("2001:db8::1", 443);
	struct buf out = {0};

	(void)state;
	assert_int_equal(upgrade_request(&out, &c, key), 0);
	assert_non_null(strstr(buf_text(&out), "\r\nHost: [2001:db8::1]:443\r\n"));
	buf_done(&out);
}

static void
a_request_beyond_the_buffer_s_limit_is_not_begun(void **state)
{
	struct pve_console c = console_at("pve.example", 8006);
	struct buf out = {.max = 100};

	(void)state;
	assert_int_equal(upgrade_request(&out, &c, key), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

static void
request(void *arg)
{
	struct pve_console c = console_at("pve.example", 8006);
	struct buf out = {0};
	int r = upgrade_request(&out, &c, key);

	(void)arg;
	assert_int_equal(r, torture_struck() ? ERR_MEMORY : 0);
	buf_done(&out);
}

static void
without_memory_the_request_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(request, NULL) >= 2);
}

static void
nothing_secret_is_left_of_a_request(void **state)
{
	(void)state;
	torture_look_for("SECRET");
	request(NULL);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- the answer ---- */

static void
a_right_answer_is_one_in_every_spelling(void **state)
{
	static const char *const good[] = {
		GOOD,
		SWITCHING UPGRADE CONNECT ACCEPTED "Sec-WebSocket-Protocol: binary\r\n\r\n",
		SWITCHING "upgrade: WebSocket\r\nCONNECTION: Upgrade\r\nsec-websocket-accept:" ACCEPT
				  "\r\n\r\n",
		SWITCHING UPGRADE "Connection: keep-alive, Upgrade\r\n" ACCEPTED "\r\n",
		SWITCHING UPGRADE "Connection:\tUpgrade\t,\tkeep-alive\r\n" ACCEPTED "\r\n",
		SWITCHING UPGRADE CONNECT "Sec-WebSocket-Accept: \t " ACCEPT " \t\r\n\r\n",
		SWITCHING "Server: x\r\nPragma:\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 101\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 101 \r\n" UPGRADE CONNECT ACCEPTED "\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (answer(good[i]) != UPGRADE_DONE)
			fail_msg("not taken: %s", good[i]);
}

static void
a_wrong_answer_is_none_to_this_request(void **state)
{
	static const char *const bad[] = {
		SWITCHING "\r\n",
		SWITCHING CONNECT ACCEPTED "\r\n",
		SWITCHING UPGRADE ACCEPTED "\r\n",
		SWITCHING UPGRADE CONNECT "\r\n",
		SWITCHING "Upgrade: h2c\r\n" CONNECT ACCEPTED "\r\n",
		SWITCHING "Upgrade: websockets\r\n" CONNECT ACCEPTED "\r\n",
		SWITCHING UPGRADE "Connection: close\r\n" ACCEPTED "\r\n",
		SWITCHING UPGRADE "Connection: upgraded\r\n" ACCEPTED "\r\n",
		SWITCHING UPGRADE "Connection:\r\n" ACCEPTED "\r\n",
		SWITCHING UPGRADE CONNECT "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
		SWITCHING UPGRADE CONNECT "Sec-WebSocket-Accept: " ACCEPT "x\r\n\r\n",
		SWITCHING UPGRADE CONNECT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\r\n\r\n",
		SWITCHING UPGRADE CONNECT "Sec-WebSocket-Accept:\r\n\r\n",
		SWITCHING UPGRADE CONNECT ACCEPTED "Sec-WebSocket-Protocol: base64\r\n\r\n",
		SWITCHING UPGRADE CONNECT ACCEPTED "Sec-WebSocket-Protocol: foo, binary\r\n\r\n",
		SWITCHING UPGRADE CONNECT ACCEPTED "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
		"\r\n\r\n",
		"\r\n" GOOD,
		"HTTP/1.1 200 OK\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 1011 Switching\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 101Switching\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1  101 Switching\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 10\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1 1x1 Switching\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/2.0 101 Switching\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
		"HTTP/1.1\r\n" UPGRADE CONNECT ACCEPTED "\r\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (answer(bad[i]) != ERR_PROTOCOL)
			fail_msg("taken: %s", bad[i]);
}

static void
another_status_means_what_proxmox_means_by_it(void **state)
{
	static const struct {
		int status, code;
	} rows[] = {{100, ERR_PROTOCOL}, {200, ERR_PROTOCOL}, {301, ERR_PROTOCOL}, {400, ERR_PROTOCOL},
		{401, ERR_REFUSED}, {403, ERR_REFUSED}, {404, ERR_PROTOCOL}, {500, ERR_PROTOCOL},
		{501, ERR_PROTOCOL}, {594, ERR_PROTOCOL}, {595, ERR_UNREACHABLE}, {596, ERR_UNREACHABLE},
		{597, ERR_UNREACHABLE}, {599, ERR_UNREACHABLE}, {600, ERR_PROTOCOL}};
	char text[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(
			text, sizeof(text), "HTTP/1.1 %d reason\r\nContent-Length: 0\r\n\r\n", rows[i].status);
		assert_int_equal(answer(text), rows[i].code);
	}
}

static void
the_log_s_text_quotes_the_status_and_lets_nothing_through(void **state)
{
	struct err err = {0};
	size_t used = 0, i;
	const char *text = "HTTP/1.1 401 permission denied - \x1b[31minvalid PVEVNC ticket, and a very "
					   "long story that nobody wants to read to its end\r\n\r\n";

	(void)state;
	assert_int_equal(read_answer(text, strlen(text), &used, &err), ERR_REFUSED);
	assert_non_null(strstr(err.text, "\"401 permission denied - "));
	assert_null(strstr(err.text, "its end"));
	for (i = 0; err.text[i]; i++)
		assert_true(isprint((unsigned char)err.text[i]));
}

static void
an_answer_may_come_byte_by_byte(void **state)
{
	struct err err = {0};
	size_t used = 4711, len;

	(void)state;
	for (len = 0; len < sizeof(GOOD) - 1; len++) {
		assert_int_equal(read_answer(GOOD, len, &used, &err), UPGRADE_MORE);
		assert_int_equal(used, 4711);
	}
	assert_int_equal(read_answer(GOOD, len, &used, &err), UPGRADE_DONE);
	assert_int_equal(used, len);
	assert_int_equal(err.code, 0);
}

static void
what_follows_the_head_is_not_part_of_it(void **state)
{
	static const char text[] = GOOD "\x82\x03RFB\r\n\r\n";
	size_t used = 0;

	(void)state;
	assert_int_equal(read_answer(text, sizeof(text) - 1, &used, NULL), UPGRADE_DONE);
	assert_int_equal(used, sizeof(GOOD) - 1);
}

static void
what_is_not_http_is_known_at_its_first_wrong_byte(void **state)
{
	static const char *const texts[] = {"R", "\x15\x03", "h", "HTTQ", "HTTP/2", "HTTP/1,"};
	size_t i, used = 0;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i]);

		assert_int_equal(read_answer(texts[i], n, &used, NULL), ERR_PROTOCOL);
		assert_true(n == 1 || *texts[i] != 'H' ||
					read_answer(texts[i], n - 1, &used, NULL) == UPGRADE_MORE);
	}
	assert_int_equal(read_answer("HT\0P", 4, &used, NULL), ERR_PROTOCOL);
}

/* An answer whose head is exactly len bytes. */
static char *
answer_of(size_t len)
{
	static const char begin[] = SWITCHING UPGRADE CONNECT ACCEPTED "X: ";
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, begin, sizeof(begin) - 1);
	memcpy(text + len - 4, "\r\n\r\n", 5);
	return text;
}

static void
a_head_is_read_up_to_its_limit_and_no_further(void **state)
{
	char *text = answer_of(UPGRADE_RESPONSE_MAX);
	char *long_text = answer_of(UPGRADE_RESPONSE_MAX + 1);
	size_t used = 0;

	(void)state;
	assert_int_equal(read_answer(text, UPGRADE_RESPONSE_MAX - 1, &used, NULL), UPGRADE_MORE);
	assert_int_equal(answer(text), UPGRADE_DONE);
	assert_int_equal(read_answer(long_text, UPGRADE_RESPONSE_MAX - 1, &used, NULL), UPGRADE_MORE);
	assert_int_equal(read_answer(long_text, UPGRADE_RESPONSE_MAX, &used, NULL), ERR_PROTOCOL);
	assert_int_equal(answer(long_text), ERR_PROTOCOL);
	free(text);
	free(long_text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standard_s_example_is_answered_as_it_says),
		cmocka_unit_test(every_key_is_another_of_16_bytes_in_base64),
		cmocka_unit_test(without_randomness_there_is_no_key),
		cmocka_unit_test(the_request_is_what_proxmox_wants),
		cmocka_unit_test(an_ipv6_host_is_bracketed),
		cmocka_unit_test(a_request_beyond_the_buffer_s_limit_is_not_begun),
		cmocka_unit_test(without_memory_the_request_fails_cleanly),
		cmocka_unit_test(nothing_secret_is_left_of_a_request),
		cmocka_unit_test(a_right_answer_is_one_in_every_spelling),
		cmocka_unit_test(a_wrong_answer_is_none_to_this_request),
		cmocka_unit_test(another_status_means_what_proxmox_means_by_it),
		cmocka_unit_test(the_log_s_text_quotes_the_status_and_lets_nothing_through),
		cmocka_unit_test(an_answer_may_come_byte_by_byte),
		cmocka_unit_test(what_follows_the_head_is_not_part_of_it),
		cmocka_unit_test(what_is_not_http_is_known_at_its_first_wrong_byte),
		cmocka_unit_test(a_head_is_read_up_to_its_limit_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
