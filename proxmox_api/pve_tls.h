/* SPDX-License-Identifier: MIT */
/*
 * pve_tls - what a policy is made of, for the other files of this room; what the program sees
 * of it is in pve.h.
 *
 * Threads: any; a policy never changes, but for whom it has met, and OpenSSL guards what it does
 * inside.
 */
#ifndef PROXMOX_API_PVE_TLS_H
#define PROXMOX_API_PVE_TLS_H

#include <stdatomic.h>

#include "proxmox_api/pve.h"

struct ssl_ctx_st;    /* OpenSSL's SSL_CTX */
struct x509_store_st; /* and X509_STORE */

/* [a] atomic, [i] immutable */
struct pve_policy {
	atomic_uint refs;            /* [a] */
	enum pve_tls_mode mode;      /* [i] */
	struct x509_store_st *store; /* [i] the authorities */
	struct ssl_ctx_st *ctx;      /* [i] for console websockets */
	struct pve_pin *pins;        /* [i] */
	size_t pin_count;            /* [i] */
	struct pve_known *known;     /* [i] one reference, or NULL */
	struct pve_guard *guard;     /* [i] whom to call */
	struct pve_met *met;         /* [i] whom it has let pass lately; guarded by itself */
};

/* For every context of connections to Proxmox, also another library's. 0 or ERR_MEMORY. */
int pve_tls_settle(struct ssl_ctx_st *ctx) __attribute__((warn_unused_result));

#endif
