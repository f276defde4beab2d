/* SPDX-License-Identifier: MIT */
/*
 * forwarded - who asks, how and for which host, when proxies stand between, pure.
 *
 * A proxy that access_trusts() is believed, and nobody else: from any other peer
 * the headers are as good as absent. X-Forwarded-For is read from the right, where
 * each proxy adds the address that it saw: addresses of our own proxies are passed
 * over, the first other one is the client, and whatever stands left of it the client
 * may have made up. Of X-Forwarded-Proto and X-Forwarded-Host the last value counts,
 * for the same reason; a proxy behind another one is to pass them on as they are.
 *
 * Threads: no state.
 */
#ifndef SESSION_FORWARDED_H
#define SESSION_FORWARDED_H

#include <stdbool.h>

#include "base/ip.h"
#include "session/access.h"
#include "session/origin.h"

enum {
	FORWARDED_HOPS_MAX = 16, /* entries of X-Forwarded-For that are read */
	FORWARDED_HOST_SIZE = ORIGIN_HOST_MAX + sizeof(":65535"), /* with a port */
};

/* What a request's head says. Lines of one header are joined by commas, as RFC 9110, 5.2 has it. */
struct forwarded_head {
	const char *host;            /* Host; "" when absent */
	const char *forwarded_for;   /* X-Forwarded-For; "" when absent, as the others */
	const char *forwarded_proto; /* X-Forwarded-Proto */
	const char *forwarded_host;  /* X-Forwarded-Host */
};

struct forwarded {
	struct ip client;
	bool tls;                       /* does the browser speak TLS? */
	char host[FORWARDED_HOST_SIZE]; /* what the browser calls us, "" when that is no host */
};

/* peer is at the other end of the connection; tls is what browsers speak when no proxy says otherwise. */
void forwarded_read(const struct access *access, const struct ip *peer, bool tls,
	const struct forwarded_head *head, struct forwarded *out);

#endif
