/* SPDX-License-Identifier: MIT */
/* The way to a websocket; the rest of page.h is in test_page.c. */
#include "session/page.h"

#include "tests/unit/page_scene.h"

static struct page_answer answer;

/* What a browser asks for at the right place. */
static struct page_upgrade
upgrade_for_test(void)
{
	come_from(false, "console.example:22000");
	return (struct page_upgrade){.request = {.live = &live,
									 .access = rules,
									 .from = &from,
									 .path = AT "vnc-proxy",
									 .path_len = sizeof(AT "vnc-proxy") - 1,
									 .method = REQUEST_GET},
		.origin = "http://console.example:22000",
		.subprotocols = "binary",
		.version = "13",
		.key = "dGhlIHNhbXBsZSBub25jZQ=="};
}

/* Ask; returns 0 when it may become a websocket, else the status of the answer. */
static int
ask(const struct page_upgrade *request)
{
	char head[PAGE_HEAD_MAX];

	if (page_upgrade(request, &answer))
		return 0;
	assert_true(page_head(head, &answer, rules, from.tls) < PAGE_HEAD_MAX);
	assert_null(answer.body);
	return answer.status;
}

static int
ask_path(const char *path)
{
	struct page_upgrade request = upgrade_for_test();

	request.request.path = path;
	request.request.path_len = strlen(path);
	return ask(&request);
}

static void
a_browser_on_the_page_gets_its_websocket(void **state)
{
	struct page_upgrade request = upgrade_for_test();

	(void)state;
	assert_int_equal(ask(&request), 0);
}

static void
other_paths_are_404_whatever_else_is_wrong(void **state)
{
	static const char *const paths[] = {"", "/", "/vnc-proxy", "/" KEY, AT, AT "vnc.html",
		AT "vnc-proxy/", AT "vnc-proxy2", AT "vnc-prox", AT "/vnc-proxy", AT "x/vnc-proxy",
		"/" KEY "vnc-proxy", "/" OTHER_KEY "/vnc-proxy", KEY "/vnc-proxy", AT "VNC-PROXY"};
	struct page_upgrade request;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		assert_int_equal(ask_path(paths[i]), 404);
		assert_null(answer.allow);
		request = upgrade_for_test();
		request.request.path = paths[i];
		request.request.path_len = strlen(paths[i]);
		request.request.method = REQUEST_OTHER;
		request.origin = "http://evil.example";
		request.version = "8";
		assert_int_equal(ask(&request), 404);
	}
}

static void
a_terminal_s_websocket_is_at_another_path(void **state)
{
	(void)state;
	assert_int_equal(ask_path(AT "term-proxy"), 404);
	show_terminal(true);
	assert_int_equal(ask_path(AT "term-proxy"), 0);
	assert_int_equal(ask_path(AT "vnc-proxy"), 404);
	assert_int_equal(ask_path("/" OTHER_KEY "/term-proxy"), 404);
	show_terminal(false);
}

static void
only_get_opens_a_websocket(void **state)
{
	struct page_upgrade request = upgrade_for_test();

	(void)state;
	request.request.method = REQUEST_OTHER;
	assert_int_equal(ask(&request), 405);
	assert_string_equal(answer.allow, "GET, HEAD");
	request.request.method = REQUEST_HEAD;
	assert_int_equal(ask(&request), 405);
}

static void
the_key_of_the_handshake_is_sixteen_bytes_in_base64(void **state)
{
	static const char *const keys[] = {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
		"dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA",
		"dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="};
	struct page_upgrade request = upgrade_for_test();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		request.key = keys[i];
		assert_int_equal(ask(&request), 400);
	}
	request.key = "AAAAAAAAAAAAAAAA+/AAAA==";
	assert_int_equal(ask(&request), 0);
}

static void
who_is_no_browser_needs_no_origin(void **state)
{
	struct page_upgrade request = upgrade_for_test();

	(void)state;
	request.origin = NULL;
	assert_int_equal(ask(&request), 0);
	come_from(false, "");
	assert_int_equal(ask(&request), 0);
}

static void
a_page_of_another_origin_is_refused(void **state)
{
	struct page_upgrade request = upgrade_for_test();

	(void)state;
	request.origin = "http://evil.example";
	assert_int_equal(ask(&request), 403);
	request.origin = "";
	assert_int_equal(ask(&request), 403);
	request.origin = "null";
	assert_int_equal(ask(&request), 403);
	come_from(true, "console.example:22000");
	request.origin = "http://console.example:22000";
	assert_int_equal(ask(&request), 403);
	request.origin = "https://console.example:22000";
	assert_int_equal(ask(&request), 0);
	come_from(false, "console.example:22000");
	assert_int_equal(ask(&request), 403);
}

