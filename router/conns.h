/* SPDX-License-Identifier: MIT */
/*
 * conns - the router's connections, and when each has had its time.
 *
 * The HTTP library only knows idle time: a byte a second would hold a
 * connection for ever. So every phase has an absolute deadline here, and a
 * connection past it is shut down, which the library sees as a hang-up.
 *
 * A struct conn is made when a connection is accepted and freed before its
 * descriptor is closed; as both and the shutting down happen under LOCK_HTTP, no
 * descriptor is shut down that meanwhile belongs to somebody else.
 *
 * Threads: any; guarded by LOCK_HTTP.
 */
#ifndef ROUTER_CONNS_H
#define ROUTER_CONNS_H

#include <stddef.h>
#include <stdint.h>

/* phase, milliseconds it may last (0: somebody else sees to that) */
#define CONN_PHASE_TBL(X)                                                         \
	X(CONN_HEAD, 10000)   /* from its beginning, or the end of the last answer */ \
	X(CONN_BODY, 30000)   /* from the end of the head */                          \
	X(CONN_WORK, 0)       /* the core has deadlines of its own */                 \
	X(CONN_ANSWER, 60000) /* a client that reads slowly */

enum conn_phase {
#define X(phase, ms) phase,
	CONN_PHASE_TBL(X)
#undef X
};

struct conn;  /* opaque, see conns.c */
struct conns; /* opaque, see conns.c */
struct http_cred;

/* How many the program can afford, by its limit for descriptors. */
unsigned conns_limit(void);

struct conns *conns_new(void);        /* NULL without memory */
void conns_free(struct conns *conns); /* must be empty */

/*
 * A new connection in CONN_HEAD, with a reference to the credentials that its TLS session
 * uses (NULL: plain). NULL without memory, and then fd is shut down.
 */
struct conn *conns_add(struct conns *conns, int fd, struct http_cred *cred);

/* Before fd is closed, and after its TLS session is gone. NULL is fine. */
void conns_remove(struct conns *conns, struct conn *conn);

/* The phase's time begins now. */
void conns_phase(struct conns *conns, struct conn *conn, enum conn_phase phase);

/* Shut down what is past its deadline; returns how many. To be called about once a second. */
size_t conns_reap(struct conns *conns, int64_t now_ms);

#endif
