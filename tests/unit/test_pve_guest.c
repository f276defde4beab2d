/* SPDX-License-Identifier: MIT */
/* Where a guest is looked for, and what comes of it: pve_guest_find() against canned answers. */
#include "base/abandon.h"
#include "tests/unit/pve_fake.h"

#include <jansson.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SOON_MS = 60000 };

#define RUNS       200, "{\"data\":{\"vmid\":100,\"status\":\"running\"}}"
#define HAS_SERIAL 200, "{\"data\":{\"vmid\":100,\"status\":\"running\",\"serial\":1}}"
#define SOCKET1    200, "{\"data\":{\"serial1\":\"socket\",\"memory\":\"512\"}}"
#define DEVICE2    200, "{\"data\":{\"serial2\":\"/dev/ttyS0\"}}"
#define STOPPED    200, "{\"data\":{\"vmid\":100,\"status\":\"stopped\"}}"
#define NO         500, "Configuration file 'nodes/x/qemu-server/100.conf' does not exist"
#define NO_NODE    500, "hostname lookup 'x' failed - failed to get address info for: x: unknown"
#define NO_RIGHT   403, "Permission check failed (/vms/100, VM.Audit)"
#define EXPIRED    401, "Authentication failed!"
#define NO_ROUTE   595, "No route to host"
#define SLOW       596, "Connection timed out"
#define BROKEN     500, "VM is locked (backup)"

#define ROW(node, type)    "{\"id\":\"x\",\"type\":\"" type "\",\"vmid\":100,\"node\":\"" node "\"}"
#define OTHER_ROW          "{\"id\":\"qemu/7\",\"type\":\"qemu\",\"vmid\":107,\"node\":\"a\"}"
#define LISTED(node, type) 200, "{\"data\":[" OTHER_ROW "," ROW(node, type) "]}"
#define NOT_LISTED         200, "{\"data\":[" OTHER_ROW "]}"
#define LIST_EMPTY         200, "{\"data\":[]}"

#define NODE(name, status) "{\"node\":\"" name "\",\"status\":\"" status "\"}"
#define NODES                                                                 \
	200, "{\"data\":[" NODE("e", "unknown") "," NODE("a", "online") "," NODE( \
			 "d", "offline") "," NODE("b", "online") "," NODE("c", "online") "]}"

#define SCREEN .kind = PVE_CONSOLE_VNC
#define TERM   .kind = PVE_CONSOLE_TERM
#define QEMU   .type = PVE_GUEST_QEMU
#define LXC    .type = PVE_GUEST_LXC
#define SHELL  .type = PVE_GUEST_NODE

