/* SPDX-License-Identifier: MIT */
/* What a configuration becomes for requests, and how it changes under them. */
#include "router/settings.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/request_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
the_confirming_form_leads_to_itself_and_the_sessions(void **state)
{
	static const struct {
		const char *public_ip;
		int scheme;
		const char *targets;
	} rows[] = {
		{"console.example.com", 0, "; form-action 'self' http://console.example.com:*;"},
		{"console.example.com", CONFIG_SCHEME_HTTPS,
			"; form-action 'self' https://console.example.com:*;"},
		{"192.0.2.1", 0, "; form-action 'self' http:;"},
		{"2001:db8::1", CONFIG_SCHEME_HTTPS, "; form-action 'self' https:;"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char public_ip[64];
		struct site *site;
		struct settings *settings;

		snprintf(public_ip, sizeof(public_ip), "%s", rows[i].public_ip);
		site = scene_site_of(
			NULL, (struct config){.public_ip = public_ip, .session_public_scheme = rows[i].scheme});
		settings = site_settings(site);
		assert_non_null(strstr(buf_text(&settings->policies[POLICY_CONFIRM]), rows[i].targets));
		assert_non_null(
			strstr(buf_text(&settings->policies[POLICY_NOTICE]), "; form-action 'none'"));
		assert_non_null(strstr(buf_text(&settings->policies[POLICY_BARE]), "; form-action 'none'"));
		settings_unref(settings);
		site_free(site);
	}
}

static void
frames_are_allowed_to_any_page_or_to_those_of_the_list(void **state)
{
	char *panel = (char[]){"https://panel.example.com"};
	struct site *any = scene_site(NULL, NULL),
				*one = scene_site_of(
					NULL, (struct config){.frame_ancestors = {.texts = &panel, .count = 1}});
	struct settings *loose = site_settings(any), *strict = site_settings(one);

	(void)state;
	for (int i = 0; i < POLICY_COUNT; i++) {
		assert_non_null(strstr(buf_text(&loose->policies[i]), "; frame-ancestors *;"));
		assert_non_null(
			strstr(buf_text(&strict->policies[i]), "; frame-ancestors https://panel.example.com;"));
	}
	settings_unref(loose);
	settings_unref(strict);
	site_free(any);
	site_free(one);
}

static void
a_change_leaves_those_who_hold_the_old_ones_alone(void **state)
{
	struct site *site = scene_site(NULL, NULL);
	struct settings *old = site_settings(site), *now;
	struct config running = {.public_ip = (char[]){"192.0.2.1"}, .router_port = 9999};
	struct config changed = {
		.token_ttl = 60, .link_mode = CONFIG_LINK_CONFIRM, .allow_node_shell = true};
	struct access *access = scene_access(&changed);
	struct err err;

	(void)state;
	assert_int_equal(secret_set(&changed.authorization, SECRET, strlen(SECRET)), 0);
	assert_int_equal(site_change(site, &running, &changed, access, &err), 0);
	access_unref(access);
	now = site_settings(site);
	assert_int_equal(old->token_ttl_s, 300);
	assert_false(old->confirm);
	assert_false(old->node_shells);
	assert_int_equal(now->token_ttl_s, 60);
	assert_true(now->confirm);
	assert_true(now->node_shells);
	settings_unref(now);
	settings_unref(old);
	secret_wipe(&changed.authorization);
	site_free(site);
}

static void
play(void *arg)
{
	struct config config = {.public_ip = (char[]){"192.0.2.1"}};
	struct settings *settings = NULL;
	struct err err;
	int r = settings_new(&config, &config, arg, &settings, &err);

	assert_true(r == 0 || (r == ERR_MEMORY && torture_struck()));
	assert_int_equal(settings != NULL, r == 0);
	settings_unref(settings);
}

static void
without_memory_there_are_none_and_nothing_leaks(void **state)
{
	struct config config = {0};
	struct access *access = scene_access(&config);

	(void)state;
	assert_true(torture(play, access) >= 5);
	access_unref(access);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_confirming_form_leads_to_itself_and_the_sessions),
		cmocka_unit_test(frames_are_allowed_to_any_page_or_to_those_of_the_list),
		cmocka_unit_test(a_change_leaves_those_who_hold_the_old_ones_alone),
		cmocka_unit_test(without_memory_there_are_none_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
