/* SPDX-License-Identifier: MIT */
#include "session/target.h"

#include <stdio.h>

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

const char *
target_name(char out[TARGET_NAME_SIZE], const struct pve_target *target)
{
	const char *noun = target_words(target->type)->noun;

	if (target->type == PVE_GUEST_NODE)
		snprintf(out, TARGET_NAME_SIZE, "%s of node %s", noun, target->node);
	else if (target->node[0] == '\0')
		snprintf(out, TARGET_NAME_SIZE, "%s %u", noun, target->vmid);
	else
		snprintf(out, TARGET_NAME_SIZE, "%s %u on node %s", noun, target->vmid, target->node);
	return out;
}
