/* SPDX-License-Identifier: MIT */
/*
 * http - the router's HTTP server: connections, limits, bodies, hand-over to routes.
 *
 * Two threads of the HTTP library serve all connections; none of them blocks. A
 * request that has to wait is suspended, costs no thread, and is resumed by
 * whoever has its result. A struct http is made and freed by main.
 *
 * Threads: main, but for what routes.h says of requests.
 */
#ifndef ROUTER_HTTP_H
#define ROUTER_HTTP_H

#include "base/err.h"

struct http_cred;
struct site;

struct http_config {
	struct http_cred *cred; /* what TLS connections show, see http_tls.h; NULL: plain */
	struct site *site;      /* borrowed; must outlive it */
};

struct http; /* opaque, see http.c */

/*
 * Serve a listening socket (see listen.h), which moves: *listen_fd becomes -1.
 * Returns 0, ERR_SYSTEM or ERR_MEMORY.
 */
int http_start(const struct http_config *config, int *listen_fd, struct http **out, struct err *err)
	__attribute__((warn_unused_result));

/* SIGHUP: new connections show these. Only where it was started with some. */
void http_change_cred(struct http *http, struct http_cred *cred);

/* SIGHUP, after site_change(): limits of connections. */
void http_retune(struct http *http);

/* Once a second: late connections are shut down, delayed answers go out. */
void http_tick(struct http *http);

/* Serve nobody new; those who are connected get their answers. Idempotent. */
void http_quiesce(struct http *http);

/*
 * End it, after core_stop(): every suspended request must have been resumed.
 * Answers that are on their way get a second. NULL is fine.
 */
void http_stop(struct http *http);

#endif
