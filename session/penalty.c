/* SPDX-License-Identifier: MIT */
/* penalty - see penalty.h */
#include "session/penalty.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/secret.h"
#include "session/access.h"

enum { CLIENT_BUCKETS = 4096, KEY_BUCKETS = 65536, HASH_KEY_SIZE = 32, LOG_INTERVAL_MS = 1000 };

/* A client that has guessed. */
struct guesser {
	struct ip group;
	bool used;
	unsigned count; /* since first_ms */
	int64_t first_ms;
	int64_t until_ms; /* refused until then; 0: not */
	LIST_ENTRY(guesser) same_hash;
	TAILQ_ENTRY(guesser) by_age;
};

/*
 * A key of an ended session, as the first 64 bits of its hash. Numbers are half as long as pointers
 * and as good here: a gateway that opens much has all of these rows in memory before long.
 */
struct ended_key {
	uint64_t hash;
	uint32_t at_s;
	uint32_t older; /* the next one in its bucket, as its row's index + 1; 0: there is none */
};

LIST_HEAD(guesser_list, guesser);

struct penalty_table {
	struct lock lock;
	struct tunables_cell *tunables;        /* [i] */
	unsigned char hash_key[HASH_KEY_SIZE]; /* [i] */
	struct log_rate rate;
	TAILQ_HEAD(, guesser) by_age; /* [lock] all of guessers, who guessed last at the end */
	struct guesser_list clients[CLIENT_BUCKETS]; /* [lock] */
	struct guesser *guessers;                    /* [lock] PENALTY_CLIENTS_MAX */
	uint32_t keys[KEY_BUCKETS];                  /* [lock] their newest, as in ended_key */
	struct ended_key *ended;                     /* [lock] PENALTY_KEYS_MAX, a ring */
	uint32_t next_ended;                         /* [lock] an index */
};

/* A hash that nobody outside can aim at. False without memory. */
static bool
hash(const struct penalty_table *p, const void *data, size_t len, uint64_t *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!HMAC(EVP_sha256(), p->hash_key, HASH_KEY_SIZE, data, len, digest, &n))
		return false;
	memcpy(out, digest, sizeof(*out));
	return true;
}

int
penalty_new(struct tunables_cell *tunables, struct penalty_table **out, struct err *err)
{
	struct penalty_table *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for guesses");
	lock_init(&p->lock, LOCK_PENALTY);
	p->tunables = tunables;
	TAILQ_INIT(&p->by_age);
	p->guessers = calloc(PENALTY_CLIENTS_MAX, sizeof(*p->guessers));
	p->ended = calloc(PENALTY_KEYS_MAX, sizeof(*p->ended));
	if (!p->guessers || !p->ended) {
		penalty_free(p);
		return err_set(err, ERR_MEMORY, "no memory for guesses");
	}
	if (random_bytes(p->hash_key, sizeof(p->hash_key)) < 0) {
		penalty_free(p);
		return err_set(err, ERR_SYSTEM, "no random numbers");
	}
	for (size_t i = 0; i < PENALTY_CLIENTS_MAX; i++)
		TAILQ_INSERT_TAIL(&p->by_age, &p->guessers[i], by_age);
	*out = p;
	return 0;
}

void
penalty_free(struct penalty_table *p)
{
	if (!p)
		return;
	explicit_bzero(p->hash_key, sizeof(p->hash_key));
	free(p->guessers);
	free(p->ended);
	lock_done(&p->lock);
	free(p);
}

/* ---- clients ---- */

/* With the lock held: this client's row, the longest unused one if it had none; now the newest. */
static struct guesser *
row_of(struct penalty_table *p, uint64_t h, const struct ip *group)
{
	struct guesser_list *bucket = &p->clients[h % CLIENT_BUCKETS];
	struct guesser *g;

	for (g = LIST_FIRST(bucket); g && !ip_equal(&g->group, group); g = LIST_NEXT(g, same_hash))
		;
	if (!g) {
		g = TAILQ_FIRST(&p->by_age);
		if (g->used)
			LIST_REMOVE(g, same_hash);
		g->group = *group;
		g->used = true;
		g->count = 0;
		g->until_ms = 0;
		LIST_INSERT_HEAD(bucket, g, same_hash);
	}
	TAILQ_REMOVE(&p->by_age, g, by_age);
	TAILQ_INSERT_TAIL(&p->by_age, g, by_age);
	return g;
}

