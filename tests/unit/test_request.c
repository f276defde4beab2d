/* SPDX-License-Identifier: MIT */
#include "session/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/torture.h"

/* A head, and what was read from it; both in memory of exactly their size. */
struct reading {
	char *data, *texts;
	struct request request;
	size_t used;
	int result;
};

static struct reading
read_bytes(const char *bytes, size_t len)
{
	struct reading r = {.data = malloc(len)};

	assert_non_null(r.data);
	memcpy(r.data, bytes, len);
	r.result = request_find(r.data, len, &r.used);
	if (r.result != REQUEST_DONE)
		return r;
	r.texts = malloc(r.used);
	assert_non_null(r.texts);
	if (request_parse(r.data, r.used, r.texts, &r.request) < 0)
		r.result = ERR_PROTOCOL;
	return r;
}

static struct reading
read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void
done(struct reading *r)
{
	free(r->data);
	free(r->texts);
}

/* A GET with a host and these lines. */
static struct reading
read_lines(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", lines);
	return read_text(text);
}

static void
assert_header(const char *lines, enum request_header header, const char *expected)
{
	struct reading r = read_lines(lines);

	assert_int_equal(r.result, REQUEST_DONE);
	assert_string_equal(r.request.header[header], expected);
	done(&r);
}

static void
a_request_is_read(void **state)
{
	static const char text[] = "GET /a/b?c=d&e HTTP/1.1\r\nhost: console.example:22000\r\n"
							   "X-Other: x\r\nORIGIN:https://console.example\r\n\r\n";
	struct reading r = read_text(text);
	int i;

	(void)state;
	assert_int_equal(r.result, REQUEST_DONE);
	assert_int_equal(r.used, strlen(text));
	assert_int_equal(r.request.method, REQUEST_GET);
	assert_int_equal(r.request.path_len, 4);
	assert_memory_equal(r.request.path, "/a/b", 4);
	for (i = 0; i < REQUEST_HEADERS; i++)
		assert_string_equal(r.request.header[i], i == REQUEST_HOST     ? "console.example:22000"
												 : i == REQUEST_ORIGIN ? "https://console.example"
																	   : "");
	assert_true(r.request.keep);
	assert_false(r.request.body);
	assert_false(r.request.websocket);
	done(&r);
}

static void
methods_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum request_method method;
	} rows[] = {{"GET", REQUEST_GET}, {"HEAD", REQUEST_HEAD}, {"POST", REQUEST_OTHER},
		{"get", REQUEST_OTHER}, {"GETS", REQUEST_OTHER}, {"X!#$%&'*+-.^_`|~9", REQUEST_OTHER}};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r;

		snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost:\r\n\r\n", rows[i].text);
		r = read_text(text);
		assert_int_equal(r.result, REQUEST_DONE);
		assert_int_equal(r.request.method, rows[i].method);
		assert_int_equal(r.request.body, rows[i].method == REQUEST_OTHER);
		done(&r);
	}
}

static void
a_path_is_decoded_and_its_query_left_away(void **state)
{
	static const struct {
		const char *target, *path;
		size_t len;
	} rows[] = {{"/", "/", 1}, {"/a%2Fb%2f", "/a/b/", 5}, {"/%41%7e", "/A~", 3},
		{"/%00x", "/\0x", 3}, {"/%ff", "/\xff", 2}, {"/a?b?%zz", "/a", 2}, {"?a", "", 0},
		{"/a/../b//c", "/a/../b//c", 10}, {"*", "*", 1}, {"x:443", "x:443", 5},
		{"/%2541", "/%41", 4}};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r;

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost:\r\n\r\n", rows[i].target);
		r = read_text(text);
		assert_int_equal(r.result, REQUEST_DONE);
		assert_int_equal(r.request.path_len, rows[i].len);
		assert_memory_equal(r.request.path, rows[i].path, rows[i].len);
		done(&r);
	}
}

