/* SPDX-License-Identifier: MIT */
/*
 * front_impl - the browser's side from the inside, shared by front.c (accepting, life,
 * dispatch), front_http.c (requests), front_ws.c (what a websocket receives) and
 * front_send.c (what it sends).
 *
 * Functions that return int say 0, or -1 when the connection is at its end: whoever was called
 * by the loop frees it then, and nobody else does.
 *
 * Threads: the session's.
 */
#ifndef SESSION_FRONT_IMPL_H
#define SESSION_FRONT_IMPL_H

#include "base/buf.h"
#include "base/ip.h"
#include "session/frame.h"
#include "session/front.h"
#include "session/pipe.h"
#include "session/stream.h"

enum {
	FRONT_HEAD_MS = 10000,      /* for a whole head, and TLS's handshake before the first one */
	FRONT_KEEPALIVE_MS = 15000, /* for the next request to begin */
	FRONT_PART_MS = 1000,       /* for a browser to take what was said last, and to hang up */
};

enum front_state {
	FRONT_SHAKING,   /* TLS's handshake */
	FRONT_ASKING,    /* a request is awaited, or a part of its head has come */
	FRONT_HELD,      /* its answer is held back, and nothing is read */
	FRONT_ANSWERING, /* its answer is on its way, and nothing is read */
	FRONT_OPEN,      /* a websocket */
	FRONT_PARTING,   /* all is said; what comes is thrown away until the browser hangs up */
};

struct front {
	uint32_t magic;
	enum front_state state;
	struct front *next; /* in the session's list */
	struct live *live;
	struct stream stream;
	struct timer deadline;
	struct task task;
	struct ip peer;  /* at the other end of the connection */
	bool too_many;   /* its client has as many as it may: to be told so */
	bool kept;       /* it waits for another request, of which no byte has come */
	bool close;      /* the connection ends with the answer */
	struct buf said; /* of requests, what was received and not looked at */
	struct buf rest; /* to be sent before anything else: heads, control frames */
	struct buf made; /* body made for this request, or empty */
	const unsigned char *body;
	size_t left; /* of body */

	/* ---- a websocket ---- */
	struct viewer *viewer; /* NULL: it knows that its browser is gone */
	struct frame_parser parser;
	struct chunk *chunks, *last; /* on their way, with their heads */
	unsigned count;              /* how many */
	size_t sent;                 /* of the first one */
	enum end end;                /* why it is closed */
	bool paused;                 /* the viewer takes no more just now */
	bool unread;                 /* so the socket is not watched for bytes, either */
	bool bulk;                   /* the last time much came at once */
	bool again;                  /* TLS may hold bytes that were not asked for */
	bool stuck;                  /* the socket takes no more: the same bytes have to go first */
	bool leaving;                /* the viewer is told that its browser is gone */
	bool closing;                /* wants a Close frame behind all else, which has not left yet */
	bool closed;                 /* has it in rest, or sent: nothing follows */
	bool parted;                 /* the browser has sent its own: nothing that follows counts */
	bool pong_due;
	unsigned char pong_len;
	unsigned char pong[FRAME_CONTROL_MAX]; /* for the last ping that came, or its Close frame */
};

/* ---- front.c ---- */

/* Have the deadline end it, ms from now. */
void front_set_deadline(struct front *f, int ms);

/* Look at it again when this turn of the loop ends. */
void front_queue(struct front *f);

/* All is said and sent: the browser is to hang up, and has FRONT_PART_MS for that. */
int front_part(struct front *f);

/* ---- front_http.c ---- */

/* A request may begin, or is there already. */
int front_ask(struct front *f);

/* The socket has bytes of a request, takes more of an answer; an answer was held for long enough. */
int front_read(struct front *f);
int front_write(struct front *f);
int front_release(struct front *f);

/* What was received and not looked at is looked at. */
int front_go_on(struct front *f);

/* ---- front_ws.c ---- */

/* It is a websocket now; what has come behind its request is in said. */
int front_open(struct front *f, const struct ip *client);

/* The socket has bytes, or TLS has. */
int front_receive(struct front *f);

/* ---- front_send.c ---- */

/* Send what there is, as far as it goes. */
int front_send(struct front *f);

/* Answer the browser's Close frame; then it ends. */
int front_answer_close(struct front *f, const unsigned char *payload, size_t len);

/* What the socket is watched for. */
void front_want(struct front *f);

/* Throw away what has not begun to be sent; all: also what has. */
void front_drop_chunks(struct front *f, bool all);

#endif
