/* SPDX-License-Identifier: MIT */
/*
 * pve_errors - what an HTTP status and its reason phrase from Proxmox mean; pure.
 *
 * Threads: no shared state.
 */
#ifndef PROXMOX_API_PVE_ERRORS_H
#define PROXMOX_API_PVE_ERRORS_H

#include <stdbool.h>

/* An ERR_* for any status but 200. reason: the text of the status line, "" when it has none. */
int pve_error_of(int status, const char *reason);

/*
 * Is this the answer of Proxmox itself, rather than of a node or proxy in between
 * that could not reach it? 0 means no answer at all.
 */
bool pve_answered(int status);

#endif
