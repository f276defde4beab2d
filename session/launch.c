/* SPDX-License-Identifier: MIT */
#include "session/launch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/prove.h"
#include "session/target.h"
#include "session/live.h"
#include "session/token.h"

enum { START_TRIES = 3 };

/* One GET of a link, from the token to the answer. */
struct opening {
	struct launch *launch;
	void (*done)(void *arg, struct core_opened *result);
	void *arg;
	struct secret token;
	struct ip client;        /* who opens the link */
	struct grant *grant;     /* NULL until taken */
	struct place *place;     /* reserved, together with the port, before Proxmox is asked */
	struct port_lease lease; /* empty when there is a session to join */
	enum end end;            /* what the customer is told when it is not what the code says */
	struct tunables tunables;
	int64_t deadline_ms;
	int64_t asked_us;
	bool judged; /* Proxmox has answered: the link is spent */
};

static void
opening_free(struct opening *o)
{
	secret_wipe(&o->token);
	grant_free(o->grant);
	ports_return(&o->lease);
	place_leave(&o->place);
	tunables_done(&o->tunables);
	free(o);
}

/* Answer, and put the grant back if the link has not been used up. */
static void
finish(struct opening *o, struct core_opened *result)
{
	if (result->code < 0 && o->grant && !o->judged) {
		o->launch->store->ops->restore(o->launch->store, secret_peek(&o->token), &o->grant);
		result->link_usable = true;
	}
	o->done(o->arg, result);
	secret_wipe(&result->key);
	opening_free(o);
}

static void
finish_failed(struct opening *o, int code, const struct err *err)
{
	struct core_opened result = {
		.code = code, .end = o->end != END_NONE ? o->end : end_of_err(code)};
	char name[TARGET_NAME_SIZE];

	if (!o->grant && code == ERR_NOT_FOUND) {
		result.unknown_token = true;
	} else if (!o->grant) {
		/* It was not taken, so it is still there. */
		result.link_usable = true;
		log_error(LOG_PROXY, "a link was not opened: %s (it stays usable)", err->text);
	} else {
		log_error(LOG_PROXY, "%s at %s:%u for %s: %s: %s%s", target_name(name, &o->grant->target),
			o->grant->target.host, o->grant->target.port, o->grant->credential.user,
			end_row(result.end)->log, err->text, o->judged ? "" : " (the link stays usable)");
	}
	finish(o, &result);
}

static int
take_place(struct opening *o, struct err *err)
{
	enum place_limit limit = PLACE_FREE;
	int r = places_take(
		o->launch->places, &o->tunables, &o->grant->target, &o->client, &o->place, &limit, err);

	if (limit == PLACE_CLIENT)
		o->end = END_LIMIT_CLIENT;
	return r;
}

/* A place and a port for a session of our own. */
static int
reserve(struct opening *o, struct err *err)
{
	int r = take_place(o, err);

	return r < 0 ? r : ports_lease(o->launch->ports, &o->lease, err);
}

/* Would reserve() find them just now? */
static int
look_for_room(struct opening *o, struct err *err)
{
	int r = take_place(o, err);

	place_leave(&o->place);
	if (r == 0 && !ports_any_free(o->launch->ports))
		r = err_set(
			err, ERR_BUSY, "all %zu session ports are in use", ports_count(o->launch->ports));
	return r;
}

/* Is there a session that this grant may join, so that it needs no room? */
static bool
may_join(struct opening *o)
{
	struct session *s = sessions_find(
		o->launch->sessions, &o->grant->target, o->grant->hosts, o->grant->credential.user);

	session_unref(s);
	return s != NULL;
}

/* Start a session of our own with the reserved port; if another link was faster, join its session. */
static int
start_session(struct opening *o, struct pve *pve, struct session **out, struct err *err)
{
	struct launch *l = o->launch;
	struct session *s = NULL, *other;
	struct pve *mine = pve_ref(pve);
	int r;

	/* The one that was to be joined has ended meanwhile. */
	r = o->lease.pool ? 0 : reserve(o, err);
	if (r == 0)
		r = session_new(l->sessions, &o->grant->target, &mine, &o->lease, &o->place, &s, err);
	if (r < 0) {
		pve_unref(mine);
		return r;
	}
	r = live_start(s, l->env, err);
	if (r < 0) {
		session_unref(s);
		return r;
	}
	other = sessions_add(l->sessions, s);
	if (other) {
		while (session_end(s, END_SUPERSEDED) < 0)
			; /* out of memory: it must be told, or it would run for ever */
		session_unref(s);
		*out = other;
		return 0;
	}
	log_info(LOG_SESSION_MGR, "%s: created on port %u for %s at %s:%u", s->id, s->port,
		pve_user(s->pve), s->target.host, s->target.port);
	*out = s;
	return 0;
}

