/* SPDX-License-Identifier: MIT */
/*
 * browser - one browser: link, redirect, mandatory.json, websocket, RFB as the
 * client, and then its share of the work.
 *
 * Directly to the Proxmox end (or through a plain tunnel to it) a browser makes
 * the calls that the gateway would have made for it; raw, it makes none: what the
 * websocket leads to is the guest.
 */
#ifndef BENCH_BROWSER_H
#define BENCH_BROWSER_H

#include "tests/bench/conn.h"
#include "tests/bench/hist.h"
#include "tests/bench/http.h"
#include "tests/bench/util.h"
#include "tests/bench/ws.h"

/* When the steps of the opening were done. */
enum moment {
	AT_START,
	AT_LINK,      /* the 302, or (direct) the console ticket */
	AT_MANDATORY, /* mandatory.json */
	AT_WEBSOCKET, /* the 101 */
	AT_SCREEN,    /* ServerInit */
	AT_FIRST,     /* the first byte of what the work brings */
	MOMENTS
};

enum browser_state {
	BROWSER_OPENING,
	BROWSER_READY,
	BROWSER_STALLED, /* ready, and reads nothing any more */
	BROWSER_WORKING,
	BROWSER_DONE,
	BROWSER_FAILED
};

/* How a browser hangs up: politely, without a word, or as if it had crashed. */
enum manner { BY_CLOSE, BY_FIN, BY_RST };

struct browser;

/* What all browsers of a run share. */
struct browser_plan {
	struct loop *loop;
	SSL_CTX *tls;
	struct work work;
	bool direct;    /* the link leads to the Proxmox end */
	bool raw;       /* the link leads to a websocket in front of the raw port */
	bool link_only; /* done at the redirect */
	bool at_once;   /* begins its work without waiting to be told */
	void (*changed)(void *arg, struct browser *b, enum browser_state from);
	void *arg;
	struct hist *rounds, *delays; /* of echoes, of paced frames; all browsers add to them */
	struct hist_seconds *seconds; /* the delays, second by second */
};

struct browser {
	const struct browser_plan *plan;
	const char *link;
	enum browser_state state;
	void *owner;           /* whatever changed() needs */
	bool stalls;           /* goes from opening to stalled */
	enum moment leaves_at; /* done at this moment; AT_START: when its work is */
	bool half;             /* done when half of the websocket's request is sent */
	enum manner manner;
	int refused; /* the status of an answer that was not the right one */
	int step, rfb_step;
	struct conn *conn;
	struct ssl_session_st
		*session; /* of the last connection, as browsers keep it; to session_port */
	uint16_t session_port, conn_port;
	struct http http;
	char host[80], path[160]; /* where the session is */
	uint16_t port;
	bool secure;
	char password[9];
	char cookie[1100], csrf[128], query[1100]; /* direct: as they go into a request */
	char key[WS_KEY_SIZE];
	struct ws_in ws;
	bool websocket; /* the 101 has come */
	unsigned char in[256];
	size_t in_len;
	uint64_t sent, received; /* of the work */
	uint32_t masks;
	int64_t at_ns[MOMENTS];
	int64_t moved_ns, gap_ns; /* of the work: last byte, longest time without one */
	int64_t sent_ns;          /* the last echo request, the paced frame that is coming */
	unsigned char stamp[STAMP_SIZE];
	char error[200];
};

void browser_start(struct browser *b, const struct browser_plan *plan, const char *link);

/* Visit the same session once more, from its page on: one that is done. */
void browser_again(struct browser *b);

/* Begin the work. */
void browser_work(struct browser *b);

/* Read nothing more, in the middle of the work. */
void browser_stall(struct browser *b);

/* Something of the work was sent or received. */
void browser_moved(struct browser *b);

/* Hang up in its manner; what was done stays readable. */
void browser_leave(struct browser *b);

/* Give up for this reason, unless it is done. */
__attribute__((format(printf, 2, 3))) void browser_fail(struct browser *b, const char *fmt, ...);

/* ---- browser_work.c ---- */

/* Bytes from the screen's side of the websocket; RFB's handshake first. */
void browser_payload(struct browser *b, const unsigned char *data, size_t len);

/* Room for more of what the work sends. */
void browser_room(struct browser *b);

/* ---- for browser_work.c, from browser.c ---- */

void browser_send(struct browser *b, unsigned opcode, const void *data, size_t len);
void browser_enter(struct browser *b, enum browser_state state);

/* A moment has come; false when that was the browser's last one, and it is gone. */
bool browser_reached(struct browser *b, enum moment moment);

#endif
