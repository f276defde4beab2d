/* SPDX-License-Identifier: MIT */
/* Who asks when proxies stand between: our proxies are believed, and nobody else. */
#include "session/forwarded.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/access_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PROXY    "10.0.0.1"

static struct access *ours;

static int
scene_new(void **state)
{
	(void)state;
	ours = access_for_test("10.0.0.0/8", NULL, NULL);
	return 0;
}

static int
scene_done(void **state)
{
	(void)state;
	access_unref(ours);
	return 0;
}

static struct forwarded
read_head(const char *peer, bool tls, const struct forwarded_head *head)
{
	struct ip ip = ip_for_test(peer);
	struct forwarded out;

	forwarded_read(ours, &ip, tls, head, &out);
	return out;
}

/* The client of an X-Forwarded-For that this peer sent. */
static void
assert_client(const char *peer, const char *list, const char *expected)
{
	const struct forwarded_head head = {"h", list, "", ""};
	struct forwarded out = read_head(peer, false, &head);
	char text[IP_TEXT_SIZE];

	ip_format(&out.client, text);
	if (strcmp(text, expected) != 0)
		fail_msg("%s with \"%s\" is %s, should be %s", peer, list, text, expected);
}

static void
nobody_but_our_proxies_is_believed(void **state)
{
	const struct forwarded_head head = {
		"console.example:22000", "198.51.100.7", "https", "evil.example"};
	struct forwarded out;
	char text[IP_TEXT_SIZE];

	(void)state;
	assert_client("203.0.113.1", "198.51.100.7", "203.0.113.1");
	assert_client("11.0.0.1", "10.0.0.1, 127.0.0.1", "11.0.0.1");
	out = read_head("203.0.113.1", false, &head);
	ip_format(&out.client, text);
	assert_string_equal(text, "203.0.113.1");
	assert_false(out.tls);
	assert_string_equal(out.host, "console.example:22000");
}

static void
a_proxy_that_says_nothing_is_the_client(void **state)
{
	(void)state;
	assert_client(PROXY, "", PROXY);
	assert_client(PROXY, "  ", PROXY);
	assert_client(PROXY, ",", PROXY);
}

static void
the_client_is_the_first_from_the_right_that_is_not_ours(void **state)
{
	(void)state;
	assert_client(PROXY, "198.51.100.7", "198.51.100.7");
	assert_client(PROXY, "198.51.100.7, 10.0.0.2", "198.51.100.7");
	assert_client(PROXY, "198.51.100.7,10.0.0.2 ,10.0.0.3", "198.51.100.7");
	assert_client(PROXY, "6.6.6.6, 198.51.100.7", "198.51.100.7");
	assert_client(PROXY, "10.9.9.9, 198.51.100.7, 10.0.0.2", "198.51.100.7");
	assert_client(PROXY, "127.0.0.1, 198.51.100.7", "198.51.100.7");
	/* All ours: whoever stands outermost. */
	assert_client(PROXY, "10.0.0.9, 10.0.0.2", "10.0.0.9");
	assert_client("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7");
}

static void
an_entry_may_have_a_port_and_brackets(void **state)
{
	(void)state;
	assert_client(PROXY, "198.51.100.7:4711", "198.51.100.7");
	assert_client(PROXY, "2001:db8::7", "2001:db8::7");
	assert_client(PROXY, "[2001:db8::7]", "2001:db8::7");
	assert_client(PROXY, "[2001:db8::7]:4711", "2001:db8::7");
	assert_client(PROXY, "\t198.51.100.7\t", "198.51.100.7");
	assert_client(PROXY, "::ffff:198.51.100.7", "198.51.100.7");
}

static void
what_cannot_be_read_ends_the_way_outwards(void **state)
{
	static const char *const garbage[] = {"unknown", "_hidden", "198.51.100", "198.51.100.7:x",
		"198.51.100.7:80:80", "[2001:db8::7", "2001:db8::7]", "[198.51.100.7", "host.example",
		"fe80::1%eth0", "198.51.100.7 6.6.6.6", "for=198.51.100.7", "\"198.51.100.7\"", "", "[]",
		"[]:1", ":80", "198.51.100.7/32", "1.2.3.4;", "\xc3\xbc"};
	char list[400];

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++) {
		assert_client(PROXY, garbage[i], PROXY);
		snprintf(list, sizeof(list), "6.6.6.6, %s, 10.0.0.2", garbage[i]);
		assert_client(PROXY, list, "10.0.0.2");
		snprintf(list, sizeof(list), "%s, 198.51.100.7", garbage[i]);
		assert_client(PROXY, list, "198.51.100.7");
	}
	/* An entry that is longer than any. */
	memset(list, ' ', sizeof(list));
	list[sizeof(list) - 1] = '\0';
	memcpy(list, "198.51.100.7,", 13);
	assert_client(PROXY, list, PROXY);
}

