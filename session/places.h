/* SPDX-License-Identifier: MIT */
/*
 * places - how many sessions there may be: in all, of one Proxmox host, of one client.
 *
 * An opening takes a place before Proxmox is asked, and hands it to the session
 * that it starts; the place is left when the session ends. So no number of
 * openings at once can exceed a limit.
 *
 * Threads: any; guarded by LOCK_PLACES.
 */
#ifndef SESSION_PLACES_H
#define SESSION_PLACES_H

#include "base/err.h"
#include "base/ip.h"
#include "proxmox_api/pve.h"
#include "session/tunables.h"

struct places; /* opaque, see places.c */
struct place;  /* one that is taken */

/* Which limit is reached. */
enum place_limit { PLACE_FREE, PLACE_ALL, PLACE_HOST, PLACE_CLIENT };

int places_new(struct places **out, struct err *err) __attribute__((warn_unused_result));
void places_free(struct places *p); /* every place must have been left; NULL is fine */

/*
 * Take a place for a session of this host, opened by this client, as far as the
 * tunables have one. Returns 0 with *out the caller's until place_leave(), ERR_BUSY
 * with *limit set, or ERR_MEMORY.
 */
int places_take(struct places *p, const struct tunables *t, const struct pve_target *target,
	const struct ip *client, struct place **out, enum place_limit *limit, struct err *err)
	__attribute__((warn_unused_result));

/* *place becomes NULL; NULL is fine. */
void place_leave(struct place **place);

#endif