static void
a_target_may_be_a_url_and_its_host_counts(void **state)
{
	static const struct {
		const char *target, *host, *path;
	} rows[] = {{"http://console.example:22000/a/b", "console.example:22000", "/a/b"},
		{"HTTPS://Console.Example/%41?q=http://x/", "Console.Example", "/A"},
		{"http://[2001:db8::1]:80/", "[2001:db8::1]:80", "/"}, {"http://h", "h", "/"},
		{"http://h?/q", "h", "/"}, {"https://h//x//", "h", "//x//"},
		{"http://h/http://i/", "h", "/http://i/"}, {"http://h/@", "h", "/@"},
		/* No such URLs, but paths. */
		{"/http://h/", "other", "/http://h/"}, {"http:/h/", "other", "http:/h/"},
		{"http:", "other", "http:"}, {"ftp://h/", "other", "ftp://h/"},
		{"ws://h/", "other", "ws://h/"}, {"httpss://h/", "other", "httpss://h/"}};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r;

		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nOrigin: o\r\nHost: other\r\n\r\n",
			rows[i].target);
		r = read_text(text);
		assert_int_equal(r.result, REQUEST_DONE);
		assert_string_equal(r.request.header[REQUEST_HOST], rows[i].host);
		assert_string_equal(r.request.header[REQUEST_ORIGIN], "o");
		assert_int_equal(r.request.path_len, strlen(rows[i].path));
		assert_memory_equal(r.request.path, rows[i].path, r.request.path_len);
		done(&r);
	}
}

static void
blanks_around_a_value_are_none_of_it(void **state)
{
	(void)state;
	assert_header("Origin: \t a b\t \r\n", REQUEST_ORIGIN, "a b");
	assert_header("Origin:\r\n", REQUEST_ORIGIN, "");
	assert_header("Origin:   \r\n", REQUEST_ORIGIN, "");
	assert_header("Origin:\xfc\r\n", REQUEST_ORIGIN, "\xfc");
}

static void
lines_of_one_header_are_joined_so_that_two_never_pass_as_one(void **state)
{
	(void)state;
	assert_header("X-Forwarded-For: 1.1.1.1\r\nOrigin: a\r\nx-forwarded-for:2.2.2.2, 3.3.3.3\r\n",
		REQUEST_FORWARDED_FOR, "1.1.1.1, 2.2.2.2, 3.3.3.3");
	assert_header("Origin: a\r\nOrigin: a\r\n", REQUEST_ORIGIN, "a, a");
	assert_header("Origin:\r\nOrigin: a\r\n", REQUEST_ORIGIN, ", a");
	assert_header(
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", REQUEST_WS_VERSION, "13, 13");
}

static void
a_connection_ends_when_it_is_asked_to_or_old(void **state)
{
	static const struct {
		const char *version, *lines;
		bool keep;
	} rows[] = {{"1.1", "", true}, {"1.1", "Connection: keep-alive\r\n", true},
		{"1.1", "Connection: close\r\n", false}, {"1.1", "Connection: x, CLOSE ,y\r\n", false},
		{"1.1", "Connection: x\r\nConnection: close\r\n", false},
		{"1.1", "Connection: closed\r\n", true}, {"1.0", "", false},
		{"1.0", "Connection: keep-alive\r\n", false}};
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r;

		snprintf(text, sizeof(text), "GET / HTTP/%s\r\nHost: h\r\n%s\r\n", rows[i].version,
			rows[i].lines);
		r = read_text(text);
		assert_int_equal(r.result, REQUEST_DONE);
		assert_int_equal(r.request.keep, rows[i].keep);
		done(&r);
	}
}

static void
whatever_announces_a_body_may_have_one(void **state)
{
	static const char *const rows[] = {
		"Content-Length: 0\r\n", "Content-Length: x\r\n", "transfer-encoding: chunked\r\n"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reading r = read_lines(rows[i]);

		assert_int_equal(r.result, REQUEST_DONE);
		assert_true(r.request.body);
		done(&r);
	}
}

