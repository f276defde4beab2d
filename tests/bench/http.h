/* SPDX-License-Identifier: MIT */
/*
 * http - one HTTP/1.1 request or answer as it arrives, with its body.
 *
 * Bodies have a Content-Length or there is none; chunked ones are refused.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stddef.h>

enum { HTTP_SIZE = 32768 };
enum { HTTP_BROKEN = -1, HTTP_MORE = 0, HTTP_WHOLE = 1 };

/* All zero before the first byte. */
struct http {
	size_t len, head_len, body_len;
	char text[HTTP_SIZE + 1]; /* the head, whose last line end is kept, and the body with a NUL */
};

/* Take bytes; *used of them belong to this message. */
int http_feed(struct http *h, const void *data, size_t len, size_t *used);

/* A header's value up to the line's end, copied; "" when it is not there or too long. */
const char *http_header(const struct http *h, const char *name, char *out, size_t size);

const char *http_body(const struct http *h);

/* An answer's status, 0 when it has none. */
int http_status(const struct http *h);

/* Ready for the next message. */
void http_reset(struct http *h);

/* Undo percent-encoding and '+' up to a '&' or the end: 0, or -1 when it does not fit. */
int http_decode(const char *from, char *out, size_t size);

/* The raw value of a key in "a=1&b=2", "" when it is not there. */
const char *http_field(const char *form, const char *key);

#endif
