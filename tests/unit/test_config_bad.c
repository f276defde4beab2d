/* SPDX-License-Identifier: MIT */
/* A configuration that is wrong: refused by key, with what was found and what is allowed, and no secret. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "router/config.h"
#include "tests/unit/config_scene.h"

/* Refused, in one line that has these words and not the secret. */
static void
refused(const char *members, const char *key, const char *word, const char *other)
{
	struct config c = {0};
	char start[64];

	if (read_port(members, 0, &c) != ERR_INVALID)
		fail_msg("taken: %s", members);
	snprintf(start, sizeof(start), "%s: ", key);
	if (strstr(err.text, start) == NULL || strstr(err.text, word) == NULL ||
		(other != NULL && strstr(err.text, other) == NULL))
		fail_msg("%s: \"%s\" lacks \"%s\", \"%s\" or \"%s\"", members, err.text, start, word,
			other != NULL ? other : "");
	assert_null(strstr(err.text, SECRET));
	assert_null(strchr(err.text, '\n'));
	assert_null(c.public_ip);
}

/* members, key, what was found, what is allowed */
static const struct {
	const char *members, *key, *found, *allowed;
} bad[] = {
	/* authorization */
	{IP "," PAGE, "authorization", "missing", NULL},
	{IP "," PAGE ",\"authorization\":\"\"", "authorization", "0", "1..512"},
	{BASE ",\"authorization_file\":\"secret\"", "authorization", "authorization_file", NULL},
	{IP "," PAGE ",\"authorization_file\":\"nowhere\"", "authorization_file", "No such file", NULL},
	{IP "," PAGE ",\"authorization_file\":\"page\"", "authorization_file", "Is a directory", NULL},
	{IP "," PAGE ",\"authorization\":\" " SECRET "\"", "authorization", "blank", NULL},
	{IP "," PAGE ",\"authorization\":\"" SECRET " \"", "authorization", "blank", NULL},
	{IP "," PAGE ",\"authorization\":\"" SECRET "\\n\"", "authorization", "character", NULL},
	{IP "," PAGE ",\"authorization\":[\"" SECRET "\"]", "authorization", "text", NULL},
	/* public_ip */
	{AUTH "," PAGE, "public_ip", "missing", NULL},
	{AUTH "," PAGE ",\"public_ip\":\"\"", "public_ip", "empty", NULL},
	{AUTH "," PAGE ",\"public_ip\":\"http://x.example\"", "public_ip", "http://x", "URL"},
	{AUTH "," PAGE ",\"public_ip\":\"x.example/gate\"", "public_ip", "x.example/gate", "URL"},
	{AUTH "," PAGE ",\"public_ip\":\"x.example:9999\"", "public_ip", "x.example:9999", NULL},
	{AUTH "," PAGE ",\"public_ip\":\"[2001:db8::1\"", "public_ip", "[2001:db8::1", "bracket"},
	{AUTH "," PAGE ",\"public_ip\":\"two words\"", "public_ip", "two words", NULL},
	{AUTH "," PAGE ",\"public_host\":\"a b\"", "public_ip", "a b", NULL},
	/* addresses */
	{BASE ",\"router_ip\":\"localhost\"", "router_ip", "localhost", "IPv4 or IPv6"},
	{BASE ",\"router_ip\":\"\"", "router_ip", "\"\"", "IPv4 or IPv6"},
	{BASE ",\"session_ip\":\"[::]\"", "session_ip", "[::]", "IPv4 or IPv6"},
	{BASE ",\"session_ip\":\"1.2.3\"", "session_ip", "1.2.3", "IPv4 or IPv6"},
	/* public_url */
	{BASE ",\"public_url\":\"\"", "public_url", "\"\"", "http"},
	{BASE ",\"public_url\":\"console.example\"", "public_url", "console.example", "http"},
	{BASE ",\"public_url\":\"ftp://x\"", "public_url", "ftp://x", "http"},
	{BASE ",\"public_url\":\"https://\"", "public_url", "https://", "host"},
	{BASE ",\"public_url\":\"https:///gate\"", "public_url", "https:///gate", "host"},
	{BASE ",\"public_url\":\"https://u@x\"", "public_url", "https://u@x", "user"},
	{BASE ",\"public_url\":\"https://x:0\"", "public_url", "https://x:0", "port"},
	{BASE ",\"public_url\":\"https://x/?a\"", "public_url", "https://x/?a", "query"},
	{BASE ",\"public_url\":\"https://x/#a\"", "public_url", "https://x/#a", "#"},
	{BASE ",\"public_url\":\"https://x/ y\"", "public_url", "https://x/ y", "character"},
	{BASE ",\"public_url\":\"https://2001:db8::1/\"", "public_url", "2001:db8::1", NULL},
	/* numbers; their limits have a test of their own */
	{BASE ",\"router_port\":\"9999\"", "router_port", "text", "1..65535"},
	{BASE ",\"token_ttl\":1.5", "token_ttl", "fraction", "1..2592000"},
	{BASE ",\"token_ttl\":9223372036854775807", "token_ttl", "9223372036854775807", "1..2592000"},
	/* words */
	{BASE ",\"proxmox_tls\":\"first\"", "proxmox_tls", "first", "auto, verify, pin or insecure"},
	{BASE ",\"proxmox_tls\":\"VERIFY\"", "proxmox_tls", "VERIFY", "auto, verify, pin or insecure"},
	{BASE ",\"link_mode\":\"ask\"", "link_mode", "ask", "direct or confirm"},
	{BASE ",\"bind_client\":\"port\"", "bind_client", "port", "none or address"},
	{BASE ",\"session_public_scheme\":\"wss\"", "session_public_scheme", "wss", "http or https"},
	{BASE ",\"session_public_scheme\":\"\"", "session_public_scheme", "\"\"", "http or https"},
	/* lists */
	{BASE ",\"trusted_proxies\":\"10.0.0.0/8\"", "trusted_proxies", "list", "text"},
	{BASE ",\"trusted_proxies\":[10]", "trusted_proxies", "texts", "number"},
	{BASE ",\"trusted_proxies\":[\"\"]", "trusted_proxies", "empty", NULL},
	{BASE ",\"trusted_proxies\":[\"::1\",\"10.0.0.1/8\"]", "trusted_proxies", "10.0.0.1/8", "bits"},
	{BASE ",\"allowed_hosts\":[\"10.0.0.1/8\"]", "allowed_hosts", "10.0.0.1/8", "bits"},
	{BASE ",\"allowed_hosts\":[\"a.example\",\"b.example:0\"]", "allowed_hosts", "b.example:0",
		"port"},
	{BASE ",\"allowed_hosts\":[\"*\"]", "allowed_hosts", "*", "letters"},
	{BASE ",\"trusted_proxies\":[\"proxy\"]", "trusted_proxies", "proxy", "network"},
	{BASE ",\"allowed_origins\":[\"panel.example\"]", "allowed_origins", "panel.example", "http"},
	{BASE ",\"allowed_origins\":[\"https://a/\"]", "allowed_origins", "https://a/", "behind"},
	{BASE ",\"allowed_origins\":[\"https://*.a\"]", "allowed_origins", "https://*.a", "host"},
	{BASE ",\"allowed_origins\":[\"null\"]", "allowed_origins", "null", "http"},
	{BASE ",\"frame_ancestors\":[\"'self'\"]", "frame_ancestors", "'self'", "http"},
	{BASE ",\"frame_ancestors\":[\"https://a; x\"]", "frame_ancestors", "https://a; x", "host"},
	{BASE ",\"frame_ancestors\":[\"https://[::1]\"]", "frame_ancestors", "[::1]", "IPv6"},
	{BASE ",\"proxmox_fingerprints\":[]", "proxmox_fingerprints", "object", "array"},
	{BASE ",\"proxmox_fingerprints\":{\"pve1\":\"AA:BB\"}", "proxmox_fingerprints", "pve1 AA:BB",
		"SHA-256"},
	{BASE ",\"proxmox_fingerprints\":{\"https://pve1:1\":\"AA:BB\"}", "proxmox_fingerprints",
		"https://pve1:1", "URL"},
	{BASE ",\"proxmox_fingerprints\":{\"pve1:0\":\"AA:BB\"}", "proxmox_fingerprints", "pve1:0",
		"port"},
	{BASE ",\"proxmox_fingerprints\":{\"pve1:8006\":7}", "proxmox_fingerprints", "texts", "number"},
	{BASE ",\"proxmox_fingerprints\":{\"pve1:8006\":[[]]}", "proxmox_fingerprints", "texts",
		"array"},
	{BASE ",\"logging_level\":\"warn\"", "logging_level", "warn", "debug, info or error"},
	{BASE ",\"logging_enabled\":\"yes\"", "logging_enabled", "text", "true or false"},
	{BASE ",\"logging_enabled\":1", "logging_enabled", "number", "true or false"},
	/* paths */
	{BASE ",\"log_file\":\"\"", "log_file", "empty", NULL},
	{BASE ",\"proxmox_ca_file\":\"\"", "proxmox_ca_file", "empty", NULL},
	{AUTH "," IP ",\"novnc_path\":\"nowhere\"", "novnc_path", "nowhere", "vnc.html"},
	/* what has to do with each other */
	{BASE ",\"session_port_min\":23000", "session_port_min", "23000", "22999"},
	{BASE ",\"router_port\":22000", "router_port", "22000", "22999"},
	{BASE ",\"router_port\":22999", "router_port", "22999", "22000"},
	{BASE ",\"tls_cert_file\":\"a\"", "tls_cert_file", "tls_key_file", NULL},
	{BASE ",\"tls_key_file\":\"a\"", "tls_key_file", "tls_cert_file", NULL},
	{BASE ",\"public_host\":\"192.0.2.1\"", "public_host", "public_ip", NULL},
	/* keys */
	{BASE ",\"log_fil\":\"stderr\"", "\"log_fil\"", "unknown", NULL},
	{BASE ",\"Authorization\":\"x\"", "\"Authorization\"", "unknown", NULL},
	{BASE ",\"\":1", "\"\"", "unknown", NULL},
};

