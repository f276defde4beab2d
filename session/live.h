/* SPDX-License-Identifier: MIT */
/*
 * live - a session as the thread that serves it knows it: its mailbox, its keys, who is connected.
 *
 * What front.c, back.c and viewer.c share. It lives from live_start() until both sides are closed
 * after the session was told to end.
 *
 * Threads: the one that serves the session. Nothing here is locked.
 */
#ifndef SESSION_LIVE_H
#define SESSION_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/poller.h"
#include "session/env.h"
#include "session/session.h"
#include "session/threads.h"

struct back;
struct front;
struct viewer;

enum {
	/* Of browsers: 80 of one client and what is turned away, and a few of others. */
	LIVE_CONNECTIONS_MAX = 96,
	LIVE_TURNED_AWAY_MAX = 8, /* connections that are there to be told of a limit */
	LIVE_HELD_MAX = 16,       /* answers to wrong keys that are held back */
	LIVE_LEFT_MAX = 8,        /* consoles that were asked for and left, before the next ones wait */
	LIVE_DRAIN_MS = 3000,     /* what is left to say when a side ends */
};

/* What a key in a request's path is. */
enum key_verdict {
	KEY_OPENS,
	KEY_ELSEWHERE, /* right, but another client opened the link */
	KEY_ENDED,     /* of a session that has ended */
	KEY_UNKNOWN,   /* a guess */
};

struct live {
	struct session *session; /* one reference */
	const struct env *env;
	struct thread *thread;
	struct poller *poller; /* of thread */
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
	int64_t left_ms[LIVE_LEFT_MAX]; /* when viewers last left a console that was asked for */
	unsigned left;        /* how many have; the oldest of left_ms is where the next goes */
	unsigned connections; /* of browsers */
	struct back *backs;   /* connections to Proxmox, also those at their end */
	enum end ending;      /* END_NONE: alive */
	struct timer cut;     /* when what is left of it is cut */
	struct task over;     /* queued once nothing is left of it */
	bool closing;         /* that has begun */
};

/*
 * Serve a session, with a reference of its own, from now on: its port accepts connections. Returns
 * 0, ERR_SYSTEM or ERR_MEMORY; then it is not served. On success it is until session_end(), and
 * must be entered in the registry with sessions_add() before that. From any thread.
 */
int live_start(struct session *s, const struct env *env, struct err *err)
	__attribute__((warn_unused_result));

/*
 * What is this key (KEY_CHARS characters) in the hands of client? bound: it opens only
 * for who opened the link. The mailbox is drained first.
 */
enum key_verdict live_judge_key(
	struct live *live, const char *key, const struct ip *client, bool bound);

/* A viewer or a connection to Proxmox has left: was it the last thing that is waited for? */
void live_left(struct live *live);

#endif
