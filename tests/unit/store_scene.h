/* SPDX-License-Identifier: MIT */
/*
 * store_scene - a store in memory with its settings, and short words for its calls.
 *
 * It brings the stand-ins for proxmox_api's policies and logins, so one file of a test
 * program includes it.
 *
 * Threads: none of its own.
 */
#ifndef TESTS_UNIT_STORE_SCENE_H
#define TESTS_UNIT_STORE_SCENE_H

#include <string.h>

#include "session/store.h"
#include "session/token.h"
#include "tests/unit/torture.h"

/* The store takes no look at policies. */
struct pve_policy *
pve_policy_ref(struct pve_policy *policy)
{
	return policy;
}

void
pve_policy_unref(struct pve_policy *policy)
{
	(void)policy;
}

/* No grant here has a login. */
void
pve_unref(struct pve *pve)
{
	assert_null(pve);
}

/* A store and its settings. */
struct scene {
	struct tunables_cell *cell;
	struct store *store;
};

static inline struct scene
scene_for_test(int ttl_s, unsigned max)
{
	const struct tunables t = {.token_ttl_s = ttl_s, .max_pending_tokens = max};
	struct scene s = {NULL, NULL};

	assert_int_equal(tunables_new(&t, &s.cell, NULL), 0);
	assert_int_equal(store_memory_new(s.cell, &s.store, NULL), 0);
	return s;
}

static inline void
scene_done(struct scene *s)
{
	s->store->ops->free(s->store);
	tunables_free(s->cell);
}

static inline void
retune(struct scene *s, int ttl_s, unsigned max)
{
	const struct tunables t = {.token_ttl_s = ttl_s, .max_pending_tokens = max};

	tunables_set(s->cell, &t);
}

static inline struct grant *
grant_of(uint32_t vmid)
{
	struct grant *g = grant_new();

	assert_non_null(g);
	assert_int_equal(secret_set(&g->credential.secret, "SECRET", 6), 0);
	g->target.vmid = vmid;
	return g;
}

/* Put a grant; the token's text is written to out. */
static inline void
put(struct scene *s, uint32_t vmid, char out[TOKEN_CHARS + 1])
{
	struct grant *g = grant_of(vmid);
	struct secret token = {0};

	assert_int_equal(s->store->ops->put(s->store, &g, &token, NULL), 0);
	assert_null(g);
	assert_int_equal(token.len, TOKEN_CHARS);
	memcpy(out, token.data, TOKEN_CHARS + 1);
	secret_wipe(&token);
}

static inline int
take(struct scene *s, const char *token, struct grant **out)
{
	return s->store->ops->take(s->store, token, out, NULL);
}

/* The number of the guest that a token stands for, which is spent then; 0: not found. */
static inline uint32_t
guest_of(struct scene *s, const char *token)
{
	struct grant *g = NULL;
	uint32_t vmid = 0;
	int r = take(s, token, &g);

	assert_true(r == 0 || r == ERR_NOT_FOUND);
	assert_int_equal(r == 0, g != NULL);
	if (g)
		vmid = g->target.vmid;
	grant_free(g);
	return vmid;
}

static inline size_t
count(struct scene *s)
{
	return s->store->ops->count(s->store);
}

#endif
