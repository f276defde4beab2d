/* SPDX-License-Identifier: MIT */
/*
 * store_memory - the store in this process's memory: a hash table of tokens.
 *
 * The tokens are random, so their own first digits are the hash. The time of a look
 * tells how long their chain is, which is worth 12 bits of a token at most; the other
 * 68 are compared in constant time. expire() walks the whole table once a second: 4096
 * heads, and at most max_pending_tokens entries, since token_ttl may change and the
 * order of expiry with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "session/store.h"
#include "session/token.h"

enum { BUCKETS = 4096 };

struct entry {
	struct entry *next;
	struct secret token;
	struct grant *grant;
};

struct store_memory {
	struct store store; /* first: the store_ops get its address */
	struct lock lock;
	struct tunables_cell *tunables;
	struct entry *buckets[BUCKETS]; /* [LOCK_STORE] */
	size_t count;                   /* [LOCK_STORE] */
};

static struct store_memory *
self(struct store *s)
{
	return (struct store_memory *)s;
}

static void
entry_free(struct entry *e)
{
	if (!e)
		return;
	secret_wipe(&e->token);
	grant_free(e->grant);
	free(e);
}

/* Tokens are well formed here: hex digits, at least three. */
static struct entry **
bucket(struct store_memory *m, const char *token)
{
	unsigned h = 0;
	int i;

	for (i = 0; i < 3; i++)
		h = h << 4 | (unsigned)(token[i] <= '9' ? token[i] - '0' : token[i] - 'a' + 10);
	return &m->buckets[h % BUCKETS];
}

static void
link_entry(struct store_memory *m, struct entry *e)
{
	struct entry **b = bucket(m, secret_peek(&e->token));

	e->next = *b;
	*b = e;
	m->count++;
}

static int
entry_new(struct entry **out, struct err *err)
{
	struct entry *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return err_set(err, ERR_MEMORY, "no memory for a token");
	r = token_new(&e->token);
	if (r < 0) {
		entry_free(e);
		return err_set(err, r, "no token could be made");
	}
	*out = e;
	return 0;
}

static int
put(struct store *s, struct grant **grant, struct secret *token, struct err *err)
{
	struct store_memory *m = self(s);
	struct entry *e = NULL;
	struct secret copy = {NULL, 0};
	struct tunables t;
	bool full;
	int r;

	tunables_get(m->tunables, &t);
	r = entry_new(&e, err);
	if (r < 0)
		goto out;
	r = secret_copy(&copy, &e->token);
	if (r < 0) {
		err_set(err, r, "no memory for a token");
		goto out;
	}
	(*grant)->expires_ms = clock_ms() + t.token_ttl_s * INT64_C(1000);
	lock_take(&m->lock);
	full = m->count >= t.max_pending_tokens;
	if (!full) {
		e->grant = *grant;
		link_entry(m, e);
	}
	lock_release(&m->lock);
	if (full) {
		r = err_set(
			err, ERR_LIMIT, "%u tokens are pending (max_pending_tokens)", t.max_pending_tokens);
		goto out;
	}
	e = NULL;
	*grant = NULL;
	secret_move(token, &copy);
out:
	entry_free(e);
	secret_wipe(&copy);
	tunables_done(&t);
	return r;
}

static int
take(struct store *s, const char *token, struct grant **out, struct err *err)
{
	struct store_memory *m = self(s);
	struct entry **link, **found = NULL, *e = NULL;
	bool valid;

	if (!token_well_formed(token))
		return err_set(err, ERR_NOT_FOUND, "not a token");
	lock_take(&m->lock);
	/* To the end of the chain, found or not: no early way out whose time could be told. */
	for (link = bucket(m, token); *link; link = &(*link)->next)
		if (secret_equal(&(*link)->token, token, TOKEN_CHARS))
			found = link;
	if (found) {
		e = *found;
		*found = e->next;
		m->count--;
	}
	lock_release(&m->lock);
	valid = e && clock_left_ms(e->grant->expires_ms) > 0;
	if (valid) {
		*out = e->grant;
		e->grant = NULL;
	}
	entry_free(e);
	return valid ? 0 : err_set(err, ERR_NOT_FOUND, "token unknown, used or expired");
}

static void
restore(struct store *s, const char *token, struct grant **grant)
{
	struct store_memory *m = self(s);
	struct entry *e = calloc(1, sizeof(*e));

	if (!e || secret_set(&e->token, token, TOKEN_CHARS) < 0) {
		/* Out of memory costs the customer the link, nothing else. */
		entry_free(e);
		grant_free(*grant);
		*grant = NULL;
		return;
	}
	e->grant = *grant;
	*grant = NULL;
	lock_take(&m->lock);
	link_entry(m, e);
	lock_release(&m->lock);
}

static size_t
count(struct store *s)
{
	struct store_memory *m = self(s);
	size_t n;

	lock_take(&m->lock);
	n = m->count;
	lock_release(&m->lock);
	return n;
}

/* Unlink what has expired, or everything when now_ms is INT64_MAX; freed outside the lock. */
static void
drop_expired(struct store_memory *m, int64_t now_ms)
{
	struct entry *gone = NULL, **link, *e;
	size_t i;

	lock_take(&m->lock);
	for (i = 0; m->count > 0 && i < BUCKETS; i++) {
		link = &m->buckets[i];
		while ((e = *link)) {
			if (e->grant->expires_ms > now_ms) {
				link = &e->next;
				continue;
			}
			*link = e->next;
			e->next = gone;
			gone = e;
			m->count--;
		}
	}
	lock_release(&m->lock);
	while ((e = gone)) {
		gone = e->next;
		entry_free(e);
	}
}

static void
expire(struct store *s)
{
	drop_expired(self(s), clock_ms());
}

static void
store_free(struct store *s)
{
	struct store_memory *m = self(s);

	drop_expired(m, INT64_MAX);
	lock_done(&m->lock);
	free(m);
}

static const struct store_ops memory_ops = {
	.put = put,
	.take = take,
	.restore = restore,
	.count = count,
	.expire = expire,
	.free = store_free,
	.may_block = false,
};

int
store_memory_new(struct tunables_cell *tunables, struct store **out, struct err *err)
{
	struct store_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return err_set(err, ERR_MEMORY, "no memory for the token store");
	m->store.ops = &memory_ops;
	m->tunables = tunables;
	lock_init(&m->lock, LOCK_STORE);
	*out = &m->store;
	return 0;
}
