/* SPDX-License-Identifier: MIT */
#include "session/logins.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/env.h"
#include "session/login_key.h"
#include "session/tunables.h"

enum { RENEW_NEVER_TWICE_MS = 10 * 60 * 1000 }; /* a renewal under way is over by then */

LIST_HEAD(login_list, login);

/* [i] immutable; all else under LOCK_LOGINS, but pve while it flies is the flyer's to change. */
struct login {
	LIST_ENTRY(login) link;
	struct login_key key; /* [i] */
	bool token;           /* [i] */
	char lane[LANE_SIZE]; /* [i] */
	struct pve *pve;      /* one reference; NULL before the first success */
	bool flying;          /* somebody is on the way to Proxmox for it */
	bool proven;          /* the last one came back with a login */
	bool answered;        /* ... or with another answer of Proxmox itself */
	int64_t landed_ms;    /* when that was */
	int64_t landed_us;    /* the same: a link may be opened again within the millisecond */
	struct err failure;   /* what is shared with those who had asked by then; code 0: nothing */
	int64_t used_ms;      /* when it was last seen in use */
	int64_t renew_ms;     /* when its ticket is due */
};

struct logins {
	struct lock lock;
	pthread_cond_t landed;
	struct login_keys *keys; /* [i] */
	struct login_list all;   /* [LOCK_LOGINS] */
	size_t count;            /* [LOCK_LOGINS] */
};

int
logins_new(struct logins **out, struct err *err)
{
	struct logins *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(err, ERR_MEMORY, "no memory for logins");
	r = login_keys_new(&l->keys, err);
	if (r < 0) {
		free(l);
		return r;
	}
	lock_init(&l->lock, LOCK_LOGINS);
	lock_cond_init(&l->landed);
	*out = l;
	return 0;
}

/* ---- one login ---- */

static struct login *
login_new(const struct login_ask *ask, const struct login_key *key)
{
	struct login *login = calloc(1, sizeof(*login));

	if (!login)
		return NULL;
	login->key = *key;
	login->token = pve_credential_is_token(ask->credential);
	env_lane(login->lane, ask->target);
	return login;
}

static void
login_free(struct login *login)
{
	if (!login)
		return;
	pve_unref(login->pve);
	free(login);
}

static void
free_all(struct login_list *list)
{
	struct login *login;

	while ((login = LIST_FIRST(list))) {
		LIST_REMOVE(login, link);
		login_free(login);
	}
}

void
logins_free(struct logins *l)
{
	if (!l)
		return;
	free_all(&l->all);
	login_keys_free(l->keys);
	pthread_cond_destroy(&l->landed);
	lock_done(&l->lock);
	free(l);
}

/* ---- all of them, with the lock held ---- */

static struct login *
find(struct logins *l, const struct login_key *key)
{
	struct login *login;

	if (key->alone)
		return NULL;
	LIST_FOREACH(login, &l->all, link)
	{
		if (login_key_equal(&login->key, key))
			return login;
	}
	return NULL;
}

static bool
in_use(const struct login *login)
{
	return login->flying || (login->pve && pve_is_shared(login->pve));
}

/* Out of the cache, to be freed when the lock is released. */
static void
drop(struct logins *l, struct login *login, struct login_list *dropped)
{
	LIST_REMOVE(login, link);
	LIST_INSERT_HEAD(dropped, login, link);
	l->count--;
}

/* When there are too many, the one that nobody has used for longest goes. */
static void
make_room(struct logins *l, struct login_list *dropped)
{
	struct login *login, *oldest = NULL;

	if (l->count < LOGINS_MAX)
		return;
	LIST_FOREACH(login, &l->all, link)
	{
		if (!in_use(login) && (!oldest || login->used_ms < oldest->used_ms))
			oldest = login;
	}
	if (oldest)
		drop(l, oldest, dropped);
}

static void
enter(struct logins *l, struct login *login, struct login_list *dropped)
{
	make_room(l, dropped);
	LIST_INSERT_HEAD(&l->all, login, link);
	l->count++;
}

/* ---- who flies, and who waits ---- */

enum turn {
	TURN_RIDE, /* the login is good */
	TURN_FAIL, /* the last attempt's failure is ours, too */
	TURN_FLY,  /* to Proxmox; the login is marked so */
	TURN_LATE, /* somebody else was on the way for too long */
};

/* Is Proxmox's word about the credential recent enough? */
static bool
believed(const struct login *login, int64_t now_ms)
{
	return login->proven && (login->token || now_ms - login->landed_ms < PROOF_MS);
}

/*
 * With the lock held, which is released while another is on the way. When nothing is there
 * *mine becomes the login; one that is alone stays outside.
 */
static enum turn
take_turn(struct logins *l, const struct login_ask *ask, struct login **mine, struct login **out,
	struct login_list *dropped)
{
	struct login *login;