static const struct story {
	const char *name;
	struct pve_target given; /* vmid is 100 unless it is a node */
	struct said said[SAID_MAX];
	const char *calls; /* in this order */
	int code;
	struct pve_target found; /* node, type and kind, when the code is 0 */
	const char *says;        /* in the text, when it is not */
} stories[] = {
	/* ---- the node is named, and right ---- */
	{"a virtual machine where it should be", {.node = "a"}, {{"a/qemu", RUNS}}, " a/qemu", 0,
		.found = {.node = "a", QEMU, SCREEN}},
	{"a container where it should be", {.node = "a"}, {{"a/qemu", NO}, {"a/lxc", RUNS}},
		" a/qemu a/lxc", 0, .found = {.node = "a", LXC, TERM}},
	{"a container's screen", {.node = "a", LXC, SCREEN}, {{"a/lxc", RUNS}}, " a/lxc", 0,
		.found = {.node = "a", LXC, SCREEN}},
	{"a guest that is off", {.node = "a"}, {{"a/qemu", STOPPED}}, " a/qemu", ERR_NOT_RUNNING,
		.says = "the guest is stopped"},
	{"a container that is off", {.node = "a"}, {{"a/qemu", NO}, {"a/lxc", STOPPED}},
		" a/qemu a/lxc", ERR_NOT_RUNNING, .says = "the guest is stopped"},
	{"a failure that is none of the guest's", {.node = "a"}, {{"a/qemu", BROKEN}}, " a/qemu",
		ERR_PROTOCOL, .says = "VM is locked"},
	{"a ticket that has expired", {.node = "a", QEMU}, {{"a/qemu", EXPIRED}}, " a/qemu",
		ERR_REFUSED, .says = "Authentication failed!"},
	{"a host that is gone", {.node = "a"}, {{"a/qemu", NO_CONNECTION, NULL}}, " a/qemu",
		ERR_UNREACHABLE, .says = "no connection"},
	{"a reverse proxy without a host behind it", {.node = "a"}, {{"a/qemu", 502, "Bad Gateway"}},
		" a/qemu", ERR_UNREACHABLE, .says = "Bad Gateway"},

	/* ---- the user may not look ---- */
	{"who may not look opens a console by node and type", {.node = "a", LXC}, {{"a/lxc", NO_RIGHT}},
		" a/lxc", 0, .found = {.node = "a", LXC, TERM}},
	{"and a serial port that nobody can see", {.node = "a", QEMU, TERM}, {{"a/qemu", NO_RIGHT}},
		" a/qemu", 0, .found = {.node = "a", QEMU, TERM}},
	{"without the type there is nothing to go on", {.node = "a"}, {{"a/qemu", NO_RIGHT}}, " a/qemu",
		ERR_REFUSED, .says = "VM.Audit is missing, or node and type have to be given"},
	{"without the node, either", {LXC}, {{"guests", LIST_EMPTY}}, " guests", ERR_NEEDS_NODE,
		.says = "the user sees no guests (VM.Audit is missing): node is needed"},

	/* ---- the node is open ---- */
	{"a virtual machine is found", {.node = ""},
		{{"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}}, " guests b/qemu", 0,
		.found = {.node = "b", QEMU, SCREEN}},
	{"a container is found", {.node = ""}, {{"guests", LISTED("b", "lxc")}, {"b/lxc", RUNS}},
		" guests b/lxc", 0, .found = {.node = "b", LXC, TERM}},
	{"its node decides whether it runs", {LXC},
		{{"guests", LISTED("b", "lxc")}, {"b/lxc", STOPPED}}, " guests b/lxc", ERR_NOT_RUNNING,
		.says = "the guest is stopped"},
	{"a guest that is not in a list with others", {.node = ""}, {{"guests", NOT_LISTED}}, " guests",
		ERR_NOT_FOUND, .says = "there is none, or the user has no VM.Audit on it, and then node"},
	{"a guest of the other type", {QEMU}, {{"guests", LISTED("b", "lxc")}}, " guests",
		ERR_NOT_FOUND, .says = "guest 100 is a container (lxc), not a virtual machine (qemu)"},
	{"a container that is none", {LXC}, {{"guests", LISTED("b", "qemu")}}, " guests", ERR_NOT_FOUND,
		.says = "guest 100 is a virtual machine (qemu), not a container (lxc)"},
	{"a list that nobody gives", {.node = ""}, {{"guests", LATE, NULL}}, " guests", ERR_TIMEOUT,
		.says = "no answer"},
	{"a list that is none", {.node = ""}, {{"guests", 200, "{}"}}, " guests", ERR_PROTOCOL,
		.says = "no list"},
	{"a guest whose node is down", {.node = ""},
		{{"guests", LISTED("b", "qemu")}, {"b/qemu", NO_ROUTE}}, " guests b/qemu", ERR_UNREACHABLE,
		.says = "No route to host"},

	/* ---- it has moved ---- */
	{"a guest that has moved", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}},
		" a/qemu guests b/qemu", 0, .found = {.node = "b", QEMU, SCREEN}},
	{"a guest of which nothing else is known has moved", {.node = "a"},
		{{"a/qemu", NO}, {"a/lxc", NO}, {"guests", LISTED("b", "lxc")}, {"b/lxc", RUNS}},
		" a/qemu a/lxc guests b/lxc", 0, .found = {.node = "b", LXC, TERM}},
	{"a guest that has moved and is off", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("b", "qemu")}, {"b/qemu", STOPPED}},
		" a/qemu guests b/qemu", ERR_NOT_RUNNING, .says = "stopped"},
	{"a guest that nobody lists", {.node = "a", QEMU}, {{"a/qemu", NO}, {"guests", NOT_LISTED}},
		" a/qemu guests", ERR_NOT_FOUND,
		.says = "does not exist\", and the cluster lists no guest 100"},
	{"a guest that is not there, to a user who sees none", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LIST_EMPTY}}, " a/qemu guests", ERR_NOT_FOUND,
		.says = "does not exist"},
	{"a guest whose type was told wrong", {.node = "a", LXC},
		{{"a/lxc", NO}, {"guests", LISTED("a", "qemu")}}, " a/lxc guests", ERR_NOT_FOUND,
		.says = "guest 100 is a virtual machine (qemu), not a container (lxc)"},
	{"a node that there is none of", {.node = "x", QEMU},
		{{"x/qemu", NO_NODE}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}},
		" x/qemu guests b/qemu", 0, .found = {.node = "b", QEMU, SCREEN}},

	/* ---- its node is down, and it has been started elsewhere ---- */
	{"a node without a route", {.node = "a", QEMU},
		{{"a/qemu", NO_ROUTE}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}},
		" a/qemu guests b/qemu", 0, .found = {.node = "b", QEMU, SCREEN}},
	{"a node that does not answer the host", {.node = "a", QEMU},
		{{"a/qemu", SLOW}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}},
		" a/qemu guests b/qemu", 0, .found = {.node = "b", QEMU, SCREEN}},
	{"a node that the host still waits for", {.node = "a", QEMU},
		{{"a/qemu", LATE, NULL}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}},
		" a/qemu guests b/qemu", 0, .found = {.node = "b", QEMU, SCREEN}},
	{"a node that is down and has the guest", {.node = "a", QEMU},
		{{"a/qemu", NO_ROUTE}, {"guests", LISTED("a", "qemu")}}, " a/qemu guests", ERR_UNREACHABLE,
		.says = "No route to host"},
	{"a node that is down, and nobody else lists the guest", {.node = "a", QEMU},
		{{"a/qemu", NO_ROUTE}, {"guests", NOT_LISTED}}, " a/qemu guests", ERR_UNREACHABLE,
		.says = "No route to host"},
	{"a node that is only slow is asked again", {.node = "a", QEMU},
		{{"a/qemu", LATE, NULL}, {"guests", LISTED("a", "qemu")}, {"a/qemu", RUNS}},
		" a/qemu guests a/qemu", 0, .found = {.node = "a", QEMU, SCREEN}},
	{"a host that answers nothing", {.node = "a"}, {{"a/qemu", LATE, NULL}, {"guests", LATE, NULL}},
		" a/qemu guests", ERR_TIMEOUT, .says = "cluster's guests: no answer"},

	/* ---- the list is behind: it has moved just now ---- */
	{"a guest that is listed where it no longer is", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("a", "qemu")}, {"nodes", NODES}, {"b/qemu", NO},
			{"c/qemu", RUNS}},
		" a/qemu guests nodes b/qemu c/qemu", 0, .found = {.node = "c", QEMU, SCREEN}},
	{"a guest that is on neither the one nor the other", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("b", "qemu")}, {"b/qemu", NO}, {"nodes", NODES},
			{"c/qemu", RUNS}},
		" a/qemu guests b/qemu nodes c/qemu", 0, .found = {.node = "c", QEMU, SCREEN}},
	{"a guest that is listed where it no longer is, and the node open", {.node = ""},
		{{"guests", LISTED("c", "lxc")}, {"c/lxc", NO}, {"nodes", NODES}, {"a/lxc", STOPPED}},
		" guests c/lxc nodes a/lxc", ERR_NOT_RUNNING, .says = "stopped"},
	{"nodes that are not heard of come last, and those that are off never", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("a", "qemu")}, {"nodes", NODES}, {"b/qemu", NO},
			{"c/qemu", NO}, {"e/qemu", RUNS}},
		" a/qemu guests nodes b/qemu c/qemu e/qemu", 0, .found = {.node = "e", QEMU, SCREEN}},
	{"a guest that is nowhere", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("b", "qemu")}, {"b/qemu", NO}, {"nodes", NODES},
			{"c/qemu", NO}, {"e/qemu", NO}},
		" a/qemu guests b/qemu nodes c/qemu e/qemu", ERR_NOT_FOUND,
		.says = "guest 100 is not on node b, where the cluster lists it, nor on a and 2 other "
				"nodes, of "
				"which 0 did not answer"},
	{"a guest that may be on a node that does not answer", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("a", "qemu")}, {"nodes", NODES}, {"b/qemu", NO_ROUTE},
			{"c/qemu", LATE, NULL}, {"e/qemu", NO}},
		" a/qemu guests nodes b/qemu c/qemu e/qemu", ERR_UNREACHABLE,
		.says = "3 other nodes, of which 2 did not answer"},
	{"a guest that may be on the node that was named and does not answer", {.node = "a", QEMU},
		{{"a/qemu", SLOW}, {"guests", LISTED("b", "qemu")}, {"b/qemu", NO}, {"nodes", NODES},
			{"c/qemu", NO}, {"e/qemu", NO}},
		" a/qemu guests b/qemu nodes c/qemu e/qemu", ERR_UNREACHABLE,
		.says = "nor on a and 2 other nodes, of which 1 did not answer"},
	{"a guest that the named node, asked again, does not have", {.node = "a", QEMU},
		{{"a/qemu", LATE, NULL}, {"guests", LISTED("a", "qemu")}, {"a/qemu", NO}, {"nodes", NODES},
			{"b/qemu", NO}, {"c/qemu", NO}, {"e/qemu", NO}},
		" a/qemu guests a/qemu nodes b/qemu c/qemu e/qemu", ERR_NOT_FOUND,
		.says = "of which 0 did not answer"},
	{"a refusal ends it", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("a", "qemu")}, {"nodes", NODES}, {"b/qemu", EXPIRED}},
		" a/qemu guests nodes b/qemu", ERR_REFUSED, .says = "Authentication failed!"},
	{"a list of nodes that nobody gives", {.node = "a", QEMU},
		{{"a/qemu", NO}, {"guests", LISTED("a", "qemu")}, {"nodes", NO_CONNECTION, NULL}},
		" a/qemu guests nodes", ERR_UNREACHABLE, .says = "cluster's nodes: no connection"},

	/* ---- serial ports ---- */
	{"a terminal of a virtual machine with a serial port", {.node = "a", TERM},
		{{"a/qemu", HAS_SERIAL}, {"config", SOCKET1}}, " a/qemu config", 0,
		.found = {.node = "a", QEMU, TERM}},
	{"a terminal of one without", {.node = "a", TERM}, {{"a/qemu", RUNS}}, " a/qemu", ERR_NO_DEVICE,
		.says = "guest 100 has no serial port"},
	{"the serial port that is there", {.node = "a", TERM, .serial = 2},
		{{"a/qemu", HAS_SERIAL}, {"config", SOCKET1}}, " a/qemu config", 0,
		.found = {.node = "a", QEMU, TERM}},
	{"another than is there", {.node = "a", TERM, .serial = 1},
		{{"a/qemu", HAS_SERIAL}, {"config", SOCKET1}}, " a/qemu config", ERR_NO_DEVICE,
		.says = "the guest has no serial0"},
	{"a serial port of the host's", {.node = "a", TERM, .serial = 3},
		{{"a/qemu", HAS_SERIAL}, {"config", DEVICE2}}, " a/qemu config", ERR_NO_DEVICE,
		.says = "the guest's serial2 is no socket"},
	{"serial ports of the host's only", {.node = "a", TERM},
		{{"a/qemu", HAS_SERIAL}, {"config", DEVICE2}}, " a/qemu config", ERR_NO_DEVICE,
		.says = "the guest has no serial port that is a socket"},
	{"a configuration that nobody gives out", {.node = "a", TERM, .serial = 3},
		{{"a/qemu", HAS_SERIAL}, {"config", NO_RIGHT}}, " a/qemu config", 0,
		.found = {.node = "a", QEMU, TERM}},
	{"a configuration that does not come", {.node = "a", TERM},
		{{"a/qemu", HAS_SERIAL}, {"config", LATE, NULL}}, " a/qemu config", ERR_TIMEOUT,
		.says = "guest configuration: no answer"},
	{"a serial port is no reason for a terminal", {.node = "a"}, {{"a/qemu", HAS_SERIAL}},
		" a/qemu", 0, .found = {.node = "a", QEMU, SCREEN}},
	{"a terminal of a guest that has moved", {.node = "a", QEMU, TERM},
		{{"a/qemu", NO}, {"guests", LISTED("b", "qemu")}, {"b/qemu", HAS_SERIAL},
			{"config", SOCKET1}},
		" a/qemu guests b/qemu config", 0, .found = {.node = "b", QEMU, TERM}},
	{"a container needs none", {.node = "a", LXC, TERM}, {{"a/lxc", RUNS}}, " a/lxc", 0,
		.found = {.node = "a", LXC, TERM}},

	/* ---- nodes ---- */
	{"a node", {.node = "b", SHELL}, {{"nodes", NODES}}, " nodes", 0,
		.found = {.node = "b", SHELL, TERM}},
	{"a node's screen", {.node = "b", SHELL, SCREEN}, {{"nodes", NODES}}, " nodes", 0,
		.found = {.node = "b", SHELL, SCREEN}},
	{"a node that is not heard of may be there", {.node = "e", SHELL}, {{"nodes", NODES}}, " nodes",
		0, .found = {.node = "e", SHELL, TERM}},
	{"a node that is off", {.node = "d", SHELL}, {{"nodes", NODES}}, " nodes", ERR_NOT_RUNNING,
		.says = "node d is offline"},
	{"a node that there is none of", {.node = "x", SHELL}, {{"nodes", NODES}}, " nodes",
		ERR_NOT_FOUND, .says = "node x is none of the cluster's 5"},
	{"a node without its name", {SHELL}, {{NULL, 0, NULL}}, "", ERR_NEEDS_NODE,
		.says = "node's name"},
	{"nodes that the user may not list", {.node = "b", SHELL},
		{{"nodes", 403, "Permission check failed"}}, " nodes", 0,
		.found = {.node = "b", SHELL, TERM}},
	{"nodes for which the ticket is too old", {.node = "b", SHELL}, {{"nodes", EXPIRED}}, " nodes",
		ERR_REFUSED, .says = "Authentication failed!"},
};

