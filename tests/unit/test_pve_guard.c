/* SPDX-License-Identifier: MIT */
/* Whom the gateway may call: every address that is forbidden, in every spelling, and what entries change. */
#include "proxmox_api/pve_guard.h"

#include <jansson.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "proxmox_api/pve.h"
#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { PORT = 8006, ENTRIES_MAX = 8 };

static struct pve_guard *
guard_of(const char *const entries[])
{
	struct pve_guard *guard = NULL;
	struct err err = {.code = 0};
	size_t n = 0;

	while (n < ENTRIES_MAX && entries[n] != NULL)
		n++;
	if (pve_guard_new(entries, n, &guard, &err) < 0)
		fail_msg("%s", err.text);
	return guard;
}

static struct pve_guard *
guard_of_one(const char *entry)
{
	return guard_of((const char *const[]){entry, NULL});
}

/* 0, or what the guard says of an address that a name leads to. */
static int
leads(const struct pve_guard *guard, const char *name, const char *address, struct err *err)
{
	struct ip ip;

	if (!ip_parse(address, &ip))
		fail_msg("%s is no address", address);
	return pve_guard_ip(guard, name, PORT, &ip, err);
}

/* ---- the table ---- */

/* The ends of each forbidden network, and what is beside them: that is not forbidden. */
static const struct {
	const char *before, *first, *last, *after;
} edges[] = {
	{NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
	{"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
	{"223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0"},
	{"255.255.255.254", "255.255.255.255", "255.255.255.255", NULL},
	{NULL, "::", "::", "::1"},
	{"fe7f:ffff::", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"64:ff9b:0:ffff::", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::"},
	{"100.100.100.199", "100.100.100.200", "100.100.100.200", "100.100.100.201"},
	{"fd00:100::100:1ff", "fd00:100::100:200", "fd00:100::100:200", "fd00:100::100:201"},
	{"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
	{"192.0.0.191", "192.0.0.192", "192.0.0.192", "192.0.0.193"},
	{"fd00:c1::a9fe:a9fd", "fd00:c1::a9fe:a9fe", "fd00:c1::a9fe:a9fe", "fd00:c1::a9fe:a9ff"},
	{"fd00:ec1:ffff::", "fd00:ec2::", "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff", "fd00:ec3::"},
	{"fd20:ce::253", "fd20:ce::254", "fd20:ce::254", "fd20:ce::255"},
	{"fd00:42::41", "fd00:42::42", "fd00:42::42", "fd00:42::43"},
	{"fd00:a9fe:a9fe::", "fd00:a9fe:a9fe::1", "fd00:a9fe:a9fe::1", "fd00:a9fe:a9fe::2"},
};

static void
by_default_the_table_is_forbidden_and_nothing_beside_it(void **state)
{
	struct pve_guard *guard = guard_of_one(NULL);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(edges); i++) {
		assert_int_equal(leads(guard, "pve", edges[i].first, &err), ERR_FORBIDDEN);
		if (strncmp(err.text, edges[i].first, strlen(edges[i].first)) != 0)
			fail_msg("%s is not named in: %s", edges[i].first, err.text);
		assert_int_equal(leads(guard, "pve", edges[i].last, &err), ERR_FORBIDDEN);
		if (edges[i].before != NULL && leads(guard, "pve", edges[i].before, &err) < 0)
			fail_msg("%s", err.text);
		if (edges[i].after != NULL && leads(guard, "pve", edges[i].after, &err) < 0)
			fail_msg("%s", err.text);
	}
	pve_guard_free(guard);
}

static void
by_default_a_gateway_s_own_machine_and_private_networks_are_allowed(void **state)
{
	static const char *const fine[] = {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1",
		"10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "198.51.100.7", "2001:db8::1",
		"fd12:3456:789a::1", "fc00::1", "::127.0.0.1", "64:ff9b::10.0.0.1", "2002:c633:6407::1",
		"2001:0:c633:6407:0:0:39cc:9bf8", "2001:db8::5efe:10.0.0.1"};
	struct pve_guard *guard = guard_of_one(NULL);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(fine); i++)
		if (leads(guard, "pve", fine[i], &err) < 0)
			fail_msg("%s", err.text);
	assert_int_equal(pve_guard_host(guard, "any.example", PORT, &err), 0);
	pve_guard_free(guard);
}

static void
an_address_inside_another_is_named_with_where_it_leads(void **state)
{
	static const char *const inside[][2] = {
		{"::a9fe:a9fe", "169.254.169.254"},
		{"::ffff:0:6464:64c8", "100.100.100.200"},
		{"64:ff9b::a83f:8110", "168.63.129.16"},
		{"64:ff9b::", "0.0.0.0"},
		{"2002:e000:1:1::1", "224.0.0.1"},
		{"2001:0:a9fe:1::1", "169.254.0.1"},
		{"2001:0:c633:6407::5601:5601", "169.254.169.254"},
		{"2001:db8::5efe:a9fe:a9fe", "169.254.169.254"},
		{"2001:db8::200:5efe:c000:c0", "192.0.0.192"},
	};
	struct pve_guard *guard = guard_of_one(NULL);
	char words[64];
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(inside); i++) {
		assert_int_equal(leads(guard, "pve", inside[i][0], &err), ERR_FORBIDDEN);
		snprintf(words, sizeof(words), "leads to %s, ", inside[i][1]);
		if (strstr(err.text, words) == NULL)
			fail_msg("%s", err.text);
	}
	/* This one is the IPv4 address itself. */
	assert_int_equal(leads(guard, "pve", "::ffff:169.254.1.1", &err), ERR_FORBIDDEN);
	assert_string_equal(
		err.text, "169.254.1.1 is not allowed: link-local, and metadata of most clouds (RFC 3927)");
	pve_guard_free(guard);
}

/* ---- spellings ---- */

/* What the system's resolver would make of a text without asking anybody is forbidden. */
static void
check_resolver(const struct pve_guard *guard, const char *text)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL, *a;
	struct ip ip;

	if (getaddrinfo(text, NULL, &hints, &all) != 0)
		return;
	for (a = all; a != NULL; a = a->ai_next) {
		assert_true(ip_of_sockaddr(a->ai_addr, &ip));
		if (pve_guard_ip(guard, text, PORT, &ip, NULL) == 0)
			fail_msg("%s leads to an allowed address", text);
	}
	freeaddrinfo(all);
}

