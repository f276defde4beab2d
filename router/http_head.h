/* SPDX-License-Identifier: MIT */
/*
 * http_head - what the HTTP library lets pass in a request's head and must not, pure.
 *
 * Two lengths, a length beside an encoding, two hosts: a proxy in front of us
 * and we could disagree on where a request ends (RFC 9112, 6.3 and 11.2), or on
 * who is asked. Two Authorizations or Content-Types: which one counts?
 *
 * Threads: no state; a struct http_head belongs to its holder.
 */
#ifndef ROUTER_HTTP_HEAD_H
#define ROUTER_HTTP_HEAD_H

#include <stdint.h>

/* header, its counter */
#define HTTP_HEAD_TBL(X)                      \
	X("Content-Length", content_length)       \
	X("Transfer-Encoding", transfer_encoding) \
	X("Host", host)                           \
	X("Authorization", authorization)         \
	X("Content-Type", content_type)

struct http_head {
#define X(name, counter) unsigned counter;
	HTTP_HEAD_TBL(X)
#undef X
	int64_t length;    /* of the body; REQUEST_LENGTH_UNKNOWN when chunked */
	const char *fault; /* of a single header */
};

/* To be told of every header, value NULL meaning "". */
void http_head_see(struct http_head *head, const char *name, const char *value);

/* What is wrong with all of them, or NULL. */
const char *http_head_fault(const struct http_head *head);

#endif
