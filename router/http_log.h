/* SPDX-License-Identifier: MIT */
/*
 * http_log - what the HTTP library has to say.
 *
 * Any client can make it talk, so its lines go to the debug log, one a second at
 * most, without the path that it was asked for: a token may be in it. The last
 * words are kept: they tell why the server does not start.
 *
 * Threads: any.
 */
#ifndef ROUTER_HTTP_LOG_H
#define ROUTER_HTTP_LOG_H

#include <stdarg.h>

#include "base/lock.h"
#include "base/log.h"

enum { HTTP_LOG_LINE = 128 };

struct http_log {
	struct lock lock;
	struct log_rate rate;
	char last[HTTP_LOG_LINE]; /* [lock] */
};

void http_log_init(struct http_log *log);
void http_log_done(struct http_log *log);

/* The library's callback; cls is the struct http_log. */
void http_log_write(void *cls, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

/* Copy the last line. */
void http_log_last(struct http_log *log, char out[HTTP_LOG_LINE]);

#endif
