/* SPDX-License-Identifier: MIT */
/*
 * back - Proxmox's side of one viewer: our own websocket client over OpenSSL,
 * driven by the session's event loop.
 *
 * Dials the address that gives the ticket, be it while the ticket is on its way, upgrades,
 * authenticates, by VNC or with termproxy, and from then on moves bytes between the socket and the
 * pipe. Every phase has its deadline (docs/proxmox.md). A back ends exactly once, by
 * back_events.ended() or by back_close(), whichever is first, and frees itself in the loop after
 * that.
 *
 * Threads: the session's.
 */
#ifndef SESSION_BACK_H
#define SESSION_BACK_H

#include "session/end.h"
#include "session/live.h"
#include "session/pipe.h"

enum {
	BACK_EARLY_MS = 4000, /* without a console: Proxmox hangs up after 5 s of silence */
	BACK_CONNECT_MS = 5000,
	BACK_UPGRADE_MS = 10000,  /* from connection and order to the 101: Proxmox may never answer */
	BACK_GREETING_MS = 12000, /* from the 101 to the first byte of RFB, or a terminal's OK */
	BACK_AUTH_MS = 10000,     /* from there to the end of the authentication */
	BACK_PING_MS = 30000,
	BACK_SILENT_MS = 60000, /* nothing at all received, not even a pong */
};

struct back; /* opaque, see back.c */

struct back_events {
	/* The authentication is done; what follows goes into the pipe. */
	void (*authenticated)(void *arg);
	/* Over, for this reason; err.text is for the log. The back is not to be touched any more. */
	void (*ended)(void *arg, enum end end, const struct err *err);
	/* Bytes have come into an empty to_browser queue. */
	void (*readable)(void *arg);
	/* The to_pve queue has room again. */
	void (*writable)(void *arg);
	/* A ping has gone to Proxmox's server, as every BACK_PING_MS; what is behind it never sees one. */
	void (*ping)(void *arg);
};

/*
 * Start dialling; what to ask for there follows by back_order(), within BACK_EARLY_MS. pipe and arg
 * must live until ended() or back_close(). Returns 0 or ERR_* (nothing is called then).
 */
int back_dial(struct live *live, const struct pve_way *way, struct pipe *pipe,
	const struct back_events *events, void *arg, struct back **out, struct err *err)
	__attribute__((warn_unused_result));

/* Is it alive and in time? If not, ended() is called. Before back_order(). */
void back_look(struct back *b);

/* Does it lead where this way does, and would be judged alike today? */
bool back_leads(const struct back *b, const struct pve_way *way);

/*
 * Open the console, once. *console is used up (its secrets are moved or wiped). May call ended().
 */
void back_order(struct back *b, struct pve_console *console);

/* There is something in to_pve: it goes when this turn of the loop ends. */
void back_kick(struct back *b);

/* to_browser has room again: go on receiving. */
void back_resume(struct back *b);

/* No more events, and the pipe is not used after this call: what waits in to_pve is moved over, sent within
 * LIVE_DRAIN_MS, followed by a Close frame. */
void back_close(struct back *b);

/* Close whatever is open. Nothing is called. */
void back_end_all(struct live *live);

#endif
