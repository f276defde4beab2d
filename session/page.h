/* SPDX-License-Identifier: MIT */
/*
 * page - what a session's port answers: which path gets what, with which headers. Pure but for the loop's keys.
 *
 * Everything lives under /<key>/; any other path is a bare 404, whatever the
 * method, so that whoever scans ports learns nothing.
 *
 * Threads: the session's.
 */
#ifndef SESSION_PAGE_H
#define SESSION_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "session/loop.h"

enum { PAGE_HEAD_MAX = 3072 };

enum page_method { PAGE_GET, PAGE_HEAD, PAGE_OTHER };

struct page_request {
	struct loop *loop;
	const char *path; /* percent-decoded, as libwebsockets gives it */
	size_t path_len;
	enum page_method method;
	const char *host;          /* "" when absent */
	const char *if_none_match; /* "" when absent */
};

struct page_answer {
	int status;
	const char *type;          /* NULL: no Content-Type */
	const unsigned char *body; /* borrowed; NULL: none */
	size_t len;
	const char *etag;  /* NULL: none */
	const char *cache; /* Cache-Control */
	const char *csp;   /* script-src and style-src of a page; NULL: no page */
	const char *host;  /* for connect-src, "" when not to be quoted */
	const char *allow; /* NULL: none */
	char location[48]; /* "": none */
	bool upgrade;      /* say that this is a websocket of version 13 */
};

/* Decide. The body of mandatory.json is made in *made, which must live until the answer is sent. */
void page_answer(const struct page_request *request, struct buf *made, struct page_answer *out);

/* Write the response head; returns its length (< PAGE_HEAD_MAX). */
size_t page_head(char out[PAGE_HEAD_MAX], const struct page_answer *answer);

struct page_upgrade {
	struct loop *loop;
	const char *path;
	size_t path_len;
	enum page_method method;
	const char *host;
	const char *origin;       /* NULL: absent, so it is no browser, and the key is enough */
	const char *subprotocols; /* NULL: absent */
	const char *version;
};

/* May this become the console's websocket? When not, *out is the answer. */
bool page_upgrade(const struct page_upgrade *request, struct page_answer *out);

/* Is origin the page's own: this scheme and this Host? */
bool page_origin_ok(const char *origin, bool tls, const char *host);

/* Put the gateway's certificate into the session's TLS context (SSL_CTX). 0 or -1. */
int page_tls_apply(const struct loop *loop, void *ssl_ctx);

#endif
