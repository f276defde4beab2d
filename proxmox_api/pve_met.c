/* SPDX-License-Identifier: MIT */
/* pve_met - see pve_met.h */
#include "proxmox_api/pve_met.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_tls.h"

enum { BUCKETS = 128 };

/* One session, or the note that there shall be none: then trial has none. */
struct meeting {
	struct pve_trial trial; /* its policy is the one whose table it is in, without a reference */
	TAILQ_ENTRY(meeting) by_host;
	TAILQ_ENTRY(meeting) by_age;
};

/* The youngest are first. */
TAILQ_HEAD(meetings, meeting);

struct pve_met {
	struct lock lock;                 /* LOCK_MET */
	struct meetings buckets[BUCKETS]; /* [LOCK_MET] */
	struct meetings all;              /* [LOCK_MET] */
	size_t count;                     /* [LOCK_MET] */
	uint32_t dice;                    /* [LOCK_MET] see pick() */
};

static void
free_all(struct meetings *list)
{
	struct meeting *m;

	while ((m = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, m, by_age);
		m->trial.policy = NULL;
		pve_trial_done(&m->trial);
		free(m);
	}
}

struct pve_met *
pve_met_new(void)
{
	struct pve_met *met = calloc(1, sizeof(*met));

	if (met == NULL)
		return NULL;
	lock_init(&met->lock, LOCK_MET);
	TAILQ_INIT(&met->all);
	for (size_t i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&met->buckets[i]);
	return met;
}

void
pve_met_free(struct pve_met *met)
{
	if (met == NULL)
		return;
	free_all(&met->all);
	lock_done(&met->lock);
	free(met);
}

/* ---- with the lock held ---- */

static struct meetings *
bucket_of(struct pve_met *met, const struct pve_trial *trial)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (const char *c = trial->host; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	return &met->buckets[(hash ^ trial->port) % BUCKETS];
}

/* To be freed when the lock is released. */
static void
drop(struct pve_met *met, struct meeting *m, struct meetings *dropped)
{
	TAILQ_REMOVE(bucket_of(met, &m->trial), m, by_host);
	TAILQ_REMOVE(&met->all, m, by_age);
	met->count--;
	TAILQ_INSERT_HEAD(dropped, m, by_age);
}

static void
drop_host(struct pve_met *met, const struct pve_trial *trial, struct meetings *dropped)
{
	struct meeting *m, *next;

	for (m = TAILQ_FIRST(bucket_of(met, trial)); m != NULL; m = next) {
		next = TAILQ_NEXT(m, by_host);
		if (pve_trial_alike(&m->trial, trial))
			drop(met, m, dropped);
	}
}

static bool
is_current(const struct meeting *m)
{
	return pve_trial_holds(&m->trial, m->trial.policy);
}

static void
add(struct pve_met *met, struct meeting *m, struct meetings *dropped)
{
	struct meeting *oldest;

	while ((oldest = TAILQ_LAST(&met->all, meetings)) != NULL &&
		   (met->count >= PVE_MET_MAX || !is_current(oldest)))
		drop(met, oldest, dropped);
	TAILQ_INSERT_HEAD(bucket_of(met, &m->trial), m, by_host);
	TAILQ_INSERT_HEAD(&met->all, m, by_age);
	met->count++;
}

/* Is there room for one more of that host, now? */
static bool
make_room(struct pve_met *met, const struct pve_trial *trial, struct meetings *dropped)
{
	struct meeting *m, *next;
	unsigned own = 0;

	for (m = TAILQ_FIRST(bucket_of(met, trial)); m != NULL; m = next) {
		next = TAILQ_NEXT(m, by_host);
		if (!pve_trial_alike(&m->trial, trial))
			continue;
		if (m->trial.session == NULL && is_current(m))
			return false;
		if (m->trial.session == NULL || ++own >= PVE_MET_EACH)
			drop(met, m, dropped);
	}
	return true;
}

/* ---- putting ---- */