static struct pve_target
given_by(const struct story *story)
{
	struct pve_target t = story->given;

	snprintf(t.host, sizeof(t.host), "pve.example");
	t.port = 8006;
	t.vmid = t.type == PVE_GUEST_NODE ? 0 : 100;
	return t;
}

/* Play a story and complain by its name. */
static void
play(const struct story *story)
{
	struct pve *pve = fake_login("joe@pve");
	struct pve_target target = given_by(story), before = target;
	struct err err = {.code = 0};
	int r;

	fake_says(story->said);
	r = pve_guest_find(pve, &target, clock_ms() + SOON_MS, &err);
	if (strcmp(fake.calls, story->calls) != 0)
		fail_msg("%s: the calls were%s", story->name, fake.calls);
	if (r != story->code || (r < 0 && err.code != r))
		fail_msg("%s: %s: %s", story->name, err_name(r), err.text);
	if (r < 0 && strstr(err.text, story->says) == NULL)
		fail_msg("%s: it says %s", story->name, err.text);
	if (r < 0 && memcmp(&target, &before, sizeof(target)) != 0)
		fail_msg("%s: the target has changed", story->name);
	if (r == 0 && (strcmp(target.node, story->found.node) != 0 ||
					  target.type != story->found.type || target.kind != story->found.kind))
		fail_msg("%s: found on %s, type %d, kind %d", story->name, target.node, target.type,
			target.kind);
	assert_string_equal(target.host, "pve.example");
	pve_unref(pve);
}

