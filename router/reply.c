/* SPDX-License-Identifier: MIT */
/* reply - see reply.h */
#include "router/reply.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "router/notice.h"

enum { KEPT_MAX = 1024 }; /* bytes of a body that a connection keeps room for */

/* Without memory for its body an answer still has to be one. */
static void
out_of_memory(struct reply *reply)
{
	buf_done(&reply->body);
	secret_wipe(&reply->location);
	reply->status = 503;
	reply->type = NULL;
	reply->policy = POLICY_BARE;
}

void
reply_empty(struct reply *reply, int status)
{
	reply->status = status;
}

void
reply_text(struct reply *reply, int status, const char *text)
{
	reply->status = status;
	reply->type = "text/plain; charset=utf-8";
	if (buf_addf(&reply->body, "%s\n", text) < 0)
		out_of_memory(reply);
}

void
reply_notice(struct reply *reply, int status, const struct notice *notice, bool html)
{
	int r;

	reply->status = status;
	reply->policy = html ? POLICY_NOTICE : POLICY_BARE;
	reply->type = html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
	r = html ? notice_html(&reply->body, notice) : notice_text(&reply->body, notice);
	if (r < 0)
		out_of_memory(reply);
}

void
reply_confirm(struct reply *reply, bool html)
{
	int r;

	reply->status = 200;
	reply->policy = html ? POLICY_CONFIRM : POLICY_BARE;
	reply->type = html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
	r = html ? notice_confirm_html(&reply->body) : notice_confirm_text(&reply->body);
	if (r < 0)
		out_of_memory(reply);
}

void
reply_redirect(struct reply *reply, int status, struct secret *location)
{
	reply->status = status;
	secret_move(&reply->location, location);
}

/* jansson's writer; what it is given may be a token. */
static int
add_json(const char *data, size_t len, void *body)
{
	return buf_add(body, data, len) < 0 ? -1 : 0;
}

void
reply_json(struct reply *reply, int status, json_t *value)
{
	reply->status = status;
	reply->type = "application/json";
	reply->body.max = 16 * 1024 * 1024;
	if (value == NULL || json_dump_callback(value, add_json, &reply->body, JSON_COMPACT) < 0 ||
		buf_addf(&reply->body, "\n") < 0)
		out_of_memory(reply);
	json_decref(value);
}

void
reply_json_text(struct reply *reply, int status, const char *const pieces[])
{
	int r = 0;

	reply->status = status;
	reply->type = "application/json";
	for (; r == 0 && *pieces != NULL; pieces++)
		r = buf_add(&reply->body, *pieces, strlen(*pieces));
	if (r < 0 || buf_add(&reply->body, "\n", 1) < 0)
		out_of_memory(reply);
}

void
reply_json_error(struct reply *reply, int status, const char *text)
{
	reply_json_reason(reply, status, text, NULL);
}

void
reply_json_reason(struct reply *reply, int status, const char *text, const char *reason)
{
	reply_json(reply, status,
		json_pack(
			"{s:s,s:s,s:s,s:s*}", "status", "error", "token", "", "error", text, "reason", reason));
}

void
reply_done(struct reply *reply)
{
	buf_done(&reply->body);
	secret_wipe(&reply->location);
	*reply = (struct reply){0};
}

/* ---- what is sent ---- */

static struct reply_header *
next(struct reply_header out[REPLY_HEADERS_MAX], size_t *n, const char *name, const char *value)
{
	struct reply_header *h = &out[(*n)++];

	h->name = name;
	h->value = value;
	return h;
}

static void
set_number(struct reply_header *h, const char *before, int number)
{
	snprintf(h->own, sizeof(h->own), "%s%d", before, number);
	h->value = h->own;
}

size_t
reply_headers(const struct reply *reply, const struct settings *settings, bool tls,
	struct reply_header out[REPLY_HEADERS_MAX])
{
	/* A panel that isolates itself may show pages in a frame, and follow a link to the console's. */
	bool page = reply->policy != POLICY_BARE;
	size_t n = 0;

