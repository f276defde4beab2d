/* SPDX-License-Identifier: MIT */
/*
 * conns - the router's connections, and when each has had its time.
 *
 * The HTTP library only knows idle time: a byte a second would hold a
 * connection for ever. So every phase has an absolute deadline here, and a
 * connection past it is shut down, which the library sees as a hang-up.
 *
 * And it has one limit for connections of an address, beyond which it hangs up
 * without a word. Here they are counted by client; a few beyond the limit are still
 * taken, so that they can be told why, and only what comes then is hung up on.
 *
 * A struct conn is made when a connection is accepted and freed before its
 * descriptor is closed; as both and the shutting down happen under LOCK_HTTP, no
 * descriptor is shut down that meanwhile belongs to somebody else.
 *
 * Threads: any; guarded by LOCK_HTTP, but for deadlines, which are atomic: a connection has
 * several phases a request.
 */
#ifndef ROUTER_CONNS_H
#define ROUTER_CONNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conn_phase {
	CONN_HEAD,   /* from its beginning, or the end of the last answer */
	CONN_BODY,   /* from the end of the head */
	CONN_WORK,   /* no limit: the core has deadlines of its own */
	CONN_ANSWER, /* a client that reads slowly has CONN_ANSWER_MS */
};

enum {
	CONN_ANSWER_MS = 60000,
	CONN_CROWD = 16, /* of a client, taken beyond its limit to be told so */
};

struct conn;  /* opaque, see conns.c */
struct conns; /* opaque, see conns.c */
struct exchange;
struct http_cred;
struct ip;
struct reply_kept;

/* What SIGHUP may change. */
struct conns_limits {
	int head_ms, body_ms; /* how long these phases may last */
	unsigned per_client;  /* connections; half of conns_limit() at most */
};

/* How many the program can afford, by its limit for descriptors. */
unsigned conns_limit(void);

struct conns *conns_new(const struct conns_limits *limits); /* NULL without memory */
void conns_free(struct conns *conns);                       /* must be empty */

/* From now on; what has begun goes on as it was. */
void conns_change(struct conns *conns, const struct conns_limits *limits);

/* Is there a place for one more of this client, be it beyond its limit? */
bool conns_room(struct conns *conns, const struct ip *client);

/*
 * A new connection in CONN_HEAD, with a reference to the credentials that its TLS session
 * uses (NULL: plain), of a client that is counted (NULL: of one that is not). NULL without
 * memory, and then fd is shut down.
 */
struct conn *conns_add(
	struct conns *conns, int fd, struct http_cred *cred, const struct ip *client);

/* Is it one beyond its client's limit? False for NULL. */
bool conn_crowded(const struct conn *conn);

/* What its answers keep, see reply.h; its HTTP thread's alone. NULL for NULL. */
struct reply_kept *conn_kept(struct conn *conn);

/* The exchange under way on it, or NULL; its HTTP thread's alone. NULL has none. */
void conn_set_exchange(struct conn *conn, struct exchange *x);
struct exchange *conn_exchange(const struct conn *conn);

/* Before fd is closed, and after its TLS session is gone. NULL is fine. */
void conns_remove(struct conns *conns, struct conn *conn);

/* The phase's time begins now. */
void conns_phase(struct conns *conns, struct conn *conn, enum conn_phase phase);

/* Shut down what is past its deadline; returns how many. To be called about once a second. */
size_t conns_reap(struct conns *conns, int64_t now_ms);

#endif
