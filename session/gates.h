/* SPDX-License-Identifier: MIT */
/*
 * gates - one console opening at a time per guest, across all sessions.
 *
 * A VNC password belongs to the virtual machine, not to the connection: the
 * next console that Proxmox opens overwrites it, and an authentication that is
 * still under way then fails. So a viewer passes its guest's gate before it
 * asks for a ticket and leaves it when authenticated (or given up); the next in
 * line is told by a message in its session's mailbox.
 *
 * Threads: any; nothing blocks. A pass belongs to one viewer's session thread.
 */
#ifndef SESSION_GATES_H
#define SESSION_GATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mailbox.h"
#include "proxmox_api/pve.h"

struct gates;     /* opaque, see gates.c */
struct gate_pass; /* a place in one gate's line, or inside */

/* The message that grants: kind as given to gate_enter(). To be discarded by the receiver. */
struct gate_mail {
	struct mail mail;
	uint64_t viewer;
};

enum { GATE_WAIT = 0, GATE_OPEN = 1 };

/* Does a console of this (complete) target have a password that the next one overwrites? */
bool gate_needed(const struct pve_target *target);

int gates_new(struct gates **out, struct err *err) __attribute__((warn_unused_result));
void gates_free(struct gates *g); /* nobody may be inside or in line */

/*
 * Get in line. GATE_OPEN: the caller is inside at once, no message comes.
 * GATE_WAIT: a struct gate_mail with this kind and viewer will be posted to
 * mailbox (a reference is kept). ERR_MEMORY. *out is the caller's.
 */
int gate_enter(struct gates *g, const struct pve_target *guest, struct mailbox *mailbox, int kind,
	uint64_t viewer, struct gate_pass **out, struct err *err) __attribute__((warn_unused_result));

/* Leave the gate or the line; the next one is let in. *pass becomes NULL; NULL is fine. */
void gate_leave(struct gate_pass **pass);

#endif
