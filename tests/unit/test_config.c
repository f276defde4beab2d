/* SPDX-License-Identifier: MIT */
/* What config.json may say, and what it means. */
#include "tests/unit/torture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/abandon.h"
#include "router/config.h"
#include "tests/unit/config_scene.h"

static const struct config_option *
option(const char *key)
{
	size_t n;
	const struct config_option *o = config_options(&n);

	for (; n > 0; n--, o++) {
		if (strcmp(o->key, key) == 0)
			return o;
	}
	fail_msg("no option %s", key);
	return NULL;
}

/* What an option is, as text; "" cannot be confused with "none". */
static void
assert_shows(const struct config *c, const char *key, const char *expected)
{
	struct buf out = {0};

	assert_int_equal(config_show(c, option(key), &out), 0);
	if (strcmp(buf_text(&out), expected) != 0)
		fail_msg("%s: is %s, should be %s", key, buf_text(&out), expected);
	buf_done(&out);
}

/* ---- what is right ---- */

static void
what_is_absent_has_its_default(void **state)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{"router_ip", "0.0.0.0"},
		{"router_port", "9999"},
		{"session_ip", "0.0.0.0"},
		{"session_port_min", "22000"},
		{"session_port_max", "22999"},
		{"tls_cert_file", "none"},
		{"tls_key_file", "none"},
		{"proxmox_tls", "auto"},
		{"proxmox_fingerprints", "none"},
		{"allowed_hosts", "none"},
		{"session_public_scheme", "none"},
		{"link_mode", "direct"},
		{"bind_client", "none"},
		{"trusted_proxies", "none"},
		{"max_sessions", "0"},
		{"max_browsers_per_session", "8"},
		{"proxmox_ca_file", "none"},
		{"token_ttl", "300"},
		{"connect_timeout", "300"},
		{"reconnect_timeout", "3600"},
		{"max_duration", "0"},
		{"open_timeout", "45"},
		{"max_pending_tokens", "10000"},
		{"logging_enabled", "true"},
		{"logging_level", "info"},
		{"log_file", "stderr"},
	};
	struct config c = good(BASE);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_shows(&c, rows[i].key, rows[i].value);
	config_done(&c);
}

static void
what_is_given_is_taken(void **state)
{
	struct config c = good(
		BASE ",\"router_ip\":\"::\",\"router_port\":443,\"session_ip\":\"127.0.0.1\""
			 ",\"session_port_min\":30000,\"session_port_max\":30000,\"proxmox_tls\":\"insecure\""
			 ",\"token_ttl\":60,\"connect_timeout\":61,\"reconnect_timeout\":62,\"max_duration\":63"
			 ",\"open_timeout\":64,\"max_pending_tokens\":65,\"logging_enabled\":false"
			 ",\"logging_level\":\"debug\",\"log_file\":\"stdout\"");
	struct tunables t;

	(void)state;
	assert_string_equal(secret_peek(&c.authorization), SECRET);
	assert_string_equal(c.router_ip, "::");
	assert_string_equal(c.session_ip, "127.0.0.1");
	assert_int_equal(c.router_port, 443);
	assert_int_equal(c.session_port_min, 30000);
	assert_int_equal(c.session_port_max, 30000);
	assert_int_equal(c.proxmox_tls, PVE_TLS_INSECURE);
	assert_int_equal(c.logging_level, LEVEL_DEBUG);
	assert_false(c.logging_enabled);
	assert_string_equal(c.log_file, "stdout");
	config_tunables(&c, NULL, NULL, &t);
	assert_int_equal(t.token_ttl_s, 60);
	assert_int_equal(t.connect_timeout_s, 61);
	assert_int_equal(t.reconnect_timeout_s, 62);
	assert_int_equal(t.max_duration_s, 63);
	assert_int_equal(t.open_timeout_s, 64);
	assert_int_equal(t.max_pending_tokens, 65);
	config_done(&c);
}

static void
what_says_who_may_use_it_is_taken(void **state)
{
	struct config c = good(
		BASE ",\"trusted_proxies\":[\"10.0.0.0/8\"],\"allowed_origins\":[\"https://panel.example\"]"
			 ",\"frame_ancestors\":[\"https://*.example\",\"https://panel.example\"]"
			 ",\"allow_missing_origin\":false,\"limit_loopback\":true,\"bind_client\":\"address\""
			 ",\"hsts_max_age\":60,\"guess_limit\":61,\"guess_penalty\":62");
	const struct access_rules *rules;
	struct access *access = NULL;
	struct ip proxy;

	(void)state;
	assert_int_equal(config_access(&c, &access, &err), 0);
	rules = access_rules(access);
	assert_false(rules->allow_missing_origin);
	assert_true(rules->limit_loopback);
	assert_true(rules->bind_client);
	assert_int_equal(rules->hsts_max_age_s, 60);
	assert_int_equal(rules->guess_limit, 61);
	assert_int_equal(rules->guess_penalty_s, 62);
	assert_true(ip_parse("10.1.2.3", &proxy) && access_trusts(access, &proxy));
	assert_true(access_origin_ok(access, "https://panel.example", "http://console.example"));
	assert_string_equal(access_frame_ancestors(access), "https://*.example https://panel.example");
	access_unref(access);
	config_done(&c);
}