static void
check_spelling(const struct pve_guard *guard, const char *text)
{
	char host[PVE_HOST_SIZE];

	check_resolver(guard, text);
	if (pve_parse_host(text, host, NULL) == 0 && pve_guard_host(guard, host, PORT, NULL) == 0)
		fail_msg("%s is let through as %s", text, host);
}

static void
no_spelling_of_a_forbidden_address_is_let_through(void **state)
{
	json_t *groups = json_load_file("tests/unit/forbidden_hosts.json", 0, NULL), *texts, *text;
	struct pve_guard *guard = guard_of_one(NULL);
	const char *name;
	size_t i, total = 0;

	(void)state;
	assert_non_null(groups);
	json_object_foreach(groups, name, texts)
	{
		json_array_foreach(texts, i, text)
		{
			check_spelling(guard, json_string_value(text));
			total++;
		}
	}
	assert_true(total >= 60);
	json_decref(groups);
	pve_guard_free(guard);
}

/* ---- entries ---- */

static void
with_entries_only_what_fits_one_is_allowed(void **state)
{
	static const char *const entries[] = {"pve.example", "*.nodes.example", "10.0.0.0/8",
		"192.0.2.5", "2001:db8::/32", "port.example:8006", "*.port.example:9999",
		"[2001:db9::1]:9999"};
	static const struct {
		const char *name, *address;
		bool allowed;
	} cases[] = {
		{"pve.example", "198.51.100.1", true},
		{"pve.example", "127.0.0.1", true},
		{"xpve.example", "198.51.100.1", false},
		{"pve.example.org", "198.51.100.1", false},
		{"a.pve.example", "198.51.100.1", false},
		{"a.nodes.example", "198.51.100.1", true},
		{"a.b.nodes.example", "198.51.100.1", true},
		{"nodes.example", "198.51.100.1", false},
		{"anodes.example", "198.51.100.1", false},
		{"other.example", "10.1.2.3", true},
		{"other.example", "11.1.2.3", false},
		{"other.example", "127.0.0.1", false},
		{"other.example", "192.0.2.5", true},
		{"other.example", "192.0.2.6", false},
		{"other.example", "2001:db8:1::1", true},
		{"other.example", "::ffff:10.1.2.3", true},
		{"other.example", "64:ff9b::10.1.2.3", false},
		{"port.example", "198.51.100.1", true},
		{"a.port.example", "198.51.100.1", false},
		{"other.example", "2001:db9::1", false},
	};
	struct pve_guard *guard = guard_of(entries);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if ((leads(guard, cases[i].name, cases[i].address, &err) == 0) != cases[i].allowed)
			fail_msg("%s at %s", cases[i].name, cases[i].address);
	assert_int_equal(leads(guard, "other.example", "11.1.2.3", &err), ERR_FORBIDDEN);
	assert_string_equal(err.text, "11.1.2.3 port 8006 is not one of allowed_hosts");
	pve_guard_free(guard);
}

