/* SPDX-License-Identifier: MIT */
/*
 * loop - what the parts of one session's thread share: thread.c, front.c, back.c, viewer.c.
 *
 * Threads: the session's own only. Nothing here is locked.
 */
#ifndef SESSION_LOOP_H
#define SESSION_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "session/env.h"
#include "session/session.h"

struct lws;
struct lws_context;
struct lws_vhost;
struct caller;
struct viewer;

enum {
	/* Those of browsers (80 and what is turned away), one to Proxmox a viewer (32), our own. */
	LOOP_CONNECTIONS_MAX = 124,
	LOOP_FDS_MAX = 144,
	LOOP_TURNED_AWAY_MAX = 8, /* connections that are there to be told of a limit */
	LOOP_HELD_MAX = 16,       /* answers to wrong keys that are held back */
	LOOP_LEFT_MAX = 8,        /* consoles that were asked for and left, before the next ones wait */
	LOOP_DRAIN_MS = 3000,     /* what is left to say when a side ends */
};

/* What a key in a request's path is. */
enum key_verdict {
	KEY_OPENS,
	KEY_ELSEWHERE, /* right, but another client opened the link */
	KEY_ENDED,     /* of a session that has ended */
	KEY_UNKNOWN,   /* a guess */
};

/* A timer that runs once. All zero is a stopped one. */
struct timer {
	struct timer *next;
	int64_t at_ms; /* 0: stopped */
	void (*run)(void *arg);
	void *arg;
};

/* What the event loop's turns cost; only looked at while a caller waits. */
struct loop_watch {
	int64_t since_ms; /* 0: not watched */
	int64_t last_us;  /* the thread's processor time at its last turn */
	int64_t idle_us;  /* of turns in which nothing was done, since since_ms */
	bool busy;        /* something is done in this turn */
};

struct loop {
	struct session *session; /* one reference */
	const struct env *env;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct lws *listener; /* NULL once ending */
	bool listener_paused;
	struct timer listen_again; /* after the process ran out of descriptors */
	struct secret password;    /* minted for the browsers' VNC authentication */
	struct mail *keys;         /* of the links, each a struct link_mail */
	struct timer *timers;
	struct caller *callers; /* connections of browsers */
	unsigned held;          /* callers whose answer is held back */
	unsigned stuck;         /* callers whose socket takes no more just now */
	struct loop_watch watch;
	struct viewer *viewers;         /* all, also those at their end */
	uint64_t last_viewer;           /* number of the newest */
	int64_t left_ms[LOOP_LEFT_MAX]; /* when viewers last left a console that was asked for */
	unsigned left;        /* how many have; the oldest of left_ms is where the next goes */
	unsigned connections; /* of browsers, ours and to Proxmox: what lws calls a wsi */
	unsigned backs;       /* connections to Proxmox, also those at their end */
	enum end ending;      /* END_NONE: alive */
	int64_t cut_ms;       /* when what is left of it is cut */
	struct timer ending_step;
	bool cut_now;
};

/* Run fn once, after ms. A timer that was set already is set anew. */
void loop_timer_set(
	struct loop *loop, struct timer *timer, int ms, void (*run)(void *arg), void *arg);
void loop_timer_stop(struct loop *loop, struct timer *timer);

/*
 * What is this key (KEY_CHARS characters) in the hands of client? bound: it opens only
 * for who opened the link. The mailbox is drained first.
 */
enum key_verdict loop_judge_key(
	struct loop *loop, const char *key, const struct ip *client, bool bound);

#endif
