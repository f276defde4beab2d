/* SPDX-License-Identifier: MIT */
/* From where the gateway may be used. */
#include "session/access.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/access_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char one[] = "10.0.0.0/8", two[] = "2001:db8::/32", three[] = "192.0.2.1";
static char panel[] = "https://Panel.Example:443", other[] = "http://[2001:DB8::1]:8080";
static char star[] = "https://*.example.com", nonsense[] = "nonsense";

static char *proxies[] = {one, two, three}, *origins[] = {panel, other},
			*ancestors[] = {panel, star};
static char *nonsenses[] = {nonsense};

static struct access_config
config_for_test(void)
{
	return (struct access_config){
		.trusted_proxies = {proxies, COUNT(proxies)},
		.allowed_origins = {origins, COUNT(origins)},
		.frame_ancestors = {ancestors, COUNT(ancestors)},
		.rules = {.allow_missing_origin = true, .hsts_max_age_s = 7},
	};
}

static struct access *
made(const struct access_config *config)
{
	struct access *a = NULL;
	struct err err = {0};

	if (access_new(config, &a, &err) < 0)
		fail_msg("%s", err.text);
	return a;
}

static void
our_proxies_are_trusted_and_nobody_else(void **state)
{
	static const char *const ours[] = {"10.0.0.1", "10.255.255.255", "::ffff:10.1.2.3",
		"2001:db8::1", "2001:db8:ffff::", "192.0.2.1"};
	static const char *const not_ours[] = {"11.0.0.0", "9.255.255.255", "192.0.2.2", "127.0.0.1",
		"::1", "2001:db9::", "::10.0.0.1", "::"};
	const struct access_config config = config_for_test();
	struct access *a = made(&config);
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(ours); i++) {
		ip = ip_for_test(ours[i]);
		assert_true(access_trusts(a, &ip));
	}
	for (size_t i = 0; i < COUNT(not_ours); i++) {
		ip = ip_for_test(not_ours[i]);
		assert_false(access_trusts(a, &ip));
	}
	access_unref(a);
	a = access_for_test(NULL, NULL, NULL);
	ip = ip_for_test("10.0.0.1");
	assert_false(access_trusts(a, &ip));
	access_unref(a);
}

static void
loopback_has_no_limits_before_proxies_are_known(void **state)
{
	struct access *plain = access_for_test(NULL, NULL, NULL);
	struct access *behind = access_for_test("10.0.0.1", NULL, NULL);
	struct access_config config = {.rules = {.limit_loopback = true}};
	struct access *strict = made(&config);
	static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
	struct ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(loopback); i++) {
		ip = ip_for_test(loopback[i]);
		assert_false(access_limits(plain, &ip));
		assert_true(access_limits(behind, &ip));
		assert_true(access_limits(strict, &ip));
	}
	ip = ip_for_test("198.51.100.7");
	assert_true(access_limits(plain, &ip));
	access_unref(plain);
	access_unref(behind);
	access_unref(strict);
}

static void
an_origin_is_the_page_s_own_or_an_allowed_one(void **state)
{
	static const struct {
		const char *origin, *own;
		bool ok;
	} rows[] = {
		{"https://console.example:22000", "https://console.example:22000", true},
		{"https://panel.example", "https://console.example:22000", true},
		{"https://panel.example:443", "https://console.example:22000", true},
		{"http://[2001:db8:0::1]:8080", "https://console.example:22000", true},
		{"http://panel.example", "https://console.example:22000", false},
		{"https://panel.example:8443", "https://console.example:22000", false},
		{"https://panel.example.evil.example", "https://console.example:22000", false},
		{"https://evil-panel.example", "https://console.example:22000", false},
		{"https://sub.panel.example", "https://console.example:22000", false},
		{"null", "https://console.example:22000", false},
		{"", "https://console.example:22000", false},
		{"", "", false},
		{"null", "null", false},
		{"https://console.example:22000", "", false},
	};
	const struct access_config config = config_for_test();
	struct access *a = made(&config);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (access_origin_ok(a, rows[i].origin, rows[i].own) != rows[i].ok)
			fail_msg("origin \"%s\" at \"%s\"", rows[i].origin, rows[i].own);
	access_unref(a);
}

