/* SPDX-License-Identifier: MIT */
/*
 * sessions - the registry: who is alive, in which state, and for how long still.
 *
 * Holds one reference to every session from sessions_add() to sessions_ended(). All state changes
 * of a session happen in sessions.c.
 *
 * Threads: every function from any thread, but sessions_tick() and sessions_wait_all(), which
 * belong to main.
 */
#ifndef SESSION_SESSIONS_H
#define SESSION_SESSIONS_H

#include "session/session.h"

int sessions_new(struct sessions **out, struct err *err) __attribute__((warn_unused_result));
void sessions_free(struct sessions *r); /* no session may be left */

/* Give s its id, unique in this process. For session_new(). */
void sessions_name(struct sessions *r, struct session *s);

/*
 * A living session of the same guest, hosts (NULL: target's alone), Proxmox user and pinned
 * certificate (or none), which a link may join; a reference of the caller's, or NULL. What
 * target leaves open may be any.
 */
struct session *sessions_find(struct sessions *r, const struct pve_target *target,
	const struct pve_hosts *hosts, const char *user);

/*
 * Enter a session that is served. When another one of the same guest and user
 * is already there, s is entered as ending, and the other is returned, a reference of the caller's; else NULL.
 */
struct session *sessions_add(struct sessions *r, struct session *s);

/* From the session's thread: a browser is connected (both sides authenticated), or is gone. */
void sessions_viewer_up(struct session *s);
void sessions_viewer_down(struct session *s);

/* From the session's thread: told to end by a timeout, but a browser has come meanwhile. */
void sessions_stays(struct session *s);

/* From the session's thread, as the last of the session's acts. */
void sessions_ended(struct session *s);

/* The node to ask first: where the guest was found last. */
void sessions_node(struct session *s, char out[PVE_NODE_SIZE]);

/* Its console was opened there; true when that is another node than before. */
bool sessions_found(struct session *s, const char node[PVE_NODE_SIZE]);

/* A link has found it running there just now; true as for sessions_found(). */
bool sessions_seen(struct session *s, const char node[PVE_NODE_SIZE]);

/*
 * Was that a moment ago, so that the browser of that link need not look again? Once for each
 * link: who comes back later wants to know how things are by then.
 */
bool sessions_seen_lately(struct session *s);

/*
 * The guest was not found. True while it may turn up elsewhere: the hosts of a cluster agree
 * on where a guest is only some time after it has moved or was recovered. That time begins
 * when it is missed, not when it was seen, which may be hours ago.
 */
bool sessions_missing(struct session *s);

/* Once a second: tell sessions past their time to end. */
void sessions_tick(struct sessions *r, const struct tunables *t);

/* Tell all to end. */
void sessions_end_all(struct sessions *r, enum end end);

/* Wait until none is left or the deadline passes; how many are left. */
size_t sessions_wait_all(struct sessions *r, int64_t deadline_ms);

/* Fill the sessions' part of *out. 0 or ERR_MEMORY. */
int sessions_snapshot(struct sessions *r, struct core_status *out, struct err *err)
	__attribute__((warn_unused_result));

#endif
