/* SPDX-License-Identifier: MIT */
/*
 * routes - which path is whose, and what must be right before it is asked.
 *
 * The order is a promise: path, method, head, authorisation, size, type, body; and
 * before the head whether the client has too many connections. An unknown path is
 * 401, so that nobody learns which paths there are.
 *
 * Threads: the request's.
 */
#ifndef ROUTER_ROUTES_H
#define ROUTER_ROUTES_H

#include <stdbool.h>

#include "router/reply.h"
#include "router/request.h"

enum route_next { ROUTE_ANSWERED, ROUTE_LATER };

struct route {
	const char *path;          /* one that ends in '/' stands for all that begin with it */
	const char *allow;         /* methods as the Allow header has them */
	const char *confirm_allow; /* and what they are where links are confirmed; NULL: the same */
	bool secret;               /* wants the Authorization header */
	bool body;                 /* wants a body of a known type; its refusals are JSON */
	/* Fill the reply, or suspend the request, give it away and say ROUTE_LATER. */
	enum route_next (*run)(struct request *request, struct reply *reply);
	/* After resume(): fill the reply. */
	void (*resumed)(struct request *request, struct reply *reply);
};

/* The route of a path (without its query), or NULL. */
const struct route *routes_find(const char *path);

/* Everything up to the body's type. True: read the body, then run. False: *reply is the refusal. */
bool routes_admit(struct request *request, struct reply *reply);

/* The body has become larger than its limit. */
void routes_refuse_size(const struct request *request, struct reply *reply);

/* The body cannot be kept. */
void routes_refuse_memory(const struct request *request, struct reply *reply);

#endif
