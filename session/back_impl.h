/* SPDX-License-Identifier: MIT */
/*
 * back_impl - one connection to Proxmox from the inside, shared by back.c (the
 * socket's life, opening and ending) and back_io.c (sending and receiving).
 *
 * Functions that return int say -1 when the connection is over: the viewer has been told, and the
 * back is freed when this turn of the loop ends.
 *
 * Threads: the session's.
 */
#ifndef SESSION_BACK_IMPL_H
#define SESSION_BACK_IMPL_H

#include "base/buf.h"
#include "session/back.h"
#include "session/frame.h"
#include "session/rfb.h"
#include "session/stream.h"
#include "session/term.h"
#include "session/upgrade.h"

enum back_state {
	BACK_CONNECTING, /* TCP */
	BACK_SECURING,   /* TLS */
	BACK_READY,      /* no console is there yet */
	BACK_UPGRADING,  /* request out, waiting for the 101 */
	BACK_GREETING,   /* waiting for the first byte of RFB, or for a terminal's OK */
	BACK_PROVING,    /* VNC authentication */
	BACK_RELAYING,
	BACK_CLOSING,  /* ours: sending what is left and a Close frame */
	BACK_DRAINING, /* ours: all said, reading to the end so that nothing said is lost by a reset */
	BACK_OVER,     /* ended() was called or is not wanted any more; about to be freed */
};

struct back {
	uint32_t magic;
	enum back_state state;
	struct live *live;
	struct back *next; /* of the session's */
	struct stream stream;
	bool blocked;      /* the socket takes no more just now */
	struct task flush; /* there is something to send */
	struct task again; /* there is something to receive that makes no event */
	struct task gone;
	struct pipe *pipe; /* the viewer's; not after back_close() */
	const struct back_events *events;
	void *arg;
	struct timer timer; /* the phase's deadline; while relaying the next ping */
	struct pve_way way;
	bool ordered;               /* there is a console */
	struct pve_console console; /* secrets until they are used */
	char key[UPGRADE_KEY_SIZE];
	struct buf head;         /* the answer to the upgrade */
	struct buf out;          /* handshake and control frames, sent before any chunk */
	struct pipe_queue left;  /* after back_close(): what is still to be sent */
	struct chunk *chunk;     /* being sent as a frame */
	unsigned char *chunk_at; /* its rest */
	size_t chunk_left;
	struct frame_parser parser;
	enum pve_console_kind kind;
	bool by_token; /* the console was asked for with an API token */
	struct rfb rfb;
	struct secret login; /* the terminal's, until it is sent */
	struct term_greeting greeting;
	int64_t heard_ms;
	bool paused; /* to_browser is full */
	bool heard;  /* something has come, this time */
	bool put;    /* bytes went into to_browser in this turn */
	bool parted; /* the Close frame has been queued, behind everything that was left */
	unsigned char masks[256];
	unsigned masks_left;
};

/* ---- back.c ---- */

/* Tell the viewer, once. Returns -1. */
int back_over(struct back *b, enum end end, const struct err *err);
int back_over_text(struct back *b, enum end end, int code, const char *text);

/* The far side has ended, or the socket failed: what that means depends on how far we were. */
int back_over_eof(struct back *b);

/* The next phase, with its deadline. */
void back_enter(struct back *b, enum back_state state, int deadline_ms);

/* The 101 is there. */
void back_upgraded(struct back *b);

/* Have the socket watched for bytes unless paused, for room if blocked, for nothing once over. */
void back_watch(struct back *b);

/* Receive at the end of this turn, no matter whether the socket says so. */
void back_come_again(struct back *b);

/* ---- back_io.c ---- */

enum { BACK_SAY_MAX = 1024 }; /* a terminal's login line is the longest */

/* Queue one small frame. -1 when out of memory or of random numbers. */
int back_say(struct back *b, enum frame_opcode opcode, const void *data, size_t len);

/* Send as much as the socket takes. */
int back_flush(struct back *b);

/* Receive until the socket or the queue says stop. */
int back_receive(struct back *b);

#endif
