/* SPDX-License-Identifier: MIT */
/* api_status - GET /status, see api.h */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "router/api.h"
#include "router/site.h"
#include "session/core.h"

static const char *const state_names[] = {
	[SESSION_CREATED] = "created",
	[SESSION_ACTIVE] = "active",
	[SESSION_DISCONNECTED] = "disconnected",
	[SESSION_ENDED] = "disconnected", /* core.h: never to be seen here */
};

/* A field of text that may not be there at all; -1 without memory. */
static int
set_time(json_t *object, const char *name, int64_t unix_s)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(text, unix_s);
	return json_object_set_new(object, name, json_string(text));
}

/* One session, or NULL without memory. */
static json_t *
session_json(const struct site *site, const struct session_info *info)
{
	char vmid[16] = "", connected[CLOCK_DURATION_SIZE], age[CLOCK_DURATION_SIZE];
	struct buf url = {0};
	json_t *object = NULL;

	if (site_add_session(site, &url, info->port) < 0)
		return NULL;
	if (info->vmid != 0)
		snprintf(vmid, sizeof(vmid), "%u", info->vmid);
	clock_duration(connected, info->connected_s);
	clock_duration(age, info->age_s);
	object = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:s,s:i}", "key", info->key,
		"session_id", info->id, "url", buf_text(&url), "node", info->node, "vmid", vmid, "type",
		info->type, "console", info->console, "connected_duration", connected, "age", age, "port",
		(int)info->port, "status", state_names[info->state], "viewers", (int)info->viewers);
	buf_done(&url);
	if (object == NULL || set_time(object, "created_at", info->created_unix) < 0 ||
		(info->connected_unix != 0 && set_time(object, "connected_at", info->connected_unix) < 0)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *
sessions_json(const struct site *site, const struct core_status *status)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < status->total; i++) {
		if (json_array_append_new(array, session_json(site, &status->sessions[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

enum route_next
api_status(struct request *request, struct reply *reply)
{
	struct core_status status = {0};
	struct err err = {0};

	if (core_status(request->site->core, &status, &err) < 0) {
		log_error(LOG_ROUTER, "no status: %s", err.text);
		reply_empty(reply, 503);
		return ROUTE_ANSWERED;
	}
	/* json_pack() takes the array, also when it fails; NULL makes it fail. */
	reply_json(reply, 200,
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "total_sessions", (json_int_t)status.total,
			"pending_tokens", (json_int_t)status.pending_tokens, "sessions_created",
			(json_int_t)status.created, "sessions_active", (json_int_t)status.active,
			"sessions_disconnected", (json_int_t)status.disconnected, "sessions",
			sessions_json(request->site, &status)));
	core_status_done(&status);
	return ROUTE_ANSWERED;
}
