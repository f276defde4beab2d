/* SPDX-License-Identifier: MIT */
/*
 * access - from where the gateway may be used, and by whose pages.
 *
 * Made from the configuration, immutable, shared by reference count: the
 * tunables hold the current one, and whoever judges a request takes a
 * reference with them.
 *
 * Threads: any; access_ref() and access_unref() are atomic.
 */
#ifndef SESSION_ACCESS_H
#define SESSION_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"

enum { ACCESS_ANCESTORS_MAX = 2048 }; /* bytes of frame_ancestors in a response head */

/* What needs no more than to be read. */
struct access_rules {
	bool allow_missing_origin;
	bool limit_loopback;
	bool bind_client; /* a key is good only for the address that opened the link */
	int hsts_max_age_s;
	unsigned guess_limit;
	int guess_penalty_s;
};

/* Texts that are borrowed for a call. */
struct access_texts {
	char *const *texts;
	size_t count;
};

struct access_config {
	struct access_texts trusted_proxies;
	struct access_texts allowed_origins;
	struct access_texts frame_ancestors; /* none: any */
	struct access_rules rules;
};

struct access; /* opaque, see access.c */

/* What one text of these lists must be. 0, or ERR_INVALID with what is wrong. */
int access_check_origin(const char *text, struct err *err) __attribute__((warn_unused_result));
int access_check_ancestor(const char *text, struct err *err) __attribute__((warn_unused_result));

/* Returns 0, ERR_INVALID (the text begins with the option's name) or ERR_MEMORY. */
int access_new(const struct access_config *config, struct access **out, struct err *err)
	__attribute__((warn_unused_result));
struct access *access_ref(struct access *access); /* NULL is fine */
void access_unref(struct access *access);         /* NULL is fine */

const struct access_rules *access_rules(const struct access *access);

/* Is this peer a proxy of ours, whose word about its clients counts? */
bool access_trusts(const struct access *access, const struct ip *peer);

/*
 * Do limits and penalties per address apply to this one? Not to loopback before
 * trusted_proxies is set: behind a proxy that is not known as one it would be
 * everybody's address.
 */
bool access_limits(const struct access *access, const struct ip *client);

/*
 * May a page of this Origin (the header's value; NULL: there is none) open a
 * websocket of a page whose own origin is own (see origin.h; "" when unknown)?
 */
bool access_origin_ok(const struct access *access, const char *origin, const char *own);

/* What follows "frame-ancestors " in a policy; never empty, at most ACCESS_ANCESTORS_MAX bytes. */
const char *access_frame_ancestors(const struct access *access);

#endif