static void
a_bad_one_is_refused_with_key_finding_and_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(bad[i].members, bad[i].key, bad[i].found, bad[i].allowed);
}

/* The other keys that let this one reach its limits. */
static const char *
room_for(const char *key)
{
	if (strcmp(key, "session_port_min") == 0)
		return ",\"router_port\":1,\"session_port_max\":65535";
	if (strcmp(key, "session_port_max") == 0)
		return ",\"router_port\":1,\"session_port_min\":1024";
	return "";
}

static void
every_number_has_its_limits(void **state)
{
	size_t n;
	const struct config_option *o = config_options(&n);
	char members[TEXT_SIZE], word[32], limits[32];

	(void)state;
	for (; n > 0; n--, o++) {
		int tries[] = {o->min, o->max, o->min - 1, o->max + 1};

		if (o->type != CONFIG_NUMBER)
			continue;
		snprintf(limits, sizeof(limits), "%d..%d", o->min, o->max);
		for (size_t i = 0; i < COUNT(tries); i++) {
			snprintf(
				members, sizeof(members), BASE "%s,\"%s\":%d", room_for(o->key), o->key, tries[i]);
			snprintf(word, sizeof(word), "%d", tries[i]);
			if (i < 2) {
				struct config c = good(members);

				assert_int_equal(*(const int *)((const char *)&c + o->offset), tries[i]);
				config_done(&c);
			} else {
				refused(members, o->key, word, limits);
			}
		}
	}
}

