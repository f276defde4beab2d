/* SPDX-License-Identifier: MIT */
/*
 * logins_scene - a cache of logins over a stand-in for Proxmox, for the workers and the clock.
 *
 * It brings stand-ins for proxmox_api's logins, so one file of a test program includes it.
 *
 * Threads: any, but for the scene's own functions, which are the test's.
 */
#ifndef TESTS_UNIT_LOGINS_SCENE_H
#define TESTS_UNIT_LOGINS_SCENE_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/workers.h"
#include "session/env.h"
#include "session/logins.h"
#include "session/tunables.h"
#include "tests/unit/torture.h"

/* ---- the clock ---- */

static _Atomic int64_t ahead_ms;

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	int r = (int)syscall(SYS_clock_gettime, clock, out);

	if (r == 0 && clock == CLOCK_MONOTONIC) {
		out->tv_sec += atomic_load(&ahead_ms) / 1000;
		out->tv_nsec += atomic_load(&ahead_ms) % 1000 * 1000000;
		out->tv_sec += out->tv_nsec / 1000000000;
		out->tv_nsec %= 1000000000;
	}
	return r;
}

static inline void
later(int64_t ms)
{
	atomic_fetch_add(&ahead_ms, ms);
}

/* ---- Proxmox ---- */

struct pve {
	atomic_uint refs;
	atomic_bool lapsed;
	_Atomic(struct pve_policy *) policy;
};

/* What is asked of it, and what it says. */
static struct {
	atomic_int logins, agains, renewals; /* how often it was asked */
	atomic_int living;                   /* struct pve */
	_Atomic(struct pve_policy *) policy; /* of the last login */
	atomic_int code;                     /* what it says: 0 or ERR_* */
	atomic_bool answered;
	_Atomic int64_t age_ms;  /* of each ticket */
	void (*meanwhile)(void); /* called while it is asked, or NULL */
} proxmox;

static inline int
say(struct err *err)
{
	int code = atomic_load(&proxmox.code);

	return code < 0 ? err_set(err, code, "as the test wants it") : 0;
}

int
pve_login(struct pve_policy *policy, const struct pve_trace *trace, const struct pve_target *target,
	struct pve_hosts *hosts, const struct pve_credential *credential, int64_t deadline_ms,
	struct pve **out, bool *answered, struct err *err)
{
	struct pve *pve = NULL;
	int r;

	(void)trace, (void)target, (void)hosts, (void)deadline_ms;
	atomic_fetch_add(&proxmox.logins, 1);
	atomic_store(&proxmox.policy, policy);
	if (proxmox.meanwhile)
		proxmox.meanwhile();
	*answered = atomic_load(&proxmox.answered) && !pve_credential_is_token(credential);
	r = say(err);
	if (r < 0)
		return r;
	pve = calloc(1, sizeof(*pve));
	if (!pve)
		return err_set(err, ERR_MEMORY, "no memory");
	atomic_init(&pve->refs, 1);
	atomic_fetch_add(&proxmox.living, 1);
	*out = pve;
	return 0;
}

int
pve_login_again(struct pve *pve, const struct pve_credential *credential, int64_t deadline_ms,
	bool *answered, struct err *err)
{
	int r;

	(void)credential, (void)deadline_ms;
	atomic_fetch_add(&proxmox.agains, 1);
	if (proxmox.meanwhile)
		proxmox.meanwhile();
	*answered = atomic_load(&proxmox.answered);
	r = say(err);
	if (r == 0)
		atomic_store(&pve->lapsed, false);
	return r;
}

int
pve_renew(struct pve *pve, int64_t deadline_ms, struct err *err)
{
	(void)pve, (void)deadline_ms;
	atomic_fetch_add(&proxmox.renewals, 1);
	return say(err);
}

struct pve *
pve_ref(struct pve *pve)
{
	atomic_fetch_add(&pve->refs, 1);
	return pve;
}

void
pve_unref(struct pve *pve)
{
	if (!pve || atomic_fetch_sub(&pve->refs, 1) > 1)
		return;
	atomic_fetch_sub(&proxmox.living, 1);
	free(pve);
}

bool
pve_is_shared(const struct pve *pve)
{
	return atomic_load(&pve->refs) > 1;
}

bool
pve_lapsed(const struct pve *pve)
{
	return atomic_load(&pve->lapsed);
}

int64_t
pve_ticket_age_ms(const struct pve *pve)
{
	(void)pve;
	return atomic_load(&proxmox.age_ms);
}

const char *
pve_user(const struct pve *pve)
{
	(void)pve;
	return "u@pve";
}

void
pve_use_policy(struct pve *pve, struct pve_policy *policy)
{
	atomic_store(&pve->policy, policy);
}

/* ---- settings and workers ---- */

static _Atomic(struct pve_policy *) policy_now;

void
tunables_get(struct tunables_cell *cell, struct tunables *out)
{
	(void)cell;
	*out = (struct tunables){.policy = atomic_load(&policy_now)};
}

void
tunables_done(struct tunables *t)
{
	(void)t;
}

/* The job that was posted last, and how many were. */
static struct {
	bool at_once; /* run it in workers_post() */
	struct job job;
	char lane[LANE_SIZE];
	int count;
	int code; /* what workers_post() says */
} posted;

int
workers_post(struct workers *w, const struct job *job, struct err *err)
{
	(void)w;
	if (posted.code < 0)
		return err_set(err, posted.code, "as the test wants it");
	posted.job = *job;
	snprintf(posted.lane, sizeof(posted.lane), "%s", job->lane);
	posted.count++;
	if (posted.at_once)
		(void)job->run(job->arg);
	return 0;
}

/* ---- the cache ---- */

static struct env env;

static inline int
make_logins(void **state)
{
	const struct log_config silent = {.enabled = false, .file = "stderr"};

	(void)state;
	memset(&proxmox, 0, sizeof(proxmox));
	atomic_store(&proxmox.answered, true);
	memset(&posted, 0, sizeof(posted));
	atomic_store(&ahead_ms, 0);
	return log_open(&silent, NULL) < 0 ? -1 : logins_new(&env.logins, NULL);
}

/* Nobody has a reference any more: the cache's go with it. */
static inline int
free_logins(void **state)
{
	(void)state;
	logins_free(env.logins);
	return atomic_load(&proxmox.living);
}

/* What somebody asks with, as text in place. */
struct asking {
	struct pve_target target;
	struct pve_credential credential;
	struct login_ask ask;
};

static inline void
ask_as(struct asking *a, const char *user, const char *secret)
{
	memset(a, 0, sizeof(*a));
	snprintf(a->target.host, sizeof(a->target.host), "host");
	a->target.port = PVE_PORT;
	snprintf(a->credential.user, sizeof(a->credential.user), "%s", user);
	if (secret_set(&a->credential.secret, secret, strlen(secret)) < 0)
		abort();
	a->ask.target = &a->target;
	a->ask.credential = &a->credential;
	a->ask.since_us = clock_us();
	a->ask.deadline_ms = clock_ms() + 60000;
}

/* What came of it. */
struct got {
	int code;
	struct pve *pve;
	bool answered, cached;
};

static inline struct got
get_by(struct asking *a)
{
	struct got got = {.pve = NULL};
	struct err err = {0, ""};

	got.code = logins_get(&env, &a->ask, &got.pve, &got.answered, &got.cached, &err);
	if (got.code != err.code || (got.code < 0) != (got.pve == NULL))
		abort();
	pve_credential_done(&a->credential);
	return got;
}

static inline struct got
get(const char *user, const char *secret)
{
	struct asking a;

	ask_as(&a, user, secret);
	return get_by(&a);
}

#endif
