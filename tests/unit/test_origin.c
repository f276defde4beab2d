/* SPDX-License-Identifier: MIT */
/* Origins: every spelling of one is the same text, and nothing else is taken for one. */
#include "session/origin.h"

#include <string.h>

#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
an_origin_has_one_form(void **state)
{
	static const char *const pairs[][2] = {
		{"https://console.example:22000", "https://console.example:22000"},
		{"HTTPS://Console.EXAMPLE", "https://console.example"},
		{"https://console.example:443", "https://console.example"},
		{"http://console.example:80", "http://console.example"},
		{"http://console.example:443", "http://console.example:443"},
		{"https://console.example:80", "https://console.example:80"},
		{"https://console.example:65535", "https://console.example:65535"},
		{"http://console.example.:1", "http://console.example.:1"},
		{"http://10.0.0.1:22000", "http://10.0.0.1:22000"},
		{"http://[2001:DB8:0::1]", "http://[2001:db8::1]"},
		{"http://[::1]:80", "http://[::1]"},
		{"http://xn--bcher-kva.example", "http://xn--bcher-kva.example"},
		{"http://a_b.example", "http://a_b.example"},
		{"http://localhost", "http://localhost"},
	};
	char out[ORIGIN_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_int_equal(origin_parse(pairs[i][0], out, NULL), 0);
		assert_string_equal(out, pairs[i][1]);
		/* Once more changes nothing. */
		assert_int_equal(origin_parse(pairs[i][1], out, NULL), 0);
		assert_string_equal(out, pairs[i][1]);
	}
}

/* text, a word of what is said about it */
static const char *const bad[][2] = {
	{"", "http"},
	{"null", "http"},
	{"*", "http"},
	{"console.example", "http"},
	{"//console.example", "http"},
	{"ws://console.example", "http"},
	{"wss://console.example", "http"},
	{"ftp://console.example", "http"},
	{"file://", "http"},
	{"httpx://console.example", "http"},
	{" https://console.example", "http"},
	{"https:/console.example", "http"},
	{"https:console.example", "http"},
	{"https://", "host"},
	{"https://:22000", "host"},
	{"https:///", "goes on"},
	{"https://console.example/", "goes on"},
	{"https://console.example/path", "goes on"},
	{"https://console.example?x", "goes on"},
	{"https://console.example#x", "goes on"},
	{"https://console.example\\@evil.example", "goes on"},
	{"https://user@console.example", "user"},
	{"https://user:word@console.example", "user"},
	{"https://console.example:22000@evil.example", "user"},
	{"https://console.example ", "host"},
	{"https://console.example https://evil.example", "goes on"},
	{"https://console example", "host"},
	{"https://console.example,", "host"},
	{"https://console.example;script-src", "host"},
	{"https://console.example'", "host"},
	{"https://console.example\"", "host"},
	{"https://console.example\r\n", "host"},
	{"https://console.example\t", "host"},
	{"https://b\xc3\xbc\x63her.example", "host"},
	{"https://console%2eexample", "host"},
	{"https://*", "host"},
	{"https://*.example", "host"},
	{"https://.example", "host"},
	{"https://console..example", "host"},
	{"https://console.example..", "host"},
	{"https://.", "host"},
	{"https://console.example:", "port"},
	{"https://console.example:0", "port"},
	{"https://console.example:080", "port"},
	{"https://console.example:65536", "port"},
	{"https://console.example:99999", "port"},
	{"https://console.example:220000", "port"},
	{"https://console.example:-1", "port"},
	{"https://console.example:+1", "port"},
	{"https://console.example:22000x", "port"},
	{"https://console.example:22000:1", "port"},
	{"https://2001:db8::1", "port"},
	{"https://[2001:db8::1", "host"},
	{"https://[]", "host"},
	{"https://[console.example]", "host"},
	{"https://[10.0.0.1]", "host"},
	{"https://[fe80::1%eth0]", "host"},
	{"https://[::1]x", "host"},
	{"https://[::1]]", "host"},
	{"https://[::1]:x", "port"},
	{"https://[1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2:3:4:5:6:7:8:9]", "host"},
};

