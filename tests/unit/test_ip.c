/* SPDX-License-Identifier: MIT */
/* Addresses and networks: every spelling that is one, and none that is not. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ip
ip(const char *text)
{
	struct ip out;

	if (!ip_parse(text, &out))
		fail_msg("%s is no address", text);
	return out;
}

static void
addresses_are_read_and_written(void **state)
{
	static const char *const pairs[][2] = {
		{"198.51.100.7", "198.51.100.7"},
		{"0.0.0.0", "0.0.0.0"},
		{"::ffff:198.51.100.7", "198.51.100.7"},
		{"::ffff:c633:6407", "198.51.100.7"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"::", "::"},
		{"::1", "::1"},
	};
	char text[IP_TEXT_SIZE];
	struct ip address;

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		address = ip(pairs[i][0]);
		ip_format(&address, text);
		assert_string_equal(text, pairs[i][1]);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "01.2.3.4x", "256.1.1.1", "0x7f.1",
		"2130706433", "[::1]", "::1%lo", "fe80::1%eth0", "1.2.3.4:80", "host", "::g", " 1.2.3.4",
		"1.2.3.4 ", "1.2.3.4/8"};
	struct ip out;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (ip_parse(bad[i], &out))
			fail_msg("%s was taken for an address", bad[i]);
}

static void
a_peer_is_the_same_through_either_socket(void **state)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr local = {.sa_family = AF_UNIX};
	struct ip one, two;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &v4.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.9", &v6.sin6_addr), 1);
	assert_true(ip_of_sockaddr((const struct sockaddr *)&v4, &one));
	assert_true(ip_of_sockaddr((const struct sockaddr *)&v6, &two));
	assert_true(ip_equal(&one, &two));
	assert_true(ip_is_v4(&two));
	assert_false(ip_of_sockaddr(&local, &one));
}

static void
loopback_is_known_in_both_families(void **state)
{
	static const char *const yes[] = {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"};
	static const char *const no[] = {
		"128.0.0.1", "10.0.0.1", "::", "::2", "fe80::1", "::127.0.0.1"};
	struct ip address;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		address = ip(yes[i]);
		assert_true(ip_is_loopback(&address));
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		address = ip(no[i]);
		assert_false(ip_is_loopback(&address));
	}
}

static void
a_group_is_an_ipv4_address_or_an_ipv6_64(void **state)
{
	struct ip a = ip("2001:db8:1:2:3:4:5:6"), b = ip("2001:db8:1:2::9"), c = ip("2001:db8:1:3::9");
	struct ip v4 = ip("192.0.2.1"), other = ip("192.0.2.2");

	(void)state;
	a = ip_group(&a);
	b = ip_group(&b);
	c = ip_group(&c);
	assert_true(ip_equal(&a, &b));
	assert_false(ip_equal(&a, &c));
	v4 = ip_group(&v4);
	other = ip_group(&other);
	assert_false(ip_equal(&v4, &other));
}

static void
networks_have_what_is_in_them(void **state)
{
	static const struct {
		const char *net, *ip;
		bool has;
	} rows[] = {
		{"10.0.0.0/8", "10.255.1.2", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::ffff:10.1.1.1", true},
		{"0.0.0.0/0", "203.0.113.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "203.0.113.1", true},
		{"::/0", "2001:db8::1", true},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7/32", "192.0.2.6", false},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"::1", "::1", true},
		{"::1/128", "::2", false},
		{"::ffff:0:0/96", "1.2.3.4", true},
	};
	struct ip_net net;
	struct ip address;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ip_net_parse(rows[i].net, &net, &err), 0);
		address = ip(rows[i].ip);
		if (ip_net_has(&net, &address) != rows[i].has)
			fail_msg("%s in %s", rows[i].ip, rows[i].net);
	}
}

static void
what_is_no_network_is_refused_with_the_reason(void **state)
{
	static const char *const rows[][2] = {
		{"", "is no IP address or network"},
		{"host/8", "is no IP address or network"},
		{"10.0.0.0/", "has no prefix length from 0 to 32"},
		{"10.0.0.0/33", "has no prefix length from 0 to 32"},
		{"10.0.0.0/8x", "has no prefix length from 0 to 32"},
		{"10.0.0.0/-1", "has no prefix length from 0 to 32"},
		{"10.0.0.0/0008", "has no prefix length from 0 to 32"},
		{"2001:db8::/129", "has no prefix length from 0 to 128"},
		{"10.0.0.1/8", "has bits set behind its prefix"},
		{"2001:db8::1/64", "has bits set behind its prefix"},
		{"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0001", "is no IP address or network"},
	};
	struct ip_net net;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(ip_net_parse(rows[i][0], &net, &err), ERR_INVALID);
		if (strstr(err.text, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read_and_written),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_peer_is_the_same_through_either_socket),
		cmocka_unit_test(loopback_is_known_in_both_families),
		cmocka_unit_test(a_group_is_an_ipv4_address_or_an_ipv6_64),
		cmocka_unit_test(networks_have_what_is_in_them),
		cmocka_unit_test(what_is_no_network_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
