/* SPDX-License-Identifier: MIT */
/* Which fields of POST /create go together: a row for each rule, by both names. */
#include "router/create_rules.h"

#include "tests/unit/create_scene.h"

#define WHO   USER "," PASS
#define WHAT  HOST "," VMID
#define ID    "\"token_id\":\"gw@pve!panel\""
#define UUID  "\"token_secret\":\"0123\""
#define TERM  "\"console\":\"term\""
#define SHELL HOST "," NODE ",\"type\":\"node\""

enum { NO_NODES = 1, NO_TERMINALS = 2 }; /* what the gateway lacks */

/* members, what is not allowed, the whole text */
static const struct {
	const char *members;
	int lacks;
	const char *text;
} broken[] = {
	/* not here */
	{SHELL "," WHO, NO_NODES, "type: node shells are not allowed here (allow_node_shell)"},
	{SHELL "," WHO "," TERM, NO_NODES, "type: node shells are not allowed here (allow_node_shell)"},
	{SHELL "," WHO "," VMID, NO_NODES, "type: node shells are not allowed here (allow_node_shell)"},
	{WHAT "," WHO "," TERM, NO_TERMINALS,
		"console: this gateway's page folder has no page for terminals (novnc_path)"},
	{SHELL "," WHO "," TERM, NO_TERMINALS,
		"console: this gateway's page folder has no page for terminals (novnc_path)"},
	/* who asks */
	{WHAT "," WHO "," ID, 0, "username and token_id: it is either a user or a token"},
	{WHAT "," USER "," ID "," UUID, 0, "username and token_id: it is either a user or a token"},
	{WHAT "," WHO "," UUID, 0, "password and token_secret: it is either a user or a token"},
	{WHAT "," ID "," PASS "," UUID, 0, "password and token_secret: it is either a user or a token"},
	{WHAT "," ID "," PASS, 0, "password and token_id: a token_id goes with a token_secret"},
	{WHAT "," USER "," UUID, 0, "token_secret and username: a username goes with a password"},
	{WHAT ",\"username\":\"gw@pve!panel\"," UUID, 0,
		"token_secret and username: a username goes with a password"},
	{WHAT "," ID "," UUID ",\"otp\":\"123456\"", 0,
		"otp and token_id: a token has no second factor"},
	{WHAT "," ID ",\"otp\":\"123456\"", 0, "otp and token_id: a token has no second factor"},
	{WHAT ",\"username\":\"gw@pve!panel\",\"password\":\"0123\",\"otp\":\"123456\"", 0,
		"otp and username: a token has no second factor"},
	/* for what */
	{SHELL "," WHO "," VMID, 0, "vmid and type: a node has no vmid"},
	{WHAT "," WHO "," TERM ",\"serial\":0,\"type\":\"lxc\"", 0,
		"serial and type: only QEMU guests have serial ports"},
	{SHELL "," WHO "," TERM ",\"serial\":0", 0,
		"serial and type: only QEMU guests have serial ports"},
	{WHAT "," WHO ",\"serial\":0,\"type\":\"lxc\"", 0,
		"serial and type: only QEMU guests have serial ports"},
	{WHAT "," WHO ",\"serial\":0", 0, "serial and console: a serial port needs the console term"},
	{WHAT "," WHO ",\"serial\":\"3\",\"console\":\"vnc\"", 0,
		"serial and console: a serial port needs the console term"},
	{WHAT "," WHO ",\"serial\":0,\"console\":\"auto\",\"type\":\"qemu\"", 0,
		"serial and console: a serial port needs the console term"},
	{"\"hostname\":[\"a\",\"b\"]," VMID "," WHO ",\"fingerprint\":\"" LEAF "\"", 0,
		"fingerprint and hostname: a fingerprint is of one host, not of several"},
	/* what is missing */
	{VMID "," WHO, 0, "hostname: is missing"},
	{"", 0, "hostname: is missing"},
	{WHAT, 0, "username: is missing"},
	{WHAT "," PASS, 0, "username: is missing"},
	{WHAT ",\"otp\":\"123456\"", 0, "username: is missing"},
	{WHAT "," UUID, 0, "token_id: is missing"},
	{WHAT "," USER, 0, "password: is missing"},
	{WHAT ",\"username\":\"gw@pve!panel\"", 0, "password: is missing"},
	{WHAT "," ID, 0, "token_secret: is missing"},
	{HOST "," WHO, 0, "vmid: is missing"},
	{HOST "," NODE "," WHO ",\"type\":\"lxc\"", 0, "vmid: is missing"},
	{HOST "," WHO ",\"type\":\"node\"", 0, "node: is missing, which the type node needs"},
};

static void
each_combination_that_makes_no_sense_is_refused_by_both_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		allowed.node_shells = !(broken[i].lacks & NO_NODES);
		allowed.terminals = !(broken[i].lacks & NO_TERMINALS);
		bad_members(broken[i].members, broken[i].text);
		assert_string_equal(err.text, broken[i].text);
	}
}

static bool
has_a_row(const char *text)
{
	for (size_t i = 0; i < COUNT(broken); i++) {
		if (strcmp(broken[i].text, text) == 0)
			return true;
	}
	return false;
}

static void
every_rule_has_such_a_combination(void **state)
{
	size_t n;
	const struct create_rule *rules = create_rules(&n);

	(void)state;
	assert_true(n >= 19);
	for (size_t i = 0; i < n; i++) {
		struct err text = {0};

		create_rule_explain(&rules[i], &text);
		if (!has_a_row(text.text))
			fail_msg("no combination breaks \"%s\"", text.text);
	}
}

/* What makes sense, on a gateway that lacks something else. */
static const struct {
	const char *members;
	int lacks;
} fine[] = {
	{WHAT "," WHO, NO_NODES | NO_TERMINALS},
	{WHAT "," WHO ",\"type\":\"lxc\",\"console\":\"vnc\"", NO_NODES | NO_TERMINALS},
	{WHAT "," WHO ",\"console\":\"auto\"", NO_NODES | NO_TERMINALS},
	{WHAT "," WHO "," TERM, NO_NODES},
	{WHAT "," WHO "," TERM ",\"serial\":0", NO_NODES},
	{WHAT "," WHO "," TERM ",\"serial\":1,\"type\":\"qemu\"", 0},
	{WHAT "," WHO "," TERM ",\"type\":\"lxc\"", 0},
	{WHAT "," ID "," UUID, 0},
	{WHAT "," ID "," UUID ",\"verify\":true", 0},
	{WHAT "," WHO ",\"otp\":\"000000\"", 0},
	{SHELL "," WHO, NO_TERMINALS},
	{SHELL "," WHO ",\"console\":\"auto\"", NO_TERMINALS},
	{SHELL "," ID "," UUID "," TERM, 0},
	{"\"hostname\":[\"a\",\"b\"]," VMID "," WHO, 0},
	{WHAT "," WHO ",\"fingerprint\":\"" LEAF "\"", 0},
};

static void
each_combination_that_makes_sense_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fine); i++) {
		allowed.node_shells = !(fine[i].lacks & NO_NODES);
		allowed.terminals = !(fine[i].lacks & NO_TERMINALS);
		grant_free(good(fine[i].members));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_combination_that_makes_no_sense_is_refused_by_both_names),
		cmocka_unit_test(every_rule_has_such_a_combination),
		cmocka_unit_test(each_combination_that_makes_sense_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
