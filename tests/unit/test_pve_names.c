/* SPDX-License-Identifier: MIT */
/* Which hosts, nodes, users and numbers are taken from outside, and how they are written out. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "proxmox_api/pve.h"
#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TEN     "0123456789"
#define LABEL63 "a" TEN TEN TEN TEN TEN TEN "bc"
/* 63 + 1 + 63 + 1 + 63 + 1 + 61 = 253 */
#define HOST253 LABEL63 "." LABEL63 "." LABEL63 ".a" TEN TEN TEN TEN TEN TEN

/* given, what it becomes; NULL: refused */
struct row {
	const char *given, *becomes;
};

/* ---- hosts ---- */

static const struct row hosts[] = {
	/* names */
	{"pve", "pve"},
	{"PVE.Example.COM", "pve.example.com"},
	{"node-1.dc2.example.com", "node-1.dc2.example.com"},
	{"pve_1.internal", "pve_1.internal"},
	{"_pve", "_pve"},
	{"xn--bcher-kva.example", "xn--bcher-kva.example"},
	{"1st.example", "1st.example"},
	{"3com", "3com"},
	{"10.example", "10.example"},
	{"a", "a"},
	{"f00d", "f00d"},
	{LABEL63 ".example", LABEL63 ".example"},
	{HOST253, HOST253},
	{"localhost", "localhost"},
	/* IPv4 */
	{"10.0.0.1", "10.0.0.1"},
	{"255.255.255.255", "255.255.255.255"},
	{"127.0.0.1", "127.0.0.1"},
	/* IPv6, in its one canonical spelling */
	{"::1", "::1"},
	{"[::1]", "::1"},
	{"2001:DB8::1", "2001:db8::1"},
	{"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
	{"[2001:db8::1]", "2001:db8::1"},
	{"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
	{"fe80::1", "fe80::1"},
	/* a URL or a part of one */
	{"https://pve.example.com", NULL},
	{"https://pve.example.com:8006/", NULL},
	{"pve.example.com/", NULL},
	{"pve.example.com/api2", NULL},
	{"//pve", NULL},
	{"pve\\x", NULL},
	{"root@pve", NULL},
	{"pve?x", NULL},
	{"pve#x", NULL},
	{"pve:8006", NULL},
	{"10.0.0.1:8006", NULL},
	{"[::1]:8006", NULL},
	{"::1:8006:", NULL},
	/* brackets */
	{"[::1", NULL},
	{"::1]", NULL},
	{"[]", NULL},
	{"[", NULL},
	{"]", NULL},
	{"[10.0.0.1]", NULL},
	{"[pve]", NULL},
	{"[[::1]]", NULL},
	{"[::1]x", NULL},
	{"[::1][::1]", NULL},
	/* zones */
	{"fe80::1%eth0", NULL},
	{"[fe80::1%eth0]", NULL},
	{"[fe80::1%25eth0]", NULL},
	{"fe80::1%1", NULL},
	{"pve%2eexample", NULL},
	/* almost addresses, which a resolver would take */
	{"1", NULL},
	{"10.1", NULL},
	{"10.0.0", NULL},
	{"10.0.0.256", NULL},
	{"10.0.0.1.2", NULL},
	{"010.0.0.1", NULL},
	{"0x7f000001", NULL},
	{"0x7f.0.0.1", NULL},
	{"10.0.0.0x1", NULL},
	{"2130706433", NULL},
	{"example.0", NULL},
	{"1::2::3", NULL},
	{":::", NULL},
	{":", NULL},
	{"12345::", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	/* dots, hyphens, lengths */
	{"", NULL},
	{".", NULL},
	{"..", NULL},
	{"pve.", NULL},
	{".pve", NULL},
	{"pve..example", NULL},
	{"10.0.0.1.", NULL},
	{"-pve", NULL},
	{"pve-", NULL},
	{"pve.-x.example", NULL},
	{"pve.x-.example", NULL},
	{LABEL63 "d", NULL},
	{HOST253 "a", NULL},
	{HOST253 "." LABEL63, NULL},
	/* bytes that do not belong */
	{" pve", NULL},
	{"pve ", NULL},
	{"p ve", NULL},
	{"pve\t", NULL},
	{"pve\n", NULL},
	{"pve\r\nX-Header: y", NULL},
	{"pve\x7f", NULL},
	{"b\xc3\xbc"
	 "cher.example",
		NULL},
	{"pve\xff", NULL},
	{"pve,other", NULL},
	{"pve;other", NULL},
	{"pve'", NULL},
	{"pve\"", NULL},
	{"pve*", NULL},
	{"*.example", NULL},
	{"${HOST}", NULL},
};

static void
hosts_are_names_or_addresses_in_one_spelling_and_never_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		char out[PVE_HOST_SIZE] = "untouched";
		struct err err = {.code = 0};
		int r = pve_parse_host(hosts[i].given, out, &err);

		if ((r == 0) != (hosts[i].becomes != NULL))
			fail_msg("\"%s\": %d, %s", hosts[i].given, r, err.text);
		assert_string_equal(out, hosts[i].becomes != NULL ? hosts[i].becomes : "untouched");
		assert_int_equal(r, hosts[i].becomes != NULL ? 0 : ERR_INVALID);
		assert_int_equal(err.code, r);
		assert_true(r == 0 || err.text[0] != '\0');
	}
}

static void
an_accepted_host_is_accepted_again_unchanged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		char out[PVE_HOST_SIZE];

		if (hosts[i].becomes == NULL)
			continue;
		assert_int_equal(pve_parse_host(hosts[i].becomes, out, NULL), 0);
		assert_string_equal(out, hosts[i].becomes);
	}
}