static bool
is_of_the_judged(const struct pve_trial *trial, const SSL_SESSION *session)
{
	struct pve_fingerprint its;
	X509 *peer;

	if (!pve_trial_judges(trial))
		return true;
	peer = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
	return trial->shown.set && peer != NULL && pve_cert_fingerprint(peer, &its) &&
		   memcmp(its.sha256, trial->shown.sha256, sizeof(its.sha256)) == 0;
}

/* Of the same verdict, with a copy of session if that is not NULL; NULL without memory. */
static struct meeting *
make(const struct pve_trial *trial, SSL_SESSION *session)
{
	struct meeting *m = calloc(1, sizeof(*m));
	SSL_SESSION *copy = session != NULL ? SSL_SESSION_dup(session) : NULL;

	if (m == NULL || (session != NULL && copy == NULL)) {
		free(m);
		SSL_SESSION_free(copy);
		return NULL;
	}
	pve_trial_copy(&m->trial, trial);
	pve_policy_unref(m->trial.policy);
	SSL_SESSION_free(m->trial.session);
	m->trial.session = copy;
	m->trial.whole = false;
	return m;
}

void
pve_met_put(const struct pve_trial *trial, struct ssl_session_st *session)
{
	struct pve_met *met = trial->policy->met;
	struct meetings dropped = TAILQ_HEAD_INITIALIZER(dropped);
	struct meeting *m;

	if (SSL_SESSION_get_protocol_version(session) != TLS1_3_VERSION ||
		!pve_trial_holds(trial, trial->policy) || !is_of_the_judged(trial, session))
		return;
	m = make(trial, session);
	if (m == NULL)
		return;
	lock_take(&met->lock);
	if (make_room(met, trial, &dropped))
		add(met, m, &dropped);
	else
		TAILQ_INSERT_HEAD(&dropped, m, by_age);
	lock_release(&met->lock);
	free_all(&dropped);
}

/* ---- taking ---- */

/*
 * With the lock held: any of those that will do. Proxmox's workers each have keys of their own for
 * tickets, and who deals out connections in turn would never lead the youngest to where it is from.
 */
static struct meeting *
pick(struct pve_met *met, const struct pve_trial *trial, struct meetings *dropped)
{
	struct meeting *m, *next, *found[PVE_MET_EACH];
	unsigned n = 0;

	for (m = TAILQ_FIRST(bucket_of(met, trial)); m != NULL; m = next) {
		next = TAILQ_NEXT(m, by_host);
		if (!pve_trial_alike(&m->trial, trial))
			continue;
		if (!is_current(m))
			drop(met, m, dropped);
		else if (m->trial.session != NULL)
			found[n++] = m;
	}
	if (n == 0)
		return NULL;
	met->dice = met->dice * 1664525 + 1013904223;
	return found[(met->dice >> 16) % n];
}

void
pve_met_resume(struct pve_trial *trial)
{
	struct pve_met *met = trial->policy->met;
	struct meetings dropped = TAILQ_HEAD_INITIALIZER(dropped);
	struct pve_trial old = *trial;
	struct meeting *m;

	lock_take(&met->lock);
	m = pick(met, trial, &dropped);
	if (m != NULL) {
		pve_trial_copy(trial, &m->trial);
		drop(met, m, &dropped);
	}
	lock_release(&met->lock);
	if (m != NULL)
		pve_trial_done(&old);
	free_all(&dropped);
}

void
pve_met_forget(const struct pve_trial *trial)
{
	struct pve_met *met = trial->policy->met;
	struct meetings dropped = TAILQ_HEAD_INITIALIZER(dropped);

	lock_take(&met->lock);
	drop_host(met, trial, &dropped);
	lock_release(&met->lock);
	free_all(&dropped);
}

void
pve_met_avoid(const struct pve_trial *trial)
{
	struct pve_met *met = trial->policy->met;
	struct meetings dropped = TAILQ_HEAD_INITIALIZER(dropped);
	struct pve_trial now;
	struct meeting *note;

	pve_trial_init(&now, trial->policy, trial->host, trial->port, &trial->pin);
	note = make(&now, NULL);
	lock_take(&met->lock);
	drop_host(met, trial, &dropped);
	if (note != NULL)
		add(met, note, &dropped);
	lock_release(&met->lock);
	free_all(&dropped);
	pve_trial_done(&now);
}