static void
so_many_hops_are_followed_and_no_more(void **state)
{
	char list[40 * 16] = "198.51.100.7";

	(void)state;
	for (int i = 1; i < FORWARDED_HOPS_MAX; i++)
		strncat(list, ",10.0.0.2", sizeof(list) - strlen(list) - 1);
	assert_client(PROXY, list, "198.51.100.7");
	strncat(list, ",10.0.0.2", sizeof(list) - strlen(list) - 1);
	assert_client(PROXY, list, "10.0.0.2");
}

static void
the_last_scheme_counts_and_nothing_but_a_scheme(void **state)
{
	static const struct {
		const char *value;
		bool tls, expected;
	} rows[] = {
		{"https", false, true},
		{"http", true, false},
		{"HTTPS", false, true},
		{"http, https", false, true},
		{"https, http", true, false},
		{"https,http ", true, false},
		{"", true, true},
		{"", false, false},
		{"wss", true, true},
		{"wss", false, false},
		{"https:", false, false},
		{"httpss", false, false},
		{"https,", false, false},
		{"https;", false, false},
		{"on", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct forwarded_head head = {"h", "", rows[i].value, ""};

		if (read_head(PROXY, rows[i].tls, &head).tls != rows[i].expected)
			fail_msg("\"%s\" at %s", rows[i].value, rows[i].tls ? "https" : "http");
	}
}

static void
the_last_host_counts_when_it_is_one(void **state)
{
	static const char *const rows[][3] = {
		{"inner:22000", "console.example", "console.example"},
		{"inner:22000", "evil.example, console.example:443", "console.example:443"},
		{"inner:22000", "[2001:db8::1]:1", "[2001:db8::1]:1"},
		{"inner:22000", "", "inner:22000"},
		{"inner:22000", "a b", "inner:22000"},
		{"inner:22000", "a; script-src *", "inner:22000"},
		{"inner:22000", "user@a", "inner:22000"},
		{"inner:22000", "a/b", "inner:22000"},
		{"inner:22000", "console.example,", "inner:22000"},
		{"a; script-src *", "", ""},
		{"a; script-src *", "console.example", "console.example"},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct forwarded_head head = {rows[i][0], "", "", rows[i][1]};
		struct forwarded out = read_head(PROXY, false, &head);

		assert_string_equal(out.host, rows[i][2]);
	}
}

static void
the_longest_host_is_taken_and_a_longer_one_is_not(void **state)
{
	char host[FORWARDED_HOST_SIZE + 2];
	const struct forwarded_head forwarded = {"", "", "", host}, own = {host, "", "", ""};
	struct forwarded out;

	(void)state;
	memset(host, 'h', sizeof(host));
	memcpy(host + ORIGIN_HOST_MAX, ":65535", 7);
	out = read_head(PROXY, false, &forwarded);
	assert_string_equal(out.host, host);
	out = read_head(PROXY, false, &own);
	assert_string_equal(out.host, host);
	memcpy(host + ORIGIN_HOST_MAX, "h:65535", 8);
	out = read_head(PROXY, false, &forwarded);
	assert_string_equal(out.host, "");
	out = read_head(PROXY, false, &own);
	assert_string_equal(out.host, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_but_our_proxies_is_believed),
		cmocka_unit_test(a_proxy_that_says_nothing_is_the_client),
		cmocka_unit_test(the_client_is_the_first_from_the_right_that_is_not_ours),
		cmocka_unit_test(an_entry_may_have_a_port_and_brackets),
		cmocka_unit_test(what_cannot_be_read_ends_the_way_outwards),
		cmocka_unit_test(so_many_hops_are_followed_and_no_more),
		cmocka_unit_test(the_last_scheme_counts_and_nothing_but_a_scheme),
		cmocka_unit_test(the_last_host_counts_when_it_is_one),
		cmocka_unit_test(the_longest_host_is_taken_and_a_longer_one_is_not),
	};

	return cmocka_run_group_tests(tests, scene_new, scene_done);
}
