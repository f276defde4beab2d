/* SPDX-License-Identifier: MIT */
/* The heads of answers: what every one has, and what keeps a page to itself. */
#include "session/page.h"

#include "session/csp.h"
#include "tests/unit/page_ask.h"

static void
every_head_has_what_keeps_browsers_careful(void **state)
{
	static const char *const paths[] = {
		"/", "/" KEY, AT, AT "core/rfb.js", AT "mandatory.json", AT "vnc-proxy", AT "x"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(paths[i]);
		assert_int_equal(strncmp(head, "HTTP/1.1 ", 9), 0);
		assert_true(head_has("\r\nX-Content-Type-Options: nosniff\r\n"));
		assert_true(head_has("\r\nReferrer-Policy: no-referrer\r\n"));
		assert_true(head_has("\r\nContent-Security-Policy: default-src 'none'; "));
		assert_true(head_has("base-uri 'none'; form-action 'none'; frame-ancestors *\r\n"));
		assert_true(head_has("\r\nCache-Control: "));
		assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
		assert_ptr_equal(strstr(head, "\r\n\r\n"), head + strlen(head) - 4);
		assert_false(head_has("Server:"));
	}
}

static void
the_page_s_policy_has_its_hashes_and_its_own_host(void **state)
{
	(void)state;
	get(AT);
	assert_true(
		head_has("default-src 'none'; script-src 'self' "
				 "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='; style-src 'self'; "));
	assert_true(head_has("; connect-src 'self' ws://console.example:22000; "));
	request(REQUEST_GET, AT, "[2001:db8::1]:22000", "");
	assert_true(head_has("; connect-src 'self' ws://[2001:db8::1]:22000; "));
	tls = true;
	request(REQUEST_GET, AT, "Console.Example:443", "");
	assert_true(head_has("; connect-src 'self' wss://console.example; "));
	tls = false;
}

static void
the_page_may_be_embedded_and_the_rest_is_for_itself(void **state)
{
	static const char *const others[] = {
		"/", AT "core/rfb.js", AT "mandatory.json", AT "vnc-proxy", AT "x"};
	size_t i;

	(void)state;
	get("/" KEY);
	assert_true(head_has("\r\nCross-Origin-Resource-Policy: cross-origin\r\n"));
	get(AT);
	assert_true(head_has("\r\nCross-Origin-Resource-Policy: cross-origin\r\n"));
	assert_true(head_has("\r\nCross-Origin-Embedder-Policy: require-corp\r\n"));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		get(others[i]);
		assert_true(head_has("\r\nCross-Origin-Resource-Policy: same-origin\r\n"));
		assert_false(head_has("Cross-Origin-Embedder-Policy"));
	}
}

static void
who_may_frame_it_is_in_every_policy(void **state)
{
	static const char *const paths[] = {"/", AT, AT "core/rfb.js", AT "mandatory.json", AT "x"};
	size_t i;

	(void)state;
	use_rules(NULL, NULL, "https://*.Panel.Example:443");
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(paths[i]);
		assert_true(head_has("; frame-ancestors https://*.panel.example\r\n"));
		assert_false(head_has("X-Frame-Options"));
	}
	use_rules(NULL, NULL, NULL);
}

static void
hsts_is_sent_over_tls_when_it_is_asked_for(void **state)
{
	const struct access_config config = {.rules = {.hsts_max_age_s = 600}};
	struct access *usual = rules;

	(void)state;
	tls = true;
	get(AT);
	assert_false(head_has("Strict-Transport-Security"));
	assert_int_equal(access_new(&config, &rules, NULL), 0);
	get(AT);
	assert_true(head_has("\r\nStrict-Transport-Security: max-age=600\r\n"));
	get("/");
	assert_true(head_has("\r\nStrict-Transport-Security: max-age=600\r\n"));
	tls = false;
	get(AT);
	assert_false(head_has("Strict-Transport-Security"));
	access_unref(rules);
	rules = usual;
}