static void
a_refused_host_is_told_why(void **state)
{
	static const struct {
		const char *given, *says;
	} rows[] = {
		{"https://pve", "must not be a URL"},
		{"pve:8006", "must not contain a port"},
		{"[::1]:8006", "must not contain a port"},
		{"[::1", "closing"},
		{"fe80::1%eth0", "zone"},
		{"", "must not be empty"},
		{"10.1", "IPv4"},
		{"pve.", "dot"},
		{"p ve", "letters, digits"},
	};
	char out[PVE_HOST_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {.code = 0};

		assert_int_equal(pve_parse_host(rows[i].given, out, &err), ERR_INVALID);
		if (strstr(err.text, rows[i].says) == NULL)
			fail_msg("\"%s\": \"%s\" lacks \"%s\"", rows[i].given, err.text, rows[i].says);
	}
}

/* ---- nodes ---- */

static const struct row nodes[] = {
	{"pve", "pve"},
	{"PVE", "PVE"},
	{"node-1", "node-1"},
	{"n", "n"},
	{"1", "1"},
	{"a--b", "a--b"},
	{LABEL63, LABEL63},
	{LABEL63 "d", NULL},
	{"", NULL},
	{"-", NULL},
	{"-pve", NULL},
	{"pve-", NULL},
	{".", NULL},
	{"..", NULL},
	{"../..", NULL},
	{"pve/../x", NULL},
	{"pve/qemu", NULL},
	{"pve.example", NULL},
	{"pve_1", NULL},
	{"pve 1", NULL},
	{" pve", NULL},
	{"pve\n", NULL},
	{"pve%2f", NULL},
	{"pve?x", NULL},
	{"pve#x", NULL},
	{"pve;x", NULL},
	{"pv\xc3\xa9", NULL},
};

static void
nodes_are_letters_digits_and_inner_hyphens(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(nodes); i++) {
		char out[PVE_NODE_SIZE] = "untouched";
		int r = pve_parse_node(nodes[i].given, out, NULL);

		if ((r == 0) != (nodes[i].becomes != NULL))
			fail_msg("\"%s\": %d", nodes[i].given, r);
		assert_string_equal(out, nodes[i].becomes != NULL ? nodes[i].becomes : "untouched");
	}
}

/* ---- users ---- */

/* with "@pve" 64 and 65 bytes */
#define USER60 TEN TEN TEN TEN TEN TEN

