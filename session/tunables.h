/* SPDX-License-Identifier: MIT */
/*
 * tunables - the settings that SIGHUP may change while sessions live.
 *
 * The cell holds the current set; readers copy it out when they need it, so a
 * change reaches everybody at their next look and no running call is disturbed.
 *
 * Threads: any; guarded by LOCK_SETTINGS.
 */
#ifndef SESSION_TUNABLES_H
#define SESSION_TUNABLES_H

#include "base/err.h"
#include "proxmox_api/pve.h"
#include "session/access.h"

struct tunables {
	int token_ttl_s;
	int connect_timeout_s;
	int reconnect_timeout_s;
	int max_duration_s; /* 0: none */
	int open_timeout_s;
	unsigned max_pending_tokens;
	unsigned max_sessions;            /* 0: as many as there are ports */
	unsigned max_sessions_per_host;   /* 0: no limit */
	unsigned max_sessions_per_client; /* 0: no limit */
	unsigned max_browsers_per_session;
	unsigned connections_per_client; /* to one session port */
	struct pve_policy *policy;       /* trust towards Proxmox; one reference */
	struct access *access;           /* from where we may be used; one reference */
};

struct tunables_cell; /* opaque, see tunables.c */

/* A cell holding a copy of *initial, with its own references. 0 or ERR_MEMORY. */
int tunables_new(const struct tunables *initial, struct tunables_cell **out, struct err *err)
	__attribute__((warn_unused_result));
void tunables_free(struct tunables_cell *cell);

void tunables_set(struct tunables_cell *cell, const struct tunables *now);

/* A copy, with references of the caller's, which tunables_done() drops. */
void tunables_get(struct tunables_cell *cell, struct tunables *out);
void tunables_done(struct tunables *t);

#endif
