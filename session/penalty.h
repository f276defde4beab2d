/* SPDX-License-Identifier: MIT */
/*
 * penalty - who has guessed wrong how often, and which wrong keys are no guesses.
 *
 * Counted are wrong keys, passwords and secrets, by ip_group() of who sent them.
 * After guess_limit of them within guess_penalty seconds of the first, its next
 * wrong ones are refused for guess_penalty seconds. Nothing here ever stands in
 * the way of a right one: who holds the key or the secret is not even looked up.
 *
 * Keys of sessions that have ended are remembered for a day, as hashes under a
 * key of this process: a browser tab that somebody forgot must not count against
 * its whole office. Both tables are of a fixed size, and what is oldest goes first.
 * They are asked for at once and become real memory as they are filled: for keys 16
 * bytes each, which is 1 MiB when PENALTY_KEYS_MAX links have ended, and no more ever.
 *
 * Threads: any; guarded by LOCK_PENALTY.
 */
#ifndef SESSION_PENALTY_H
#define SESSION_PENALTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "session/tunables.h"

enum {
	PENALTY_CLIENTS_MAX = 4096,
	PENALTY_KEYS_MAX = 65536,
	PENALTY_KEY_MS = 24 * 60 * 60 * 1000, /* how long the key of an ended session is known */
};

enum penalty {
	PENALTY_NONE,   /* limits do not apply to this client: answer as if nothing were */
	PENALTY_SLOW,   /* hold the answer back for about a second */
	PENALTY_REFUSE, /* refuse: a session at once, the router by 429, and end the connection */
};

struct penalty_table; /* opaque, see penalty.c */

/* Rules come from the tunables, which must outlive it. Returns 0, ERR_MEMORY or ERR_SYSTEM. */
int penalty_new(struct tunables_cell *tunables, struct penalty_table **out, struct err *err)
	__attribute__((warn_unused_result));
void penalty_free(struct penalty_table *p); /* NULL is fine */

/*
 * This client sent something wrong. Returns what its answer deserves; *left_s
 * becomes the seconds that its refusal still lasts, 0 when it is not refused.
 */
enum penalty penalty_guess(
	struct penalty_table *p, const struct ip *client, int64_t now_ms, int *left_s);

/* The session that this key opened has ended. */
void penalty_key_ended(struct penalty_table *p, const char *key, size_t len, int64_t now_ms);

/* Did this key open a session that ended within the last PENALTY_KEY_MS, to the second? */
bool penalty_is_ended_key(struct penalty_table *p, const char *key, size_t len, int64_t now_ms);

#endif
