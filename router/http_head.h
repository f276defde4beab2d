/* SPDX-License-Identifier: MIT */
/*
 * http_head - what the HTTP library lets pass in a request's head and must not, pure.
 *
 * Two lengths, a length beside an encoding, two hosts: a proxy in front of us
 * and we could disagree on where a request ends (RFC 9112, 6.3 and 11.2), or on
 * who is asked. Two Authorizations or Content-Types: which one counts?
 *
 * And a head that is not laid out as the RFC has it. The library takes a bare LF
 * for a line's end, a NUL for the end of a value or of all, and glues a folded
 * line to the header's *name*. It leaves no trace of that in what it hands out,
 * but for the places: name and value are pointers into the head as it was
 * received, so each line must begin two bytes behind the end of the one before.
 *
 * Threads: no state; a struct http_head belongs to its holder.
 */
#ifndef ROUTER_HTTP_HEAD_H
#define ROUTER_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
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
	size_t size;       /* of the head */
	const char *fault; /* of a single line */
	const char *start; /* of the head */
	uintptr_t next;    /* where the next line begins */
	bool modern;       /* HTTP/1.1: Host is needed, chunks may be */
};

/* The length of a request target as it was sent; 0 when it has a character that it cannot have. */
size_t http_head_target(const char *target);

/* The request line; target_len is what http_head_target() said, before the query was cut off. */
void http_head_begin(struct http_head *head, const char *method, const char *target,
	size_t target_len, const char *version);

/* To be told of every header in turn. */
void http_head_see(
	struct http_head *head, const char *name, size_t name_len, const char *value, size_t value_len);

/* The end; size is that of the whole head, from the method to the empty line. */
void http_head_end(struct http_head *head, size_t size);

/* What is wrong with all of them, or NULL. */
const char *http_head_fault(const struct http_head *head);

#endif
