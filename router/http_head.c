/* SPDX-License-Identifier: MIT */
/* http_head - see http_head.h */
#include "router/http_head.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "router/request.h"

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
}

void
http_head_see(struct http_head *head, const char *name, const char *value)
{
	const char *text = value != NULL ? value : "";

#define X(header, counter)               \
	if (strcasecmp(name, header) == 0) { \
		head->counter++;                 \
	}
	HTTP_HEAD_TBL(X)
#undef X
	if (strcasecmp(name, "Content-Length") == 0)
		see_length(head, text);
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
		see_encoding(head, text);
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
	if (head->content_length > 0 && head->transfer_encoding > 0)
		return "Content-Length and Transfer-Encoding exclude each other";
	return head->fault;
}