static bool
fits(const struct config_option *o, const char *json)
{
	if (o->type == CONFIG_NUMBER)
		return strcmp(json, "4096") == 0;
	if (o->type == CONFIG_FLAG)
		return strcmp(json, "true") == 0;
	if (o->type == CONFIG_PINS)
		return strcmp(json, "{}") == 0;
	/* Texts of lists have tests of their own. */
	return json[0] == '[' && (o->type == CONFIG_HOSTS || o->type == CONFIG_NETWORKS ||
								 o->type == CONFIG_ORIGINS || o->type == CONFIG_SOURCES);
}

static void
every_option_refuses_values_of_another_type(void **state)
{
	static const char *const values[] = {"null", "true", "4096", "0.5", "[]", "{}", "[\"x\"]"};
	size_t n;
	const struct config_option *o = config_options(&n);
	char members[TEXT_SIZE];

	(void)state;
	for (; n > 0; n--, o++) {
		bool auth = strcmp(o->key, "authorization") == 0, ip = strcmp(o->key, "public_ip") == 0,
			 page = strcmp(o->key, "novnc_path") == 0;

		for (size_t i = 0; i < COUNT(values); i++) {
			snprintf(members, sizeof(members), "%s%s%s\"%s\":%s", auth ? "" : AUTH ",",
				ip ? "" : IP ",", page ? "" : PAGE ",", o->key, values[i]);
			if (!fits(o, values[i]))
				refused(members, o->key, "must be", NULL);
		}
	}
}