	next(out, &n, "Cache-Control", "no-store");
	next(out, &n, "X-Content-Type-Options", "nosniff");
	next(out, &n, "Referrer-Policy", "no-referrer");
	next(out, &n, "Cross-Origin-Resource-Policy",
		page || reply->location.len > 0 ? "cross-origin" : "same-origin");
	if (page)
		next(out, &n, "Cross-Origin-Embedder-Policy", "require-corp");
	if (tls && settings->hsts_max_age_s > 0)
		set_number(
			next(out, &n, "Strict-Transport-Security", NULL), "max-age=", settings->hsts_max_age_s);
	next(out, &n, "Content-Security-Policy", buf_text(&settings->policies[reply->policy]));
	if (reply->type != NULL)
		next(out, &n, "Content-Type", reply->type);
	if (reply->location.len > 0)
		next(out, &n, "Location", secret_peek(&reply->location));
	if (reply->allow != NULL)
		next(out, &n, "Allow", reply->allow);
	if (reply->retry_after_s > 0)
		set_number(next(out, &n, "Retry-After", NULL), "", reply->retry_after_s);
	if (reply->status == 401)
		next(out, &n, "WWW-Authenticate", "Bearer");
	if (reply->close)
		next(out, &n, "Connection", "close");
	return n;
}

/* The library is done with the body. */
static void
free_body(void *pointer)
{
	struct buf *body = pointer;

	buf_done(body);
	free(body);
}

/* A response that owns the body; *body is empty afterwards, whatever happens. */
static struct MHD_Response *
make_response(struct buf *body)
{
	struct MHD_Response *response;
	struct buf *moved;

	if (body->len == 0) {
		buf_done(body);
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	moved = malloc(sizeof(*moved));
	if (moved == NULL) {
		buf_done(body);
		return NULL;
	}
	*moved = *body;
	*body = (struct buf){.max = moved->max};
	response = MHD_create_response_from_buffer_with_free_callback_cls(
		moved->len, moved->data, free_body, moved);
	if (response == NULL)
		free_body(moved);
	return response;
}

/* The same with its headers. NULL without memory; *body is empty anyway. */
static struct MHD_Response *
make_whole(struct reply *reply, const struct settings *settings, bool tls)
{
	struct reply_header headers[REPLY_HEADERS_MAX];
	size_t n = reply_headers(reply, settings, tls, headers);
	struct MHD_Response *response = make_response(&reply->body);

	for (size_t i = 0; response != NULL && i < n; i++) {
		if (MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES)
			continue;
		MHD_destroy_response(response);
		response = NULL;
	}
	return response;
}

/* ---- what is kept ---- */

void
reply_kept_wipe(struct reply_kept *kept)
{
	if (kept->response != NULL)
		explicit_bzero(kept->body, kept->len);
}

void
reply_kept_done(struct reply_kept *kept)
{
	if (kept->response != NULL) {
		MHD_destroy_response(kept->response);
		settings_unref(kept->settings);
	}
	*kept = (struct reply_kept){0};
}

/* Do its headers follow from its type and the settings alone? */
static bool
is_common(const struct reply *reply)
{
	return reply->status == 200 && reply->type != NULL && reply->policy == POLICY_BARE &&
		   reply->location.len == 0 && reply->allow == NULL && reply->retry_after_s == 0 &&
		   !reply->close && reply->body.len > 0 && reply->body.len <= KEPT_MAX;
}

/* The kept response with the reply's body, which is emptied; NULL when it is not such a one. */
static struct MHD_Response *
use_kept(struct reply_kept *kept, struct reply *reply, const struct settings *settings, bool tls)
{
	if (kept->response == NULL || kept->len != reply->body.len || kept->type != reply->type ||
		kept->settings != settings || kept->tls != tls)
		return NULL;
	memcpy(kept->body, reply->body.data, kept->len);
	buf_done(&reply->body);
	return kept->response;
}

/* The response for a common reply, which is kept from now on. NULL without memory. */
static struct MHD_Response *
keep(struct reply_kept *kept, struct reply *reply, struct settings *settings, bool tls)
{
	struct reply_kept fresh = {.body = reply->body.data,
		.len = reply->body.len,
		.type = reply->type,
		.settings = settings,
		.tls = tls};

	fresh.response = make_whole(reply, settings, tls);
	if (fresh.response == NULL)
		return NULL;
	reply_kept_done(kept);
	settings_ref(settings);
	*kept = fresh;
	return kept->response;
}

bool
reply_send(struct reply *reply, struct settings *settings, bool tls, struct reply_kept *kept,
	void *connection)
{
	bool common = kept != NULL && is_common(reply);
	struct MHD_Response *response = common ? use_kept(kept, reply, settings, tls) : NULL;
	bool sent;

	if (response == NULL)
		response = common ? keep(kept, reply, settings, tls) : make_whole(reply, settings, tls);
	if (response == NULL)
		return false;
	sent = MHD_queue_response(connection, (unsigned)reply->status, response) == MHD_YES;
	if (!common)
		MHD_destroy_response(response);
	return sent;
}
