/* SPDX-License-Identifier: MIT */
/*
 * reply - the only place where answers are made.
 *
 * An endpoint fills an empty struct reply by one of the functions below; none
 * of them fails: without memory the answer becomes a bare 503. reply_send()
 * hands it to the HTTP library, with the headers that every answer has.
 *
 * Threads: no shared state; a reply belongs to its holder.
 */
#ifndef ROUTER_REPLY_H
#define ROUTER_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/secret.h"
#include "router/settings.h"

struct reply {
	int status;       /* 0: not made yet */
	const char *type; /* Content-Type; NULL: no body */
	enum settings_policy policy;
	struct buf body;
	struct secret location; /* has a session's key in it */
	const char *allow;      /* NULL: none */
	int retry_after_s;      /* 0: none */
	bool slow;              /* make the client wait: it guesses secrets */
	bool close;             /* end the connection */
};

/* A body of text, which is copied, and a line end. */
void reply_text(struct reply *reply, int status, const char *text);

/* The same for a person: a page when html, else its words as text. See notice.h. */
struct notice;
void reply_notice(struct reply *reply, int status, const struct notice *notice, bool html);

/* 200: the page, or its words, that turns a GET of a link into a POST. */
void reply_confirm(struct reply *reply, bool html);

/* No body. */
void reply_empty(struct reply *reply, int status);

/* *location moves into the reply. */
void reply_redirect(struct reply *reply, int status, struct secret *location);

/* A JSON value, which becomes the reply's (NULL, as jansson says "no memory", is taken). */
void reply_json(struct reply *reply, int status, json_t *value);

/* JSON that is ready: its pieces, the last one NULL, as they are, and a line end. */
void reply_json_text(struct reply *reply, int status, const char *const pieces[]);

/* {"status":"error","token":"","error":text} */
void reply_json_error(struct reply *reply, int status, const char *text);

/* The same and "reason", a word for programs; NULL: without. */
void reply_json_reason(struct reply *reply, int status, const char *text, const char *reason);

/* Wipe and free; *reply is empty afterwards. */
void reply_done(struct reply *reply);

/* ---- what is sent ---- */

enum { REPLY_HEADERS_MAX = 14, REPLY_VALUE_SIZE = 64 };

struct reply_header {
	const char *name;
	const char *value; /* borrowed from reply or settings or constant, or own */
	char own[REPLY_VALUE_SIZE];
};

/*
 * All headers but Date, Content-Length and Connection; returns how many. tls: does the
 * browser speak it, be it to a proxy?
 */
size_t reply_headers(const struct reply *reply, const struct settings *settings, bool tls,
	struct reply_header out[REPLY_HEADERS_MAX]);

/*
 * What a connection keeps of an answer that is likely to be repeated, a short JSON that says
 * success: the library's response with all headers. The next one of that length has the same
 * but for its body, and these bytes are put in its place.
 */
struct reply_kept {
	void *response; /* the library's; NULL: none, and nothing else counts */
	char *body;     /* the response's; wiped as soon as it has left */
	size_t len;
	const char *type;
	struct settings *settings; /* a reference: what its headers were made of */
	bool tls;
};

/* Its answer has left, or never will: wipe the body. */
void reply_kept_wipe(struct reply_kept *kept);

/* Free it; *kept is empty afterwards. */
void reply_kept_done(struct reply_kept *kept);

/*
 * Queue it on the library's connection; the body moves. kept is the connection's, whose last
 * answer has left; NULL: nothing is kept. False when the library would not have it.
 */
bool reply_send(struct reply *reply, struct settings *settings, bool tls, struct reply_kept *kept,
	void *connection);

#endif
