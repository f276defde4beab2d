/* SPDX-License-Identifier: MIT */
/*
 * pve_guest - where is it, of which type, and does it run? See pve.h.
 *
 * What a node says of its guest decides. The cluster's list is a hint where to ask: what it
 * says may be some seconds old, so that a guest that has just moved may be on none of the
 * nodes that are known to have had it. Then the others are asked.
 */
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"

enum {
	CALLS_MAX = 63,                   /* to find one, however large the cluster; then one more */
	PATIENCE_MS = 10000,              /* with one node, while another may have the guest */
	GUEST_LIST_MAX = 8 * 1024 * 1024, /* some 600 bytes a guest */
	NO_PRIVILEGE = 403,
	FIRST_UNREACHABLE = 595,
	LAST_UNREACHABLE = 599, /* the host's words for another node */
};

/* One guest that is looked for. */
struct search {
	struct pve *pve;
	struct pve_identity identity;
	const struct pve_target *target; /* as the caller has it */
	struct pve_target at;            /* the same, with the node and type that were asked last */
	int64_t deadline_ms;
	unsigned calls;  /* made so far */
	unsigned others; /* nodes that were asked on suspicion */
	unsigned silent; /* those of them, and the target's, that did not answer */
	int status;      /* of the last answer; 0: none */
	bool late;       /* there was none, because patience ended */
	bool serial;     /* the guest has a serial port */
	bool unseen;     /* the user may not look at it */
};

static int
call(struct search *s, struct pve_call *c, int64_t deadline_ms, struct pve_answer *answer,
	struct err *err)
{
	int r;

	c->identity = &s->identity;
	s->calls++;
	r = pve_request(s->pve, c, deadline_ms, answer, err);
	s->status = answer->status;
	s->late = r == ERR_TIMEOUT && answer->status == 0 && clock_left_ms(s->deadline_ms) > 0;
	return r;
}

/* ---- asking a node ---- */

/* The node and type in s->at. */
static int
ask(struct search *s, int64_t deadline_ms, struct err *err)
{
	char path[PVE_PATH_SIZE];
	struct pve_call c = {.what = "guest status", .path = path};
	struct pve_answer answer = {.status = 0};
	int r;

	pve_guest_path(path, &s->at, "status/current");
	r = call(s, &c, deadline_ms, &answer, err);
	if (r == 0)
		r = pve_parse_running(buf_text(&answer.body), answer.body.len, &s->serial, err);
	pve_answer_done(&answer);
	return r;
}

/* Until when a node is waited for that may be down, so that there is time to ask another. */
static int64_t
patience(const struct search *s)
{
	int64_t left_ms = clock_left_ms(s->deadline_ms) / 2;

	return clock_ms() + (left_ms < PATIENCE_MS ? left_ms : PATIENCE_MS);
}

/* Did the host answer that it cannot reach the node, or nobody while there is still time? */
static bool
is_down(const struct search *s, int r)
{
	return s->late || ((r == ERR_UNREACHABLE || r == ERR_TIMEOUT) &&
						  s->status >= FIRST_UNREACHABLE && s->status <= LAST_UNREACHABLE);
}

/* Where the caller believes it to be. */
static int
ask_there(struct search *s, struct err *err)
{
	struct err first = {.code = 0};
	int r;

	if (s->target->type == PVE_GUEST_UNKNOWN)
		s->at.type = PVE_GUEST_QEMU;
	r = ask(s, patience(s), &first);
	if (r == ERR_NOT_FOUND && s->target->type == PVE_GUEST_UNKNOWN) {
		/* That was half of the question: only the other half's failure is one. */
		s->at.type = PVE_GUEST_LXC;
		return ask(s, patience(s), err);
	}
	return r < 0 ? err_set(err, r, "%s", first.text) : 0;
}

/* ---- asking the cluster ---- */

static int
list_guests(struct search *s, struct pve_listed *out, struct err *err)
{
	struct pve_call c = {.what = "cluster's guests",
		.path = "/api2/json/cluster/resources",
		.query = "type=vm",
		.body_max = GUEST_LIST_MAX};
	struct pve_answer answer = {.status = 0};
	int r;

	r = call(s, &c, s->deadline_ms, &answer, err);
	if (r == 0)
		r = pve_parse_guests(buf_text(&answer.body), answer.body.len, s->target->vmid, out, err);
	pve_answer_done(&answer);
	return r;
}

