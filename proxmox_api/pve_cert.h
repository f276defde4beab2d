/* SPDX-License-Identifier: MIT */
/*
 * pve_cert - what this room asks of a single certificate; pure.
 *
 * Threads: any; OpenSSL guards what it notes inside of a certificate.
 */
#ifndef PROXMOX_API_PVE_CERT_H
#define PROXMOX_API_PVE_CERT_H

#include "proxmox_api/pve.h"

struct x509_st;       /* OpenSSL's X509 */
struct stack_st_X509; /* and STACK_OF(X509) */

enum { PVE_AUTHORITY_MAX = 8192 /* bytes of an authority's DER; Proxmox's have some 1400 */ };

/* False without memory. */
bool pve_cert_fingerprint(struct x509_st *cert, struct pve_fingerprint *out)
	__attribute__((warn_unused_result));

/*
 * Does it belong to an authority, and to none above it, and is it no larger than
 * PVE_AUTHORITY_MAX? A cluster's own has signed itself. One below a public authority signs for
 * whoever asks, and no name would be looked at.
 */
bool pve_cert_is_authority(struct x509_st *cert);

/* The authority that a PEM text holds, to be freed by X509_free(); NULL when it holds none. */
struct x509_st *pve_cert_read_authority(const char *pem);

/*
 * Has authority signed leaf, directly or by way of chain (or NULL), as the certificate of a
 * server, whatever its name? any_time: it need not be valid today.
 */
bool pve_cert_signed_by(
	struct x509_st *authority, struct x509_st *leaf, struct stack_st_X509 *chain, bool any_time);

/* For PEM: one with a passphrase would make OpenSSL ask the terminal for it. */
int pve_cert_no_passphrase(char *out, int size, int writing, void *arg);

#endif
