/* SPDX-License-Identifier: MIT */
#include "session/target.h"

#include <string.h>

#include "base/text.h"

static const struct target_words words[] = {
	[PVE_GUEST_UNKNOWN] = {"vm", "qemu", "vm"},
	[PVE_GUEST_QEMU] = {"vm", "qemu", "vm"},
	[PVE_GUEST_LXC] = {"lxc", "lxc", "container"},
	[PVE_GUEST_NODE] = {"node", "node", "shell"},
};

static const char *const consoles[] = {
	[PVE_CONSOLE_AUTO] = "auto",
	[PVE_CONSOLE_VNC] = "vnc",
	[PVE_CONSOLE_TERM] = "term",
};

const struct target_words *
target_words(enum pve_guest_type type)
{
	return &words[type];
}

const char *
target_console(enum pve_console_kind kind)
{
	return consoles[kind];
}

/* Append a piece, in the place of printf(): each link has a line in the log. Returns its end. */
static char *
add(char *at, const char *piece)
{
	size_t len = strlen(piece);

	memcpy(at, piece, len + 1);
	return at + len;
}

const char *
target_name(char out[TARGET_NAME_SIZE], const struct pve_target *target)
{
	char vmid[TEXT_NUMBER_SIZE];
	char *at = add(out, target_words(target->type)->noun);

	if (target->type == PVE_GUEST_NODE) {
		at = add(at, " of node ");
	} else {
		at = add(add(at, " "), text_number(vmid, target->vmid));
		if (target->node[0] == '\0')
			return out;
		at = add(at, " on node ");
	}
	add(at, target->node);
	return out;
}
