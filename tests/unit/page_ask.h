/* SPDX-License-Identifier: MIT */
/*
 * page_ask - requests to the session of page_scene.h, and their answers.
 *
 * Threads: none.
 */
#ifndef TESTS_UNIT_PAGE_ASK_H
#define TESTS_UNIT_PAGE_ASK_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/page_scene.h"

#define test(name) cmocka_unit_test_teardown(name, forget_made)

/* The last answer; tls: of the next ones. */
static struct page_answer answer;
static struct buf made;
static char head[PAGE_HEAD_MAX];
static bool tls;

/* Ask, with the path in memory of exactly its size; the answer is in the variables above. */
static inline void
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

static inline void
get(const char *path)
{
	request(REQUEST_GET, path, "console.example:22000", "");
}

static inline bool
head_has(const char *line)
{
	return strstr(head, line) != NULL;
}

static inline void
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

static inline int
forget_made(void **state)
{
	(void)state;
	buf_done(&made);
	return 0;
}

#endif