static void
a_missing_origin_is_what_the_configuration_says(void **state)
{
	struct access_config config = config_for_test();
	struct access *a = made(&config);

	(void)state;
	assert_true(access_origin_ok(a, NULL, "https://console.example"));
	assert_true(access_origin_ok(a, NULL, ""));
	access_unref(a);
	config.rules.allow_missing_origin = false;
	a = made(&config);
	assert_false(access_origin_ok(a, NULL, "https://console.example"));
	assert_true(access_origin_ok(a, "https://console.example", "https://console.example"));
	access_unref(a);
}

static void
ancestors_are_any_or_the_listed_ones(void **state)
{
	const struct access_config config = config_for_test();
	struct access *a = made(&config);

	(void)state;
	assert_string_equal(access_frame_ancestors(a), "https://panel.example https://*.example.com");
	access_unref(a);
	a = access_for_test(NULL, NULL, NULL);
	assert_string_equal(access_frame_ancestors(a), "*");
	access_unref(a);
}

static void
the_rules_are_kept(void **state)
{
	const struct access_config config = config_for_test();
	struct access *a = made(&config);

	(void)state;
	assert_int_equal(access_rules(a)->hsts_max_age_s, 7);
	assert_true(access_rules(a)->allow_missing_origin);
	assert_false(access_rules(a)->bind_client);
	access_unref(a);
}

static void
a_bad_text_is_refused_with_its_option(void **state)
{
	struct access_config config;
	struct access *a = NULL;
	struct err err;

	(void)state;
	config = (struct access_config){.trusted_proxies = {nonsenses, 1}};
	assert_int_equal(access_new(&config, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "trusted_proxies: "));
	config = (struct access_config){.allowed_origins = {nonsenses, 1}};
	assert_int_equal(access_new(&config, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "allowed_origins: "));
	config = (struct access_config){.frame_ancestors = {nonsenses, 1}};
	assert_int_equal(access_new(&config, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "frame_ancestors: "));
	assert_null(a);
}

static void
more_ancestors_than_a_head_has_room_for_are_refused(void **state)
{
	char label[256] = "https://";
	char *texts[9];
	struct access_config config = {.frame_ancestors = {texts, COUNT(texts)}};
	struct access *a = NULL;
	struct err err;

	(void)state;
	memset(label + 8, 'a', 240);
	label[248] = '\0';
	for (size_t i = 0; i < COUNT(texts); i++)
		texts[i] = label;
	assert_int_equal(access_new(&config, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "frame_ancestors: "));
	config.frame_ancestors.count = 8;
	a = made(&config);
	assert_true(strlen(access_frame_ancestors(a)) <= ACCESS_ANCESTORS_MAX);
	access_unref(a);
}

static void
references_keep_it(void **state)
{
	struct access *a = access_for_test(NULL, NULL, NULL);

	(void)state;
	assert_ptr_equal(access_ref(a), a);
	access_unref(a);
	assert_string_equal(access_frame_ancestors(a), "*");
	access_unref(a);
	assert_null(access_ref(NULL));
	access_unref(NULL);
}

static void
make(void *arg)
{
	const struct access_config config = config_for_test();
	struct access *a = NULL;
	int r = access_new(&config, &a, NULL);

	(void)arg;
	assert_int_equal(r, torture_struck() ? ERR_MEMORY : 0);
	access_unref(a);
}

static void
without_memory_there_is_none(void **state)
{
	(void)state;
	assert_true(torture(make, NULL) >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_proxies_are_trusted_and_nobody_else),
		cmocka_unit_test(loopback_has_no_limits_before_proxies_are_known),
		cmocka_unit_test(an_origin_is_the_page_s_own_or_an_allowed_one),
		cmocka_unit_test(a_missing_origin_is_what_the_configuration_says),
		cmocka_unit_test(ancestors_are_any_or_the_listed_ones),
		cmocka_unit_test(the_rules_are_kept),
		cmocka_unit_test(a_bad_text_is_refused_with_its_option),
		cmocka_unit_test(more_ancestors_than_a_head_has_room_for_are_refused),
		cmocka_unit_test(references_keep_it),
		cmocka_unit_test(without_memory_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
