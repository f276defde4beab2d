/* SPDX-License-Identifier: MIT */
/* places - see places.h */
#include "session/places.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "session/access.h"

struct place {
	struct places *places;    /* [i] */
	char host[PVE_HOST_SIZE]; /* [i] */
	uint16_t port;            /* [i] */
	struct ip client;         /* [i] its group */
	LIST_ENTRY(place) all;    /* [lock] */
};

struct places {
	struct lock lock;
	LIST_HEAD(, place) all; /* [lock] as many as there are sessions, so it is walked */
};

int
places_new(struct places **out, struct err *err)
{
	struct places *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for places");
	lock_init(&p->lock, LOCK_PLACES);
	LIST_INIT(&p->all);
	*out = p;
	return 0;
}

void
places_free(struct places *p)
{
	if (!p)
		return;
	assert(LIST_EMPTY(&p->all));
	lock_done(&p->lock);
	free(p);
}

static bool
same_host(const struct place *a, const struct place *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool
reached(unsigned limit, unsigned taken)
{
	return limit > 0 && taken >= limit;
}

/* With the lock held: which limit keeps this one out? limited: those per client apply to it. */
static enum place_limit
find_limit(
	const struct places *p, const struct tunables *t, const struct place *wanted, bool limited)
{
	unsigned all = 0, host = 0, client = 0;
	const struct place *one;

	for (one = LIST_FIRST(&p->all); one; one = LIST_NEXT(one, all)) {
		all++;
		host += same_host(one, wanted);
		client += ip_equal(&one->client, &wanted->client);
	}
	if (reached(t->max_sessions, all))
		return PLACE_ALL;
	if (reached(t->max_sessions_per_host, host))
		return PLACE_HOST;
	if (limited && reached(t->max_sessions_per_client, client))
		return PLACE_CLIENT;
	return PLACE_FREE;
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

int
places_take(struct places *p, const struct tunables *t, const struct pve_target *target,
	const struct ip *client, struct place **out, enum place_limit *limit, struct err *err)
{
	bool limited = access_limits(t->access, client);
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return err_set(err, ERR_MEMORY, "no memory for a place");
	place->places = p;
	memcpy(place->host, target->host, sizeof(place->host));
	place->port = target->port;
	place->client = ip_group(client);
	lock_take(&p->lock);
	*limit = find_limit(p, t, place, limited);
	if (*limit == PLACE_FREE)
		LIST_INSERT_HEAD(&p->all, place, all);
	lock_release(&p->lock);
	if (*limit == PLACE_FREE) {
		*out = place;
		return 0;
	}
	free(place);
	return explain(*limit, t, err);
}

void
place_leave(struct place **place)
{
	struct place *left = *place;

	if (!left)
		return;
	*place = NULL;
	lock_take(&left->places->lock);
	LIST_REMOVE(left, all);
	lock_release(&left->places->lock);
	free(left);
}
