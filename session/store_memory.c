/* SPDX-License-Identifier: MIT */
/*
 * store_memory - the store in this process's memory: a hash table of tokens.
 *
 * There may be a million, so none of its calls looks at all of them: besides its place in
 * the table each token has one in the list of the second in which it expires.
 *
 * Into which chain of the table a token falls, nobody outside can know. So the time of a
 * look, which tells how long a chain is, tells nothing of the tokens in it; and these are
 * compared in constant time.
 *
 * A grant is kept in as little room as it needs, which is a quarter of its own.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/random_pool.h"
#include "session/store.h"
#include "session/token.h"

enum { CHAIN_BITS = 16, CHAINS = 1 << CHAIN_BITS, SECONDS = 4096 };

/* A token and its grant. */
struct entry {
	LIST_ENTRY(entry) same_chain;  /* [LOCK_STORE] */
	LIST_ENTRY(entry) same_second; /* [LOCK_STORE] */
	int64_t expires_ms;            /* [i] as all that follows */
	unsigned char token[TOKEN_BYTES];
	/* The target's, see pve.h. */
	uint16_t port;
	uint32_t vmid;
	unsigned serial;
	unsigned char type, kind;
	bool pinned;
	/* The grant's other parts. */
	struct pve_hosts *hosts;
	struct pve *login;
	struct secret secret, otp;
	/* Host, node and user, each with its NUL; then the pin's hash if there is a pin. */
	char text[];
};

LIST_HEAD(entries, entry);

struct store_memory {
	struct store store; /* first: the store_ops get its address */
	struct lock lock;
	struct tunables_cell *tunables;
	uint64_t factor;               /* [i] odd; nobody outside knows it */
	struct random_pool random;     /* [LOCK_STORE] */
	struct entries chains[CHAINS]; /* [LOCK_STORE] by token */
	struct entries due[SECONDS];   /* [LOCK_STORE] by the second of expires_ms, modulo SECONDS */
	int64_t due_s;                 /* [LOCK_STORE] what expired before this second is gone */
	size_t count;                  /* [LOCK_STORE] */
};

static struct store_memory *
self(struct store *s)
{
	return (struct store_memory *)s;
}

/* ---- a grant in an entry ---- */

