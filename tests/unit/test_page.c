/* SPDX-License-Identifier: MIT */
/* Files, mandatory.json and response heads; the way to a websocket is in test_page_upgrade.c. */
#include "session/page.h"

#include <jansson.h>

#include "session/csp.h"
#include "tests/unit/page_scene.h"

static struct page_answer answer;
static struct buf made;
static char head[PAGE_HEAD_MAX];
static bool tls;

/* Ask, with the path in memory of exactly its size; the answer is in the variables above. */
static void
request(enum request_method method, const char *path, const char *host, const char *if_none_match)
{
	size_t len = strlen(path), n;
	char *copy = malloc(len);
	const struct page_request r = {.live = &live,
		.access = rules,
		.from = &from,
		.path = copy,
		.path_len = len,
		.method = method,
		.if_none_match = if_none_match};

	assert_non_null(copy);
	memcpy(copy, path, len);
	come_from(tls, host);
	buf_done(&made);
	memset(&answer, 0xa5, sizeof(answer));
	page_answer(&r, &made, &answer);
	free(copy);
	n = page_head(head, &answer, rules, tls);
	assert_true(n < PAGE_HEAD_MAX);
	assert_int_equal(strlen(head), n);
}

static void
get(const char *path)
{
	request(REQUEST_GET, path, "console.example:22000", "");
}

static bool
head_has(const char *line)
{
	return strstr(head, line) != NULL;
}

static void
assert_bare(int status)
{
	assert_int_equal(answer.status, status);
	assert_null(answer.body);
	assert_int_equal(answer.len, 0);
	assert_null(answer.type);
	assert_null(answer.etag);
	assert_null(answer.csp);
	assert_string_equal(answer.location, "");
	assert_true(head_has("\r\nContent-Length: 0\r\n"));
	assert_true(head_has("\r\nCache-Control: no-store\r\n"));
}

static void
without_the_key_everything_is_a_bare_404(void **state)
{
	static const char *const paths[] = {"", "/", "//", "/x", "/vnc.html", "/mandatory.json",
		"/vnc-proxy", "/" OTHER_KEY, "/" OTHER_KEY "/", "/" OTHER_KEY "/mandatory.json", KEY,
		KEY "/", "//" KEY "/", "/x" KEY "/", "/" KEY "x", "/" KEY "0/", "/" KEY "0", "/" KEY "?",
		"/" KEY "\\", "/0123456789abcdef0123456789abcde", "/0123456789ABCDEF0123456789ABCDEF/",
		"/./" KEY "/", "/favicon.ico", "/" KEY ".html"};
	static const enum request_method methods[] = {REQUEST_GET, REQUEST_HEAD, REQUEST_OTHER};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (j = 0; j < 3; j++) {
			request(methods[j], paths[i], "h", "");
			assert_bare(404);
			assert_null(answer.allow);
		}
	}
}

static void
the_key_alone_leads_to_the_page_relatively(void **state)
{
	(void)state;
	get("/" KEY);
	assert_int_equal(answer.status, 302);
	assert_string_equal(answer.location, KEY "/");
	assert_true(head_has("HTTP/1.1 302 Found\r\n"));
	assert_true(head_has("\r\nLocation: " KEY "/\r\n"));
	assert_true(head_has("\r\nContent-Length: 0\r\n"));
}

static void
the_page_and_its_files_are_served(void **state)
{
	(void)state;
	get(AT);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/html; charset=utf-8");
	assert_memory_equal(answer.body, "<!doctype", 9);
	assert_true(head_has("HTTP/1.1 200 OK\r\n"));
	get(AT "core/rfb.js");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/javascript; charset=utf-8");
	assert_int_equal(answer.len, 9);
	assert_true(head_has("\r\nContent-Type: text/javascript; charset=utf-8\r\n"));
	assert_true(head_has("\r\nContent-Length: 9\r\n"));
	assert_null(answer.csp);
}

static void
what_is_not_there_is_a_bare_404(void **state)
{
	static const char *const paths[] = {AT "x", AT "core", AT "core/", AT "../vnc.html",
		AT "/vnc.html", AT "core/../vnc.html", AT "package.json", AT "mandatory.json/",
		AT "vnc-proxy/", AT "vnc-proxy2", AT "%76nc.html", AT KEY "/"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(paths[i]);
		assert_bare(404);
	}
}

static void
head_is_answered_like_get(void **state)
{
	static const char *const paths[] = {"/" KEY, AT, AT "core/rfb.js", AT "mandatory.json", AT "x"};
	char expected[PAGE_HEAD_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		get(paths[i]);
		memcpy(expected, head, sizeof(expected));
		request(REQUEST_HEAD, paths[i], "console.example:22000", "");
		assert_string_equal(head, expected);
	}
}

static void
other_methods_are_told_which_are_allowed(void **state)
{
	static const char *const paths[] = {
		"/" KEY, AT, AT "core/rfb.js", AT "mandatory.json", AT "vnc-proxy", AT "x"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		request(REQUEST_OTHER, paths[i], "h", "");
		assert_bare(405);
		assert_true(head_has("HTTP/1.1 405 Method Not Allowed\r\n"));
		assert_true(head_has("\r\nAllow: GET, HEAD\r\n"));
	}
}