static void
a_guest_is_found_wherever_it_is_and_else_it_is_said_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		play(&stories[i]);
}

/* ---- bounds ---- */

/* {"data":[{"node":"n0","status":"online"},...]} */
static char *
many_nodes(unsigned count)
{
	struct buf json = {.max = 0};
	char *text;

	assert_int_equal(buf_addf(&json, "{\"data\":["), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(
			buf_addf(&json, "%s{\"node\":\"n%u\",\"status\":\"online\"}", i > 0 ? "," : "", i), 0);
	assert_int_equal(buf_addf(&json, "]}"), 0);
	text = strdup(buf_text(&json));
	assert_non_null(text);
	buf_done(&json);
	return text;
}

static void
a_cluster_of_any_size_is_asked_63_times_at_most(void **state)
{
	static const struct said no = {"any", NO};
	char *nodes = many_nodes(100);
	const struct said said[] = {
		{"guests", LISTED("a", "qemu")}, {"nodes", 200, nodes}, {NULL, 0, NULL}};
	struct pve_target target = {.node = "a", .vmid = 100, .type = PVE_GUEST_QEMU};
	struct pve *pve = fake_login("joe@pve");
	struct err err = {.code = 0};

	(void)state;
	fake_says(said);
	fake.else_said = &no;
	assert_int_equal(pve_guest_find(pve, &target, clock_ms() + SOON_MS, &err), ERR_NOT_FOUND);
	assert_int_equal(fake.count, 63);
	assert_non_null(strstr(err.text, "nor on a and 60 other nodes"));
	pve_unref(pve);
	free(nodes);
}

static void
a_node_that_may_be_down_is_waited_for_half_of_the_time_or_ten_seconds(void **state)
{
	static const struct said said[] = {
		{"a/qemu", RUNS}, {"guests", LISTED("b", "qemu")}, {"b/qemu", RUNS}, {NULL, 0, NULL}};
	static const struct {
		int64_t given_ms, most_ms, least_ms;
		const char *node;
	} rows[] = {
		{60000, 10000, 8000, "a"},
		{10000, 5000, 3000, "a"},
		/* where the list has it there is nobody else to ask */
		{60000, 60000, 50000, ""},
	};
	struct pve *pve = fake_login("joe@pve");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_target target = {.vmid = 100, .type = PVE_GUEST_QEMU};
		int64_t start_ms = clock_ms();

		snprintf(target.node, sizeof(target.node), "%s", rows[i].node);
		fake_says(said);
		assert_int_equal(pve_guest_find(pve, &target, start_ms + rows[i].given_ms, NULL), 0);
		assert_true(fake.deadline_ms - clock_ms() <= rows[i].most_ms);
		assert_true(fake.deadline_ms - start_ms >= rows[i].least_ms);
	}
	pve_unref(pve);
}