static const struct row users[] = {
	{"joe", "joe@pve"},
	{"joe@pve", "joe@pve"},
	{"root@pam", "root@pam"},
	{"Joe@PVE", "Joe@PVE"},
	{"joe@example.com@ldap", "joe@example.com@ldap"},
	{"joe@my-realm.x_1", "joe@my-realm.x_1"},
	{"j\xc3\xb6rg@ad", "j\xc3\xb6rg@ad"},
	{"joe!x@pve", "joe!x@pve"},
	{"a@@pve", "a@@pve"},
	{"o'brien+x&y=z;%@pve", "o'brien+x&y=z;%@pve"},
	{USER60, USER60 "@pve"},
	{USER60 "@pve", USER60 "@pve"},
	{USER60 "1", NULL},
	{USER60 "1@pve", NULL},
	{"", NULL},
	{"@", NULL},
	{"@pve", NULL},
	{"joe@", NULL},
	{"joe@p", NULL},
	{"joe@1pve", NULL},
	{"joe@.pve", NULL},
	{"joe@-pve", NULL},
	{"joe@pve!token", NULL},
	{"joe!token", NULL},
	{"joe!", NULL},
	{"joe@p ve", NULL},
	{"joe@pv\xc3\xa9", NULL},
	{"joe@pve/", NULL},
	{"joe@pve:x", NULL},
	{"jo e@pve", NULL},
	{" joe", NULL},
	{"joe ", NULL},
	{"joe\t@pve", NULL},
	{"joe\n@pve", NULL},
	{"joe\x1b[0m@pve", NULL},
	{"joe\xff@pve", NULL},
	{"joe\xe2\x80\xae@pve", NULL},
	{"jo:e@pve", NULL},
	{"jo/e@pve", NULL},
};

static void
users_have_a_realm_and_no_blank_colon_or_slash(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		char out[PVE_USER_SIZE] = "untouched";
		int r = pve_parse_user(users[i].given, out, NULL);

		if ((r == 0) != (users[i].becomes != NULL))
			fail_msg("\"%s\": %d", users[i].given, r);
		assert_string_equal(out, users[i].becomes != NULL ? users[i].becomes : "untouched");
	}
}

/* ---- tokens ---- */

#define TOKEN60 "t" TEN TEN TEN TEN TEN "123456789"

static const struct row tokens[] = {
	{"joe@pve!gw", "joe@pve!gw"},
	{"root@pam!Gate.way-1_x", "root@pam!Gate.way-1_x"},
	{"joe@example.com@ldap!gw", "joe@example.com@ldap!gw"},
	{"joe!x@pve!gw", "joe!x@pve!gw"},
	{"j\xc3\xb6rg@ad!gw", "j\xc3\xb6rg@ad!gw"},
	{USER60 "@pve!gw", USER60 "@pve!gw"},
	{"joe@pve!" TOKEN60 "abc", "joe@pve!" TOKEN60 "abc"},
	{USER60 "@pve!" TOKEN60 "abc", USER60 "@pve!" TOKEN60 "abc"},
	{"joe@pve!" TOKEN60 "abcd", NULL},
	{USER60 "1@pve!gw", NULL},
	{USER60 USER60 "@pve!gw", NULL},
	{"joe!gw", NULL},
	{"joe@pve", NULL},
	{"joe!x@pve", NULL},
	{"joe@pve!", NULL},
	{"joe@pve!g", NULL},
	{"joe@pve!1w", NULL},
	{"joe@pve!.w", NULL},
	{"joe@pve!gw!x", NULL},
	{"joe@pve!g w", NULL},
	{"joe@pve!gw=secret", NULL},
	{"joe@pve!gw\n", NULL},
	{"joe@pve!g\xc3\xbc", NULL},
	{"joe@!gw", NULL},
	{"joe@p!gw", NULL},
	{"@pve!gw", NULL},
	{"j oe@pve!gw", NULL},
	{"!gw", NULL},
	{"@!", NULL},
	{"", NULL},
};

static void
tokens_have_a_user_a_realm_and_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(tokens); i++) {
		char out[PVE_IDENTITY_SIZE] = "untouched";
		int r = pve_parse_token_id(tokens[i].given, out, NULL);

		if ((r == 0) != (tokens[i].becomes != NULL))
			fail_msg("\"%s\": %d", tokens[i].given, r);
		assert_string_equal(out, tokens[i].becomes != NULL ? tokens[i].becomes : "untouched");
	}
}

