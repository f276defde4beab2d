/* SPDX-License-Identifier: MIT */
#include "session/target.h"

#include <string.h>

#include "tests/unit/torture.h"

static void
assert_name(const struct pve_target *target, const char *expected)
{
	char name[TARGET_NAME_SIZE];

	assert_string_equal(target_name(name, target), expected);
}

static void
a_guest_is_named_by_its_type_its_number_and_its_node(void **state)
{
	struct pve_target target = {.node = "pve", .vmid = 100, .type = PVE_GUEST_QEMU};

	(void)state;
	assert_name(&target, "vm 100 on node pve");
	target.type = PVE_GUEST_LXC;
	assert_name(&target, "container 100 on node pve");
	target.type = PVE_GUEST_UNKNOWN;
	assert_name(&target, "vm 100 on node pve");
}

static void
what_is_open_is_not_named(void **state)
{
	const struct pve_target target = {.vmid = 100};

	(void)state;
	assert_name(&target, "vm 100");
}

static void
a_node_has_a_shell_and_no_number(void **state)
{
	const struct pve_target target = {.node = "pve", .type = PVE_GUEST_NODE};

	(void)state;
	assert_name(&target, "shell of node pve");
}

static void
the_longest_name_fits(void **state)
{
	struct pve_target target = {.vmid = 999999999, .type = PVE_GUEST_LXC};
	char name[TARGET_NAME_SIZE];

	(void)state;
	memset(target.node, 'n', PVE_NODE_SIZE - 1);
	target_name(name, &target);
	assert_string_equal(name + strlen(name) - (PVE_NODE_SIZE - 1), target.node);
}

static void
types_and_consoles_have_the_words_of_the_api(void **state)
{
	(void)state;
	assert_string_equal(target_words(PVE_GUEST_QEMU)->type, "qemu");
	assert_string_equal(target_words(PVE_GUEST_LXC)->type, "lxc");
	assert_string_equal(target_words(PVE_GUEST_NODE)->type, "node");
	assert_string_equal(target_console(PVE_CONSOLE_VNC), "vnc");
	assert_string_equal(target_console(PVE_CONSOLE_TERM), "term");
	assert_string_equal(target_console(PVE_CONSOLE_AUTO), "auto");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_is_named_by_its_type_its_number_and_its_node),
		cmocka_unit_test(what_is_open_is_not_named),
		cmocka_unit_test(a_node_has_a_shell_and_no_number),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(types_and_consoles_have_the_words_of_the_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
