/* SPDX-License-Identifier: MIT */
/*
 * viewer_impl - a viewer from the inside, shared by viewer.c (life and end), viewer_open.c (the way
 * to the console) and the browser's two sides: viewer_vnc.c (a screen) and viewer_term.c (a terminal).
 *
 * Threads: the session's.
 */
#ifndef SESSION_VIEWER_IMPL_H
#define SESSION_VIEWER_IMPL_H

#include "session/back.h"
#include "session/rfb.h"
#include "session/rfb_watch.h"
#include "session/term.h"
#include "session/viewer.h"

enum viewer_state {
	VIEWER_WAITING,  /* for its turn, and in line for the guest's gate */
	VIEWER_ASKING,   /* a worker asks for a console ticket */
	VIEWER_DIALLING, /* the back is on its way to authentication */
	VIEWER_OPEN,     /* the back is authenticated */
	VIEWER_ENDING, /* the back is gone or going; the browser gets what is left and a Close frame */
};

/* What differs between a screen and a terminal. Each may end the viewer. */
struct viewer_side {
	/* Begin. 0 or ERR_*. */
	int (*open)(struct viewer *v, struct err *err);
	/* The back is authenticated; nothing has gone there yet. */
	void (*ready)(struct viewer *v);
	/* Something from the browser. */
	void (*receive)(struct viewer *v, const struct viewer_piece *piece);
	/* Bytes from Proxmox wait. */
	void (*readable)(struct viewer *v);
	/* The next piece for the browser, or NULL. */
	struct chunk *(*next)(struct viewer *v);
	/* Every BACK_PING_MS: keep the guest's end from cutting what it takes for idle. */
	void (*keep)(struct viewer *v);
	/* The browser is gone. */
	void (*done)(struct viewer *v);
};

extern const struct viewer_side viewer_vnc, viewer_term;

struct viewer_vnc {
	struct rfb rfb; /* our server side towards the browser */
	struct rfb_watch watch;
	uint64_t moved;   /* bytes both ways at the last look, */
	int64_t moved_ms; /* and since when it is that many */
	uint64_t keys;    /* the same for key events */
	int64_t keys_ms;
};

struct viewer_term {
	char line[TERM_CONTROL_MAX]; /* of a control line, what has come */
	size_t line_len;
	uint64_t frame_left; /* of input announced to termproxy, what has not come */
	unsigned cols, rows; /* the page's size while nobody can be told; 0: none yet */
	uint64_t unshown;    /* output sent and not acknowledged */
	bool waiting;        /* there is output to be sent */
	int64_t moved_ms;    /* when some was sent, or began to wait */
	struct timer blocked;
};

struct viewer {
	uint32_t magic;
	enum viewer_state state;
	const struct viewer_side *side;
	struct viewer *next; /* in the session's list */
	struct live *live;
	struct front *browser;
	struct ip client; /* whose browser it is */
	uint64_t number;  /* how logs and messages name it */
	bool proven;      /* the browser has shown that it may, and is ready */
	bool counted;     /* the registry counts it as connected */
	bool ping_due;
	bool asked_again; /* the first console was refused */
	enum end end;
	int64_t deadline_ms;  /* of the opening */
	struct timer opening; /* until connected */
	struct timer turn;    /* see take_turn() */
	struct timer ping;
	int64_t heard_ms;
	struct gate_pass *pass;
	struct back *back;
	struct pipe pipe;
	union {
		struct viewer_vnc vnc;
		struct viewer_term term;
	};
};

/* ---- viewer_open.c ---- */

/* Get to the console, within open_timeout_s from now. */
void viewer_open(struct viewer *v);

/* ---- viewer.c ---- */

/* The opening failed: the log has the truth, the browser a reason. */
void viewer_fail(struct viewer *v, enum end end, const struct err *err);

/* The browser is ready: connected as soon as the back is. */
void viewer_proven(struct viewer *v);

/* Have both sides authenticated? From then on bytes flow. */
void viewer_connect(struct viewer *v);

/* The browser broke a rule; err.text is for the log. */
void viewer_garbled(struct viewer *v, const struct err *err);

/* Queue bytes for the guest; the viewer ends when there is no memory. */
void viewer_put(struct viewer *v, const void *data, size_t len);
/* The same for bytes that must not be parted. */
void viewer_put_whole(struct viewer *v, const void *data, size_t len);

/* Detach the next waiting piece for the browser; NULL when there is none. */
struct chunk *viewer_take(struct viewer *v);

/* How logs name a viewer: "%s: browser %llu" takes both. */
const char *viewer_session(const struct viewer *v);
unsigned long long viewer_number(const struct viewer *v);

#endif
