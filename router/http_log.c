/* SPDX-License-Identifier: MIT */
/* http_log - see http_log.h */
#include "router/http_log.h"

#include <stdio.h>
#include <string.h>

enum { INTERVAL_MS = 1000 };

void
http_log_init(struct http_log *log)
{
	*log = (struct http_log){0};
	lock_init(&log->lock, LOCK_HTTP);
}

void
http_log_done(struct http_log *log)
{
	lock_done(&log->lock);
}

/* The library ends some lines with "request for" and the path: that may have a token in it. */
static void
cut_path(char *text)
{
	char *request = strstr(text, "request for ");

	if (request != NULL)
		request[strlen("request")] = '\0';
}

void
http_log_write(void *cls, const char *fmt, va_list args)
{
	struct http_log *log = cls;
	char text[HTTP_LOG_LINE] = "";
	unsigned more = 0;

	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	cut_path(text);
	lock_take(&log->lock);
	memcpy(log->last, text, sizeof(text));
	lock_release(&log->lock);
	if (log_wants(LEVEL_DEBUG) && log_rate_allow(&log->rate, INTERVAL_MS, &more))
		log_debug(LOG_ROUTER, "http: %s (and %u more lines)", text, more);
}

void
http_log_last(struct http_log *log, char out[HTTP_LOG_LINE])
{
	lock_take(&log->lock);
	memcpy(out, log->last, HTTP_LOG_LINE);
	lock_release(&log->lock);
}