/* One more of this client; *begins says that its next ones are refused from now on. */
static enum penalty
count_guess(struct guesser *g, const struct access_rules *rules, int64_t now_ms, bool *begins)
{
	int64_t span_ms = rules->guess_penalty_s * INT64_C(1000);

	*begins = false;
	if (g->until_ms > now_ms)
		return PENALTY_REFUSE;
	if (g->count == 0 || now_ms - g->first_ms >= span_ms) {
		g->first_ms = now_ms;
		g->count = 0;
	}
	if (++g->count < rules->guess_limit)
		return PENALTY_SLOW;
	g->count = 0;
	g->until_ms = now_ms + span_ms;
	*begins = true;
	return PENALTY_SLOW;
}

static void
log_refusal(struct penalty_table *p, const struct ip *group, const struct access_rules *rules)
{
	char text[IP_TEXT_SIZE];
	unsigned more = 0;

	if (!log_rate_allow(&p->rate, LOG_INTERVAL_MS, &more))
		return;
	ip_format(group, text);
	log_info(LOG_SESSION_MGR,
		"warning: %u wrong keys or secrets from %s%s: its next wrong ones are refused for %d s "
		"(and %u more clients like it)",
		rules->guess_limit, text, ip_is_v4(group) ? "" : "/64", rules->guess_penalty_s, more);
}

enum penalty
penalty_guess(struct penalty_table *p, const struct ip *client, int64_t now_ms, int *left_s)
{
	struct ip group = ip_group(client);
	enum penalty verdict = PENALTY_NONE;
	const struct access_rules *rules;
	struct guesser *g;
	struct tunables t;
	uint64_t h = 0;
	bool begins;

	*left_s = 0;
	tunables_get(p->tunables, &t);
	if (!access_limits(t.access, client))
		goto out;
	rules = access_rules(t.access);
	/* Without memory for a hash all such clients share a bucket, which is slower and nothing else. */
	(void)hash(p, group.bytes, sizeof(group.bytes), &h);
	lock_take(&p->lock);
	g = row_of(p, h, &group);
	verdict = count_guess(g, rules, now_ms, &begins);
	if (verdict == PENALTY_REFUSE)
		*left_s = (int)((g->until_ms - now_ms + 999) / 1000);
	lock_release(&p->lock);
	if (begins)
		log_refusal(p, &group, rules);
out:
	tunables_done(&t);
	return verdict;
}

/* ---- keys of ended sessions ---- */

/* With the lock held: the oldest row leaves its bucket, and in the ring's first round it is in none. */
static void
forget_key(struct penalty_table *p, uint32_t row)
{
	uint32_t *at = &p->keys[p->ended[row].hash % KEY_BUCKETS];

	while (*at != 0 && *at != row + 1)
		at = &p->ended[*at - 1].older;
	*at = 0; /* the oldest of all is its bucket's last */
}

void
penalty_key_ended(struct penalty_table *p, const char *key, size_t len, int64_t now_ms)
{
	uint32_t row, *newest;
	uint64_t h;

	if (!hash(p, key, len, &h))
		return;
	newest = &p->keys[h % KEY_BUCKETS];
	lock_take(&p->lock);
	row = p->next_ended;
	p->next_ended = (row + 1) % PENALTY_KEYS_MAX;
	forget_key(p, row);
	p->ended[row] = (struct ended_key){h, (uint32_t)(now_ms / 1000), *newest};
	*newest = row + 1;
	lock_release(&p->lock);
}

bool
penalty_is_ended_key(struct penalty_table *p, const char *key, size_t len, int64_t now_ms)
{
	const struct ended_key *e;
	bool known = false;
	uint64_t h;
	uint32_t at;

	if (!hash(p, key, len, &h))
		return false;
	lock_take(&p->lock);
	for (at = p->keys[h % KEY_BUCKETS]; at != 0 && !known; at = e->older) {
		e = &p->ended[at - 1];
		known = e->hash == h && now_ms - e->at_s * INT64_C(1000) < PENALTY_KEY_MS;
	}
	lock_release(&p->lock);
	return known;
}
