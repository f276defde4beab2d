/* SPDX-License-Identifier: MIT */
/*
 * front_impl - the browser's side from the inside, shared by front.c (accepting,
 * websockets, dispatch) and front_http.c (requests and upgrades).
 *
 * Functions that return int are callbacks' results: -1 ends the connection.
 *
 * Threads: the session's.
 */
#ifndef SESSION_FRONT_IMPL_H
#define SESSION_FRONT_IMPL_H

#include "base/buf.h"
#include "session/front.h"

struct lws_process_html_args;

/* What lws keeps for each connection of a browser. */
struct front {
	struct viewer *viewer; /* once it is a websocket */
	struct buf answer;     /* body made for this request, or empty */
	const unsigned char *body;
	size_t left;    /* of body */
	bool answering; /* an answer is on its way */
	bool close;     /* the connection ends with the answer */
	bool closed;    /* CLOSED was called: not to be touched */
	bool closing;   /* wants a Close frame */
	bool parted;    /* has been given it, and the browser is to answer with its own */
	enum end end;
};

/* The session's loop of a connection. */
struct loop *front_loop(struct lws *wsi);

/* ---- front_http.c ---- */

/* A request: its answer begins to be sent, or is held back. */
int front_request(struct lws *wsi, struct front *f, const char *path, size_t len);

/* The socket takes more of an answer. */
int front_writeable(struct lws *wsi, struct front *f);

/*
 * An upgrade, with the value that lws looks at next: 0 lets lws go on. A refused one
 * becomes an ordinary request.
 */
int front_upgrade(struct lws *wsi, char *protocol);

/* What lws takes for no HTTP, or for a tunnel: the bare 404 and the end. */
int front_not_http(struct lws *wsi);

/* Add the headers of a 101 to those that lws makes. */
int front_add_headers(struct lws *wsi, struct lws_process_html_args *args);

#endif