static void
public_host_is_another_name_of_public_ip(void **state)
{
	struct config c = good(AUTH "," PAGE ",\"public_host\":\"Console.Example\"");

	(void)state;
	assert_string_equal(c.public_ip, "console.example");
	config_done(&c);
}

static void
both_bases(const char *members, const char *session, const char *link)
{
	struct config c = good(members);
	struct buf out = {0};

	assert_int_equal(config_session_base(&c, &out), 0);
	assert_string_equal(buf_text(&out), session);
	buf_done(&out);
	assert_int_equal(config_link_base(&c, &c, &out), 0);
	assert_string_equal(buf_text(&out), link);
	buf_done(&out);
	config_done(&c);
}

static void
an_ipv6_address_is_bracketed_in_urls_only(void **state)
{
	struct config c = good(AUTH "," PAGE ",\"public_ip\":\"[2001:DB8::1]\"");

	(void)state;
	assert_string_equal(c.public_ip, "2001:db8::1");
	config_done(&c);
	both_bases(AUTH "," PAGE ",\"public_ip\":\"2001:db8::1\"", "http://[2001:db8::1]",
		"http://[2001:db8::1]:9999");
}

static void
links_begin_with_public_url_or_what_is_known(void **state)
{
	(void)state;
	both_bases(BASE, "http://192.0.2.1", "http://192.0.2.1:9999");
	both_bases(BASE ",\"tls_cert_file\":\"a\",\"tls_key_file\":\"b\"", "https://192.0.2.1",
		"https://192.0.2.1:9999");
	both_bases(BASE ",\"public_url\":\"https://console.example/gate///\"", "http://192.0.2.1",
		"https://console.example/gate");
	both_bases(BASE ",\"public_url\":\"HTTP://[2001:db8::2]:80\"", "http://192.0.2.1",
		"HTTP://[2001:db8::2]:80");
}

static void
tls_files_make_it_https(void **state)
{
	struct config c = good(BASE ",\"tls_cert_file\":\"a\",\"tls_key_file\":\"b\"");

	(void)state;
	assert_string_equal(config_scheme(&c), "https");
	config_done(&c);
	c = good(BASE);
	assert_string_equal(config_scheme(&c), "http");
	config_done(&c);
}

static void
relative_paths_begin_in_the_folder_of_the_file(void **state)
{
	struct config c = good(BASE ",\"tls_cert_file\":\"tls/a.pem\",\"tls_key_file\":\"/etc/b.pem\""
								",\"proxmox_ca_file\":\"../ca.pem\",\"log_file\":\"log/x.log\"");
	char path[TEMP_PATH_SIZE];

	(void)state;
	assert_string_equal(c.tls_cert_file, temp_path(&dir, "tls/a.pem", path));
	assert_string_equal(c.tls_key_file, "/etc/b.pem");
	assert_string_equal(c.proxmox_ca_file, temp_path(&dir, "../ca.pem", path));
	assert_string_equal(c.log_file, temp_path(&dir, "log/x.log", path));
	assert_string_equal(c.novnc_path, temp_path(&dir, "page", path));
	config_done(&c);
}

static void
the_port_of_the_command_line_wins_and_is_checked_too(void **state)
{
	struct config c = {0};

	(void)state;
	assert_int_equal(read_port(BASE ",\"router_port\":22500", 8080, &c), 0);
	assert_int_equal(c.router_port, 8080);
	config_done(&c);
	assert_int_equal(read_port(BASE, 22500, &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "router_port: "));
	assert_non_null(strstr(err.text, "22500"));
}

static void
characters_are_counted_not_bytes(void **state)
{
	char members[TEXT_SIZE];
	char secret[2 * 512 + 3] = "";
	struct config c = {0};

	(void)state;
	for (size_t i = 0; i < 512; i++)
		memcpy(secret + 2 * i, "\xc3\xa9", 3);
	snprintf(members, sizeof(members), "\"authorization\":\"%s\"," IP "," PAGE, secret);
	c = good(members);
	assert_int_equal(c.authorization.len, 1024);
	config_done(&c);
	snprintf(members, sizeof(members), "\"authorization\":\"%sx\"," IP "," PAGE, secret);
	assert_int_equal(read_port(members, 0, &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "authorization: "));
	assert_non_null(strstr(err.text, "513"));
	assert_non_null(strstr(err.text, "1..512"));
}

