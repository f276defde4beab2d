/* SPDX-License-Identifier: MIT */
/* pve_parse_lists - what the cluster lists: guests and nodes; see pve_parse.h. */
#include <stdio.h>
#include <string.h>

#include "proxmox_api/pve_json.h"
#include "proxmox_api/pve_parse.h"

/* ---- guests ---- */

static const struct {
	const char *name;
	enum pve_guest_type type;
} guest_types[] = {{"qemu", PVE_GUEST_QEMU}, {"lxc", PVE_GUEST_LXC}};

/* UNKNOWN for a row that is no guest: hosts list pools, storages and more when they like. */
static enum pve_guest_type
guest_type(const json_t *row)
{
	const char *name = pve_json_text(json_object_get(row, "type"), 16);

	for (size_t i = 0; name != NULL && i < sizeof(guest_types) / sizeof(guest_types[0]); i++) {
		if (strcmp(guest_types[i].name, name) == 0)
			return guest_types[i].type;
	}
	return PVE_GUEST_UNKNOWN;
}

static bool
has_vmid(const json_t *row, uint32_t vmid)
{
	const json_t *value = json_object_get(row, "vmid");
	uint32_t number;

	if (json_is_string(value))
		return pve_parse_vmid(json_string_value(value), &number, NULL) == 0 && number == vmid;
	return json_is_number(value) && json_number_value(value) == vmid;
}

struct looking {
	uint32_t vmid;
	struct pve_listed found;
};

static int
on_guest(void *arg, const json_t *row, struct err *err)
{
	struct looking *looking = arg;
	struct pve_listed *found = &looking->found;
	enum pve_guest_type type = guest_type(row);
	const char *node;

	if (type == PVE_GUEST_UNKNOWN)
		return 0;
	found->guests++;
	if (!has_vmid(row, looking->vmid))
		return 0;
	node = pve_json_text(json_object_get(row, "node"), PVE_NODE_SIZE - 1);
	if (node == NULL || pve_parse_node(node, found->node, NULL) < 0)
		return err_set(err, ERR_PROTOCOL, "cluster's guests: the guest has no node");
	found->type = type;
	return 0;
}

int
pve_parse_guests(
	const char *json, size_t len, uint32_t vmid, struct pve_listed *out, struct err *err)
{
	struct looking looking = {.vmid = vmid};
	int r = pve_json_rows(json, len, "cluster's guests", on_guest, &looking, err);

	if (r == 0)
		*out = looking.found;
	return r;
}

/* ---- nodes ---- */

static enum pve_node_state
node_state(const json_t *row)
{
	const char *status = pve_json_text(json_object_get(row, "status"), 16);

	if (status != NULL && strcmp(status, "online") == 0)
		return PVE_NODE_ONLINE;
	return status != NULL && strcmp(status, "offline") == 0 ? PVE_NODE_OFFLINE : PVE_NODE_UNKNOWN;
}

static int
on_node(void *arg, const json_t *row, struct err *err)
{
	struct pve_nodes *nodes = arg;
	const char *name = pve_json_text(json_object_get(row, "node"), PVE_NODE_SIZE - 1);
	struct pve_node *node = &nodes->at[nodes->count];

	(void)err;
	if (nodes->count == PVE_NODES_MAX || name == NULL || pve_parse_node(name, node->name, NULL) < 0)
		return 0;
	node->state = node_state(row);
	nodes->count++;
	return 0;
}

int
pve_parse_nodes(const char *json, size_t len, struct pve_nodes *out, struct err *err)
{
	out->count = 0;
	return pve_json_rows(json, len, "cluster's nodes", on_node, out, err);
}