static void
a_terminal_s_session_has_the_page_for_terminals(void **state)
{
	(void)state;
	get(AT);
	assert_memory_equal(answer.body, "<!doctype html><script>", 23);
	show_terminal(true);
	get(AT);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/html; charset=utf-8");
	assert_memory_equal(answer.body, "<!doctype html><title>Terminal", 30);
	assert_string_equal(answer.csp, "script-src 'self'; style-src 'self'");
	get(AT "core/rfb.js");
	assert_int_equal(answer.status, 200);
	show_terminal(false);
}

static void
a_session_has_the_websocket_of_its_own_kind_only(void **state)
{
	(void)state;
	get(AT "vnc-proxy");
	assert_int_equal(answer.status, 426);
	get(AT "term-proxy");
	assert_bare(404);
	show_terminal(true);
	get(AT "term-proxy");
	assert_int_equal(answer.status, 426);
	get(AT "vnc-proxy");
	assert_bare(404);
	show_terminal(false);
}

/* ---- mandatory.json ---- */

static void
assert_mandatory(bool encrypt)
{
	json_error_t error;
	json_t *json;

	get(AT "mandatory.json");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "application/json");
	json = json_loadb((const char *)answer.body, answer.len, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(json);
	assert_int_equal(json_object_size(json), 9);
	assert_true(json_is_true(json_object_get(json, "autoconnect")));
	assert_true(json_is_true(json_object_get(json, "reconnect")));
	assert_true(json_is_true(json_object_get(json, "shared")));
	assert_string_equal(json_string_value(json_object_get(json, "password")), "Minted01");
	assert_string_equal(json_string_value(json_object_get(json, "path")), "vnc-proxy");
	assert_string_equal(json_string_value(json_object_get(json, "resize")), "scale");
	assert_string_equal(json_string_value(json_object_get(json, "host")), "");
	assert_string_equal(json_string_value(json_object_get(json, "port")), "");
	assert_int_equal(json_is_true(json_object_get(json, "encrypt")), encrypt);
	assert_int_equal(json_is_false(json_object_get(json, "encrypt")), !encrypt);
	json_decref(json);
}

static void
mandatory_json_pins_what_the_page_must_not_choose(void **state)
{
	(void)state;
	assert_mandatory(false);
	tls = true;
	assert_mandatory(true);
	tls = false;
}

/* The key is the browser's proof: there is no password, and nothing of VNC. */
static void
a_terminal_s_mandatory_json_has_no_password(void **state)
{
	static const char expected[] =
		"{\"console\":\"term\",\"path\":\"term-proxy\",\"autoconnect\":true,"
		"\"reconnect\":true,\"host\":\"\",\"port\":\"\",\"encrypt\":true}";

	(void)state;
	show_terminal(true);
	tls = true;
	get(AT "mandatory.json");
	tls = false;
	assert_int_equal(answer.len, sizeof(expected) - 1);
	assert_memory_equal(answer.body, expected, answer.len);
	assert_true(head_has("\r\nCache-Control: no-store\r\n"));
	show_terminal(false);
}

static void
mandatory_json_is_never_kept(void **state)
{
	(void)state;
	get(AT "mandatory.json");
	assert_null(answer.etag);
	assert_true(head_has("\r\nCache-Control: no-store\r\n"));
	request(REQUEST_GET, AT "mandatory.json", "h", "*");
	assert_int_equal(answer.status, 200);
}

static void
without_memory_for_mandatory_json_the_answer_is_500(void **state)
{
	(void)state;
	buf_done(&made);
	torture_refuse("malloc", 2); /* the first is the test's own */
	get(AT "mandatory.json");
	assert_true(torture_struck());
	assert_bare(500);
}

