/* SPDX-License-Identifier: MIT */
/*
 * request - one HTTP request as the endpoints see it, without the HTTP library.
 *
 * http.c makes it, lends it to routes.c and the endpoints, and frees it when
 * the answer has left or the connection is gone. Texts are borrowed from it.
 *
 * Threads: a request belongs to its http thread. Between suspend() and resume()
 * it belongs to whoever was given it, who must call resume() exactly once and
 * not touch it afterwards.
 */
#ifndef ROUTER_REQUEST_H
#define ROUTER_REQUEST_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"

struct request;
struct route;
struct settings;
struct site;

enum {
	REQUEST_MAGIC = 0x52657175,  /* "Requ" */
	REQUEST_LENGTH_UNKNOWN = -1, /* chunked */
};

struct request_ops {
	/* The value of a header, "" when it is empty, NULL when absent. */
	const char *(*header)(const struct request *request, const char *name);
	/* Leave the http thread; nothing happens to the connection until resume(). */
	void (*suspend)(struct request *request);
	/* From any thread: the route's resumed() will be called on the http thread. */
	void (*resume)(struct request *request);
};

struct request {
	unsigned magic;
	const struct request_ops *ops;
	void *server; /* the ops' own */
	struct site *site;
	struct settings *settings; /* a reference */
	const struct route *route; /* NULL: unknown path */
	const char *method;
	const char *path;                /* as it was sent, up to the '?' */
	bool crowded;                    /* its client has more connections than it may */
	const char *head_fault;          /* what is wrong with the head; NULL: nothing */
	size_t head_size;                /* bytes */
	int64_t length;                  /* of the body, as announced */
	struct buf body;                 /* with .max = settings->body_max */
	struct ip client;                /* who asks, behind our proxies */
	bool tls;                        /* do they speak it, be it to a proxy? */
	void *state;                     /* the endpoint's */
	void (*state_free)(void *state); /* NULL when there is none */
};

static inline struct request *
request_of(void *pointer)
{
	struct request *request = pointer;

	assert(request->magic == REQUEST_MAGIC);
	return request;
}

#endif