static void
a_websocket_is_asked_for_by_two_headers_and_never_with_a_body(void **state)
{
	static const struct {
		const char *lines;
		bool websocket;
	} rows[] = {
		{"Upgrade: websocket\r\nConnection: Upgrade\r\n", true},
		{"Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n", true},
		{"Upgrade: h2c, websocket\r\nConnection: keep-alive\r\nConnection: upgrade\r\n", true},
		{"Upgrade: websocket\r\n", false},
		{"Connection: Upgrade\r\n", false},
		{"Upgrade: websockets\r\nConnection: Upgrade\r\n", false},
		{"Upgrade: h2c\r\nConnection: Upgrade\r\n", false},
		{"Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n", false},
	};
	struct reading r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		r = read_lines(rows[i].lines);
		assert_int_equal(r.result, REQUEST_DONE);
		assert_int_equal(r.request.websocket, rows[i].websocket);
		done(&r);
	}
	r = read_text("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
	assert_false(r.request.websocket);
	done(&r);
}

static void
a_head_is_needed_to_its_last_byte_and_no_more_is_taken(void **state)
{
	static const char text[] =
		"\r\nGET /%61 HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: b\r\n\r\nGET /";
	size_t head = strlen(text) - 5, len;

	(void)state;
	for (len = 0; len <= strlen(text); len++) {
		struct reading r = read_bytes(text, len);

		assert_int_equal(r.result, len < head ? REQUEST_MORE : REQUEST_DONE);
		if (r.result == REQUEST_DONE)
			assert_int_equal(r.used, head);
		done(&r);
	}
}