static void
a_key_that_is_there_twice_is_refused_by_name(void **state)
{
	size_t n;
	const struct config_option *o = config_options(&n);
	char members[TEXT_SIZE], quoted[64];
	struct config c = {0};

	(void)state;
	for (; n > 0; n--, o++) {
		snprintf(members, sizeof(members), "\"%s\":\"" SECRET "\",\n\"%s\":\"" SECRET "\"", o->key,
			o->key);
		snprintf(quoted, sizeof(quoted), "\"%s\"", o->key);
		assert_int_equal(read_port(members, 0, &c), ERR_INVALID);
		assert_non_null(strstr(err.text, quoted));
		assert_non_null(strstr(err.text, "line 2"));
		assert_null(strstr(err.text, SECRET));
	}
}

/* text, a word of the message */
static const struct {
	const char *text, *word;
} broken[] = {
	{"", "line 1"},
	{"\n\n{" AUTH, "line 3"},
	{"{\n" AUTH "\n" IP "}", "line 3"},
	{"{" AUTH "," IP ",}", "line 1"},
	{"{" AUTH "}}", "line 1"},
	{"{" AUTH "} // a comment", "line 1"},
	{"{\"authorization\":\"" SECRET, "line 1"},
	{"{\"authorization\":\"" SECRET "\n\"}", "line 1"},
	{"{\"authorization\":\"" SECRET "\\q\"}", "line 1"},
	{"{\"authorization\":\"" SECRET "\\ud800\"}", "line 1"},
	{"{\"authorization\":\"" SECRET "\\u0000\"}", "line 1"},
	{"{\"authorization\":\"" SECRET "\xff\"}", "line 1"},
	{"{\"authorization\":'" SECRET "'}", "line 1"},
	{"{\"authorization\":" SECRET "}", "line 1"},
	{"{" AUTH " " AUTH "}", "line 1"},
	{"{\"" SECRET "\" \"" SECRET "\"}", "line 1"},
	{"\"" SECRET "\"", "line 1"},
	{"[\"" SECRET "\"]", "object"},
	{"[]", "object"},
};

static void
what_is_not_json_is_told_with_its_line_but_never_quoted(void **state)
{
	struct config c = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		const char *text = broken[i].text;

		err = (struct err){.code = 0};
		if (config_parse(text, strlen(text), dir.path, 0, &c, &err) != ERR_INVALID)
			fail_msg("taken: %s", text);
		if (strstr(err.text, broken[i].word) == NULL || strstr(err.text, "hunter2") != NULL)
			fail_msg("%s: %s", text, err.text);
		assert_null(strchr(err.text, '\n'));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_one_is_refused_with_key_finding_and_rule),
		cmocka_unit_test(every_number_has_its_limits),
		cmocka_unit_test(every_option_refuses_values_of_another_type),
		cmocka_unit_test(a_key_that_is_there_twice_is_refused_by_name),
		cmocka_unit_test(what_is_not_json_is_told_with_its_line_but_never_quoted),
	};

	return cmocka_run_group_tests(tests, config_scene_make, config_scene_remove);
}