static void
a_name_that_is_allowed_opens_no_forbidden_address(void **state)
{
	static const char *const entries[] = {
		"pve.example", "10.0.0.0/8", "0.0.0.0/0", "::/0", "100.64.0.0/10", "fd00::/8", NULL};
	struct pve_guard *guard = guard_of(entries);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(edges); i++)
		if (leads(guard, "pve.example", edges[i].first, &err) == 0)
			fail_msg("%s is allowed", edges[i].first);
	assert_int_equal(leads(guard, "pve.example", "100.100.100.200", &err), ERR_FORBIDDEN);
	assert_string_equal(
		err.text, "100.100.100.200 is not allowed: metadata of Alibaba Cloud (ECS user guide)");
	assert_int_equal(leads(guard, "any.example", "203.0.113.9", &err), 0);
	pve_guard_free(guard);
}

/* entry, address, whether it is open */
static const struct {
	const char *entry, *address;
	bool open;
} opened[] = {
	{"169.254.0.0/16", "169.254.7.7", true},
	{"169.254.7.7", "169.254.7.7", true},
	{"169.254.7.7:8006", "169.254.7.7", true},
	{"169.254.7.7:8007", "169.254.7.7", false},
	{"169.254.0.0/17", "169.254.169.254", false},
	{"169.254.0.0/15", "169.254.7.7", false},
	{"fe80::/10", "fe80::1", true},
	{"fe80::/64", "fe80::1", true},
	{"fe00::/9", "fe80::1", false},
	{"100.100.100.200", "100.100.100.200", true},
	{"100.100.100.0/24", "100.100.100.200", false},
	{"64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", true},
	{"64:ff9b::/96", "64:ff9b::a9fe:a9fe", false},
	{"64:ff9b::/96", "64:ff9b::a00:1", true},
	{"169.254.0.0/16", "64:ff9b::a9fe:a9fe", false},
	{"64:ff9b:1::/48", "64:ff9b:1::a00:1", true},
	{"::ffff:169.254.7.7", "169.254.7.7", true},
};

static void
an_entry_opens_what_it_names_and_nothing_wider(void **state)
{
	struct pve_guard *guard;

	(void)state;
	for (size_t i = 0; i < COUNT(opened); i++) {
		guard = guard_of_one(opened[i].entry);
		if ((leads(guard, "pve.example", opened[i].address, NULL) == 0) != opened[i].open)
			fail_msg("%s with %s", opened[i].address, opened[i].entry);
		pve_guard_free(guard);
	}
}

static void
all_of_ipv6_is_not_all_of_ipv4(void **state)
{
	struct pve_guard *guard = guard_of_one("::/0");

	(void)state;
	assert_int_equal(leads(guard, "pve", "2001:db8::1", NULL), 0);
	assert_int_equal(leads(guard, "pve", "198.51.100.1", NULL), ERR_FORBIDDEN);
	pve_guard_free(guard);
}

/* ---- before anything is resolved ---- */

