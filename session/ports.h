/* SPDX-License-Identifier: MIT */
/*
 * ports - the pool of TCP ports on which sessions are served.
 *
 * Every port of the pool is bound when the program starts, so that nobody else
 * can take one; a lease makes its port listen, a return makes it refuse. A
 * lease has one owner at a time: ports_lease() gives it to the caller, who
 * moves it on to the session.
 *
 * Threads: ports_lease() and ports_return() from any thread; none blocks.
 */
#ifndef SESSION_PORTS_H
#define SESSION_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ports; /* opaque, see ports.c */

/* A listening socket that stays the pool's: to be duplicated, never closed. All zero is no lease. */
struct port_lease {
	struct ports *pool; /* NULL: no lease */
	size_t slot;
	uint16_t port;
	int fd;
	bool silent; /* refuses connections already */
};

/*
 * Bind the ports of address from min to max, at most limit of them. One that
 * another program holds is left out with a log line. Returns 0, ERR_INVALID
 * (not a local address), ERR_BUSY (none is free), ERR_SYSTEM or ERR_MEMORY.
 */
int ports_new(const char *address, uint16_t min, uint16_t max, size_t limit, struct ports **out,
	struct err *err) __attribute__((warn_unused_result));
void ports_free(struct ports *p); /* every lease must have been returned */

/* How many ports the pool has, leased or not. */
size_t ports_count(const struct ports *p);

/* Would ports_lease() find a port just now? */
bool ports_any_free(struct ports *p);

/*
 * Lease the least recently used free port, listening. On success *out is the
 * caller's until ports_return(). Returns 0, ERR_BUSY when all are leased, or ERR_SYSTEM.
 */
int ports_lease(struct ports *p, struct port_lease *out, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Refuse connections from now on, while the lease is still held. Nobody else may
 * shut the descriptor down: see ports.c for what a second time does.
 */
void ports_silence(struct port_lease *lease);

/* Refuse connections and give the port back; *lease becomes empty. An empty one stays empty. */
void ports_return(struct port_lease *lease);

#endif
