/* SPDX-License-Identifier: MIT */
/*
 * pve_judge - what an answer that is not 200 comes to, and what of it may be told; pure.
 *
 * Threads: no shared state.
 */
#ifndef PROXMOX_API_PVE_JUDGE_H
#define PROXMOX_API_PVE_JUDGE_H

#include "proxmox_api/pve_request.h"

/*
 * The error of an answer with a status other than 0 and 200. Its text is what Proxmox said, quoted,
 * unless that holds a secret of the call.
 */
int pve_judge(const struct pve_call *call, const struct pve_answer *answer, struct err *err);

#endif
