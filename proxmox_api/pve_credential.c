/* SPDX-License-Identifier: MIT */
/* pve_credential - what proves who is calling, see pve.h */
#include "proxmox_api/pve.h"

bool
pve_credential_is_token(const struct pve_credential *credential)
{
	return pve_is_token_id(credential->user);
}

void
pve_credential_done(struct pve_credential *credential)
{
	secret_wipe(&credential->secret);
	secret_wipe(&credential->otp);
}