static int
list_nodes(struct search *s, struct pve_nodes *out, struct err *err)
{
	struct pve_call c = {.what = "cluster's nodes", .path = "/api2/json/nodes"};
	struct pve_answer answer = {.status = 0};
	int r;

	r = call(s, &c, s->deadline_ms, &answer, err);
	if (r == 0)
		r = pve_parse_nodes(buf_text(&answer.body), answer.body.len, out, err);
	pve_answer_done(&answer);
	return r;
}

/* ---- a guest that is not where it should be ---- */

/* The nodes that are in that state, but for those that have been asked, until one has it. */
static int
ask_nodes(struct search *s, const struct pve_nodes *nodes, enum pve_node_state state,
	const char *listed, struct err *err)
{
	for (size_t i = 0; i < nodes->count && s->calls < CALLS_MAX; i++) {
		const struct pve_node *node = &nodes->at[i];
		int r;

		if (node->state != state || strcmp(node->name, s->target->node) == 0 ||
			strcmp(node->name, listed) == 0)
			continue;
		memcpy(s->at.node, node->name, sizeof(s->at.node));
		r = ask(s, patience(s), err);
		if (r != ERR_NOT_FOUND && !is_down(s, r))
			return r;
		s->others++;
		s->silent += r != ERR_NOT_FOUND;
	}
	return ERR_NOT_FOUND;
}

/*
 * The list has it on a node that does not have it: it has moved just now. When nobody owns up to
 * it, one that did not answer may have it.
 */
static int
ask_others(struct search *s, const struct pve_listed *listed, struct err *err)
{
	struct pve_nodes nodes;
	int r;

	r = list_nodes(s, &nodes, err);
	if (r < 0)
		return r;
	r = ask_nodes(s, &nodes, PVE_NODE_ONLINE, listed->node, err);
	if (r == ERR_NOT_FOUND)
		r = ask_nodes(s, &nodes, PVE_NODE_UNKNOWN, listed->node, err);
	if (r != ERR_NOT_FOUND)
		return r;
	return err_set(err, s->silent > 0 ? ERR_UNREACHABLE : r,
		"guest %u is not on node %s, where the cluster lists it, nor on %s%s%u other nodes, of "
		"which %u did not answer",
		(unsigned)s->target->vmid, listed->node, s->target->node,
		s->target->node[0] != '\0' ? " and " : "", s->others, s->silent);
}

static const char *
type_name(enum pve_guest_type type)
{
	return type == PVE_GUEST_LXC ? "a container (lxc)" : "a virtual machine (qemu)";
}

/* there: what came of asking the target's node, with code 0 when it has none. */
static int
not_listed(const struct search *s, const struct pve_listed *listed, const struct err *there,
	struct err *err)
{
	unsigned vmid = (unsigned)s->target->vmid;

	if (there->code != 0 && there->code != ERR_NOT_FOUND)
		return err_set(err, there->code, "%s", there->text);
	if (there->code == ERR_NOT_FOUND)
		return err_set(
			err, ERR_NOT_FOUND, "%s, and the cluster lists no guest %u", there->text, vmid);
	if (listed->guests == 0)
		return err_set(err, ERR_NEEDS_NODE,
			"guest %u: the user sees no guests (VM.Audit is missing): node is needed", vmid);
	return err_set(err, ERR_NOT_FOUND,
		"guest %u is not listed by the cluster: there is none, or the user has no VM.Audit on it, "
		"and then node is needed",
		vmid);
}

/* there: as above. late: asking the target's node took too long. */
static int
look_up(struct search *s, const struct err *there, bool late, struct err *err)
{
	struct pve_listed listed = {.guests = 0};
	bool same;
	int r;

	r = list_guests(s, &listed, err);
	if (r < 0)
		return r;
	if (listed.node[0] == '\0')
		return not_listed(s, &listed, there, err);
	if (s->target->type != PVE_GUEST_UNKNOWN && s->target->type != listed.type)
		return err_set(err, ERR_NOT_FOUND, "guest %u is %s, not %s", (unsigned)s->target->vmid,
			type_name(listed.type), type_name(s->target->type));
	same = strcmp(listed.node, s->target->node) == 0;
	if (same && !late && there->code != ERR_NOT_FOUND)
		return err_set(err, there->code, "%s", there->text);
	memcpy(s->at.node, listed.node, sizeof(s->at.node));
	s->at.type = listed.type;
	/* One that is only slow gets all the time there is. */
	r = same && !late ? ERR_NOT_FOUND : ask(s, s->deadline_ms, err);
	if (r != ERR_NOT_FOUND)
		return r;
	/* The target's node was down, and is not asked again. */
	s->silent += !same && there->code != 0 && there->code != ERR_NOT_FOUND;
	return ask_others(s, &listed, err);
}

