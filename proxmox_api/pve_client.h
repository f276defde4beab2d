/* SPDX-License-Identifier: MIT */
/*
 * pve_client - what a struct pve is made of, for the other files of this room (pve_client.c,
 * and pve_identity.c for what proves who is calling).
 *
 * Threads: see the letters; a call copies the identity out and holds no lock.
 */
#ifndef PROXMOX_API_PVE_CLIENT_H
#define PROXMOX_API_PVE_CLIENT_H

#include <stdatomic.h>

#include "base/lock.h"
#include "proxmox_api/pve.h"

/* What proves to Proxmox who is calling: ticket and csrf of a login, or else a token. */
struct pve_identity {
	struct secret ticket;
	struct secret csrf;
	struct secret token; /* the secret of the one whose id is pve_user() */
	int64_t made_ms;     /* clock_ms() before the ticket was asked for */
};

/* Whom to call. */
struct pve_where {
	size_t host;                    /* for pve_host_at() */
	char address[PVE_ADDRESS_SIZE]; /* the one of its addresses; "": any */
};

/* [a] atomic, [i] immutable once the login is done, [p] under LOCK_PVE */
struct pve {
	atomic_uint refs;             /* [a] */
	struct pve_trace trace;       /* [i] */
	char host[PVE_HOST_SIZE];     /* [i] */
	struct pve_hosts *hosts;      /* [i] one reference, or NULL: host alone */
	uint16_t port;                /* [i] */
	struct pve_fingerprint pin;   /* [i] */
	char user[PVE_IDENTITY_SIZE]; /* [i] */
	struct lock lock;             /* LOCK_PVE */
	struct pve_policy *policy;    /* [p] one reference */
	struct pve_identity identity; /* [p] */
	bool lapsed;                  /* [p] see pve_lapsed() */
	/*
	 * [p] the host that answered last, at its checked address: later calls go there, so that
	 * a name that changes its mind changes nothing.
	 */
	struct pve_where where;
};

/*
 * One that is not logged in yet, with one reference; arguments as for pve_login().
 * 0 or ERR_MEMORY.
 */
int pve_new(struct pve_policy *policy, const struct pve_trace *trace,
	const struct pve_target *target, struct pve_hosts *hosts, struct pve **out, struct err *err)
	__attribute__((warn_unused_result));

/* A copy of the current identity, to be wiped by pve_identity_done(). 0 or ERR_MEMORY. */
int pve_identity_get(struct pve *pve, struct pve_identity *out, struct err *err)
	__attribute__((warn_unused_result));

/* Replace the identity by *identity, which is empty afterwards. */
void pve_identity_set(struct pve *pve, struct pve_identity *identity);

void pve_identity_done(struct pve_identity *identity);

/* Proxmox has answered a call that was made with it by 401. */
void pve_identity_refused(struct pve *pve, const struct pve_identity *identity);

/*
 * Replace what *out holds by the header line, without its end, that proves who is calling:
 * "Cookie: ..." or "Authorization: ...", never both, since a cookie wins. 0, ERR_LIMIT or
 * ERR_MEMORY.
 */
int pve_auth_header(const struct pve *pve, const struct pve_identity *identity, struct secret *out)
	__attribute__((warn_unused_result));

/* The hosts that pve may call, at least one. */
size_t pve_host_count(const struct pve *pve);
const char *pve_host_at(const struct pve *pve, size_t i);

/* Who answered last; before that the first host, at any of its addresses. */
void pve_where_get(struct pve *pve, struct pve_where *out);
void pve_where_set(struct pve *pve, const struct pve_where *where);

/* A reference to what pve_use_policy() said last. */
struct pve_policy *pve_policy_now(struct pve *pve);

#endif