static void
the_101_has_what_every_answer_has(void **state)
{
	static const char start[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
								"Connection: Upgrade\r\nSec-WebSocket-Accept: abc=\r\n";
	static const char subprotocol[] = "Sec-WebSocket-Protocol: binary\r\n";
	char upgraded[PAGE_HEAD_MAX], *at = upgraded;
	size_t n = page_upgraded(upgraded, "abc=", true, rules, false);

	(void)state;
	assert_int_equal(strlen(upgraded), n);
	assert_memory_equal(at, start, strlen(start));
	at += strlen(start);
	assert_memory_equal(at, subprotocol, strlen(subprotocol));
	at += strlen(subprotocol);
	get("/");
	assert_string_equal(strstr(head, at), at);
	page_upgraded(upgraded, "abc=", false, rules, false);
	assert_null(strstr(upgraded, "Protocol:"));
}

static void
a_host_that_is_none_never_gets_into_the_policy(void **state)
{
	static const char *const hosts[] = {"", "a; script-src *", "a\r\nSet-Cookie: x=y", "a b", "*",
		"a,b", "a'", "evil.example/", "user@evil.example", "a\tb", "\xc3\xbc"};
	char host[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		request(REQUEST_GET, AT, hosts[i], "");
		assert_int_equal(answer.status, 200);
		assert_true(head_has("; connect-src 'self'; "));
		assert_false(head_has("ws://"));
		assert_false(head_has("Set-Cookie"));
	}
	memset(host, 'a', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	request(REQUEST_GET, AT, host, "");
	assert_true(head_has("; connect-src 'self'; "));
}

static void
the_longest_of_everything_fits_a_head(void **state)
{
	static char label[8 + 240 + 1], csp[CSP_HTML_MAX + 1], etag[ASSET_ETAG_SIZE];
	char *labels[8], host[FORWARDED_HOST_SIZE];
	const struct access_config config = {
		.frame_ancestors = {labels, 8}, .rules = {.hsts_max_age_s = 63072000}};
	struct access *usual = rules;
	size_t i;

	(void)state;
	memset(label, 'a', sizeof(label) - 1);
	memcpy(label, "https://", 8);
	for (i = 0; i < 8; i++)
		labels[i] = label;
	memset(host, 'h', ORIGIN_HOST_MAX);
	memcpy(host + ORIGIN_HOST_MAX, ":22000", 7);
	memset(csp, 'c', CSP_HTML_MAX);
	memset(etag, 'e', sizeof(etag) - 1);
	assert_int_equal(access_new(&config, &rules, NULL), 0);
	tls = true;
	request(REQUEST_GET, AT, host, "");
	assert_non_null(strstr(answer.origin, host));
	answer.csp = csp;
	answer.etag = etag;
	answer.allow = "GET, HEAD";
	answer.len = (size_t)-1;
	answer.close = answer.upgrade = true;
	answer.retry_after_s = 10;
	memset(answer.location, 'l', sizeof(answer.location) - 1);
	assert_true(page_head(head, &answer, rules, true) < PAGE_HEAD_MAX);
	assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
	tls = false;
	access_unref(rules);
	rules = usual;
}

static void
a_status_without_a_phrase_is_still_a_head(void **state)
{
	(void)state;
	get("/");
	answer.status = 418;
	(void)page_head(head, &answer, rules, false);
	assert_true(head_has("HTTP/1.1 418 Error\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(every_head_has_what_keeps_browsers_careful),
		test(the_page_s_policy_has_its_hashes_and_its_own_host),
		test(a_host_that_is_none_never_gets_into_the_policy),
		test(the_page_may_be_embedded_and_the_rest_is_for_itself),
		test(who_may_frame_it_is_in_every_policy),
		test(hsts_is_sent_over_tls_when_it_is_asked_for),
		test(the_101_has_what_every_answer_has),
		test(the_longest_of_everything_fits_a_head),
		test(a_status_without_a_phrase_is_still_a_head),
	};

	return cmocka_run_group_tests(tests, scene_new, scene_done);
}