static void
no_text_is_both_a_user_and_a_token(void **state)
{
	char user[PVE_USER_SIZE], token[PVE_IDENTITY_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		if (pve_is_token_id(users[i].given))
			assert_int_equal(pve_parse_user(users[i].given, user, NULL), ERR_INVALID);
	}
	for (size_t i = 0; i < COUNT(tokens); i++) {
		if (!pve_is_token_id(tokens[i].given))
			assert_int_equal(pve_parse_token_id(tokens[i].given, token, NULL), ERR_INVALID);
	}
}

static void
a_refused_token_is_told_why(void **state)
{
	const struct {
		const char *given, *text;
	} rows[] = {
		{"joe!gw", "must be of the form user@realm!name"},
		{"joe@pve", "must be of the form user@realm!name"},
		{"joe@p!gw", "has no valid realm after its last '@'"},
		{"joe@pve!1", "has no valid name of a token after its '!'"},
		{"joe@pve!" TOKEN60 "abcd", "has more than 63 characters after its '!'"},
		{USER60 USER60 "@pve!gw", "has more than 64 bytes before its '!'"},
	};
	char token[PVE_IDENTITY_SIZE], user[PVE_USER_SIZE];
	struct err err = {.code = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pve_parse_token_id(rows[i].given, token, &err), ERR_INVALID);
		assert_string_equal(err.text, rows[i].text);
	}
	assert_int_equal(pve_parse_user("joe@pve!gw", user, &err), ERR_INVALID);
	assert_string_equal(err.text, "names an API token, not a user");
}

static int
check_secret(const char *text, struct err *err)
{
	struct secret secret = {NULL, 0};
	int r;

	assert_int_equal(secret_set(&secret, text, strlen(text)), 0);
	r = pve_check_token_secret(&secret, err);
	secret_wipe(&secret);
	return r;
}

static void
a_tokens_secret_is_what_may_stand_in_a_header(void **state)
{
	static const char *const good[] = {"0f8fad5b-d9cb-469f-a165-70867728950e", "x",
		"!\"#$%&'()*+,-./:;<>?@[\\]^_`{|}~", USER60 USER60 "12345678"};
	static const char *const bad[] = {"", USER60 USER60 "123456789", "a b", "a\tb", "a\r\nb",
		"s\xc3\xa9", "\x7f", "joe@pve!gw=0f8fad5b", "x="};
	struct err err = {.code = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (check_secret(good[i], &err) < 0)
			fail_msg("\"%s\": %s", good[i], err.text);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (check_secret(bad[i], &err) != ERR_INVALID)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_true(bad[i][0] == '\0' || strstr(err.text, bad[i]) == NULL);
	}
}

/* ---- numbers ---- */

static void
guest_numbers_are_100_to_999999999_in_plain_digits(void **state)
{
	static const char *const bad[] = {"", "0", "1", "99", "099", "0100", "1000000000", "4294967396",
		"18446744073709551716", "99999999999999999999999999", "-100", "+100", " 100", "100 ", "1e3",
		"100.0", "0x64", "100a", "a100", "1 00", "100\n", "\xd9\xa1\xd9\xa0\xd9\xa0"};
	uint32_t vmid = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (pve_parse_vmid(bad[i], &vmid, NULL) != ERR_INVALID)
			fail_msg("\"%s\" is taken", bad[i]);
	}
	assert_int_equal(vmid, 7);
	assert_int_equal(pve_parse_vmid("100", &vmid, NULL), 0);
	assert_int_equal(vmid, 100);
	assert_int_equal(pve_parse_vmid("999999999", &vmid, NULL), 0);
	assert_int_equal(vmid, 999999999);
}

