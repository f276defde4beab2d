/* SPDX-License-Identifier: MIT */
/*
 * prove - a grant's credential is accepted and its guest is there: what opening a link and
 * verifying a grant have in common.
 *
 * Threads: any; blocks until its deadline at the latest, so it belongs on a worker.
 */
#ifndef SESSION_PROVE_H
#define SESSION_PROVE_H

#include "session/env.h"
#include "session/grant.h"

struct proof {
	struct pve *pve; /* the login; one reference, NULL on failure */
	bool judged;     /* Proxmox itself has answered anything: the credential has done its work */
};

/*
 * Log in with the grant's credential, by the cache, or take the login it has, and complete its
 * target. A shared login that turns out to be worth nothing any more is made anew, once, with
 * the grant's own credential. since_us as in struct login_ask. Returns 0 or an error of
 * proxmox_api; then the target is as it was.
 */
int prove_grant(const struct env *env, struct grant *grant, int64_t since_us, int64_t deadline_ms,
	struct proof *out, struct err *err) __attribute__((warn_unused_result));

#endif
