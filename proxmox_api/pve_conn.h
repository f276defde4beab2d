/* SPDX-License-Identifier: MIT */
/*
 * pve_conn - connections for API calls, each with the libcurl handle that it lives in, and those
 * that wait for the next call.
 *
 * An opening makes its calls within moments, and each handshake costs more than all else in
 * a call. So a call that was answered leaves its connection for the next one to the same
 * address, whoever's: Proxmox looks at each request for who is calling. All that the verdict on
 * its certificate goes by must be the same, the policy, host, port and the link's own
 * fingerprint, and the verdict must hold. Proxmox hangs up after 5 s of silence and after 100
 * requests: we stop before that, so that no request meets a connection that is just being closed.
 *
 * Threads: any; a connection has one owner, a call or the list, which is under LOCK_IDLE.
 */
#ifndef PROXMOX_API_PVE_CONN_H
#define PROXMOX_API_PVE_CONN_H

#include <sys/queue.h>

#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_trust.h"

enum {
	PVE_IDLE_MS = 3500,
	PVE_IDLE_EACH = 3,   /* so many wait for one host at most, as many as call it at once */
	PVE_IDLE_MAX = 16,   /* and for all of them; each has three descriptors */
	PVE_CONN_CALLS = 50, /* so many are made over one */
};

struct pve_conn {
	void *handle;                   /* CURL *, which has this connection only */
	struct pve_trial trial;         /* of its last handshake */
	char address[PVE_ADDRESS_SIZE]; /* who answered, numeric; the call sets it */
	unsigned calls;                 /* that were answered */
	int fd;                         /* the handle's, while it waits */
	int64_t idle_ms;                /* since when */
	LIST_ENTRY(pve_conn) link;
};

/*
 * One that is not connected yet; its handle goes by policy, and is set up but for the call. NULL
 * without memory.
 */
struct pve_conn *pve_conn_new(const struct pve *pve, struct pve_policy *policy, const char *host)
	__attribute__((warn_unused_result));

/*
 * One that has waited, in the same state, for a call of pve to host by policy; address is where
 * its earlier calls went, or "" for a host that is an address. NULL when there is none.
 */
struct pve_conn *pve_conn_take(const struct pve *pve, struct pve_policy *policy, const char *host,
	const char *address) __attribute__((warn_unused_result));

/* The call was answered by 200 and is over: *conn, then NULL, may serve another. */
void pve_conn_keep(struct pve_conn **conn);

void pve_conn_free(struct pve_conn *conn); /* NULL is fine */

/* Nobody calls any more. */
void pve_conn_drop_all(void);

#endif