static void
past_its_deadline_nothing_is_looked_for(void **state)
{
	static const struct said nothing[] = {{NULL, 0, NULL}};
	static const struct pve_target rows[] = {
		{.node = "a", .vmid = 100},
		{.vmid = 100},
		{.node = "a", .type = PVE_GUEST_NODE},
	};
	struct pve *pve = fake_login("joe@pve");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_target target = rows[i];

		fake_says(nothing);
		assert_int_equal(pve_guest_find(pve, &target, clock_ms(), NULL), ERR_TIMEOUT);
		assert_int_equal(fake.count, 0);
	}
	pve_unref(pve);
}

/* Some 600 bytes a guest, of which the wanted one is the last. */
static char *
many_guests(unsigned count)
{
	struct buf json = {.max = 64 * 1024 * 1024};
	char *text;

	assert_int_equal(buf_addf(&json, "{\"data\":["), 0);
	for (unsigned i = count; i-- > 0;)
		assert_int_equal(
			buf_addf(&json,
				"{\"id\":\"qemu/%u\",\"type\":\"qemu\",\"vmid\":%u,\"node\":\"b\",\"status\":"
				"\"running\",\"name\":\"%0500u\"}%s",
				100 + i, 100 + i, i, i > 0 ? "," : ""),
			0);
	assert_int_equal(buf_addf(&json, "]}"), 0);
	text = strdup(buf_text(&json));
	assert_non_null(text);
	buf_done(&json);
	return text;
}

