/* SPDX-License-Identifier: MIT */
#include "session/logins.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/logins_impl.h"
#include "session/tunables.h"

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
		if (!login_in_use(login) && (!oldest || login->used_ms < oldest->used_ms))
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

/* ---- once a second ---- */

static void
drop_idle(struct logins *l)
{
	struct login_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct login *login, *next;
	int64_t now_ms = clock_ms();

	lock_take(&l->lock);
	for (login = LIST_FIRST(&l->all); login; login = next) {
		next = LIST_NEXT(login, link);
		if (login_in_use(login))
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
	logins_renew(env);
	pve_tick();
}
