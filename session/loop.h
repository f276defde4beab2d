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
struct viewer;

enum {
	LOOP_VIEWERS_MAX = 16,     /* browsers of one session at once; one more gets Close 4004 */
	LOOP_CONNECTIONS_MAX = 80, /* of browsers, websockets and files together */
	LOOP_FDS_MAX = 128,        /* those, one connection to Proxmox a viewer, and our own */
	LOOP_DRAIN_MS = 3000,      /* what is left to say when a side ends */
};

/* A link's key. */
struct loop_key {
	struct loop_key *next;
	struct secret key;
};

/* A timer that runs once. All zero is a stopped one. */
struct timer {
	struct timer *next;
	int64_t at_ms; /* 0: stopped */
	void (*run)(void *arg);
	void *arg;
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
	struct loop_key *keys;
	struct timer *timers;
	struct viewer *viewers; /* all, also those at their end */
	unsigned viewer_count;
	uint64_t last_viewer; /* number of the newest */
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

/* Is this the key of one of the session's links? The mailbox is drained first. */
bool loop_has_key(struct loop *loop, const char *key, size_t len);

#endif
