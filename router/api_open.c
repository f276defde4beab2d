/* SPDX-License-Identifier: MIT */
/* api_open - /vnc/<token>, see api.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "router/api.h"
#include "router/notice.h"
#include "router/site.h"
#include "session/core.h"
#include "session/token.h"

enum { RETRY_S = 10, LOG_INTERVAL_MS = 1000 };

/* A request whose console is being opened. */
struct opening {
	struct request *request;
	struct core_opened result;
};

static const struct notice invalid = {
	.title = "Invalid session.",
	.reason = "This link has expired, or it was opened before.",
	.advice = "Ask for a new link where you got this one.",
};

/* ---- what the request wants ---- */

/* Is needle in the value of a header, in any case? */
static bool
header_has(const struct request *request, const char *name, const char *needle)
{
	const char *value = request->ops->header(request, name);

	return value != NULL && strcasestr(value, needle) != NULL;
}

static bool
is_prefetch(const struct request *request)
{
	return header_has(request, "Sec-Purpose", "prefetch") ||
		   header_has(request, "Purpose", "prefetch") || header_has(request, "X-Moz", "prefetch");
}

static bool
wants_html(const struct request *request)
{
	return header_has(request, "Accept", "text/html");
}

/* ---- answers ---- */

static void
answer_invalid(const struct request *request, struct reply *reply)
{
	static struct log_rate rate;
	char from[IP_TEXT_SIZE];
	unsigned more = 0;

	if (wants_html(request))
		reply_notice(reply, 200, &invalid, true);
	else
		reply_text(reply, 200, "Invalid session.");
	if (!log_rate_allow(&rate, LOG_INTERVAL_MS, &more))
		return;
	ip_format(&request->client, from);
	log_info(
		LOG_ROUTER, "a link from %s is unknown, used or expired (%u more like it)", from, more);
}

static void
answer_failure(const struct request *request, struct reply *reply, const struct core_opened *result)
{
	const struct end_row *row = end_row(result->end);
	char again[48];
	struct notice notice = {
		.title = "Console not available",
		.reason = row->customer,
		.advice = "Ask for a new link.",
		.again = result->link_usable,
	};

	if (result->link_usable) {
		snprintf(again, sizeof(again), "Try again in %d seconds.", RETRY_S);
		notice.advice = again;
		reply->retry_after_s = RETRY_S;
	}
	reply_notice(reply, row->http_status, &notice, wants_html(request));
}

/* After a POST it is 303: the session is to be got, whatever browser it is (RFC 9110, 15.4.4). */
static void
answer_redirect(const struct request *request, struct reply *reply, struct core_opened *result)
{
	bool posted = strcmp(request->method, "POST") == 0;
	struct buf url = {0};
	struct secret location = {0};
	int r = site_add_session(request->site, &url, result->port);

	if (r == 0)
		r = buf_addf(&url, "%s/", secret_peek(&result->key));
	if (r == 0)
		r = secret_set(&location, url.data, url.len);
	buf_done(&url);
	if (r == 0)
		reply_redirect(reply, posted ? 303 : 302, &location);
	else
		reply_empty(reply, 503);
}

/* ---- the opening ---- */

static void
opening_free(void *state)
{
	struct opening *o = state;

	secret_wipe(&o->result.key);
	free(o);
}

/* From the core, on any thread, perhaps before core_open() returns. */
static void
opened(void *arg, struct core_opened *result)
{
	struct request *request = request_of(arg);
	struct opening *o = request->state;

	o->result = *result;
	o->result.key = (struct secret){0};
	secret_move(&o->result.key, &result->key);
	request->ops->resume(request);
}

enum route_next
api_open(struct request *request, struct reply *reply)
{
	const char *token = request->path + strlen(request->route->path);
	struct opening *o = NULL;

	if (*token == '\0' || strchr(token, '/') != NULL) {
		reply_text(reply, 400, "Bad Request");
		return ROUTE_ANSWERED;
	}
	/* Neither may tell whether the token exists, so neither looks. */
	if (strcmp(request->method, "HEAD") == 0) {
		reply_empty(reply, 200);
		return ROUTE_ANSWERED;
	}
	if (is_prefetch(request)) {
		reply_text(reply, 503, "This link opens when it is followed, not before.");
		return ROUTE_ANSWERED;
	}
	/* The same for every token, looked at by nobody: who only follows links uses none up. */
	if (request->settings->confirm && strcmp(request->method, "GET") == 0) {
		reply_confirm(reply, wants_html(request));
		return ROUTE_ANSWERED;
	}
	if (!token_well_formed(token)) {
		answer_invalid(request, reply);
		return ROUTE_ANSWERED;
	}
	o = calloc(1, sizeof(*o));
	if (o == NULL) {
		reply_empty(reply, 503);
		return ROUTE_ANSWERED;
	}
	o->request = request;
	request->state = o;
	request->state_free = opening_free;
	/* In this order: the core may be done, and the request gone, before it returns. */
	request->ops->suspend(request);
	core_open(request->site->core, token, &request->client, opened, request);
	return ROUTE_LATER;
}

void
api_opened(struct request *request, struct reply *reply)
{
	struct opening *o = request->state;

	if (o->result.code == 0)
		answer_redirect(request, reply, &o->result);
	else if (o->result.unknown_token)
		answer_invalid(request, reply);
	else
		answer_failure(request, reply, &o->result);
}