/* A key of s for this link, whose opening has just found the guest. ERR_GONE when s has ended. */
static int
add_link(struct opening *o, struct session *s, struct core_opened *result, struct err *err)
{
	const char *node = o->grant->target.node;
	int r = session_add_link(s, &o->client, &result->key, err);

	if (r < 0)
		return r;
	result->port = s->port;
	if (sessions_seen(s, node))
		log_info(LOG_PROXY, "%s: the guest has moved to node %s", s->id, node);
	return 0;
}

/* A key of a session that is there. ERR_GONE when there is none, or it ends just now. */
static int
join(struct opening *o, const struct pve *pve, struct core_opened *result, struct err *err)
{
	struct session *s =
		sessions_find(o->launch->sessions, &o->grant->target, o->grant->hosts, pve_user(pve));
	int r = s ? add_link(o, s, result, err) : ERR_GONE;

	if (r == 0)
		log_info(LOG_SESSION_MGR, "%s: joined by another link", s->id);
	session_unref(s);
	return r;
}

/* A key of a session of our own, or of one that was faster. ERR_GONE when that one ends just now. */
static int
start(struct opening *o, struct pve *pve, struct core_opened *result, struct err *err)
{
	struct session *s = NULL;
	int r = start_session(o, pve, &s, err);

	if (r == 0)
		r = add_link(o, s, result, err);
	session_unref(s);
	return r;
}

/* The login is won: a session that ends just now must not cost the link. */
static int
join_or_start(struct opening *o, struct pve *pve, struct core_opened *result, struct err *err)
{
	int r = join(o, pve, result, err);

	for (int tries = 0; r == ERR_GONE && tries < START_TRIES; tries++)
		r = start(o, pve, result, err);
	return r;
}

static bool
run(void *arg)
{
	struct opening *o = arg;
	struct core_opened result = {.code = 0};
	struct proof proof = {.pve = NULL};
	struct err err = {0, ""};
	bool did_well;
	int r = may_join(o) ? 0 : reserve(o, &err);

	if (r == 0)
		r = prove_grant(o->launch->env, o->grant, o->asked_us, o->deadline_ms, &proof, &err);
	/* An answer of any kind ends the password's work; silence leaves the link usable. */
	o->judged = proof.judged;
	if (o->judged)
		grant_wipe_credentials(o->grant);
	if (r == 0)
		r = join_or_start(o, proof.pve, &result, &err);
	pve_unref(proof.pve);
	/* Without an answer the host may not even have been asked. */
	did_well = o->judged && env_answered(r);
	if (r < 0)
		finish_failed(o, r, &err);
	else
		finish(o, &result);
	return did_well;
}

static void
late(void *arg)
{
	struct opening *o = arg;
	struct err err;
	int code = clock_left_ms(o->deadline_ms) > 0 ? ERR_STOPPING : ERR_TIMEOUT;

	err_set(
		&err, code, code == ERR_TIMEOUT ? "the host's earlier calls took too long" : "stopping");
	finish_failed(o, code, &err);
}

/* Take the token and queue the rest. Blocks only if the store does. */
static void
begin(struct opening *o)
{
	struct launch *l = o->launch;
	char lane[LANE_SIZE];
	struct job job = {.lane = lane, .run = run, .late = late, .arg = o};
	struct err err;
	int r;

	r = l->store->ops->take(l->store, secret_peek(&o->token), &o->grant, &err);
	if (r == 0 && !may_join(o))
		r = look_for_room(o, &err);
	if (r == 0) {
		env_lane(lane, &o->grant->target);
		job.deadline_ms = o->deadline_ms;
		r = workers_post(l->env->workers, &job, &err);
	}
	if (r < 0)
		finish_failed(o, r, &err);
}

static bool
run_begin(void *arg)
{
	begin(arg);
	return true;
}

void
launch_open(struct launch *l, const char *token, const struct ip *client,
	void (*done)(void *arg, struct core_opened *result), void *arg)
{
	struct core_opened failed = {.code = ERR_MEMORY, .end = END_INTERNAL, .link_usable = true};
	struct opening *o = calloc(1, sizeof(*o));
	struct job job = {.run = run_begin, .late = late, .arg = o};
	int r;

	if (!o) {
		done(arg, &failed);
		return;
	}
	o->launch = l;
	o->client = *client;
	o->done = done;
	o->arg = arg;
	tunables_get(l->env->tunables, &o->tunables);
	o->asked_us = clock_us();
	o->deadline_ms = clock_ms() + o->tunables.open_timeout_s * INT64_C(1000);
	if (secret_set(&o->token, token, strnlen(token, TOKEN_CHARS + 1)) < 0) {
		done(arg, &failed);
		opening_free(o);
		return;
	}
	if (!l->store->ops->may_block) {
		begin(o);
		return;
	}
	job.deadline_ms = o->deadline_ms;
	r = workers_post(l->env->workers, &job, NULL);
	if (r < 0) {
		failed.code = r;
		failed.end = end_of_err(r);
		done(arg, &failed);
		opening_free(o);
	}
}
