/* SPDX-License-Identifier: MIT */
/* http_head - see http_head.h */
#include "router/http_head.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "router/header_value.h"
#include "router/request.h"

enum { CRLF = 2 }; /* bytes */

/* Digits only; what does not fit is simply too much. -1 when it is no number. */
static int64_t
parse_length(const char *text)
{
	int64_t n = 0;

	if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (n > INT64_MAX / 10 - 1)
			return INT64_MAX;
		n = n * 10 + (*text - '0');
	}
	return n;
}

static void
see_length(struct http_head *head, const char *value)
{
	int64_t n = parse_length(value);

	if (n < 0)
		head->fault = "Content-Length is not a number";
	else if (head->length != REQUEST_LENGTH_UNKNOWN)
		head->length = n;
}

static void
see_encoding(struct http_head *head, const char *value)
{
	head->length = REQUEST_LENGTH_UNKNOWN;
	if (strcasecmp(value, "chunked") != 0)
		head->fault = "Transfer-Encoding is not chunked";
	else if (!head->modern)
		head->fault = "Transfer-Encoding needs HTTP/1.1";
}

/* Is it a token (RFC 9110, 5.6.2)? A blank before the colon is none, for one. */
static bool
is_name(const char *name, size_t len)
{
	return len > 0 && header_value_token(name) == len;
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* No control character but the tab (RFC 9110, 5.5). */
static bool
is_value(const char *value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_control(value[i]) && value[i] != '\t')
			return false;
	return true;
}

size_t
http_head_target(const char *target)
{
	size_t len = 0;

	for (; target[len] != '\0'; len++)
		if (is_control(target[len]) || target[len] == ' ')
			return 0;
	return len;
}

/* Does a line begin where the one before ended? Where this one's text ends, its CRLF follows. */
static void
see_place(struct http_head *head, const char *start, const char *end)
{
	if ((uintptr_t)start != head->next)
		head->fault = "a line of the head is folded, has a NUL, or does not end with CR LF";
	head->next = (uintptr_t)end + CRLF;
}

/* Is it that header, in any case? Most are told apart by their first letter. */
static bool
is_header(const char *name, const char *wanted)
{
	return (*name | 0x20) == (*wanted | 0x20) && strcasecmp(name, wanted) == 0;
}

void
http_head_begin(struct http_head *head, const char *method, const char *target, size_t target_len,
	const char *version)
{
	*head = (struct http_head){.start = method, .modern = strcmp(version, "HTTP/1.0") != 0};
	head->next = (uintptr_t)method;
	see_place(head, method, version + strlen(version));
	/* One blank between its parts, and nothing hidden behind a NUL. */
	if (target != method + strlen(method) + 1 || version != target + target_len + 1 ||
		!is_name(method, strlen(method)))
		head->fault = "the request line is malformed";
}

void
http_head_see(
	struct http_head *head, const char *name, size_t name_len, const char *value, size_t value_len)
{
	see_place(head, name, value + value_len);
	if (!is_name(name, name_len) || !is_value(value, value_len))
		head->fault = "a header has a character that it cannot have";
#define X(header, counter)         \
	if (is_header(name, header)) { \
		head->counter++;           \
	}
	HTTP_HEAD_TBL(X)
#undef X
	if (is_header(name, "Content-Length"))
		see_length(head, value);
	else if (is_header(name, "Transfer-Encoding"))
		see_encoding(head, value);
}

void
http_head_end(struct http_head *head, size_t size)
{
	const char *end = head->start + size;

	head->size = size;
	see_place(head, end - CRLF, end);
}

const char *
http_head_fault(const struct http_head *head)
{
#define X(header, counter)               \
	if (head->counter > 1) {             \
		return header " is there twice"; \
	}
	HTTP_HEAD_TBL(X)
#undef X
	if (head->host == 0 && head->modern)
		return "Host is missing";
	if (head->content_length > 0 && head->transfer_encoding > 0)
		return "Content-Length and Transfer-Encoding exclude each other";
	return head->fault;
}
