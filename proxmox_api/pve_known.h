/* SPDX-License-Identifier: MIT */
/*
 * pve_known - certificates trusted on first use; what the program sees of it is in pve.h.
 *
 * What is remembered of a host and port:
 *   leaves     the certificates that it may show; the first one is trusted unseen, the others
 *              because the authority has signed them
 *   authority  its cluster's own, as a console's answer had it over a connection whose
 *              certificate that authority has signed
 *   verified   an authority of the policy has vouched for it once: whoever can be verified is
 *              never trusted on first use again
 *
 * An authority's word is taken whatever name is in the certificate: who holds its key is root
 * on every node of the cluster, and so could show any name.
 *
 * Threads: any, but for those of pve.h that belong to one. Neither does I/O but those.
 */
#ifndef PROXMOX_API_PVE_KNOWN_H
#define PROXMOX_API_PVE_KNOWN_H

#include "proxmox_api/pve.h"

struct x509_st;       /* OpenSSL's X509 */
struct stack_st_X509; /* and STACK_OF(X509) */

/*
 * Is leaf, which no authority of the policy has verified, for that reason, a certificate of
 * that host? chain is what came with it, or NULL. It is remembered when it was not.
 * Returns 0 or ERR_UNTRUSTED.
 */
int pve_known_judge(struct pve_known *known, const char *host, uint16_t port, struct x509_st *leaf,
	struct stack_st_X509 *chain, const char *reason, struct err *err)
	__attribute__((warn_unused_result));

/*
 * How often anything that was remembered may have been forgotten: what was accepted because it was
 * known is to be judged anew when that has changed. Takes no lock.
 */
unsigned pve_known_forgotten(const struct pve_known *known);

/* An authority of the policy has verified it. */
void pve_known_verified(struct pve_known *known, const char *host, uint16_t port);

/*
 * The certificate of an authority (PEM), as that host sent it over a connection where it
 * showed leaf, one of its leaves. Remembered only if it is one and has signed leaf: who sits
 * in between can't pass the true one off as his own.
 */
void pve_known_learn(struct pve_known *known, const char *host, uint16_t port, struct x509_st *leaf,
	const char *pem);

#endif
