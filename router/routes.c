/* SPDX-License-Identifier: MIT */
/* routes - see routes.h */
#include "router/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "router/api.h"
#include "router/auth.h"
#include "router/create_body.h"
#include "router/site.h"
#include "session/core.h"

enum { CROWD_RETRY_S = 10, LOG_INTERVAL_MS = 1000 };

static const struct route routes[] = {
	{"/create", "POST", .secret = true, .body = true, .run = api_create, .resumed = api_created},
	{"/status", "GET, HEAD", .secret = true, .run = api_status},
	{"/vnc/", "GET, HEAD", "GET, HEAD, POST", .run = api_open, .resumed = api_opened},
};

const struct route *
routes_find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t len = strlen(routes[i].path);
		bool below = routes[i].path[len - 1] == '/';

		if (strncmp(path, routes[i].path, len) == 0 && (below || path[len] == '\0'))
			return &routes[i];
	}
	return NULL;
}

static const char *
allowed(const struct route *route, const struct settings *settings)
{
	return settings->confirm && route->confirm_allow != NULL ? route->confirm_allow : route->allow;
}

/* Is a method one of a list? They are case-sensitive (RFC 9110, 9.1). */
static bool
allows(const char *list, const char *method)
{
	size_t len = strlen(method), n;

	for (const char *at = list; *at != '\0'; at += n, at += strspn(at, ", ")) {
		n = strcspn(at, ",");
		if (n == len && memcmp(at, method, n) == 0)
			return true;
	}
	return false;
}

static void
refuse(const struct request *request, struct reply *reply, int status, const char *text)
{
	if (request->route->body)
		reply_json_error(reply, status, text);
	else
		reply_text(reply, status, text);
}

void
routes_refuse_size(const struct request *request, struct reply *reply)
{
	char text[64];

	snprintf(text, sizeof(text), "the body is larger than %zu bytes", request->settings->body_max);
	refuse(request, reply, 413, text);
}

void
routes_refuse_memory(const struct request *request, struct reply *reply)
{
	refuse(request, reply, 503, "no memory for the body");
	reply->retry_after_s = 10;
}

static void
refuse_crowd(const struct request *request, struct reply *reply)
{
	static struct log_rate rate;
	char from[IP_TEXT_SIZE];
	unsigned more = 0;

	refuse(request, reply, 429, "too many connections from your address");
	reply->retry_after_s = CROWD_RETRY_S;
	if (!log_rate_allow(&rate, LOG_INTERVAL_MS, &more))
		return;
	ip_format(&request->client, from);
	log_info(LOG_ROUTER,
		"%s from %s: too many connections (router_connections_per_client; %u more like it)",
		request->route->path, from, more);
}

/* The connection first, then what came over it. */
static bool
admit_head(struct request *request, struct reply *reply)
{
	char text[64];

	if (request->crowded) {
		refuse_crowd(request, reply);
		return false;
	}
	if (request->head_size > request->settings->head_max) {
		snprintf(
			text, sizeof(text), "the head is larger than %zu bytes", request->settings->head_max);
		refuse(request, reply, 431, text);
		return false;
	}
	if (request->head_fault != NULL) {
		refuse(request, reply, 400, request->head_fault);
		return false;
	}
	return true;
}

static bool
admit_type(struct request *request, struct reply *reply)
{
	const char *type = request->ops->header(request, "Content-Type");
	struct err why = {0};

	if (create_body_form(type, &why) != CREATE_BODY_UNKNOWN)
		return true;
	refuse(request, reply, 415, why.text);
	return false;
}

/*
 * A wrong secret waits for its answer. After too many the answer is another one, and
 * ends the connection; but it waits too, and a right secret is not even counted: it is
 * served at once whoever else guesses at its address. Without a secret nothing is guessed.
 */
static bool
admit_secret(struct request *request, struct reply *reply)
{
	const char *header = request->ops->header(request, "Authorization");
	int left_s = 0;

	if (auth_accepts(request->site->auth, header, &request->client, request->route->path))
		return true;
	reply->slow = true;
	if (header != NULL &&
		core_guess(request->site->core, &request->client, &left_s) == PENALTY_REFUSE) {
		refuse(request, reply, 429, "too many wrong secrets from your address");
		reply->retry_after_s = left_s;
		reply->close = true;
	} else {
		reply_text(reply, 401, "Unauthorized");
	}
	return false;
}

bool
routes_admit(struct request *request, struct reply *reply)
{
	const struct route *route = routes_find(request->path);

	request->route = route;
	if (route == NULL) {
		reply_text(reply, 401, "Unauthorized");
		return false;
	}
	if (!allows(allowed(route, request->settings), request->method)) {
		reply_text(reply, 405, "Method Not Allowed");
		reply->allow = allowed(route, request->settings);
		return false;
	}
	if (!admit_head(request, reply))
		return false;
	if (route->secret && !admit_secret(request, reply))
		return false;
	if (!route->body)
		return true;
	if (request->length > (int64_t)request->settings->body_max) {
		routes_refuse_size(request, reply);
		return false;
	}
	return admit_type(request, reply);
}
