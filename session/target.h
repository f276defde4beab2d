/* SPDX-License-Identifier: MIT */
/*
 * target - what a target is called: in the log, in keys, in /status.
 *
 * Threads: any; constant data.
 */
#ifndef SESSION_TARGET_H
#define SESSION_TARGET_H

#include "proxmox_api/pve.h"

struct target_words {
	const char *key;  /* what keys of sessions begin with: "vm", "lxc", "node" */
	const char *type; /* as POST /create and /status say it: "qemu", "lxc", "node" */
	const char *noun; /* for the log */
};

/* The words of a type; what is not known yet goes by those of a virtual machine. Never NULL. */
const struct target_words *target_words(enum pve_guest_type type);

/* "vnc" or "term", as POST /create and /status say it; "auto" while it is open. */
const char *target_console(enum pve_console_kind kind);

enum { TARGET_NAME_SIZE = PVE_NODE_SIZE + 48 };

/*
 * How the log names it: "vm 100 on node pve", "container 200 on node pve", "shell of node
 * pve"; "vm 100" while the node is open. Returns out.
 */
const char *target_name(char out[TARGET_NAME_SIZE], const struct pve_target *target);

#endif
