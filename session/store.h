/* SPDX-License-Identifier: MIT */
/*
 * store - grants under their tokens, until they are taken or expire.
 *
 * Threads: every operation may be called from any thread. Stores with may_block
 * are to be called from workers only.
 */
#ifndef SESSION_STORE_H
#define SESSION_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "session/grant.h"
#include "session/tunables.h"

struct store;

struct store_ops {
	/*
	 * Keep *grant for the tunables' token_ttl_s and make its token. On success
	 * *grant is NULL (it is the store's) and *token the caller's. ERR_LIMIT when
	 * max_pending_tokens are kept, ERR_MEMORY, ERR_SYSTEM.
	 */
	int (*put)(struct store *s, struct grant **grant, struct secret *token, struct err *err);
	/*
	 * Take out, atomically: of any number of callers one gets it. ERR_NOT_FOUND when unknown,
	 * taken or expired; ERR_MEMORY, and then it is still there.
	 */
	int (*take)(struct store *s, const char *token, struct grant **out, struct err *err);
	/* Put a taken grant back under its token with its old expiry, whatever the limit. *grant becomes NULL. */
	void (*restore)(struct store *s, const char *token, struct grant **grant);
	size_t (*count)(struct store *s);
	/* Drop what has expired. Called once a second. */
	void (*expire)(struct store *s);
	void (*free)(struct store *s);
	bool may_block;
};

struct store {
	const struct store_ops *ops;
};

/* A store in this process's memory. 0, ERR_MEMORY or ERR_SYSTEM. */
int store_memory_new(struct tunables_cell *tunables, struct store **out, struct err *err)
	__attribute__((warn_unused_result));

#endif
