/* SPDX-License-Identifier: MIT */
/*
 * env - what every session and job may use; made and owned by core.
 *
 * Threads: immutable while sessions live; what it points to is thread-safe.
 */
#ifndef SESSION_ENV_H
#define SESSION_ENV_H

#include <stdbool.h>

#include "proxmox_api/pve.h"

struct env {
	struct tunables_cell *tunables;
	struct threads *threads;
	struct logins *logins;
	struct workers *workers;
	struct gates *gates;
	struct penalty_table *penalty;
	const struct assets *assets;
	struct tls_server *tls; /* NULL: plain */
	bool public_tls;        /* browsers speak TLS, to us or to a proxy in front of us */
	struct pve_trace trace;
};

enum { LANE_SIZE = PVE_HOST_SIZE + 8 };

/* The workers' lane of a target's host: "host:port". */
void env_lane(char out[LANE_SIZE], const struct pve_target *target);

/* What SIGHUP changed since the login counts for its next calls. */
void env_use_policy(const struct env *env, struct pve *pve);

/* Does what a call came to (0 or ERR_*) show a host that answers? It is what lanes go by. */
bool env_answered(int r);

#endif