	while ((login = find(l, &(*mine)->key)) && login->flying)
		if (!lock_wait(&l->lock, &l->landed, ask->deadline_ms))
			return TURN_LATE;
	if (!login) {
		login = *mine;
		*mine = NULL;
		if (!login->key.alone)
			enter(l, login, dropped);
	}
	*out = login;
	if (believed(login, clock_ms()))
		return TURN_RIDE;
	if (login->failure.code < 0 && ask->since_us < login->landed_us)
		return TURN_FAIL;
	login->flying = true;
	return TURN_FLY;
}

/* To Proxmox. pve is the login to be proven anew, or NULL for a fresh one. */
static int
fly(const struct env *env, const struct login_ask *ask, struct pve *pve, struct pve **out,
	bool *answered, struct err *err)
{
	struct tunables t;
	int r;

	if (pve) {
		env_use_policy(env, pve);
		return pve_login_again(pve, ask->credential, ask->deadline_ms, answered, err);
	}
	tunables_get(env->tunables, &t);
	r = pve_login(t.policy, &env->trace, ask->target, ask->hosts, ask->credential, ask->deadline_ms,
		out, answered, err);
	tunables_done(&t);
	return r;
}

/* Does it say anything about the others' attempts, which have time and memory of their own? */
static bool
concerns_others(int r)
{
	return r != ERR_TIMEOUT && r != ERR_MEMORY && r != ERR_SYSTEM;
}

/* With the lock held. */
static void
land(struct login *login, int r, bool answered, const struct err *err, int64_t start_ms)
{
	login->flying = false;
	login->proven = r == 0;
	login->answered = answered;
	login->landed_ms = login->used_ms = clock_ms();
	login->landed_us = clock_us();
	login->failure.code = 0;
	if (r == 0)
		login->renew_ms = login->token ? INT64_MAX : start_ms + RENEW_AFTER_MS;
	else if (concerns_others(r))
		login->failure = *err;
}

/* The login is the caller's to change in this: it is marked as flying. */
static int
fly_and_land(const struct env *env, const struct login_ask *ask, struct login *login,
	struct pve **out, bool *answered, struct err *err)
{
	struct logins *l = env->logins;
	struct login_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct pve *fresh = NULL, *old = NULL;
	int64_t start_ms = clock_ms();
	int r;

	/* A token has no ticket that others might be glad of: it begins anew. */
	r = fly(env, ask, login->token ? NULL : login->pve, &fresh, answered, err);
	lock_take(&l->lock);
	if (fresh) {
		old = login->pve;
		login->pve = fresh;
	}
	land(login, r, *answered, err, start_ms);
	if (r == 0)
		*out = pve_ref(login->pve);
	if (login->key.alone && r == 0)
		enter(l, login, &dropped);
	else if (login->key.alone)
		LIST_INSERT_HEAD(&dropped, login, link);
	pthread_cond_broadcast(&l->landed);
	lock_release(&l->lock);
	pve_unref(old);
	free_all(&dropped);
	return r;
}

/* One look, and what follows from it. *cached: the login was there already. */
static int
get(const struct env *env, const struct login_ask *ask, const struct login_key *key,
	struct pve **out, bool *answered, bool *cached, struct err *err)
{
	struct logins *l = env->logins;
	struct login_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct login *mine = login_new(ask, key), *login = NULL;
	enum turn turn;

	if (!mine)
		return err_set(err, ERR_MEMORY, "no memory for a login");
	lock_take(&l->lock);
	turn = take_turn(l, ask, &mine, &login, &dropped);
	*cached = turn == TURN_RIDE;
	*answered = login && login->answered && ask->since_us < login->landed_us;
	if (turn == TURN_RIDE) {
		*out = pve_ref(login->pve);
		login->used_ms = clock_ms();
	} else if (turn == TURN_FAIL) {
		*err = login->failure;
	}
	lock_release(&l->lock);
	free_all(&dropped);
	login_free(mine);
	switch (turn) {
	case TURN_FLY:
		return fly_and_land(env, ask, login, out, answered, err);
	case TURN_FAIL:
		return err->code;
	case TURN_LATE:
		return err_set(err, ERR_TIMEOUT, "another login of this user took too long");
	default:
		return 0;
	}
}

/* A login that Proxmox has refused since is not given out again. */
static void
distrust(struct logins *l, const struct login_key *key, const struct pve *pve)
{
	struct login *login;

	lock_take(&l->lock);
	login = find(l, key);
	if (login && login->pve == pve)
		login->proven = false;
	lock_release(&l->lock);
}