/* ---- what SIGHUP can't change ---- */

/* members now, members then, keys that need a restart */
static const struct {
	const char *now, *then, *keys;
} changes[] = {
	{BASE, BASE, ""},
	{BASE, IP "," PAGE ",\"authorization\":\"another\"", ""},
	{BASE, BASE ",\"public_url\":\"http://x\",\"proxmox_tls\":\"insecure\"", ""},
	{BASE, BASE ",\"proxmox_ca_file\":\"x\",\"logging_level\":\"error\"", ""},
	{BASE, BASE ",\"token_ttl\":1,\"connect_timeout\":1,\"reconnect_timeout\":1", ""},
	{BASE, BASE ",\"max_duration\":1,\"open_timeout\":5,\"max_pending_tokens\":1", ""},
	{BASE, AUTH "," PAGE ",\"public_ip\":\"x\"", "public_ip"},
	{BASE, BASE ",\"router_port\":1,\"log_file\":\"x\"", "router_port, log_file"},
	{BASE ",\"router_ip\":\"::\"", BASE, "router_ip"},
	{BASE, BASE ",\"session_ip\":\"::\",\"session_port_min\":22001,\"session_port_max\":22002",
		"session_ip, session_port_min, session_port_max"},
	{BASE ",\"tls_cert_file\":\"a\",\"tls_key_file\":\"b\"", BASE, ""},
	{BASE, BASE ",\"trusted_proxies\":[\"::1\"],\"link_mode\":\"confirm\"", ""},
	{BASE, BASE ",\"session_public_scheme\":\"https\"", "session_public_scheme"},
	{BASE, BASE ",\"logging_enabled\":false", "logging_enabled"},
};

static void
what_a_reload_cannot_change_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct config now = good(changes[i].now), then = good(changes[i].then);
		struct buf out = {0};

		assert_int_equal(config_restart_needed(&now, &then, &out), 0);
		assert_string_equal(buf_text(&out), changes[i].keys);
		buf_done(&out);
		config_done(&then);
		config_done(&now);
	}
}

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "F123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"

static void
lists_are_kept_in_their_order(void **state)
{
	struct config c = good(BASE ",\"trusted_proxies\":[\"::1\",\"10.0.0.0/8\"],"
								"\"proxmox_fingerprints\":{\"pve1\":[\"" A "\",\"" B "\"]}");

	(void)state;
	assert_shows(&c, "trusted_proxies", "::1, 10.0.0.0/8");
	assert_shows(&c, "proxmox_fingerprints", "pve1 " A ", pve1 " B);
	assert_int_equal(c.proxmox_fingerprints.count, 2);
	config_done(&c);
}

/* ---- secrets and memory ---- */

static void
the_secret_is_never_shown_and_wiped_in_the_end(void **state)
{
	struct config c = good(BASE);

	(void)state;
	assert_shows(&c, "authorization", "(set, 15 characters)");
	torture_look_for(SECRET);
	config_done(&c);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
reading_leaves_no_copy_of_the_secret_behind(void **state)
{
	struct config c;

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for(SECRET);
	c = good(BASE);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
	config_done(&c);
}

static void
play_all(void *arg)
{
	struct config c = {0};
	int r;

	(void)arg;
	r = read_port(BASE ",\"public_url\":\"http://x/\",\"log_file\":\"x\"", 0, &c);
	assert_true(r == 0 || torture_struck());
	assert_true(r == 0 || r == err.code);
	if (r == 0)
		config_done(&c);
	r = read_port(BASE ",\"logging_level\":\"loud\"", 0, &c);
	assert_true(r == ERR_INVALID || torture_struck());
}

static void
without_memory_it_fails_and_leaks_nothing(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play_all, NULL) > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_absent_has_its_default),
		cmocka_unit_test(what_is_given_is_taken),
		cmocka_unit_test(what_says_who_may_use_it_is_taken),
		cmocka_unit_test(public_host_is_another_name_of_public_ip),
		cmocka_unit_test(an_ipv6_address_is_bracketed_in_urls_only),
		cmocka_unit_test(links_begin_with_public_url_or_what_is_known),
		cmocka_unit_test(tls_files_make_it_https),
		cmocka_unit_test(relative_paths_begin_in_the_folder_of_the_file),
		cmocka_unit_test(the_port_of_the_command_line_wins_and_is_checked_too),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(what_a_reload_cannot_change_is_named),
		cmocka_unit_test(lists_are_kept_in_their_order),
		cmocka_unit_test(the_secret_is_never_shown_and_wiped_in_the_end),
		cmocka_unit_test(reading_leaves_no_copy_of_the_secret_behind),
		cmocka_unit_test(without_memory_it_fails_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, config_scene_make, config_scene_remove);
}
