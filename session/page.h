/* SPDX-License-Identifier: MIT */
/*
 * page - what a session's port answers: which path gets what, with which headers. Pure but for the session's keys.
 *
 * Everything lives under /<key>/; any other path is a bare 404, whatever the
 * method, so that whoever scans ports learns nothing. A session of a terminal has
 * another page and another websocket than one of a screen, and not the other's.
 *
 * Headers. Nothing may be framed but by frame_ancestors, and never is
 * X-Frame-Options sent, which knows no lists. The page itself, and the redirect to
 * it, say that a page that is isolated may embed them (CORP, COEP), since that is
 * what they are made for; what the page is made of is for its own origin only.
 *
 * Threads: the session's.
 */
#ifndef SESSION_PAGE_H
#define SESSION_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "session/access.h"
#include "session/forwarded.h"
#include "session/live.h"
#include "session/origin.h"
#include "session/request.h"

enum { PAGE_HEAD_MAX = 3072 + ACCESS_ANCESTORS_MAX };

struct page_request {
	struct live *live;
	const struct access *access;
	const struct forwarded *from;
	const char *path; /* percent-decoded */
	size_t path_len;
	enum request_method method;
	const char *if_none_match; /* "" when absent */
};

struct page_answer {
	int status;
	const char *type;          /* NULL: no Content-Type */
	const unsigned char *body; /* borrowed; NULL: none */
	size_t len;
	const char *etag;         /* NULL: none */
	const char *cache;        /* Cache-Control */
	const char *csp;          /* script-src and style-src of a page; NULL: no page */
	const char *allow;        /* NULL: none */
	char location[48];        /* "": none */
	char origin[ORIGIN_SIZE]; /* a page's own; "" when unknown */
	int retry_after_s;        /* 0: none */
	bool upgrade;             /* say that this is a websocket of version 13 */
	bool close;               /* end the connection */
	bool guess;               /* a wrong key: not to be answered before penalty_guess() was asked */
};

/* Decide. The body of mandatory.json is made in *made, which must live until the answer is sent. */
void page_answer(const struct page_request *request, struct buf *made, struct page_answer *out);

/* The answer to what is no request at all. */
void page_not_http(struct page_answer *out);

/* The answer to everybody's request on a connection that is one too many. */
void page_too_many(struct page_answer *out);

/* Write the response head; tls: the browser speaks it. Returns its length (< PAGE_HEAD_MAX). */
size_t page_head(char out[PAGE_HEAD_MAX], const struct page_answer *answer,
	const struct access *access, bool tls);

/* Write the head of a 101; binary: that subprotocol was offered. Returns its length (< PAGE_HEAD_MAX). */
size_t page_upgraded(char out[PAGE_HEAD_MAX], const char *accept, bool binary,
	const struct access *access, bool tls);

struct page_upgrade {
	struct page_request request;
	const char *origin;       /* NULL: absent, so it is no browser */
	const char *subprotocols; /* NULL: absent */
	const char *version;
	const char *key; /* "" when absent, as version */
};

/* May this become the console's websocket? When not, *out is the answer. */
bool page_upgrade(const struct page_upgrade *request, struct page_answer *out);

#endif
