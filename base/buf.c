/* SPDX-License-Identifier: MIT */
/* buf - see buf.h */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"

enum { DEFAULT_MAX = 1024 * 1024, SMALLEST_CAP = 256 };

static size_t
ceiling(const struct buf *b)
{
	size_t max = b->max > 0 ? b->max : DEFAULT_MAX;

	return max < PTRDIFF_MAX ? max : PTRDIFF_MAX - 1;
}

/* Make room for n more bytes and their NUL. */
static int
reserve(struct buf *b, size_t n)
{
	size_t max = ceiling(b);
	size_t need, cap;
	char *data;

	if (b->len > max || n > max - b->len)
		return ERR_LIMIT;
	need = b->len + n + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap > SMALLEST_CAP / 2 ? b->cap * 2 : SMALLEST_CAP;
	if (cap > max + 1)
		cap = max + 1;
	if (cap < need)
		cap = need;
	/* Not realloc(): it would leave an unwiped copy behind. */
	data = malloc(cap);
	if (data == NULL)
		return ERR_MEMORY;
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return 0;
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	int r;

	if (len == 0)
		return 0;
	r = reserve(b, len);
	if (r < 0)
		return r;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_add_texts(struct buf *b, const char *const *texts, size_t n)
{
	size_t len = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		len += strlen(texts[i]);
	r = len > 0 ? reserve(b, len) : 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = buf_add(b, texts[i], strlen(texts[i]));
	return r;
}

/* Bytes that a text and its NUL may take without another piece of memory. */
static size_t
room(const struct buf *b)
{
	size_t end = ceiling(b) + 1;

	if (b->cap < end)
		end = b->cap;
	return end > b->len ? end - b->len : 0;
}

/*
 * Append a format if there is room for it, in *b that has memory. 0; ERR_LIMIT when there is
 * none, with *len set to what it comes to (SIZE_MAX: too much for anybody); or ERR_MEMORY. What
 * has no room glibc formats into a buffer on the stack, and it may be a key or a ticket.
 */
static int __attribute__((format(printf, 3, 0)))
try_format(struct buf *b, size_t *len, const char *fmt, va_list args)
{
	size_t size = room(b);
	int n = vsnprintf(b->data + b->len, size, fmt, args);

	if (n >= 0 && (size_t)n < size) {
		b->len += (size_t)n;
		return 0;
	}
	secret_wipe_stack();
	b->data[b->len] = '\0';
	*len = n >= 0 ? (size_t)n : SIZE_MAX;
	return n >= 0 || errno == EOVERFLOW ? ERR_LIMIT : ERR_MEMORY;
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t first = ceiling(b) < SMALLEST_CAP ? ceiling(b) : SMALLEST_CAP - 1;
	size_t len = 0;
	va_list args;
	int r;

	r = b->data == NULL ? reserve(b, first) : 0;
	if (r < 0)
		return r;
	va_start(args, fmt);
	r = try_format(b, &len, fmt, args);
	va_end(args);
	if (r == ERR_LIMIT)
		r = reserve(b, len);
	if (r == 0 && len > 0) {
		va_start(args, fmt);
		r = try_format(b, &len, fmt, args);
		va_end(args);
	}
	/* An empty one owns nothing. */
	if (b->len == 0)
		buf_done(b);
	return r;
}

const char *
buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

void
buf_skip(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->data, b->data + n, b->len);
	b->data[b->len] = '\0';
}

void
buf_done(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	*b = (struct buf){.max = b->max};
}
