/* SPDX-License-Identifier: MIT */
/* From the body of POST /create to which console of what is asked for. */
#include <jansson.h>
#include <stdlib.h>

#include "base/abandon.h"
#include "tests/unit/create_scene.h"

#define WHO  USER "," PASS
#define TERM "\"console\":\"term\""

static int
allow_all(void **state)
{
	(void)state;
	allowed = (struct create_allowed){.node_shells = true, .terminals = true};
	return 0;
}

/* ---- hosts ---- */

static void
hosts_in_a_list_are_kept_in_their_order(void **state)
{
	struct grant *g =
		good("\"hostname\":[\"PVE2.example\",\"[2001:DB8::1]\",\"10.0.0.1\"]," WHO "," VMID);

	(void)state;
	assert_string_equal(g->target.host, "pve2.example");
	assert_int_equal(pve_hosts_count(g->hosts), 3);
	assert_string_equal(pve_hosts_at(g->hosts, 0), "pve2.example");
	assert_string_equal(pve_hosts_at(g->hosts, 1), "2001:db8::1");
	assert_string_equal(pve_hosts_at(g->hosts, 2), "10.0.0.1");
	grant_free(g);
}

static void
a_list_of_one_is_the_same_as_its_entry(void **state)
{
	struct grant *g = good("\"hostname\":[\"pve.example\"]," WHO "," VMID);

	(void)state;
	assert_string_equal(g->target.host, "pve.example");
	assert_null(g->hosts);
	grant_free(g);
	g = good("\"hostname\":\"pve.example\"," WHO "," VMID);
	assert_string_equal(g->target.host, "pve.example");
	assert_null(g->hosts);
	grant_free(g);
	g = good("\"hostname\":[\"pve.example\"]," WHO "," VMID ",\"fingerprint\":\"" LEAF "\"");
	assert_true(g->target.pin.set);
	grant_free(g);
}

static void
eight_hosts_are_the_most(void **state)
{
	struct grant *g = good(
		"\"hostname\":[\"a1\",\"a2\",\"a3\",\"a4\",\"a5\",\"a6\",\"a7\",\"a8\"]," WHO "," VMID);

	(void)state;
	assert_int_equal(pve_hosts_count(g->hosts), 8);
	grant_free(g);
	bad_members("\"hostname\":[\"a1\",\"a2\",\"a3\",\"a4\",\"a5\",\"a6\",\"a7\",\"a8\",\"a9\"]," WHO
				"," VMID,
		"hostname: must have 1 to 8 entries when it is a list");
}

/* the value of hostname, words */
static const struct {
	const char *value, *words;
} bad_hosts[] = {
	{"[]", "hostname: must have 1 to 8 entries when it is a list"},
	{"[\"a\",\"https://x\"]", "hostname: entry 2: must not be a URL"},
	{"[\"a\",\"b\",\"c:8006\"]", "hostname: entry 3: is no IPv6 address, and must not"},
	{"[\"\",\"b\"]", "hostname: entry 1: must not be empty"},
	{"[\"a\",\"A\"]", "hostname: entry 2: is there twice"},
	{"[\"::1\",\"b\",\"[0:0::1]\"]", "hostname: entry 3: is there twice"},
	{"[\"a\",1]", "hostname: entry 2: must be a text in quotes"},
	{"[\"a\",null]", "hostname: entry 2: must be a text in quotes"},
	{"[\"a\",[\"b\"]]", "hostname: entry 2: must be a text in quotes"},
	{"[\"a\",\"b\\u0000\"]", "hostname: entry 2: must not contain a NUL"},
	{"{\"a\":\"b\"}", "hostname: must be a text in quotes, or a list of them"},
	{"true", "hostname: must be a text in quotes, or a list of them"},
	{"[\"\xff\"]", "hostname: line 1"},
};

static void
a_bad_list_of_hosts_is_refused_by_its_entry(void **state)
{
	char members[512];

	(void)state;
	for (size_t i = 0; i < COUNT(bad_hosts); i++) {
		snprintf(members, sizeof(members), "\"hostname\":%s," WHO "," VMID, bad_hosts[i].value);
		bad_members(members, bad_hosts[i].words);
	}
}

/* ---- guests and nodes ---- */

static void
node_and_type_may_be_left_open(void **state)
{
	struct grant *g = good(HOST "," WHO "," VMID);

	(void)state;
	assert_string_equal(g->target.node, "");
	assert_int_equal(g->target.type, PVE_GUEST_UNKNOWN);
	assert_int_equal(g->target.kind, PVE_CONSOLE_VNC);
	assert_int_equal(g->target.serial, PVE_SERIAL_ANY);
	assert_false(last.verify);
	grant_free(g);
}

static void
a_type_may_be_told(void **state)
{
	struct grant *g = good(ALL ",\"type\":\"lxc\"");

	(void)state;
	assert_int_equal(g->target.type, PVE_GUEST_LXC);
	grant_free(g);
	g = good(ALL ",\"type\":\"qemu\"");
	assert_int_equal(g->target.type, PVE_GUEST_QEMU);
	grant_free(g);
}