static void
what_can_be_told_of_a_host_is_told_at_once(void **state)
{
	static const struct {
		const char *entry, *host;
		uint16_t port;
		bool refused;
	} cases[] = {
		{NULL, "pve.example", 8006, false},
		{NULL, "169.254.169.254", 8006, true},
		{NULL, "fd00:ec2::254", 8006, true},
		{NULL, "127.0.0.1", 8006, false},
		{"pve.example", "pve.example", 8006, false},
		{"PVE.Example", "pve.example", 8006, false},
		{"pve.example", "other.example", 8006, true},
		{"pve.example", "10.0.0.1", 8006, true},
		{"pve.example:8006", "pve.example", 8007, true},
		{"*.example", "example", 8006, true},
		{"*.example", "a.example", 1, false},
		{"10.0.0.0/8", "10.0.0.1", 8006, false},
		{"10.0.0.0/8", "11.0.0.1", 8006, true},
		/* Its addresses will tell. */
		{"10.0.0.0/8", "other.example", 8006, false},
		{"10.0.0.0/8:8006", "other.example", 8007, true},
		{"[2001:db8::]:1", "2001:db8::", 1, false},
		{"[2001:db8::]:1", "2001:db8::", 2, true},
	};
	struct pve_guard *guard;
	struct err err;
	int r;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		err = (struct err){.code = 0};
		guard = guard_of_one(cases[i].entry);
		r = pve_guard_host(guard, cases[i].host, cases[i].port, &err);
		if (r != (cases[i].refused ? ERR_FORBIDDEN : 0) || r != err.code)
			fail_msg("%s with %s", cases[i].host, cases[i].entry);
		pve_guard_free(guard);
	}
}

/* ---- reading entries ---- */

static void
an_entry_that_is_none_is_refused_with_the_reason(void **state)
{
	static const char *const bad[][2] = {
		{"", "must not be empty"},
		{"*", "letters, digits"},
		{"*.", "must not be empty"},
		{"*.*.example", "letters, digits"},
		{"a.*.example", "letters, digits"},
		{"*.10.0.0.1", "has an address after its '*.'"},
		{"*.[::1]", "is no IP address or network"},
		{"pve example", "letters, digits"},
		{"https://pve.example", "has no port"},
		{"pve.example:", "has no port"},
		{"pve.example:0", "has no port"},
		{"pve.example:65536", "has no port"},
		{"pve.example:8006x", "has no port"},
		{"[::1]:", "has no port"},
		{"[::1", "has no IPv6 address inside its brackets"},
		{"[pve.example]:80", "has no IPv6 address inside its brackets"},
		{"[]", "has no IPv6 address inside its brackets"},
		{"[::1]8006", "has something after the closing bracket"},
		{"[::g]", "is no IP address or network"},
		{"fe80::1%eth0", "is no IP address or network"},
		{"pve.example/8", "is no IP address or network"},
		{"10.0.0.1/8", "has bits set behind its prefix"},
		{"10.0.0.0/33", "has no prefix length"},
		{"10.1", "is neither a name nor an IPv4 address"},
		{"0x7f.1", "is neither a name nor an IPv4 address"},
		{"pve.example.", "must not begin or end with a dot"},
		{"p\xc3\xa4v.example", "letters, digits"},
	};
	struct pve_guard *guard = NULL;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		err = (struct err){.code = 0};
		if (pve_guard_new(&bad[i][0], 1, &guard, &err) != ERR_INVALID)
			fail_msg("%s was taken", bad[i][0]);
		if (strstr(err.text, bad[i][1]) == NULL)
			fail_msg("%s: %s", bad[i][0], err.text);
		assert_null(guard);
	}
}

static void
a_name_of_any_length_is_read_or_refused(void **state)
{
	char name[PVE_HOST_SIZE + 40] = "*.", *end = name + 2;
	const char *entry = name;
	struct pve_guard *guard = NULL;

	(void)state;
	for (size_t n = 1; n < sizeof(name) - 3; n++) {
		*end++ = n % 60 == 0 ? '.' : 'a';
		*end = '\0';
		for (entry = name; entry <= name + 2; entry += 2) {
			if (pve_guard_new(&entry, 1, &guard, NULL) == 0) {
				assert_true(n < PVE_HOST_SIZE && n % 60 != 0);
				pve_guard_free(guard);
				guard = NULL;
			} else {
				assert_true(n >= PVE_HOST_SIZE || n % 60 == 0);
			}
		}
	}
}

/* ---- as the rest of the program sees it ---- */

