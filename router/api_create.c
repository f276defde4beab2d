/* SPDX-License-Identifier: MIT */
/* api_create - POST /create, see api.h */
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "router/api.h"
#include "router/create_body.h"
#include "router/create_verdict.h"
#include "router/site.h"
#include "session/core.h"
#include "session/target.h"

enum { LIMIT_RETRY_S = 30, STOPPING_RETRY_S = 10 };

/* An order that is being tried; the request's state. */
struct trial {
	struct pve_target target; /* as it was asked for */
	const char *credential;   /* see create_body.h */
	enum end end;             /* why not, when err has a code */
	struct err err;
	struct grant *grant; /* back from the core; NULL: it failed */
};

/* ---- answers ---- */

/* A grant that the core would not have. */
static void
refuse(struct reply *reply, int code, const struct err *err)
{
	switch (code) {
	case ERR_FORBIDDEN:
		reply_json_error(reply, 400, "hostname: this address is not allowed (allowed_hosts)");
		break;
	case ERR_LIMIT:
		reply_json_error(reply, 503, "too many links wait to be opened");
		reply->retry_after_s = LIMIT_RETRY_S;
		break;
	case ERR_STOPPING:
		reply_json_error(reply, 503, "the gateway is restarting");
		reply->retry_after_s = STOPPING_RETRY_S;
		break;
	default:
		reply_json_error(reply, 503, "the gateway has a problem of its own");
		reply->retry_after_s = LIMIT_RETRY_S;
	}
	log_error(LOG_ROUTER, "no link created: %s", err->text);
}

static void
answer(const struct settings *settings, struct reply *reply, const char *token)
{
	char ttl[TEXT_NUMBER_SIZE];
	const char *const pieces[] = {"{\"status\":\"success\",\"token\":\"", token, "\",\"url\":\"",
		buf_text(&settings->link_base), "/vnc/", token,
		"\",\"expires_in\":", text_number(ttl, settings->token_ttl_s), "}", NULL};

	reply_json_text(reply, 200, pieces);
}

/* A link for *grant, which is NULL afterwards if there is one. */
static void
put(struct request *request, struct reply *reply, struct grant **grant, const char *how)
{
	struct pve_target target = (*grant)->target;
	char name[TARGET_NAME_SIZE];
	struct secret token = {0};
	struct err err = {0};
	int r = core_put(request->site->core, grant, &token, &err);

	if (r < 0) {
		refuse(reply, r, &err);
		return;
	}
	answer(request->settings, reply, secret_peek(&token));
	log_info(LOG_ROUTER, "link created for %s at %s:%u, valid %d s%s", target_name(name, &target),
		target.host, target.port, request->settings->token_ttl_s, how);
	secret_wipe(&token);
}

/* ---- the trial ---- */

static void
trial_free(void *state)
{
	struct trial *t = state;

	grant_free(t->grant);
	free(t);
}

/* From the core, on any thread, perhaps before core_verify() returns. */
static void
tried(void *arg, struct core_verified *result)
{
	struct request *request = request_of(arg);
	struct trial *t = request->state;

	if (result->code < 0) {
		t->end = result->end;
		err_set(&t->err, result->code, "%s", result->text);
	} else {
		t->grant = result->grant;
		result->grant = NULL;
	}
	request->ops->resume(request);
}

/* Let the core try *order, whose grant is taken. False: there is no memory for it. */
static bool
try_first(struct request *request, struct create_order *order)
{
	struct trial *t = calloc(1, sizeof(*t));
	struct grant *grant = order->grant;

	if (t == NULL)
		return false;
	t->target = grant->target;
	t->credential = order->credential;
	order->grant = NULL;
	request->state = t;
	request->state_free = trial_free;
	/* In this order: the core may be done, and the request gone, before it returns. */
	request->ops->suspend(request);
	core_verify(request->site->core, &grant, tried, request);
	return true;
}

/* The core has told the log. */
static void
answer_failure(struct reply *reply, const struct trial *t)
{
	struct create_verdict verdict = create_verdict_of(t->end, &t->target, t->credential);
	struct err text = {0};

	if (verdict.field != NULL)
		err_set(&text, t->err.code, "%s: %s", verdict.field, t->err.text);
	else
		text = t->err;
	reply_json_reason(reply, verdict.status, text.text, end_row(t->end)->reason);
	if (verdict.status == 503)
		reply->retry_after_s = t->end == END_STOPPING ? STOPPING_RETRY_S : LIMIT_RETRY_S;
}

/* ---- the endpoint ---- */

enum route_next
api_create(struct request *request, struct reply *reply)
{
	const struct create_allowed allowed = {
		.node_shells = request->settings->node_shells,
		.terminals = core_has_terminals(request->site->core),
	};
	const char *type = request->ops->header(request, "Content-Type");
	struct create_order order = {0};
	struct err err = {0};
	int r;

	r = create_body_read(type, buf_text(&request->body), request->body.len, &allowed, &order, &err);
	/* There is a password in it, and this was its last use. */
	buf_done(&request->body);
	if (r == ERR_INVALID) {
		reply_json_error(reply, 400, err.text);
		return ROUTE_ANSWERED;
	}
	if (r < 0) {
		refuse(reply, r, &err);
		return ROUTE_ANSWERED;
	}
	if (order.verify && try_first(request, &order))
		return ROUTE_LATER;
	if (order.verify)
		refuse(reply, err_set(&err, ERR_MEMORY, "no memory to try it"), &err);
	else
		put(request, reply, &order.grant, "");
	create_order_done(&order);
	return ROUTE_ANSWERED;
}

void
api_created(struct request *request, struct reply *reply)
{
	struct trial *t = request->state;

	if (t->grant != NULL)
		put(request, reply, &t->grant, ", tried");
	else
		answer_failure(reply, t);
}
