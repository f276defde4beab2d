/* SPDX-License-Identifier: MIT */
/*
 * places - see places.h
 *
 * What has places is counted under its name, in one table for hosts and one for clients: an
 * opening asks twice, and there may be thousands of sessions.
 */
#include "session/places.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "session/access.h"

enum { CHAINS = 512, NAME_SIZE = PVE_HOST_SIZE + 2 };

/* A host or a client that has places. */
struct holder {
	LIST_ENTRY(holder) same_chain; /* [lock] */
	unsigned count;                /* [lock] never 0 */
	size_t len;                    /* [i] */
	unsigned char name[];          /* [i] */
};

LIST_HEAD(holders, holder);

struct place {
	struct places *places; /* [i] */
	struct holder *host;   /* [i] */
	struct holder *client; /* [i] its group, see ip.h */
};

struct places {
	struct lock lock;
	unsigned count;                 /* [lock] */
	struct holders hosts[CHAINS];   /* [lock] */
	struct holders clients[CHAINS]; /* [lock] */
};

int
places_new(struct places **out, struct err *err)
{
	struct places *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for places");
	lock_init(&p->lock, LOCK_PLACES);
	*out = p;
	return 0;
}

void
places_free(struct places *p)
{
	if (!p)
		return;
	assert(p->count == 0);
	lock_done(&p->lock);
	free(p);
}

/* ---- holders ---- */

/* One without places, in no table; NULL without memory. */
static struct holder *
holder_new(const void *name, size_t len)
{
	struct holder *h = calloc(1, sizeof(*h) + len);

	if (!h)
		return NULL;
	h->len = len;
	memcpy(h->name, name, len);
	return h;
}

static struct holder *
holder_of_host(const struct pve_target *target)
{
	unsigned char name[NAME_SIZE];
	size_t len = strlen(target->host);

	memcpy(name, target->host, len);
	memcpy(name + len, &target->port, sizeof(target->port));
	return holder_new(name, len + sizeof(target->port));
}

static struct holder *
holder_of_client(const struct ip *client)
{
	struct ip group = ip_group(client);

	return holder_new(group.bytes, sizeof(group.bytes));
}

/* Each name there costs a session, so nobody fills a chain. */
static struct holders *
chain_of(struct holders chains[CHAINS], const struct holder *wanted)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < wanted->len; i++)
		hash = (hash ^ wanted->name[i]) * 16777619U;
	return &chains[hash % CHAINS];
}

/* With the lock: the one of this name; NULL when it has no place. */
static struct holder *
find_holder(struct holders chains[CHAINS], const struct holder *wanted)
{
	struct holder *h;

	LIST_FOREACH(h, chain_of(chains, wanted), same_chain)
	{
		if (h->len == wanted->len && memcmp(h->name, wanted->name, h->len) == 0)
			return h;
	}
	return NULL;
}

/* With the lock: count one more of known, or else of *fresh, which is the table's then. */
static struct holder *
count_in(struct holders chains[CHAINS], struct holder *known, struct holder **fresh)
{
	if (!known) {
		known = *fresh;
		*fresh = NULL;
		LIST_INSERT_HEAD(chain_of(chains, known), known, same_chain);
	}
	known->count++;
	return known;
}

/* With the lock. Returns what is to be freed. */
static struct holder *
count_out(struct holder *h)
{
	if (--h->count > 0)
		return NULL;
	LIST_REMOVE(h, same_chain);
	return h;
}

/* ---- places ---- */

static bool
reached(unsigned limit, unsigned taken)
{
	return limit > 0 && taken >= limit;
}

static int
explain(enum place_limit limit, const struct tunables *t, struct err *err)
{
	switch (limit) {
	case PLACE_ALL:
		return err_set(err, ERR_BUSY, "%u sessions are there (max_sessions)", t->max_sessions);
	case PLACE_HOST:
		return err_set(err, ERR_BUSY, "%u sessions of this host are there (max_sessions_per_host)",
			t->max_sessions_per_host);
	default:
		return err_set(err, ERR_BUSY,
			"%u sessions of this client are there (max_sessions_per_client)",
			t->max_sessions_per_client);
	}
}

/*
 * Take it for the holders, which become NULL if they are needed for that. Or which limit keeps
 * it out? limited: those per client apply.
 */
static enum place_limit
take(struct places *p, const struct tunables *t, bool limited, struct place *place,
	struct holder **host, struct holder **client)
{
	enum place_limit limit = PLACE_FREE;
	struct holder *known_host, *known_client;

	lock_take(&p->lock);
	known_host = find_holder(p->hosts, *host);
	known_client = find_holder(p->clients, *client);
	if (reached(t->max_sessions, p->count))
		limit = PLACE_ALL;
	else if (reached(t->max_sessions_per_host, known_host ? known_host->count : 0))
		limit = PLACE_HOST;
	else if (limited && reached(t->max_sessions_per_client, known_client ? known_client->count : 0))
		limit = PLACE_CLIENT;
	if (limit == PLACE_FREE) {
		p->count++;
		place->host = count_in(p->hosts, known_host, host);
		place->client = count_in(p->clients, known_client, client);
	}
	lock_release(&p->lock);
	return limit;
}

int
places_take(struct places *p, const struct tunables *t, const struct pve_target *target,
	const struct ip *client, struct place **out, enum place_limit *limit, struct err *err)
{
	struct place *place = calloc(1, sizeof(*place));
	struct holder *host = holder_of_host(target), *opener = holder_of_client(client);
	int r = 0;

	if (!place || !host || !opener) {
		r = err_set(err, ERR_MEMORY, "no memory for a place");
		goto out;
	}
	place->places = p;
	*limit = take(p, t, access_limits(t->access, client), place, &host, &opener);
	if (*limit != PLACE_FREE) {
		r = explain(*limit, t, err);
		goto out;
	}
	*out = place;
	place = NULL;
out:
	free(place);
	free(host);
	free(opener);
	return r;
}

void
place_leave(struct place **place)
{
	struct place *left = *place;
	struct holder *host, *client;

	if (!left)
		return;
	*place = NULL;
	lock_take(&left->places->lock);
	left->places->count--;
	host = count_out(left->host);
	client = count_out(left->client);
	lock_release(&left->places->lock);
	free(host);
	free(client);
	free(left);
}
