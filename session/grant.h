/* SPDX-License-Identifier: MIT */
/*
 * grant - what a token stands for: a guest, and the credential to reach it.
 *
 * Made by POST /create, moved into the store, moved out by the one request that
 * takes the token. The password is wiped as soon as Proxmox has judged it.
 *
 * Threads: no lock; a grant belongs to its holder.
 */
#ifndef SESSION_GRANT_H
#define SESSION_GRANT_H

#include <stdint.h>

#include "base/secret.h"
#include "proxmox_api/pve.h"

struct grant {
	struct pve_target target;
	struct pve_hosts *hosts; /* target.host is the first of them; NULL: it alone. One reference */
	struct pve_credential credential;
	struct pve
		*login; /* of one that was verified (then no secret is left), or NULL. One reference */
	int64_t expires_ms; /* clock_ms() when the token is worth nothing; set by the store */
};

/* An empty grant, or NULL when out of memory. */
struct grant *grant_new(void);
void grant_free(struct grant *grant);

/* They have done their work. */
void grant_wipe_credentials(struct grant *grant);

#endif
