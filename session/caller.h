/* SPDX-License-Identifier: MIT */
/*
 * caller - one connection of a browser to a session's port: whose it is, and what it waits for.
 *
 * Made when the connection is accepted, gone when it is closed. One that is too
 * many for its client is let in to be told so, as long as few of them are there.
 *
 * While an answer has to wait libwebsockets is woken up by the client's next bytes
 * again and again, and does not look at them. A client that asks on meanwhile is
 * found out by that (callers_turn()), and read no more while its answers wait; what
 * libwebsockets does not tell then, that the socket takes more, a timer looks at.
 *
 * Threads: the session's.
 */
#ifndef SESSION_CALLER_H
#define SESSION_CALLER_H

#include "base/ip.h"
#include "session/access.h"
#include "session/forwarded.h"
#include "session/loop.h"
#include "session/page.h"

enum caller_place {
	CALLER_WELCOME,
	CALLER_TOO_MANY,    /* its client has as many as it may: to be told so */
	CALLER_TURNED_AWAY, /* the same, and enough are being told: to be closed at once */
};

struct caller {
	struct caller *next;
	struct loop *loop;
	struct lws *wsi;
	struct ip peer;        /* at the other end of the connection */
	struct forwarded from; /* who asks, by its last request */
	bool too_many;         /* CALLER_TOO_MANY */
	bool refused;          /* answer is for an upgrade that becomes none */
	bool held;             /* answer is held back */
	bool due;              /* it has been held for long enough */
	bool stuck;            /* the socket takes no more of the answer just now */
	bool asks_on;          /* it may be one that asks on while its answers wait */
	bool head_only;        /* answer is to a HEAD */
	struct timer wait;     /* while held, or stuck and not read */
	struct page_answer answer;
};

/* May one more connection of this peer be? At most limit of them, where limits apply. */
enum caller_place caller_place(
	const struct loop *loop, const struct access *access, const struct ip *peer, unsigned limit);

/* NULL when out of memory. */
struct caller *caller_new(struct loop *loop, const struct ip *peer, enum caller_place place);
void caller_free(struct caller *c); /* NULL is fine */

/* The caller of a connection; NULL when it is none of a browser. */
struct caller *caller_find(const struct loop *loop, const struct lws *wsi);

/*
 * Hold the answer back for about a second: then it is due, and the connection is
 * kicked. False when too many answers are held already.
 */
bool caller_hold(struct caller *c);

/* The socket takes no more just now; the connection is kicked when it does. Then it goes on. */
void caller_wait(struct caller *c);
void caller_goes_on(struct caller *c);

/*
 * To be called at each turn of the event loop while a caller waits, with the thread's
 * processor time. It may turn and turn and do nothing: then those that wait are read no
 * more, or go on if their socket takes more, and answers that are held back are due, and
 * the end of their connections.
 */
void callers_turn(struct loop *loop, int64_t now_ms, int64_t thread_us);

#endif
