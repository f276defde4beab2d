/* SPDX-License-Identifier: MIT */
/* Files and mandatory.json; heads are in test_page_head.c, the way to a websocket in test_page_upgrade.c. */
#include "session/page.h"

#include <jansson.h>

#include "tests/unit/page_ask.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(without_the_key_everything_is_a_bare_404),
		test(the_key_alone_leads_to_the_page_relatively),
		test(the_page_and_its_files_are_served),
		test(what_is_not_there_is_a_bare_404),
		test(head_is_answered_like_get),
		test(other_methods_are_told_which_are_allowed),
		test(a_terminal_s_session_has_the_page_for_terminals),
		test(a_session_has_the_websocket_of_its_own_kind_only),
		test(mandatory_json_pins_what_the_page_must_not_choose),
		test(a_terminal_s_mandatory_json_has_no_password),
		test(mandatory_json_is_never_kept),
		test(without_memory_for_mandatory_json_the_answer_is_500),
		test(the_password_is_wiped_with_the_answer),
		test(a_file_that_the_browser_has_is_not_sent_again),
		test(a_page_that_the_browser_has_keeps_its_policy),
		test(a_file_that_changed_is_sent),
		test(a_browser_without_the_key_learns_nothing_from_an_etag),
		test(a_wrong_key_is_a_guess_and_nothing_else_is),
		test(a_key_of_yesterday_or_of_somebody_else_is_no_guess),
		test(one_too_many_is_told_when_to_come_again),
	};

	return cmocka_run_group_tests(tests, scene_new, scene_done);
}