static void
what_is_no_origin_is_refused_and_told_why(void **state)
{
	char out[ORIGIN_SIZE] = "untouched";
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		err = (struct err){.code = 0};
		if (origin_parse(bad[i][0], out, &err) != ERR_INVALID)
			fail_msg("\"%s\" was taken as %s", bad[i][0], out);
		if (!strstr(err.text, bad[i][1]))
			fail_msg("\"%s\": \"%s\" lacks \"%s\"", bad[i][0], err.text, bad[i][1]);
		assert_string_equal(out, "untouched");
	}
}

static void
the_longest_host_fits_and_a_longer_one_is_none(void **state)
{
	char text[8 + ORIGIN_HOST_MAX + 8] = "https://", out[ORIGIN_SIZE];

	(void)state;
	memset(text + 8, 'h', ORIGIN_HOST_MAX);
	memcpy(text + 8 + ORIGIN_HOST_MAX, ":65535", 7);
	assert_int_equal(origin_parse(text, out, NULL), 0);
	assert_string_equal(out, text);
	memcpy(text + 8 + ORIGIN_HOST_MAX, "h", 2);
	assert_int_equal(origin_parse(text, out, NULL), ERR_INVALID);
}

static void
a_source_may_have_any_first_label(void **state)
{
	char out[ORIGIN_SIZE], text[8 + 2 + ORIGIN_HOST_MAX + 8] = "https://*.";

	(void)state;
	assert_int_equal(origin_parse_source("https://*.Example.com", out, NULL), 0);
	assert_string_equal(out, "https://*.example.com");
	assert_int_equal(origin_parse_source("http://*.example.com:8080", out, NULL), 0);
	assert_string_equal(out, "http://*.example.com:8080");
	assert_int_equal(origin_parse_source("https://panel.example.com:443", out, NULL), 0);
	assert_string_equal(out, "https://panel.example.com");
	memset(text + 10, 'h', ORIGIN_HOST_MAX);
	memcpy(text + 10 + ORIGIN_HOST_MAX, ":65535", 7);
	assert_int_equal(origin_parse_source(text, out, NULL), 0);
	assert_string_equal(out, text);
}

static void
no_source_can_break_out_of_a_policy(void **state)
{
	static const char *const sources[] = {"*", "'self'", "'none'", "https:", "https://*",
		"https://*.", "https://*.*.example", "https://a.*.example", "https://**.example",
		"https://*example.com", "https://[::1]", "https://*.[::1]", "https://a;script-src *",
		"https://a.example, https://b.example", "https://a.example https://b.example",
		"https://a.example\r\nX: y", "https://a.example/*", "https://a.example:*", "*.example.com",
		"data:", "https://a.example'"};
	char out[ORIGIN_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(sources); i++)
		if (origin_parse_source(sources[i], out, NULL) == 0)
			fail_msg("\"%s\" was taken as %s", sources[i], out);
}

static void
a_page_s_origin_is_made_of_its_host(void **state)
{
	static const char *const none[] = {"", ":22000", "a b", "a/b", "user@a", "*", "*.example",
		"a;b", "a:0", "a:", "[::1", "a,b", "\xc3\xbc"};
	char out[ORIGIN_SIZE];

	(void)state;
	assert_true(origin_of_host(false, "Console.Example:22000", out));
	assert_string_equal(out, "http://console.example:22000");
	assert_true(origin_of_host(true, "console.example:443", out));
	assert_string_equal(out, "https://console.example");
	assert_true(origin_of_host(true, "[2001:db8::1]:22000", out));
	assert_string_equal(out, "https://[2001:db8::1]:22000");
	for (size_t i = 0; i < COUNT(none); i++)
		if (origin_of_host(true, none[i], out))
			fail_msg("\"%s\" was taken as %s", none[i], out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_has_one_form),
		cmocka_unit_test(what_is_no_origin_is_refused_and_told_why),
		cmocka_unit_test(the_longest_host_fits_and_a_longer_one_is_none),
		cmocka_unit_test(a_source_may_have_any_first_label),
		cmocka_unit_test(no_source_can_break_out_of_a_policy),
		cmocka_unit_test(a_page_s_origin_is_made_of_its_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