static void
a_guest_is_found_among_ten_thousand(void **state)
{
	char *guests = many_guests(10000);
	const struct said said[] = {{"guests", 200, guests}, {"b/qemu", RUNS}, {NULL, 0, NULL}};
	struct pve_target target = {.vmid = 100};
	struct pve *pve = fake_login("joe@pve");

	(void)state;
	fake_says(said);
	assert_int_equal(pve_guest_find(pve, &target, clock_ms() + SOON_MS, NULL), 0);
	assert_string_equal(target.node, "b");
	pve_unref(pve);
	free(guests);
}

/* ---- memory ---- */

static struct pve *shared;

/* Whatever has no memory: the search ends with that, or as it should, and loses nothing. */
static void
search(void *arg)
{
	const struct story *story = arg;
	struct pve_target target = given_by(story);
	struct err err = {.code = 0};
	int r;

	fake_says(story->said);
	r = pve_guest_find(shared, &target, clock_ms() + SOON_MS, &err);
	if (r == story->code || (torture_struck() && r == ERR_MEMORY))
		return;
	fail_msg("%s: %s: %s", story->name, err_name(r), err.text);
}

static void
without_memory_a_search_fails_and_loses_nothing(void **state)
{
	unsigned struck = 0;

	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	shared = fake_login("joe@pve");
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct story story = stories[i];

		struck += torture(search, &story);
	}
	pve_unref(shared);
	assert_true(struck > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_is_found_wherever_it_is_and_else_it_is_said_why),
		cmocka_unit_test(a_cluster_of_any_size_is_asked_63_times_at_most),
		cmocka_unit_test(a_node_that_may_be_down_is_waited_for_half_of_the_time_or_ten_seconds),
		cmocka_unit_test(past_its_deadline_nothing_is_looked_for),
		cmocka_unit_test(a_guest_is_found_among_ten_thousand),
		cmocka_unit_test(without_memory_a_search_fails_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
