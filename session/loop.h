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

#include "base/poller.h"
#include "session/env.h"
#include "session/session.h"

struct back;
struct front;
struct viewer;

enum {
	/* Of browsers: 80 of one client and what is turned away, and a few of others. */
	LOOP_CONNECTIONS_MAX = 96,
	LOOP_TURNED_AWAY_MAX = 8, /* connections that are there to be told of a limit */
	LOOP_HELD_MAX = 16,       /* answers to wrong keys that are held back */
	LOOP_LEFT_MAX = 8,        /* consoles that were asked for and left, before the next ones wait */
	LOOP_DRAIN_MS = 3000,     /* what is left to say when a side ends */
	LOOP_SCRATCH = 65536,     /* bytes of loop_scratch() */
};

/* What a key in a request's path is. */
enum key_verdict {
	KEY_OPENS,
	KEY_ELSEWHERE, /* right, but another client opened the link */
	KEY_ENDED,     /* of a session that has ended */
	KEY_UNKNOWN,   /* a guess */
};

struct loop {
	struct session *session; /* one reference */
	const struct env *env;
	struct poller poller;
	struct watch mailbox;
	int listen_fd;                  /* -1: none */
	struct watch listener;          /* wants nothing while there are enough connections */
	struct timer listen_again;      /* after the process ran out of descriptors */
	struct secret password;         /* minted for the browsers' VNC authentication */
	struct mail *keys;              /* of the links, each a struct link_mail */
	struct front *fronts;           /* connections of browsers */
	unsigned held;                  /* of these, answers that are held back */
	struct viewer *viewers;         /* all, also those at their end */
	uint64_t last_viewer;           /* number of the newest */
	int64_t left_ms[LOOP_LEFT_MAX]; /* when viewers last left a console that was asked for */
	unsigned left;        /* how many have; the oldest of left_ms is where the next goes */
	unsigned connections; /* of browsers */
	struct back *backs;   /* connections to Proxmox, also those at their end */
	enum end ending;      /* END_NONE: alive */
	struct timer cut;     /* when what is left of it is cut */
	bool cut_now;
	unsigned char *scratch; /* see loop_scratch() */
	bool scratch_used;      /* since its timer was set */
	struct timer scratch_idle;
	struct timer trim; /* see loop_settles() */
};

/*
 * What is this key (KEY_CHARS characters) in the hands of client? bound: it opens only
 * for who opened the link. The mailbox is drained first.
 */
enum key_verdict loop_judge_key(
	struct loop *loop, const char *key, const struct ip *client, bool bound);

/*
 * LOOP_SCRATCH bytes to receive into, good until the function that asked returns to the loop. Kept
 * while they are used, so that busy sessions do not ask for them at each turn and idle ones have
 * none. NULL when out of memory.
 */
void *loop_scratch(struct loop *loop);

/* An opening is over: soon the thread gives back the stack that it has needed for that. */
void loop_settles(struct loop *loop);

#endif
