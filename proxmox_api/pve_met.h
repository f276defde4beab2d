/* SPDX-License-Identifier: MIT */
/*
 * pve_met - TLS sessions of those whom a policy has let pass, for later handshakes to resume.
 *
 * A login that begins with a whole handshake pays more for it than for all else. So sessions are
 * shared by all logins. They are found by everything that the verdict goes by: the policy, in
 * which the table lives, the host as it is called, its port, and the link's own fingerprint. A
 * link with one never rides on the verdict of a link without, nor the other way round.
 *
 * Each session serves one handshake (RFC 8446, C.4), and several wait for a host, since several
 * connections may begin at once. When there are too many the oldest goes, so that no link that
 * is never opened holds one for long.
 *
 * Threads: any; under LOCK_MET.
 */
#ifndef PROXMOX_API_PVE_MET_H
#define PROXMOX_API_PVE_MET_H

#include "proxmox_api/pve_trust.h"

enum {
	PVE_MET_EACH = 8,  /* so many wait for the same host, port and fingerprint */
	PVE_MET_MAX = 512, /* and of all of a policy; each has some 3 KiB */
};

struct pve_met; /* opaque, see pve_met.c */

struct pve_met *pve_met_new(void) __attribute__((warn_unused_result)); /* NULL without memory */
void pve_met_free(struct pve_met *met);                                /* NULL is fine */

/*
 * A session has come over the connection of trial. It is copied, if it is one of TLS 1.3 and of
 * the very certificate that was judged: the connection goes on using, and marking, its own.
 */
void pve_met_put(const struct pve_trial *trial, struct ssl_session_st *session);

/*
 * A handshake of trial is about to begin: when there is a session for it whose verdict would be the
 * same today, trial gets both, and nobody else has that session any more.
 */
void pve_met_resume(struct pve_trial *trial);

/* Another certificate was shown there, or the like: no session of trial's host is offered now. */
void pve_met_forget(const struct pve_trial *trial);

/* A handshake in which one was offered has failed: the next ten minutes none will be. */
void pve_met_avoid(const struct pve_trial *trial);

#endif
