/* SPDX-License-Identifier: MIT */
/* What the cluster lists, guests and nodes, and what must not be taken for a list. */
#include "tests/unit/torture.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
guests(const char *json, struct pve_listed *out, struct err *err)
{
	return pve_parse_guests(json, strlen(json), 100, out, err);
}

static int
nodes(const char *json, struct pve_nodes *out, struct err *err)
{
	return pve_parse_nodes(json, strlen(json), out, err);
}

/* ---- guests ---- */

static void
a_guest_is_found_in_the_list_with_its_node_and_type(void **state)
{
	static const struct {
		const char *json, *node;
		enum pve_guest_type type;
		size_t guests;
	} rows[] = {
		{"{\"data\":[{\"vmid\":100,\"node\":\"pve-1\",\"type\":\"qemu\",\"id\":\"qemu/100\"}]}",
			"pve-1", PVE_GUEST_QEMU, 1},
		{" { \"data\" : [ {\"type\":\"lxc\",\"node\":\"b\",\"vmid\":\"100\"} ] } \n", "b",
			PVE_GUEST_LXC, 1},
		{"{\"data\":[{\"type\":\"qemu\",\"node\":\"a\",\"vmid\":1000},"
		 "{\"type\":\"qemu\",\"node\":\"b\",\"vmid\":100.0},"
		 "{\"type\":\"lxc\",\"node\":\"c\",\"vmid\":10}],\"total\":3}",
			"b", PVE_GUEST_QEMU, 3},
		/* what is no guest has no say, whatever its numbers */
		{"{\"data\":[{\"type\":\"storage\",\"node\":\"a\",\"vmid\":100},{\"type\":\"node\"},"
		 "{\"type\":\"pool\"},{},17,null,\"x\",[],{\"type\":7,\"vmid\":100}]}",
			"", PVE_GUEST_UNKNOWN, 0},
		{"{\"data\":[{\"type\":\"qemu\",\"vmid\":\"0100\"},{\"type\":\"qemu\",\"vmid\":100.5},"
		 "{\"type\":\"qemu\",\"vmid\":null},{\"type\":\"qemu\"}]}",
			"", PVE_GUEST_UNKNOWN, 4},
		{"{\"data\":[]}", "", PVE_GUEST_UNKNOWN, 0},
		/* brackets and quotes in names are none */
		{"{\"data\":[{\"name\":\"}]{\\\"[\\\\\",\"vmid\":100,\"node\":\"b\",\"type\":\"qemu\","
		 "\"x\":{\"y\":[{}]}}]}",
			"b", PVE_GUEST_QEMU, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_listed listed = {.guests = 7};
		struct err err = {.code = 0};

		if (guests(rows[i].json, &listed, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(listed.node, rows[i].node);
		assert_int_equal(listed.type, rows[i].type);
		assert_int_equal(listed.guests, rows[i].guests);
	}
}

#define ROW "{\"vmid\":100,\"node\":\"b\",\"type\":\"qemu\"}"

static void
a_list_that_is_none_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"[]",
		"[" ROW "]",
		"{}",
		"{\"data\":null}",
		"{\"data\":{}}",
		"{\"data\":{\"x\":" ROW "}}",
		"{\"data\":[" ROW "}",
		"{\"data\":[" ROW "]",
		"{\"data\":[" ROW,
		"{\"data\":[" ROW "," ROW,
		"{\"data\":[{\"vmid\":100",
		"{\"data\":[" ROW ",]}",
		"{\"data\":[," ROW "]}",
		"{\"data\":[" ROW ROW "]}",
		"{\"data\":[" ROW " 1]}",
		"{\"data\":[" ROW "]}x",
		"{\"data\":[" ROW "]]}",
		"{\"data\":[{\"vmid\":100,}]}",
		"{\"data\":[{\"vmid\":100,\"vmid\":101}]}",
		"{\"data\":[{\"name\":\"\xff\"}]}",
		"{\"data\":[" ROW "],\"data\":[]}",
		/* which of them would be the list? */
		"{\"other\":[" ROW "],\"data\":[]}",
		"{\"errors\":{\"x\":" ROW "},\"data\":[]}",
		/* the guest that is meant, but where is it? */
		"{\"data\":[{\"vmid\":100,\"type\":\"qemu\"}]}",
		"{\"data\":[{\"vmid\":100,\"type\":\"qemu\",\"node\":\"\"}]}",
		"{\"data\":[{\"vmid\":100,\"type\":\"qemu\",\"node\":\"../x\"}]}",
		"{\"data\":[{\"vmid\":100,\"type\":\"qemu\",\"node\":7}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_listed listed = {.guests = 7};
		struct err err = {.code = 0};

		if (guests(rows[i], &listed, &err) != ERR_PROTOCOL || err.code != ERR_PROTOCOL)
			fail_msg("row %zu is taken: %s", i, rows[i]);
		assert_int_equal(listed.guests, 7);
	}
}

/* {"data":[<text><text>...<end>]} */
static int
filled(const char *text, size_t count, const char *end, struct err *err)
{
	struct pve_listed listed = {.guests = 0};
	struct buf json = {.max = 16 * 1024 * 1024};
	int r;

	assert_int_equal(buf_addf(&json, "{\"data\":["), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(buf_add(&json, text, strlen(text)), 0);
	assert_int_equal(buf_addf(&json, "%s]}", end), 0);
	r = pve_parse_guests(buf_text(&json), json.len, 100, &listed, err);
	buf_done(&json);
	return r;
}

static void
a_list_that_would_cost_memory_is_refused(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(filled("{},", 100000, "{}", &err), 0);
	assert_int_equal(filled("{},", 1000000, "{}", &err), ERR_PROTOCOL);
	assert_string_equal(err.text, "cluster's guests: the answer's list is too long");
	assert_int_equal(filled("[],", 1000000, "[]", &err), ERR_PROTOCOL);
	assert_int_equal(filled("[", 1000000, "", &err), ERR_PROTOCOL);
	assert_int_equal(filled("{\"a\":", 1000000, "", &err), ERR_PROTOCOL);
	assert_int_equal(filled("{\"name\":\"", 1, "\"}", &err), 0);
	assert_int_equal(filled("0123456789", 10000, "", &err), ERR_PROTOCOL);
}

static void
a_row_of_any_length_is_not_taken(void **state)
{
	struct pve_listed listed = {.guests = 0};
	struct buf json = {.max = 0};
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(buf_addf(&json, "{\"data\":[{\"name\":\"%040000d\"}]}", 0), 0);
	assert_int_equal(pve_parse_guests(buf_text(&json), json.len, 100, &listed, &err), ERR_PROTOCOL);
	assert_string_equal(err.text, "cluster's guests: a row of the answer is too long");
	buf_done(&json);
}

/* ---- nodes ---- */

static void
nodes_have_a_name_and_a_state(void **state)
{
	static const char json[] =
		"{\"data\":[{\"node\":\"a\",\"status\":\"online\",\"ssl_fingerprint\":\"AA:BB\"},"
		"{\"status\":\"offline\",\"node\":\"pve-2\"},{\"node\":\"c\",\"status\":\"unknown\"},"
		"{\"node\":\"d\"},{\"node\":\"e\",\"status\":1},{\"node\":\"..\",\"status\":\"online\"},"
		"{\"status\":\"online\"},{\"node\":7},1,null]}";
	static const struct {
		const char *name;
		enum pve_node_state state;
	} rows[] = {
		{"a", PVE_NODE_ONLINE},
		{"pve-2", PVE_NODE_OFFLINE},
		{"c", PVE_NODE_UNKNOWN},
		{"d", PVE_NODE_UNKNOWN},
		{"e", PVE_NODE_UNKNOWN},
	};
	struct pve_nodes list;

	(void)state;
	assert_int_equal(nodes(json, &list, NULL), 0);
	assert_int_equal(list.count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(list.at[i].name, rows[i].name);
		assert_int_equal(list.at[i].state, rows[i].state);
	}
	assert_int_equal(nodes("{\"data\":[]}", &list, NULL), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(nodes("{\"data\":{\"node\":\"a\"}}", &list, NULL), ERR_PROTOCOL);
}

static void
more_nodes_than_anybody_has_are_left_out(void **state)
{
	struct buf json = {.max = 0};
	struct pve_nodes list;

	(void)state;
	assert_int_equal(buf_addf(&json, "{\"data\":["), 0);
	for (int i = 0; i < PVE_NODES_MAX + 10; i++)
		assert_int_equal(buf_addf(&json, "%s{\"node\":\"n%d\"}", i > 0 ? "," : "", i), 0);
	assert_int_equal(buf_addf(&json, "]}"), 0);
	assert_int_equal(nodes(buf_text(&json), &list, NULL), 0);
	assert_int_equal(list.count, PVE_NODES_MAX);
	assert_string_equal(list.at[PVE_NODES_MAX - 1].name, "n127");
	buf_done(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_is_found_in_the_list_with_its_node_and_type),
		cmocka_unit_test(a_list_that_is_none_is_refused),
		cmocka_unit_test(a_list_that_would_cost_memory_is_refused),
		cmocka_unit_test(a_row_of_any_length_is_not_taken),
		cmocka_unit_test(nodes_have_a_name_and_a_state),
		cmocka_unit_test(more_nodes_than_anybody_has_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
