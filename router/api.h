/* SPDX-License-Identifier: MIT */
/*
 * api - the endpoints; a file each: parse, call the core, reply.
 *
 * Threads: the request's http thread.
 */
#ifndef ROUTER_API_H
#define ROUTER_API_H

#include "router/routes.h"

/*
 * POST /create: credentials and a guest become a link. Where they are to be tried first,
 * api_created() answers when the core has.
 */
enum route_next api_create(struct request *request, struct reply *reply);
void api_created(struct request *request, struct reply *reply);

/*
 * GET /vnc/<token>: a link becomes a session; api_opened() answers when the core has. Where
 * links are confirmed GET is answered with a page that sends a POST, and that opens it.
 */
enum route_next api_open(struct request *request, struct reply *reply);
void api_opened(struct request *request, struct reply *reply);

/* GET /status: who is connected where. */
enum route_next api_status(struct request *request, struct reply *reply);

#endif