/* ---- the three ways to begin ---- */

static int
find_from_node(struct search *s, struct err *err)
{
	struct err there = {.code = 0};
	int r = ask_there(s, &there);

	if (r == 0)
		return 0;
	if (r == ERR_NOT_FOUND || is_down(s, r))
		return look_up(s, &there, s->late, err);
	if (r != ERR_REFUSED || s->status != NO_PRIVILEGE)
		return err_set(err, r, "%s", there.text);
	/* Who may open a console need not be one who may look: the console itself will tell. */
	s->unseen = s->target->type != PVE_GUEST_UNKNOWN;
	return s->unseen ? 0
					 : err_set(err, r, "%s: VM.Audit is missing, or node and type have to be given",
						   there.text);
}

static int
find_node(struct search *s, struct err *err)
{
	const char *name = s->target->node;
	struct err unknown = {.code = 0};
	struct pve_nodes nodes;
	int r;

	if (name[0] == '\0')
		return err_set(err, ERR_NEEDS_NODE, "the console of a node needs the node's name");
	r = list_nodes(s, &nodes, &unknown);
	/* Every user sees the nodes today. Where that is no longer so, the console itself will tell. */
	if (r == ERR_REFUSED && s->status == NO_PRIVILEGE)
		return 0;
	if (r < 0)
		return err_set(err, r, "%s", unknown.text);
	for (size_t i = 0; i < nodes.count; i++) {
		if (strcmp(nodes.at[i].name, name) != 0)
			continue;
		if (nodes.at[i].state == PVE_NODE_OFFLINE)
			return err_set(err, ERR_NOT_RUNNING, "node %s is offline", name);
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "node %s is none of the cluster's %zu", name, nodes.count);
}

/*
 * The status tells of serial ports, the configuration which of them a terminal reaches. Where that
 * is not to be had, the terminal itself will tell.
 */
static int
check_serial(struct search *s, struct err *err)
{
	char path[PVE_PATH_SIZE];
	struct pve_call c = {.what = "guest configuration", .path = path, .query = "current=1"};
	struct pve_answer answer = {.status = 0};
	struct err unknown = {.code = 0};
	int r;

	if (!s->serial)
		return err_set(err, ERR_NO_DEVICE, "guest %u has no serial port", (unsigned)s->at.vmid);
	pve_guest_path(path, &s->at, "config");
	r = call(s, &c, s->deadline_ms, &answer, &unknown);
	if (r == 0)
		r = pve_parse_serial(buf_text(&answer.body), answer.body.len, s->at.serial, err);
	else
		r = pve_error_is_answer(r) ? 0 : err_set(err, r, "%s", unknown.text);
	pve_answer_done(&answer);
	return r;
}

/* What the target leaves open, or wants and cannot have. */
static int
choose_console(struct search *s, struct err *err)
{
	bool qemu = s->at.type == PVE_GUEST_QEMU;

	if (s->at.kind == PVE_CONSOLE_AUTO)
		s->at.kind = qemu ? PVE_CONSOLE_VNC : PVE_CONSOLE_TERM;
	return qemu && s->at.kind == PVE_CONSOLE_TERM && !s->unseen ? check_serial(s, err) : 0;
}

int
pve_guest_find(struct pve *pve, struct pve_target *target, int64_t deadline_ms, struct err *err)
{
	struct search s = {.pve = pve, .target = target, .at = *target, .deadline_ms = deadline_ms};
	struct err nobody = {.code = 0};
	int r;

	r = pve_identity_get(pve, &s.identity, err);
	if (r < 0)
		return r;
	if (target->type == PVE_GUEST_NODE)
		r = find_node(&s, err);
	else if (target->node[0] != '\0')
		r = find_from_node(&s, err);
	else
		r = look_up(&s, &nobody, false, err);
	if (r == 0)
		r = choose_console(&s, err);
	if (r == 0)
		*target = s.at;
	pve_identity_done(&s.identity);
	return r;
}