static void
the_password_is_wiped_with_the_answer(void **state)
{
	(void)state;
	get(AT "mandatory.json");
	torture_look_for("Minted01");
	buf_done(&made);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- caching ---- */

static void
a_file_that_the_browser_has_is_not_sent_again(void **state)
{
	char etag[ASSET_ETAG_SIZE];

	(void)state;
	get(AT "core/rfb.js");
	assert_string_equal(answer.cache, "private, no-cache");
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	request(REQUEST_GET, AT "core/rfb.js", "h", etag);
	assert_int_equal(answer.status, 304);
	assert_null(answer.body);
	assert_int_equal(answer.len, 0);
	assert_string_equal(answer.etag, etag);
	assert_true(head_has("HTTP/1.1 304 Not Modified\r\n"));
	assert_true(head_has("\r\nETag: "));
	assert_false(head_has("Content-Length"));
}

/* A browser puts the headers of a 304 in the place of those that it kept. */
static void
a_page_that_the_browser_has_keeps_its_policy(void **state)
{
	char etag[ASSET_ETAG_SIZE], policy[PAGE_HEAD_MAX];

	(void)state;
	get(AT);
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	snprintf(policy, sizeof(policy), "%s", strstr(head, "\r\nContent-Security-Policy: "));
	request(REQUEST_GET, AT, "console.example:22000", etag);
	assert_int_equal(answer.status, 304);
	assert_string_equal(strstr(head, "\r\nContent-Security-Policy: "), policy);
}

static void
a_file_that_changed_is_sent(void **state)
{
	char etag[ASSET_ETAG_SIZE];

	(void)state;
	get(AT "icon.svg");
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	request(REQUEST_GET, AT "core/rfb.js", "h", etag);
	assert_int_equal(answer.status, 200);
	request(REQUEST_GET, AT "core/rfb.js", "h", "\"\"");
	assert_int_equal(answer.status, 200);
}

static void
a_browser_without_the_key_learns_nothing_from_an_etag(void **state)
{
	char etag[ASSET_ETAG_SIZE];

	(void)state;
	get(AT "core/rfb.js");
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	request(REQUEST_GET, "/" OTHER_KEY "/core/rfb.js", "h", etag);
	assert_bare(404);
}

/* ---- heads ---- */

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

/* ---- guesses and limits ---- */

static void
a_wrong_key_is_a_guess_and_nothing_else_is(void **state)
{
	static const char *const guesses[] = {"/" OTHER_KEY, "/" OTHER_KEY "/", "/" OTHER_KEY "/x/y"};
	static const char *const none[] = {"", "/", "/favicon.ico", "/robots.txt", "/vnc.html",
		"/0123456789abcdef0123456789abcde", "/0123456789ABCDEF0123456789ABCDEF/", "/" OTHER_KEY "0",
		"/g123456789abcdef0123456789abcdee/", AT, AT "x", "/" KEY};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		get(guesses[i]);
		assert_true(answer.guess);
		assert_bare(404);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		get(none[i]);
		assert_false(answer.guess);
	}
}

static void
a_key_of_yesterday_or_of_somebody_else_is_no_guess(void **state)
{
	static const enum key_verdict others[] = {KEY_ELSEWHERE, KEY_ENDED};
	char bare_head[PAGE_HEAD_MAX];
	size_t i;

	(void)state;
	get("/" OTHER_KEY "/");
	memcpy(bare_head, head, sizeof(bare_head));
	for (i = 0; i < 2; i++) {
		verdict = others[i];
		get(AT);
		assert_bare(404);
		assert_false(answer.guess);
		assert_string_equal(head, bare_head);
	}
	verdict = KEY_OPENS;
}

static void
one_too_many_is_told_when_to_come_again(void **state)
{
	(void)state;
	page_too_many(&answer);
	(void)page_head(head, &answer, rules, false);
	assert_bare(503);
	assert_true(head_has("HTTP/1.1 503 Service Unavailable\r\n"));
	assert_true(head_has("\r\nRetry-After: 10\r\n"));
	assert_true(head_has("\r\nConnection: close\r\n"));
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

static int
forget_made(void **state)
{
	(void)state;
	buf_done(&made);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, forget_made)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_the_key_everything_is_a_bare_404),
		TEST(the_key_alone_leads_to_the_page_relatively),
		TEST(the_page_and_its_files_are_served),
		TEST(what_is_not_there_is_a_bare_404),
		TEST(head_is_answered_like_get),
		TEST(other_methods_are_told_which_are_allowed),
		TEST(a_terminal_s_session_has_the_page_for_terminals),
		TEST(a_session_has_the_websocket_of_its_own_kind_only),
		TEST(mandatory_json_pins_what_the_page_must_not_choose),
		TEST(a_terminal_s_mandatory_json_has_no_password),
		TEST(mandatory_json_is_never_kept),
		TEST(without_memory_for_mandatory_json_the_answer_is_500),
		TEST(the_password_is_wiped_with_the_answer),
		TEST(a_file_that_the_browser_has_is_not_sent_again),
		TEST(a_page_that_the_browser_has_keeps_its_policy),
		TEST(a_file_that_changed_is_sent),
		TEST(a_browser_without_the_key_learns_nothing_from_an_etag),
		TEST(every_head_has_what_keeps_browsers_careful),
		TEST(the_page_s_policy_has_its_hashes_and_its_own_host),
		TEST(a_host_that_is_none_never_gets_into_the_policy),
		TEST(the_page_may_be_embedded_and_the_rest_is_for_itself),
		TEST(who_may_frame_it_is_in_every_policy),
		TEST(hsts_is_sent_over_tls_when_it_is_asked_for),
		TEST(the_101_has_what_every_answer_has),
		TEST(a_wrong_key_is_a_guess_and_nothing_else_is),
		TEST(a_key_of_yesterday_or_of_somebody_else_is_no_guess),
		TEST(one_too_many_is_told_when_to_come_again),
		TEST(the_longest_of_everything_fits_a_head),
		TEST(a_status_without_a_phrase_is_still_a_head),
	};

	return cmocka_run_group_tests(tests, scene_new, scene_done);
}