static void
a_node_is_asked_for_without_a_vmid(void **state)
{
	static const enum pve_console_kind kinds[] = {
		PVE_CONSOLE_AUTO, PVE_CONSOLE_VNC, PVE_CONSOLE_TERM};
	static const char *const words[] = {"auto", "vnc", "term"};
	char members[256];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct grant *g;

		snprintf(members, sizeof(members),
			HOST "," NODE "," WHO ",\"type\":\"node\",\"console\":\"%s\"", words[i]);
		g = good(members);
		assert_int_equal(g->target.type, PVE_GUEST_NODE);
		assert_int_equal(g->target.kind, kinds[i]);
		assert_int_equal(g->target.vmid, 0);
		assert_string_equal(g->target.node, "pve");
		grant_free(g);
	}
}

/* ---- consoles ---- */

static void
each_serial_port_can_be_asked_for_as_number_or_text(void **state)
{
	char members[256];

	(void)state;
	for (unsigned port = 0; port < PVE_SERIAL_PORTS; port++) {
		for (int quoted = 0; quoted < 2; quoted++) {
			struct grant *g;

			snprintf(members, sizeof(members), ALL "," TERM ",\"serial\":%s%u%s",
				quoted ? "\"" : "", port, quoted ? "\"" : "");
			g = good(members);
			assert_int_equal(g->target.kind, PVE_CONSOLE_TERM);
			assert_int_equal(g->target.serial, port + 1);
			grant_free(g);
		}
	}
}

static void
auto_is_vnc_where_there_is_no_page_for_terminals(void **state)
{
	struct grant *g = good(ALL ",\"console\":\"auto\"");

	(void)state;
	assert_int_equal(g->target.kind, PVE_CONSOLE_AUTO);
	grant_free(g);
	allowed.terminals = false;
	g = good(ALL ",\"console\":\"auto\"");
	assert_int_equal(g->target.kind, PVE_CONSOLE_VNC);
	grant_free(g);
}

static void
verify_is_true_or_false(void **state)
{
	(void)state;
	grant_free(good(ALL ",\"verify\":true"));
	assert_true(last.verify);
	grant_free(good(ALL ",\"verify\":false"));
	assert_false(last.verify);
}

/* the last member, words */
static const struct {
	const char *member, *words;
} bad[] = {
	{"\"type\":\"\"", "type: must be qemu, lxc or node"},
	{"\"type\":\"QEMU\"", "type: must be qemu, lxc or node"},
	{"\"type\":\"vm\"", "type: must be qemu, lxc or node"},
	{"\"type\":\"lxc \"", "type: must be qemu, lxc or node"},
	{"\"type\":\"lxc\\u0000\"", "type: must not contain a NUL"},
	{"\"type\":1", "type: must be a text in quotes"},
	{"\"type\":null", "type: must be a text in quotes"},
	{"\"console\":\"\"", "console: must be vnc, term or auto"},
	{"\"console\":\"VNC\"", "console: must be vnc, term or auto"},
	{"\"console\":\"spice\"", "console: must be vnc, term or auto"},
	{"\"console\":\"termproxy\"", "console: must be vnc, term or auto"},
	{"\"console\":[\"vnc\"]", "console: must be a text in quotes"},
	{"\"console\":true", "console: must be a text in quotes"},
	{TERM ",\"serial\":4", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":-1", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":\"\"", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":\"serial0\"", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":\"00\"", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":\"0 \"", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":4294967296", "serial: must be a number from 0 to 3"},
	{TERM ",\"serial\":1.0", "serial: must be a whole number or a text"},
	{TERM ",\"serial\":null", "serial: must be a whole number or a text"},
	{TERM ",\"serial\":false", "serial: must be a whole number or a text"},
	{"\"verify\":\"true\"", "verify: must be true or false"},
	{"\"verify\":1", "verify: must be true or false"},
	{"\"verify\":null", "verify: must be true or false"},
	{"\"verify\":{}", "verify: must be true or false"},
	{"\"Verify\":true", "unknown field"},
	{"\"verify\":true,\"verify\":false", "\"verify\" is there twice"},
};

static void
what_is_wrong_is_refused_by_the_name_of_its_field(void **state)
{
	char members[512];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(members, sizeof(members), ALL ",%s", bad[i].member);
		bad_members(members, bad[i].words);
	}
}

/* ---- memory ---- */

static void
play(void *arg)
{
	struct grant *g = NULL;
	int r = read_as(JSON, arg, strlen(arg), &g);

	assert_true(r == 0 || (torture_struck() && r == ERR_MEMORY));
	assert_int_equal(r == 0, g != NULL);
	if (g != NULL)
		assert_int_equal(pve_hosts_count(g->hosts), 2);
	grant_free(g);
}

static void
without_memory_it_fails_and_leaks_nothing(void **state)
{
	char body[] = "{\"hostname\":[\"a\",\"b\"]," WHO ",\"vmid\":\"100\",\"type\":\"qemu\"," TERM
				  ",\"serial\":\"0\",\"verify\":true}";

	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play, body) >= 6);
}

#define TEST(name) cmocka_unit_test_setup(name, allow_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hosts_in_a_list_are_kept_in_their_order),
		TEST(a_list_of_one_is_the_same_as_its_entry),
		TEST(eight_hosts_are_the_most),
		TEST(a_bad_list_of_hosts_is_refused_by_its_entry),
		TEST(node_and_type_may_be_left_open),
		TEST(a_type_may_be_told),
		TEST(a_node_is_asked_for_without_a_vmid),
		TEST(each_serial_port_can_be_asked_for_as_number_or_text),
		TEST(auto_is_vnc_where_there_is_no_page_for_terminals),
		TEST(verify_is_true_or_false),
		TEST(what_is_wrong_is_refused_by_the_name_of_its_field),
		TEST(without_memory_it_fails_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