static void
another_version_is_told_which_one_is_spoken(void **state)
{
	static const char *const versions[] = {"", "8", "12", "14", "13, 8", "0xd", " 13"};
	struct page_upgrade request = upgrade_for_test();
	char head[PAGE_HEAD_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		request.version = versions[i];
		assert_int_equal(ask(&request), 426);
		(void)page_head(head, &answer, rules, from.tls);
		assert_non_null(strstr(head, "\r\nSec-WebSocket-Version: 13\r\n"));
	}
}

static void
the_subprotocol_is_binary_or_none(void **state)
{
	static const char *const good[] = {
		"binary", "base64, binary", "binary,base64", "a,b\t, binary ,c", ",,binary"};
	static const char *const bad[] = {
		"", "base64", "binary2", "xbinary", "BINARY", "bin ary", "base64;binary", "binary;q=1"};
	struct page_upgrade request = upgrade_for_test();
	size_t i;

	(void)state;
	request.subprotocols = NULL;
	assert_int_equal(ask(&request), 0);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		request.subprotocols = good[i];
		assert_int_equal(ask(&request), 0);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		request.subprotocols = bad[i];
		assert_int_equal(ask(&request), 400);
	}
}

static void
a_request_without_upgrade_is_told_to_upgrade(void **state)
{
	const struct page_request request = {.live = &live,
		.access = rules,
		.from = &from,
		.path = AT "vnc-proxy",
		.path_len = sizeof(AT "vnc-proxy") - 1,
		.method = REQUEST_GET,
		.if_none_match = ""};
	char head[PAGE_HEAD_MAX];
	struct buf made = {0};

	(void)state;
	page_answer(&request, &made, &answer);
	assert_int_equal(answer.status, 426);
	(void)page_head(head, &answer, rules, from.tls);
	assert_non_null(strstr(head, "HTTP/1.1 426 Upgrade Required\r\n"));
	assert_non_null(strstr(
		head, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade\r\n"));
	buf_done(&made);
}

static const struct {
	const char *origin, *host;
	bool tls, ok;
} origins[] = {
	{"http://console.example:22000", "console.example:22000", false, true},
	{"https://console.example:22000", "console.example:22000", true, true},
	{"http://10.0.0.1:22000", "10.0.0.1:22000", false, true},
	{"http://[2001:db8::1]:22000", "[2001:db8::1]:22000", false, true},
	{"HTTP://Console.Example:22000", "console.example:22000", false, true},
	{"http://console.example:22000", "CONSOLE.example:22000", false, true},
	{"http://console.example", "console.example", false, true},
	{"http://console.example:22000", "console.example:22000", true, false},
	{"https://console.example:22000", "console.example:22000", false, false},
	{"http://console.example:22001", "console.example:22000", false, false},
	{"http://console.example", "console.example:22000", false, false},
	{"http://console.example:22000", "console.example", false, false},
	{"http://console.example:220000", "console.example:22000", false, false},
	{"http://console.example:2200", "console.example:22000", false, false},
	{"http://evil.example:22000", "console.example:22000", false, false},
	{"http://console.example.evil.example:22000", "console.example:22000", false, false},
	{"http://evilconsole.example:22000", "console.example:22000", false, false},
	{"http://console.example:22000/", "console.example:22000", false, false},
	{"http://console.example:22000/path", "console.example:22000", false, false},
	{"http://console.example:22000 http://evil.example", "console.example:22000", false, false},
	{"http://evil.example http://console.example:22000", "console.example:22000", false, false},
	{"http://user@console.example:22000", "console.example:22000", false, false},
	{"http://console.example:22000@evil.example", "console.example:22000", false, false},
	{"ws://console.example:22000", "console.example:22000", false, false},
	{"ftp://console.example:22000", "console.example:22000", false, false},
	{"console.example:22000", "console.example:22000", false, false},
	{"//console.example:22000", "console.example:22000", false, false},
	{" http://console.example:22000", "console.example:22000", false, false},
	{"http:/console.example:22000", "console.example:22000", false, false},
	{"null", "console.example:22000", false, false},
	{"null", "null", false, false},
	{"file://", "console.example:22000", false, false},
	{"", "console.example:22000", false, false},
	{"http://", "", false, false},
	{"", "", false, false},
	{"https://", "", true, false},
	{"http://[2001:db8::2]:22000", "[2001:db8::1]:22000", false, false},
	{"http://*", "console.example:22000", false, false},
	/* A default port is the same written out or not; browsers never write it. */
	{"http://console.example", "console.example:80", false, true},
	{"http://console.example:80", "console.example", false, true},
	{"https://console.example", "console.example:443", true, true},
	{"https://console.example:80", "console.example", true, false},
	{"http://console.example:443", "console.example", false, false},
	/* A name with a dot behind it is another one to browsers. */
	{"http://console.example.:22000", "console.example:22000", false, false},
	{"http://console.example:22000", "console.example.:22000", false, false},
	{"http://console.example.:22000", "console.example.:22000", false, true},
	{"http://console.example:22000 ", "console.example:22000", false, false},
	{"http://console.example:22000\t", "console.example:22000", false, false},
	{"http://console.example:022000", "console.example:22000", false, false},
	{"http://console.example:22000,http://console.example:22000", "console.example:22000", false,
		false},
	{"http://console.example:22000, http://console.example:22000", "console.example:22000", false,
		false},
	{"http://console.example:22000?", "console.example:22000", false, false},
	{"http://console.example:22000#", "console.example:22000", false, false},
	{"http://console.example\\:22000", "console.example:22000", false, false},
	{"http://console%2eexample:22000", "console.example:22000", false, false},
	{"http://b\xc3\xbc\x63her.example", "b\xc3\xbc\x63her.example", false, false},
	{"http://xn--bcher-kva.example", "xn--bcher-kva.example", false, true},
	{"http://[2001:DB8:0::1]:22000", "[2001:db8::1]:22000", false, true},
	{"http://2001:db8::1:22000", "[2001:db8::1]:22000", false, false},
	{"chrome-extension://console.example:22000", "console.example:22000", false, false},
	{"https://console.example:22000", "console.example:22000,console.example:22000", true, false},
};

static void
an_origin_is_the_page_s_own_or_none(void **state)
{
	struct page_upgrade request = upgrade_for_test();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		come_from(origins[i].tls, origins[i].host);
		request.origin = origins[i].origin;
		if ((ask(&request) == 0) != origins[i].ok)
			fail_msg("origin \"%s\" at host \"%s\"", origins[i].origin, origins[i].host);
	}
}

static void
or_one_that_the_configuration_allows(void **state)
{
	struct page_upgrade request;

	(void)state;
	use_rules(NULL, "https://panel.example", NULL);
	request = upgrade_for_test();
	request.origin = "https://panel.example";
	assert_int_equal(ask(&request), 0);
	request.origin = "http://panel.example";
	assert_int_equal(ask(&request), 403);
	request.origin = "https://evil.panel.example";
	assert_int_equal(ask(&request), 403);
	request.origin = "http://console.example:22000";
	assert_int_equal(ask(&request), 0);
	use_rules(NULL, NULL, NULL);
}

static void
a_wrong_key_is_a_guess_here_too(void **state)
{
	(void)state;
	assert_int_equal(ask_path("/" OTHER_KEY "/vnc-proxy"), 404);
	assert_true(answer.guess);
	assert_int_equal(ask_path("/vnc-proxy"), 404);
	assert_false(answer.guess);
	verdict = KEY_ENDED;
	assert_int_equal(ask_path(AT "vnc-proxy"), 404);
	assert_false(answer.guess);
	verdict = KEY_OPENS;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_browser_on_the_page_gets_its_websocket),
		cmocka_unit_test(other_paths_are_404_whatever_else_is_wrong),
		cmocka_unit_test(a_terminal_s_websocket_is_at_another_path),
		cmocka_unit_test(only_get_opens_a_websocket),
		cmocka_unit_test(the_key_of_the_handshake_is_sixteen_bytes_in_base64),
		cmocka_unit_test(who_is_no_browser_needs_no_origin),
		cmocka_unit_test(a_page_of_another_origin_is_refused),
		cmocka_unit_test(another_version_is_told_which_one_is_spoken),
		cmocka_unit_test(the_subprotocol_is_binary_or_none),
		cmocka_unit_test(a_request_without_upgrade_is_told_to_upgrade),
		cmocka_unit_test(an_origin_is_the_page_s_own_or_none),
		cmocka_unit_test(or_one_that_the_configuration_allows),
		cmocka_unit_test(a_wrong_key_is_a_guess_here_too),
	};

	return cmocka_run_group_tests(tests, scene_new, scene_done);
}
