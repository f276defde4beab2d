/* SPDX-License-Identifier: MIT */
/*
 * exchange - one request and its answer, as the HTTP library's callbacks tell of them.
 *
 * An exchange begins with a request line and is freed when its answer has left
 * or its connection is gone. All of those under way belong to a struct exchanges,
 * which http.c makes and frees.
 *
 * Threads: the callbacks are the HTTP library's; the rest belongs to main.
 */
#ifndef ROUTER_EXCHANGE_H
#define ROUTER_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "router/conns.h"
#include "router/site.h"
#include "router/slow.h"

struct exchanges {
	struct site *site;   /* [i] borrowed */
	struct conns *conns; /* [i] owned */
	struct slow *slow;   /* [i] owned */
	atomic_bool stopping;
	atomic_uint active;
	struct lock lock;
	pthread_cond_t idle; /* active has become 0 while stopping; with the lock */
};

/* False without memory; then there is nothing to be done(). */
bool exchanges_init(struct exchanges *all, struct site *site);
void exchanges_done(struct exchanges *all); /* none may be under way */

/* The site's settings have changed. */
void exchanges_retune(struct exchanges *all);

/* From now on every answer ends its connection, and none is delayed. Idempotent. */
void exchanges_quiesce(struct exchanges *all);

/* After exchanges_quiesce(): wait until none is under way, or deadline_ms (see clock_ms) is past. */
void exchanges_wait(struct exchanges *all, int64_t deadline_ms);

/* For MHD_OPTION_URI_LOG_CALLBACK, the access handler and MHD_OPTION_NOTIFY_COMPLETED; cls is all. */
void *exchange_begin(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **context);
void exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code);

/*
 * The connection is gone. The library forgets to complete the request on one that it could not
 * add to its epoll set, as when fs.epoll.max_user_watches is reached (0.9.75).
 */
void exchange_cut(struct conn *conn);

#endif
