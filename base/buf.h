/* SPDX-License-Identifier: MIT */
/*
 * buf - a growing byte buffer with a ceiling.
 *
 * data is always followed by a NUL that does not count, so that text can be
 * read as a C string. An empty buf ({.max = n}) owns nothing. It is wiped when
 * it is freed and when it grows, since requests and answers may carry secrets.
 *
 * Threads: no shared state; a buf belongs to its holder.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* NULL until something is added */
	size_t len;
	size_t cap;
	size_t max; /* len never exceeds this; 0 means 1 MiB */
};

/* Append. Returns 0, ERR_LIMIT when it would exceed max (nothing appended), or ERR_MEMORY. */
int buf_add(struct buf *b, const void *data, size_t len) __attribute__((warn_unused_result));
/* The same with n texts one behind the other. */
int buf_add_texts(struct buf *b, const char *const *texts, size_t n)
	__attribute__((warn_unused_result));
/* The same with a format; a text that has no room in b's memory is formatted twice. */
int buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* The text, "" while empty; valid until b changes. */
const char *buf_text(const struct buf *b);

/* Forget the first n bytes (n <= len). */
void buf_skip(struct buf *b, size_t n);

/* Wipe and free; max stays. */
void buf_done(struct buf *b);

#endif