int
logins_get(const struct env *env, const struct login_ask *ask, struct pve **out, bool *answered,
	bool *cached, struct err *err)
{
	struct pve *pve = NULL;
	struct err why = {0, ""};
	struct login_key key;
	bool judged = false;
	int r;

	*answered = *cached = false;
	r = login_key_make(env->logins->keys, ask, &key, &why);
	if (r == 0)
		r = get(env, ask, &key, &pve, &judged, cached, &why);
	if (r == 0 && *cached && pve_lapsed(pve)) {
		*answered = judged;
		distrust(env->logins, &key, pve);
		pve_unref(pve);
		r = get(env, ask, &key, &pve, &judged, cached, &why);
	}
	*answered |= judged;
	if (r < 0)
		return err_set(err, r, "%s", why.text);
	if (*cached) {
		log_debug(LOG_PROXY, "%s at %s:%u: login shared", pve_user(pve), ask->target->host,
			ask->target->port);
		env_use_policy(env, pve);
	}
	*out = pve;
	return 0;
}

/* ---- renewal ---- */

struct renewal {
	const struct env *env;
	struct pve *pve; /* one reference */
	char lane[LANE_SIZE];
};

static void
renewal_over(struct renewal *renewal, int64_t due_ms)
{
	struct logins *l = renewal->env->logins;
	struct login *login;

	lock_take(&l->lock);
	LIST_FOREACH(login, &l->all, link)
	{
		if (login->pve == renewal->pve)
			login->renew_ms = due_ms;
	}
	lock_release(&l->lock);
}

static void
renewal_free(struct renewal *renewal)
{
	pve_unref(renewal->pve);
	free(renewal);
}

/* When it is due again, which *next says for the log. A login that is made anew sets another time. */
static int64_t
due_after(const struct pve *pve, int r, int64_t start_ms, const char **next)
{
	*next = "in a minute";
	if (r == 0)
		return start_ms + RENEW_AFTER_MS;
	if (r != ERR_REFUSED)
		return clock_ms() + RENEW_RETRY_MS;
	*next = "in 10 minutes";
	if (pve_ticket_age_ms(pve) < PVE_TICKET_MAX_MS)
		return clock_ms() + RENEW_REFUSED_MS;
	*next = "never, it is too old";
	return INT64_MAX;
}

static bool
run_renewal(void *arg)
{
	struct renewal *renewal = arg;
	int64_t start_ms = clock_ms();
	struct err err = {0, ""};
	int r = pve_renew(renewal->pve, start_ms + PVE_CALL_MS, &err);
	const char *next;

	/* Before the line: whoever read it may count on when the next one is due. */
	renewal_over(renewal, due_after(renewal->pve, r, start_ms, &next));
	if (r < 0)
		log_error(LOG_API, "%s at %s: login ticket not renewed, next try %s: %s",
			pve_user(renewal->pve), renewal->lane, next, err.text);
	else
		log_debug(LOG_API, "%s at %s: login ticket renewed", pve_user(renewal->pve), renewal->lane);
	renewal_free(renewal);
	return env_answered(r);
}

static void
late_renewal(void *arg)
{
	struct renewal *renewal = arg;

	renewal_over(renewal, clock_ms() + RENEW_RETRY_MS);
	renewal_free(renewal);
}

/* One due login per look, so that nothing is called under the lock. */
static bool
next_due(struct logins *l, int64_t now_ms, struct renewal *out)
{
	struct login *login;

	lock_take(&l->lock);
	LIST_FOREACH(login, &l->all, link)
	{
		if (login->flying || !in_use(login) || now_ms < login->renew_ms)
			continue;
		login->renew_ms = now_ms + RENEW_NEVER_TWICE_MS;
		out->pve = pve_ref(login->pve);
		memcpy(out->lane, login->lane, LANE_SIZE);
		break;
	}
	lock_release(&l->lock);
	return out->pve != NULL;
}

static void
post_renewals(const struct env *env)
{
	struct renewal *renewal;
	struct job job = {.run = run_renewal, .late = late_renewal};

	/* Out of memory: again in a second. */
	while ((renewal = calloc(1, sizeof(*renewal)))) {
		renewal->env = env;
		if (!next_due(env->logins, clock_ms(), renewal))
			break;
		env_use_policy(env, renewal->pve);
		job.lane = renewal->lane;
		job.deadline_ms = clock_ms() + PVE_CALL_MS;
		job.arg = renewal;
		if (workers_post(env->workers, &job, NULL) < 0)
			late_renewal(renewal);
	}
	free(renewal);
}

static void
drop_idle(struct logins *l)
{
	struct login_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct login *login, *next;
	int64_t now_ms = clock_ms();

	lock_take(&l->lock);
	for (login = LIST_FIRST(&l->all); login; login = next) {
		next = LIST_NEXT(login, link);
		if (in_use(login))
			login->used_ms = now_ms;
		else if (now_ms - login->used_ms >= LOGIN_IDLE_MS)
			drop(l, login, &dropped);
	}
	lock_release(&l->lock);
	free_all(&dropped);
}

void
logins_tick(const struct env *env)
{
	drop_idle(env->logins);
	post_renewals(env);
	pve_tick();
}