/* Each is told by its last byte at the latest. */
static const struct {
	const char *what, *text;
	size_t len;
} improper[] = {
#define ROW(what, text)              \
	{                                \
		what, text, sizeof(text) - 1 \
	}
	ROW("no version", "GET /\r\n"),
	ROW("an old version", "GET / HTTP/0.9\r\n"),
	ROW("a newer version", "GET / HTTP/1.2\r\n"),
	ROW("a version in lower case", "GET / http/1.1\r\n"),
	ROW("HTTP/2", "PRI * HTTP/2.0\r\n"),
	ROW("a blank behind the version", "GET / HTTP/1.1 \r\n"),
	ROW("two blanks", "GET  / HTTP/1.1\r\n"),
	ROW("a blank in front", " GET / HTTP/1.1\r\n"),
	ROW("a tab for a blank", "GET\t/ HTTP/1.1\r\n"),
	ROW("a method that is no token", "G(T / HTTP/1.1\r\n"),
	ROW("bytes beyond ASCII in the target", "GET /\xff HTTP/1.1\r\n"),
	ROW("two empty lines", "\r\n\r\n"),
	ROW("a bare LF", "GET / HTTP/1.1\n"),
	ROW("a bare CR", "GET / HTTP/1.1\rX"),
	ROW("CR CR LF", "GET / HTTP/1.1\r\r"),
	ROW("a NUL", "GET /\0"),
	ROW("TLS", "\x16\x03\x01"),
	ROW("RFB", "RFB 003.008\n"),
	ROW("a control character in a value", "GET / HTTP/1.1\r\nA: \x01"),
	ROW("DEL in a value", "GET / HTTP/1.1\r\nA: \x7f"),
	ROW("a bare LF behind a header", "GET / HTTP/1.1\r\nHost: h\n"),
	ROW("a blank before the colon", "GET / HTTP/1.1\r\nHost : h\r\n"),
	ROW("a tab before the colon", "GET / HTTP/1.1\r\nHost\t: h\r\n"),
	ROW("a folded header", "GET / HTTP/1.1\r\nHost: h\r\n x: y\r\n"),
	ROW("a header folded with a tab", "GET / HTTP/1.1\r\nHost: h\r\n\tx: y\r\n"),
	ROW("a line without a colon", "GET / HTTP/1.1\r\nHost\r\n"),
	ROW("a line with a colon alone", "GET / HTTP/1.1\r\n: h\r\n"),
	ROW("a name that is no token", "GET / HTTP/1.1\r\nH@st: h\r\n"),
	ROW("two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
	ROW("two hosts, old", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n"),
	ROW("no host", "GET / HTTP/1.1\r\n\r\n"),
	ROW("an empty Content-Length", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"),
	ROW("an empty Transfer-Encoding", "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \r\n\r\n"),
	ROW("a bad escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("an escape cut short", "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("an escape cut by the query", "GET /%4?1 HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL and two hosts", "GET http://h/ HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
	ROW("a URL and no host line", "GET http://h/ HTTP/1.1\r\n\r\n"),
	ROW("a URL with a bad escape", "GET http://h/%4 HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL without a host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL that ends behind its scheme", "GET https:// HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a port alone", "GET http://:80/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a port that is none", "GET http://h:x/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a port too high", "GET http://h:65536/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a user", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with an escape in its host", "GET http://%68/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a backslash", "GET http://h\\@i/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with a fragment behind its host", "GET http://h#/ HTTP/1.1\r\nHost: h\r\n\r\n"),
	ROW("a URL with half an address", "GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n"),
#undef ROW
};

static void
what_breaks_a_rule_is_no_request(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(improper) / sizeof(improper[0]); i++) {
		struct reading r = read_bytes(improper[i].text, improper[i].len);

		if (r.result != ERR_PROTOCOL)
			fail_msg("%s is let through", improper[i].what);
		done(&r);
	}
}

static void
an_old_request_needs_no_host(void **state)
{
	struct reading r = read_text("GET / HTTP/1.0\r\n\r\n");

	(void)state;
	assert_int_equal(r.result, REQUEST_DONE);
	assert_string_equal(r.request.header[REQUEST_HOST], "");
	done(&r);
	r = read_text("GET http://h HTTP/1.0\r\n\r\n");
	assert_int_equal(r.result, REQUEST_DONE);
	assert_string_equal(r.request.header[REQUEST_HOST], "h");
	done(&r);
}

static void
texts_fit_however_the_head_is_made_up(void **state)
{
	char head[REQUEST_HEAD_MAX] = "GET / HTTP/1.0\r\n";
	size_t len = strlen(head);
	struct reading r;

	(void)state;
	/* The shortest lines of headers that we look at, each joined to all before it. */
	while (len + 12 < sizeof(head)) {
		memcpy(head + len, "upgrade:\r\n", 10);
		len += 10;
	}
	memcpy(head + len, "\r\n", 2);
	r = read_bytes(head, len + 2);
	assert_int_equal(r.result, REQUEST_DONE);
	assert_int_equal(strlen(r.request.header[REQUEST_UPGRADE]), (len - 16) / 10 * 2 - 2);
	done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(methods_are_told_apart),
		cmocka_unit_test(a_path_is_decoded_and_its_query_left_away),
		cmocka_unit_test(a_target_may_be_a_url_and_its_host_counts),
		cmocka_unit_test(blanks_around_a_value_are_none_of_it),
		cmocka_unit_test(lines_of_one_header_are_joined_so_that_two_never_pass_as_one),
		cmocka_unit_test(a_connection_ends_when_it_is_asked_to_or_old),
		cmocka_unit_test(whatever_announces_a_body_may_have_one),
		cmocka_unit_test(a_websocket_is_asked_for_by_two_headers_and_never_with_a_body),
		cmocka_unit_test(a_head_is_needed_to_its_last_byte_and_no_more_is_taken),
		cmocka_unit_test(what_breaks_a_rule_is_no_request),
		cmocka_unit_test(an_old_request_needs_no_host),
		cmocka_unit_test(texts_fit_however_the_head_is_made_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