static void
a_policy_has_the_guard_of_its_hosts(void **state)
{
	static const char *const hosts[] = {"pve.example", "10.0.0.0/8:8006"};
	struct pve_policy_config config = {
		.mode = PVE_TLS_INSECURE, .allowed_hosts = hosts, .allowed_host_count = COUNT(hosts)};
	struct pve_policy *policy = NULL;

	(void)state;
	assert_int_equal(pve_policy_new(&config, &policy, NULL), 0);
	assert_int_equal(pve_policy_allows(policy, "pve.example", 1, NULL), 0);
	assert_int_equal(pve_policy_allows(policy, "11.0.0.1", 8006, NULL), ERR_FORBIDDEN);
	pve_policy_unref(policy);
}

static void
a_console_is_dialled_where_its_policy_allows(void **state)
{
	static const char *const hosts[] = {"pve.example", "10.0.0.0/8:8006"};
	static const struct {
		const char *host, *address;
		uint16_t port;
		int result;
	} cases[] = {
		{"x", "10.0.0.1", 8006, 0},
		{"x", "10.0.0.1", 8007, ERR_FORBIDDEN},
		{"pve.example", "198.51.100.1", 1, 0},
		{"pve.example", "fe80::1", 1, ERR_FORBIDDEN},
		{"pve.example", "pve.example", 1, ERR_FORBIDDEN},
	};
	const struct pve_policy_config config = {
		.mode = PVE_TLS_INSECURE, .allowed_hosts = hosts, .allowed_host_count = COUNT(hosts)};
	struct pve_way way = {.port = 0};

	(void)state;
	assert_int_equal(pve_policy_new(&config, &way.policy, NULL), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(way.host, sizeof(way.host), "%s", cases[i].host);
		snprintf(way.address, sizeof(way.address), "%s", cases[i].address);
		way.port = cases[i].port;
		assert_int_equal(pve_way_allowed(&way, NULL), cases[i].result);
	}
	pve_way_done(&way);
}

static void
a_policy_takes_no_host_that_is_none(void **state)
{
	static const char *const hosts[] = {"pve.example", "10.0.0.1/8"};
	struct pve_policy_config config = {
		.mode = PVE_TLS_INSECURE, .allowed_hosts = hosts, .allowed_host_count = COUNT(hosts)};
	struct pve_policy *policy = NULL;

	(void)state;
	assert_int_equal(pve_policy_new(&config, &policy, NULL), ERR_INVALID);
	assert_null(policy);
	assert_int_equal(pve_check_allowed_host(hosts[0], NULL), 0);
	assert_int_equal(pve_check_allowed_host(hosts[1], NULL), ERR_INVALID);
}

static void
make_one(void *arg)
{
	static const char *const entries[] = {"pve.example", "10.0.0.0/8"};
	struct pve_guard *guard = NULL;

	(void)arg;
	if (pve_guard_new(entries, COUNT(entries), &guard, NULL) < 0)
		assert_true(torture_struck());
	pve_guard_free(guard);
}

static void
without_memory_there_is_no_guard(void **state)
{
	(void)state;
	assert_true(torture(make_one, NULL) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_the_table_is_forbidden_and_nothing_beside_it),
		cmocka_unit_test(by_default_a_gateway_s_own_machine_and_private_networks_are_allowed),
		cmocka_unit_test(an_address_inside_another_is_named_with_where_it_leads),
		cmocka_unit_test(no_spelling_of_a_forbidden_address_is_let_through),
		cmocka_unit_test(with_entries_only_what_fits_one_is_allowed),
		cmocka_unit_test(a_name_that_is_allowed_opens_no_forbidden_address),
		cmocka_unit_test(an_entry_opens_what_it_names_and_nothing_wider),
		cmocka_unit_test(all_of_ipv6_is_not_all_of_ipv4),
		cmocka_unit_test(what_can_be_told_of_a_host_is_told_at_once),
		cmocka_unit_test(an_entry_that_is_none_is_refused_with_the_reason),
		cmocka_unit_test(a_name_of_any_length_is_read_or_refused),
		cmocka_unit_test(a_policy_has_the_guard_of_its_hosts),
		cmocka_unit_test(a_console_is_dialled_where_its_policy_allows),
		cmocka_unit_test(a_policy_takes_no_host_that_is_none),
		cmocka_unit_test(without_memory_there_is_no_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
