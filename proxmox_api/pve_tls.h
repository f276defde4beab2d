/* SPDX-License-Identifier: MIT */
/*
 * pve_tls - a policy's part in API calls; what the program sees of it is in pve.h.
 *
 * Threads: any; a policy never changes, and OpenSSL guards what it does inside.
 */
#ifndef PROXMOX_API_PVE_TLS_H
#define PROXMOX_API_PVE_TLS_H

#include <stdbool.h>

#include "base/err.h"
#include "proxmox_api/pve.h"

/* Does it verify certificates at all? */
bool pve_policy_verifies(const struct pve_policy *policy);

/*
 * Make ctx, another library's, trust what the policy trusts, and expect host in
 * the certificate. Returns 0 or ERR_MEMORY.
 */
int pve_policy_apply(struct pve_policy *policy, struct ssl_ctx_st *ctx, const char *host)
	__attribute__((warn_unused_result));

/* ERR_UNTRUSTED with the text for an X509_V_ERR_* (X509_V_OK: the name did not fit). */
int pve_untrusted(long verify_result, struct err *err);

#endif