static void
ports_are_1_to_65535_in_plain_digits(void **state)
{
	static const char *const bad[] = {"", "0", "00", "65536", "65546", "99999", "100000",
		"4294967297", "-1", "+1", " 1", "1 ", "08006", "8006/", "0x1", "1.0"};
	uint16_t port = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (pve_parse_port(bad[i], &port, NULL) != ERR_INVALID)
			fail_msg("\"%s\" is taken", bad[i]);
	}
	assert_int_equal(port, 7);
	assert_int_equal(pve_parse_port("1", &port, NULL), 0);
	assert_int_equal(port, 1);
	assert_int_equal(pve_parse_port("8006", &port, NULL), 0);
	assert_int_equal(port, 8006);
	assert_int_equal(pve_parse_port("65535", &port, NULL), 0);
	assert_int_equal(port, 65535);
}

/* ---- writing ---- */

static void
every_byte_outside_the_unreserved_is_escaped(void **state)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		struct buf out = {.max = 0};
		char raw = (char)byte, expected[8];

		if (byte != 0 && strchr(unreserved, byte) != NULL)
			snprintf(expected, sizeof(expected), "%c", byte);
		else
			snprintf(expected, sizeof(expected), "%%%02X", (unsigned)byte);
		assert_int_equal(pve_escape(&out, &raw, 1), 0);
		assert_string_equal(buf_text(&out), expected);
		buf_done(&out);
	}
}

static void
escaping_appends_and_takes_nothing_for_an_end(void **state)
{
	struct buf out = {.max = 0};

	(void)state;
	assert_int_equal(buf_add(&out, "p=", 2), 0);
	assert_int_equal(pve_escape(&out, "a\0=+&;%", 7), 0);
	assert_int_equal(pve_escape(&out, NULL, 0), 0);
	assert_string_equal(buf_text(&out), "p=a%00%3D%2B%26%3B%25");
	buf_done(&out);
}

static void
escaping_stops_at_the_buffers_limit(void **state)
{
	struct buf out = {.max = 4};

	(void)state;
	assert_int_equal(pve_escape(&out, "==", 2), ERR_LIMIT);
	buf_done(&out);
}

static void
a_guests_path_has_node_type_and_number(void **state)
{
	struct pve_target target = {.node = "pve-1", .vmid = 100, .type = PVE_GUEST_QEMU};
	char path[PVE_PATH_SIZE];

	(void)state;
	pve_guest_path(path, &target, "vncproxy");
	assert_string_equal(path, "/api2/json/nodes/pve-1/qemu/100/vncproxy");
	target = (struct pve_target){.node = LABEL63, .vmid = 999999999, .type = PVE_GUEST_LXC};
	pve_guest_path(path, &target, "status/current");
	assert_string_equal(path, "/api2/json/nodes/" LABEL63 "/lxc/999999999/status/current");
}

static void
a_nodes_path_has_no_number(void **state)
{
	struct pve_target target = {.node = "pve-1", .vmid = 100, .type = PVE_GUEST_NODE};
	char path[PVE_PATH_SIZE];

	(void)state;
	pve_guest_path(path, &target, "vncshell");
	assert_string_equal(path, "/api2/json/nodes/pve-1/vncshell");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_names_or_addresses_in_one_spelling_and_never_urls),
		cmocka_unit_test(an_accepted_host_is_accepted_again_unchanged),
		cmocka_unit_test(a_refused_host_is_told_why),
		cmocka_unit_test(nodes_are_letters_digits_and_inner_hyphens),
		cmocka_unit_test(users_have_a_realm_and_no_blank_colon_or_slash),
		cmocka_unit_test(tokens_have_a_user_a_realm_and_a_name),
		cmocka_unit_test(no_text_is_both_a_user_and_a_token),
		cmocka_unit_test(a_refused_token_is_told_why),
		cmocka_unit_test(a_tokens_secret_is_what_may_stand_in_a_header),
		cmocka_unit_test(guest_numbers_are_100_to_999999999_in_plain_digits),
		cmocka_unit_test(ports_are_1_to_65535_in_plain_digits),
		cmocka_unit_test(every_byte_outside_the_unreserved_is_escaped),
		cmocka_unit_test(escaping_appends_and_takes_nothing_for_an_end),
		cmocka_unit_test(escaping_stops_at_the_buffers_limit),
		cmocka_unit_test(a_guests_path_has_node_type_and_number),
		cmocka_unit_test(a_nodes_path_has_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
