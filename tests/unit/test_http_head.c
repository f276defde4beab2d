/* SPDX-License-Identifier: MIT */
/* Heads that a proxy in front of us and we could read differently. */
#include "router/http_head.h"

#include <stdbool.h>
#include <string.h>

#include "router/header_value.h"
#include "router/request.h"
#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { HEADERS = 3 };

/* headers besides a Host, what is wrong (NULL: nothing), the body's length */
static const struct {
	const char *headers[HEADERS][2];
	const char *fault;
	int64_t length;
} rows[] = {
	{{{"Accept", "x"}}, NULL, 0},
	{{{"Accept", "x"}, {"Content-Length", "0"}}, NULL, 0},
	{{{"Content-Length", "65536"}}, NULL, 65536},
	{{{"content-length", "00012"}}, NULL, 12},
	{{{"Content-Length", "99999999999999999999999"}}, NULL, INT64_MAX},
	{{{"Content-Length", "9223372036854775807"}}, NULL, INT64_MAX},
	{{{"Transfer-Encoding", "chunked"}}, NULL, REQUEST_LENGTH_UNKNOWN},
	{{{"transfer-encoding", "Chunked"}}, NULL, REQUEST_LENGTH_UNKNOWN},
	{{{"X-Host", "a"}, {"X-Host", "b"}}, NULL, 0},
	{{{"Accept", "a"}, {"Accept", "b"}, {"Cookie", ""}}, NULL, 0},
	{{{"Host", "x"}}, "Host", 0},
	{{{"host", "y"}}, "Host", 0},
	{{{"Content-Length", "5"}, {"Content-Length", "5"}}, "Content-Length", 5},
	{{{"Content-Length", "5"}, {"Content-Length", "6"}}, "Content-Length", 6},
	{{{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, "exclude", -1},
	{{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, "exclude", -1},
	{{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "gzip, chunked"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "identity"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", ""}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "chunked "}}, "Transfer-Encoding", -1},
	{{{"Authorization", "a"}, {"Authorization", "b"}}, "Authorization", 0},
	{{{"Content-Type", "a"}, {"content-type", "b"}}, "Content-Type", 0},
	{{{"Content-Length", ""}}, "Content-Length", 0},
	{{{"Content-Length", "-1"}}, "Content-Length", 0},
	{{{"Content-Length", "+1"}}, "Content-Length", 0},
	{{{"Content-Length", "5, 5"}}, "Content-Length", 0},
	{{{"Content-Length", "0x5"}}, "Content-Length", 0},
	{{{"Content-Length", "5 "}}, "Content-Length", 0},
};

enum { HEAD_SIZE = 512 };

/* A head in memory, and how far it is written. */
struct laid {
	char text[HEAD_SIZE];
	size_t len;
};

/* Append a text, its NUL, which the library puts where it ends, and gap - 1 more. */
static const char *
lay(struct laid *l, const char *text, size_t gap)
{
	char *at = l->text + l->len;

	assert_true(l->len + strlen(text) + gap < sizeof(l->text));
	memset(at, 0, strlen(text) + gap);
	memcpy(at, text, strlen(text));
	l->len += strlen(text) + gap;
	return at;
}

/* A header as it is sent, with a blank behind the colon. */
static void
see(struct http_head *head, struct laid *l, const char *name, const char *value)
{
	const char *at = lay(l, name, 2), *text = lay(l, value, 2);

	http_head_see(head, at, strlen(name), text, strlen(text));
}

static void
begin_line(struct http_head *head, struct laid *l, const char *version)
{
	const char *method, *target;

	l->len = 0;
	method = lay(l, "POST", 1);
	target = lay(l, "/create", 1);
	http_head_begin(head, method, target, strlen(target), lay(l, version, 2));
}

static void
begin(struct http_head *head, struct laid *l, const char *version)
{
	begin_line(head, l, version);
	see(head, l, "Host", "x");
}

static void
what_is_ambiguous_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_head head;
		struct laid l;
		const char *fault;

		begin(&head, &l, "HTTP/1.1");
		for (size_t j = 0; j < HEADERS && rows[i].headers[j][0] != NULL; j++)
			see(&head, &l, rows[i].headers[j][0], rows[i].headers[j][1]);
		http_head_end(&head, l.len + 2);
		fault = http_head_fault(&head);
		if ((fault == NULL) != (rows[i].fault == NULL) ||
			(fault != NULL && strstr(fault, rows[i].fault) == NULL) ||
			head.length != rows[i].length)
			fail_msg(
				"row %zu: %s, %lld", i, fault != NULL ? fault : "nothing", (long long)head.length);
		assert_int_equal(head.size, l.len + 2);
	}
}

static void
chunks_need_http_1_1(void **state)
{
	struct http_head head;
	struct laid l;

	(void)state;
	begin(&head, &l, "HTTP/1.0");
	see(&head, &l, "Transfer-Encoding", "chunked");
	http_head_end(&head, l.len + 2);
	assert_string_equal(http_head_fault(&head), "Transfer-Encoding needs HTTP/1.1");
}

static void
http_1_1_needs_a_host(void **state)
{
	struct http_head head;
	struct laid l;

	(void)state;
	begin_line(&head, &l, "HTTP/1.1");
	http_head_end(&head, l.len + 2);
	assert_string_equal(http_head_fault(&head), "Host is missing");
	begin_line(&head, &l, "HTTP/1.0");
	http_head_end(&head, l.len + 2);
	assert_null(http_head_fault(&head));
}

static void
a_target_has_no_blank_and_no_control_character(void **state)
{
	static const char *const bad[] = {"", "/a b", " /", "/ ", "/a?b c", "/\t", "/\x7f", "/a\r"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(http_head_target(bad[i]), 0);
	assert_int_equal(http_head_target("/"), 1);
	assert_int_equal(http_head_target("/a?b=\303\244"), 7);
}

static void
a_request_line_has_single_blanks_and_no_nul(void **state)
{
	/* the gap behind the method, the target, how long it was as it was sent, the gap behind it */
	static const struct {
		const char *method;
		size_t first, len, second;
		bool good;
	} lines[] = {
		{"GET", 1, 7, 1, true},
		{"GET", 2, 7, 1, false},
		{"GET", 1, 7, 2, false},
		{"GET", 1, 6, 1, false},
		{"GET", 1, 9, 3, true}, /* "/status?x": the library cuts the query off */
		{"GET", 1, 7, 3, false},
		{"", 1, 7, 1, false},
		{"G(T", 1, 7, 1, false},
		{"G\tT", 1, 7, 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct http_head head;
		struct laid l = {.len = 0};
		const char *method = lay(&l, lines[i].method, lines[i].first);
		const char *target = lay(&l, "/status", lines[i].second);

		http_head_begin(&head, method, target, lines[i].len, lay(&l, "HTTP/1.0", 2));
		http_head_end(&head, l.len + 2);
		if ((http_head_fault(&head) == NULL) != lines[i].good)
			fail_msg("line %zu", i);
	}
}

static void
every_line_begins_where_the_one_before_ended(void **state)
{
	/* bytes behind the request line, behind the first header's value and behind the second's */
	static const struct {
		size_t line, first, second, end;
		bool good;
	} gaps[] = {
		{2, 2, 2, 2, true},
		{1, 2, 2, 2, false}, /* a bare LF */
		{2, 1, 2, 2, false},
		{2, 2, 1, 2, false},
		{2, 2, 2, 1, false},
		{2, 6, 2, 2, false}, /* a NUL, and what follows it */
		{2, 2, 6, 2, false},
		{2, 2, 2, 6, false},
		{6, 2, 2, 2, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(gaps); i++) {
		struct http_head head;
		struct laid l = {.len = 0};
		const char *method = lay(&l, "GET", 1), *target = lay(&l, "/", 1), *name, *value;

		http_head_begin(&head, method, target, 1, lay(&l, "HTTP/1.1", gaps[i].line));
		name = lay(&l, "Host", 1);
		value = lay(&l, "x", gaps[i].first);
		http_head_see(&head, name, 4, value, 1);
		name = lay(&l, "X", 4); /* blanks behind the colon are fine */
		value = lay(&l, "", gaps[i].second);
		http_head_see(&head, name, 1, value, 0);
		http_head_end(&head, l.len + gaps[i].end);
		if ((http_head_fault(&head) == NULL) != gaps[i].good)
			fail_msg("row %zu", i);
	}
}

static void
a_header_has_no_character_that_it_cannot_have(void **state)
{
	static const char *const headers[][2] = {{"", "x"}, {"Content-Length ", "5"}, {"A B", "x"},
		{" A", "x"}, {"A\t", "x"}, {"A\"", "x"}, {"\303\244", "x"}, {"A", "x\r"}, {"A", "x\ry"},
		{"A", "\1"}, {"A", "x\x7f"}, {"A", "\033[0m"}};
	static const char *const good[][2] = {
		{"A", "a\tb"}, {"A", "\303\244"}, {"!#$%&'*+-.^_`|~0aZ", "\" (x)"}};

	(void)state;
	for (size_t i = 0; i < COUNT(headers) + COUNT(good); i++) {
		bool bad = i < COUNT(headers);
		const char *const *header = bad ? headers[i] : good[i - COUNT(headers)];
		struct http_head head;
		struct laid l;

		begin(&head, &l, "HTTP/1.1");
		see(&head, &l, header[0], header[1]);
		http_head_end(&head, l.len + 2);
		if ((http_head_fault(&head) != NULL) != bad)
			fail_msg("row %zu", i);
	}
}

static void
a_token_has_the_characters_of_rfc_9110_and_no_other(void **state)
{
	static const char all[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
							  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	assert_int_equal(header_value_token(all), strlen(all));
	assert_int_equal(header_value_token(""), 0);
	for (int c = 1; c < 256; c++) {
		const char text[] = {'a', (char)c, 'b', '\0'};

		assert_int_equal(header_value_token(text), strchr(all, c) != NULL ? 3 : 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ambiguous_is_found),
		cmocka_unit_test(chunks_need_http_1_1),
		cmocka_unit_test(http_1_1_needs_a_host),
		cmocka_unit_test(a_target_has_no_blank_and_no_control_character),
		cmocka_unit_test(a_request_line_has_single_blanks_and_no_nul),
		cmocka_unit_test(every_line_begins_where_the_one_before_ended),
		cmocka_unit_test(a_header_has_no_character_that_it_cannot_have),
		cmocka_unit_test(a_token_has_the_characters_of_rfc_9110_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