/* Append; returns where it ends. */
static char *
append(char *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

/* Room for the grant's texts, with them, without what pack() moves. NULL without memory. */
static struct entry *
entry_new(const struct grant *grant)
{
	const struct pve_target *target = &grant->target;
	size_t host = strlen(target->host) + 1, node = strlen(target->node) + 1;
	size_t user = strlen(grant->credential.user) + 1;
	size_t pin = target->pin.set ? sizeof(target->pin.sha256) : 0;
	struct entry *e = malloc(sizeof(*e) + host + node + user + pin);
	char *at;

	if (!e)
		return NULL;
	*e = (struct entry){.expires_ms = grant->expires_ms,
		.port = target->port,
		.vmid = target->vmid,
		.serial = target->serial,
		.type = (unsigned char)target->type,
		.kind = (unsigned char)target->kind,
		.pinned = target->pin.set};
	at = append(e->text, target->host, host);
	at = append(at, target->node, node);
	at = append(at, grant->credential.user, user);
	append(at, target->pin.sha256, pin);
	return e;
}

static void
entry_free(struct entry *e)
{
	if (!e)
		return;
	secret_wipe(&e->secret);
	secret_wipe(&e->otp);
	pve_hosts_unref(e->hosts);
	pve_unref(e->login);
	explicit_bzero(e->token, sizeof(e->token));
	free(e);
}

/* Move what entry_new() left. */
static void
pack(struct grant *grant, struct entry *e)
{
	secret_move(&e->secret, &grant->credential.secret);
	secret_move(&e->otp, &grant->credential.otp);
	e->hosts = grant->hosts;
	e->login = grant->login;
	grant->hosts = NULL;
	grant->login = NULL;
}

/* Copy a text with its NUL; returns what follows it. */
static const char *
take_text(const char *from, char *out)
{
	size_t size = strlen(from) + 1;

	memcpy(out, from, size);
	return from + size;
}

/* Everything back into an empty grant. */
static void
unpack(struct entry *e, struct grant *grant)
{
	struct pve_target *target = &grant->target;
	const char *at = take_text(e->text, target->host);

	at = take_text(at, target->node);
	at = take_text(at, grant->credential.user);
	target->pin.set = e->pinned;
	if (e->pinned)
		memcpy(target->pin.sha256, at, sizeof(target->pin.sha256));
	target->port = e->port;
	target->vmid = e->vmid;
	target->serial = e->serial;
	target->type = (enum pve_guest_type)e->type;
	target->kind = (enum pve_console_kind)e->kind;
	grant->expires_ms = e->expires_ms;
	secret_move(&grant->credential.secret, &e->secret);
	secret_move(&grant->credential.otp, &e->otp);
	grant->hosts = e->hosts;
	grant->login = e->login;
	e->hosts = NULL;
	e->login = NULL;
}

/* ---- the tables; all with the lock ---- */

static struct entries *
chain_of(struct store_memory *m, const unsigned char token[TOKEN_BYTES])
{
	uint64_t bits;

	memcpy(&bits, token, sizeof(bits));
	return &m->chains[bits * m->factor >> (64 - CHAIN_BITS)];
}

static struct entries *
due_at(struct store_memory *m, int64_t second)
{
	return &m->due[second % SECONDS];
}

static void
link_entry(struct store_memory *m, struct entry *e)
{
	int64_t second = e->expires_ms / 1000;

	/* What has expired is due at the next look. */
	if (second < m->due_s)
		second = m->due_s;
	LIST_INSERT_HEAD(chain_of(m, e->token), e, same_chain);
	LIST_INSERT_HEAD(due_at(m, second), e, same_second);
	m->count++;
}

static void
unlink_entry(struct store_memory *m, struct entry *e)
{
	LIST_REMOVE(e, same_chain);
	LIST_REMOVE(e, same_second);
	m->count--;
}

static struct entry *
find_entry(struct store_memory *m, const unsigned char token[TOKEN_BYTES])
{
	struct entry *found = NULL, *e;

	/* To the end of the chain, found or not: no early way out whose time could be told. */
	LIST_FOREACH(e, chain_of(m, token), same_chain)
	{
		if (CRYPTO_memcmp(e->token, token, TOKEN_BYTES) == 0)
			found = e;
	}
	return found;
}

/* Move those of a list that expire by then to gone. */
static void
unlink_due(struct store_memory *m, struct entries *list, int64_t until_ms, struct entries *gone)
{
	struct entry *e, *next;

	for (e = LIST_FIRST(list); e; e = next) {
		next = LIST_NEXT(e, same_second);
		if (e->expires_ms > until_ms)
			continue;
		unlink_entry(m, e);
		LIST_INSERT_HEAD(gone, e, same_chain);
	}
}

static void
free_all(struct entries *gone)
{
	struct entry *e;

	while ((e = LIST_FIRST(gone))) {
		LIST_REMOVE(e, same_chain);
		entry_free(e);
	}
}

/* ---- its calls ---- */

/*
 * Give an entry a token, which is spelt in word, its place, and what is left in the grant. It may
 * be gone when this returns. 0, ERR_LIMIT or ERR_SYSTEM.
 */
static int
put_entry(struct store_memory *m, struct entry *e, struct grant *grant, unsigned max, char *word)
{
	int r = ERR_LIMIT;

	lock_take(&m->lock);
	if (m->count < max)
		r = random_pool_take(&m->random, e->token, TOKEN_BYTES);
	if (r == 0) {
		token_spell(e->token, word);
		pack(grant, e);
		link_entry(m, e);
	}
	lock_release(&m->lock);
	return r;
}

static int
put_under(struct store_memory *m, struct grant **grant, const struct tunables *t,
	struct secret *token, struct err *err)
{
	static const char blank[TOKEN_CHARS];
	struct secret word = {NULL, 0};
	struct entry *e;
	int r;

	(*grant)->expires_ms = clock_ms() + t->token_ttl_s * INT64_C(1000);
	e = entry_new(*grant);
	if (!e || secret_set(&word, blank, TOKEN_CHARS) < 0) {
		entry_free(e);
		return err_set(err, ERR_MEMORY, "no memory for a token");
	}
	r = put_entry(m, e, *grant, t->max_pending_tokens, word.data);
	if (r < 0) {
		entry_free(e);
		secret_wipe(&word);
		if (r == ERR_LIMIT)
			return err_set(
				err, r, "%u tokens are pending (max_pending_tokens)", t->max_pending_tokens);
		return err_set(err, r, "no token could be made");
	}
	grant_free(*grant);
	*grant = NULL;
	secret_move(token, &word);
	return 0;
}

static int
put(struct store *s, struct grant **grant, struct secret *token, struct err *err)
{
	struct store_memory *m = self(s);
	struct tunables t;
	int r;

	tunables_get(m->tunables, &t);
	r = put_under(m, grant, &t, token, err);
	tunables_done(&t);
	return r;
}

static int
take(struct store *s, const char *token, struct grant **out, struct err *err)
{
	struct store_memory *m = self(s);
	unsigned char bytes[TOKEN_BYTES];
	struct grant *grant;
	struct entry *e;
	int r = ERR_NOT_FOUND;

	if (!token_read(token, bytes))
		return err_set(err, ERR_NOT_FOUND, "not a token");
	/* Before it is taken: afterwards nothing may fail. */
	grant = grant_new();
	if (!grant)
		return err_set(err, ERR_MEMORY, "no memory for a token's grant");
	lock_take(&m->lock);
	e = find_entry(m, bytes);
	if (e)
		unlink_entry(m, e);
	lock_release(&m->lock);
	explicit_bzero(bytes, sizeof(bytes));
	if (e && clock_left_ms(e->expires_ms) > 0) {
		unpack(e, grant);
		*out = grant;
		grant = NULL;
		r = 0;
	}
	entry_free(e);
	grant_free(grant);
	return r == 0 ? 0 : err_set(err, r, "token unknown, used or expired");
}

static void
restore(struct store *s, const char *token, struct grant **grant)
{
	struct store_memory *m = self(s);
	struct entry *e = entry_new(*grant);

	/* Out of memory costs the customer the link, nothing else. */
	if (e && token_read(token, e->token)) {
		pack(*grant, e);
		lock_take(&m->lock);
		link_entry(m, e);
		lock_release(&m->lock);
		e = NULL;
	}
	entry_free(e);
	grant_free(*grant);
	*grant = NULL;
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

static void
expire(struct store *s)
{
	struct store_memory *m = self(s);
	struct entries gone = LIST_HEAD_INITIALIZER(gone);
	int64_t now = clock_ms(), to = now / 1000, from;

	lock_take(&m->lock);
	from = to - m->due_s < SECONDS ? m->due_s : to - SECONDS + 1;
	/* The present second, too, and again at the next look: it is not over. */
	for (; m->count > 0 && from <= to; from++)
		unlink_due(m, due_at(m, from), now, &gone);
	m->due_s = to;
	lock_release(&m->lock);
	free_all(&gone);
}

static void
store_free(struct store *s)
{
	struct store_memory *m = self(s);
	struct entries gone = LIST_HEAD_INITIALIZER(gone);

	for (size_t i = 0; i < SECONDS; i++)
		unlink_due(m, &m->due[i], INT64_MAX, &gone);
	free_all(&gone);
	lock_done(&m->lock);
	explicit_bzero(&m->random, sizeof(m->random));
	explicit_bzero(&m->factor, sizeof(m->factor));
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
	if (random_bytes(&m->factor, sizeof(m->factor)) < 0) {
		free(m);
		return err_set(err, ERR_SYSTEM, "no random numbers");
	}
	m->factor |= 1;
	m->store.ops = &memory_ops;
	m->tunables = tunables;
	m->due_s = clock_ms() / 1000;
	lock_init(&m->lock, LOCK_STORE);
	*out = &m->store;
	return 0;
}
