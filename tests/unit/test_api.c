/* SPDX-License-Identifier: MIT */
/* POST /create and GET /status, between a request that was made up and a core that does as it is told. */
#include "router/api.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/abandon.h"
#include "tests/unit/api_scene.h"

#define BODY                                                                                \
	"{\"hostname\":\"10.0.0.1\",\"node\":\"pve\",\"username\":\"u\",\"password\":\"pw-1\"," \
	"\"vmid\":101}"

/* ---- POST /create ---- */

static void
create(struct scene *s, struct site *at, const char *body)
{
	assert_int_equal(post_at(s, at, body), ROUTE_ANSWERED);
}

static void
create_answers_token_url_and_life(void **state)
{
	struct scene s;

	(void)state;
	create(&s, site, BODY);
	assert_int_equal(s.reply.status, 200);
	assert_string_equal(buf_text(&s.reply.body),
		"{\"status\":\"success\",\"token\":\"" TOKEN "\",\"url\":\"http://192.0.2.1:9999/vnc/" TOKEN
		"\",\"expires_in\":300}\n");
	assert_string_equal(fake.target.host, "10.0.0.1");
	assert_int_equal(fake.target.vmid, 101);
	assert_string_equal(fake.password, "pw-1");
	assert_null(s.request.body.data);
	scene_end(&s);
}

static void
links_begin_with_public_url(void **state)
{
	char url[] = "https://console.example/x";
	struct site *other = scene_site(NULL, url);
	struct scene s;

	(void)state;
	create(&s, other, BODY);
	scene_assert_json(&s.reply, "url", "https://console.example/x/vnc/" TOKEN);
	scene_end(&s);
	site_free(other);
}

static void
a_link_is_json_whatever_it_begins_with(void **state)
{
	static char url[] = "https://console.example.com/a\"b\\c\xc3\xa9";
	struct site *own = scene_site(NULL, url);
	struct scene s;

	(void)state;
	create(&s, own, BODY);
	scene_assert_json(&s.reply, "url", "https://console.example.com/a\"b\\c\xc3\xa9/vnc/" TOKEN);
	scene_end(&s);
	site_free(own);
}

static void
a_bad_body_is_400_with_the_field_and_no_token(void **state)
{
	struct scene s;

	(void)state;
	create(&s, site, "{\"hostname\":\"x\"}");
	assert_int_equal(s.reply.status, 400);
	scene_assert_json(&s.reply, "error", "username: is missing");
	scene_assert_json(&s.reply, "token", "");
	assert_int_equal(fake.puts, 0);
	assert_null(s.request.body.data);
	scene_end(&s);
}

static void
a_core_that_will_not_is_503_with_retry_after(void **state)
{
	static const int codes[] = {ERR_LIMIT, ERR_STOPPING, ERR_MEMORY, ERR_SYSTEM};
	struct scene s;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		fake.put_code = codes[i];
		create(&s, site, BODY);
		assert_int_equal(s.reply.status, 503);
		assert_true(s.reply.retry_after_s > 0);
		scene_assert_json(&s.reply, "status", "error");
		scene_end(&s);
	}
}

static void
a_host_that_the_core_forbids_is_400_and_named(void **state)
{
	struct scene s;

	(void)state;
	fake.put_code = ERR_FORBIDDEN;
	create(&s, site, BODY);
	assert_int_equal(s.reply.status, 400);
	scene_assert_json(&s.reply, "error", "hostname: this address is not allowed (allowed_hosts)");
	scene_assert_json(&s.reply, "token", "");
	scene_end(&s);
}

static void
play_create(void *arg)
{
	struct scene s;

	(void)arg;
	begin_create(&s, site);
	if (routes_admit(&s.request, &s.reply) && buf_add(&s.request.body, BODY, strlen(BODY)) == 0) {
		s.request.route->run(&s.request, &s.reply);
		assert_true(s.reply.status == 200 || torture_struck());
		/* jansson takes some failures of its own memory for faults of the text: 400. */
		assert_true(s.reply.status == 200 || s.reply.status == 400 || s.reply.status == 503);
	}
	scene_end(&s);
}

static void
create_without_memory_makes_no_link_and_leaks_nothing(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play_create, NULL) >= 10);
}

static void
no_copy_of_the_password_is_left_behind(void **state)
{
	struct scene s;

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for("pw-1");
	create(&s, site, BODY);
	scene_end(&s);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

/* ---- GET /status ---- */

static void
status_tells_of_every_session(void **state)
{
	struct session_info sessions[] = {
		{.key = "vm:pve:100",
			.id = "vnc_1704882645_vm:pve:100",
			.node = "pve",
			.vmid = 100,
			.type = "qemu",
			.console = "vnc",
			.port = 22000,
			.state = SESSION_ACTIVE,
			.viewers = 2,
			.created_unix = 1704882645,
			.connected_unix = 1704882660,
			.connected_s = 285,
			.age_s = 330},
		{.key = "lxc:n2:200",
			.id = "vnc_1704882646_lxc:n2:200",
			.node = "n2",
			.vmid = 200,
			.type = "lxc",
			.console = "term",
			.port = 22001,
			.state = SESSION_CREATED,
			.created_unix = 1704882646,
			.age_s = 3605},
		{.key = "node:n2",
			.id = "vnc_1704882646_node:n2",
			.node = "n2",
			.type = "node",
			.console = "term",
			.port = 22002,
			.state = SESSION_DISCONNECTED,
			.created_unix = 1704882646},
	};
	struct scene s;

	(void)state;
	fake.status = (struct core_status){.pending_tokens = 5,
		.created = 1,
		.active = 1,
		.disconnected = 1,
		.total = COUNT(sessions),
		.sessions = sessions};
	scene_begin(&s, site, "GET", "/status");
	scene_add(&s, "Authorization", SECRET);
	assert_int_equal(first_word(&s, NULL), ROUTE_ANSWERED);
	assert_int_equal(s.reply.status, 200);
	assert_string_equal(buf_text(&s.reply.body),
		"{\"total_sessions\":3,\"pending_tokens\":5,\"sessions_created\":1,\"sessions_active\":1,"
		"\"sessions_disconnected\":1,\"sessions\":["
		"{\"key\":\"vm:pve:100\",\"session_id\":\"vnc_1704882645_vm:pve:100\","
		"\"url\":\"http://192.0.2.1:22000/\",\"node\":\"pve\",\"vmid\":\"100\","
		"\"type\":\"qemu\",\"console\":\"vnc\","
		"\"connected_duration\":\"4m45s\",\"age\":\"5m30s\",\"port\":22000,\"status\":\"active\","
		"\"viewers\":2,\"created_at\":\"2024-01-10T10:30:45Z\","
		"\"connected_at\":\"2024-01-10T10:31:00Z\"},"
		"{\"key\":\"lxc:n2:200\",\"session_id\":\"vnc_1704882646_lxc:n2:200\","
		"\"url\":\"http://192.0.2.1:22001/\",\"node\":\"n2\",\"vmid\":\"200\","
		"\"type\":\"lxc\",\"console\":\"term\","
		"\"connected_duration\":\"0s\",\"age\":\"1h0m5s\",\"port\":22001,\"status\":\"created\","
		"\"viewers\":0,\"created_at\":\"2024-01-10T10:30:46Z\"},"
		"{\"key\":\"node:n2\",\"session_id\":\"vnc_1704882646_node:n2\","
		"\"url\":\"http://192.0.2.1:22002/\",\"node\":\"n2\",\"vmid\":\"\","
		"\"type\":\"node\",\"console\":\"term\","
		"\"connected_duration\":\"0s\",\"age\":\"0s\",\"port\":22002,"
		"\"status\":\"disconnected\","
		"\"viewers\":0,\"created_at\":\"2024-01-10T10:30:46Z\"}]}\n");
	scene_end(&s);
}

static void
play_status(void *arg)
{
	struct scene s;

	(void)arg;
	scene_begin(&s, site, "GET", "/status");
	scene_add(&s, "Authorization", SECRET);
	assert_int_equal(first_word(&s, NULL), ROUTE_ANSWERED);
	assert_true(s.reply.status == 200 || (torture_struck() && s.reply.status == 503));
	scene_end(&s);
}

static void
status_without_memory_is_503_and_leaks_nothing(void **state)
{
	struct session_info one = {.key = "k",
		.id = "i",
		.node = "n",
		.type = "qemu",
		.console = "vnc",
		.port = 1,
		.connected_unix = 1};

	(void)state;
	fake.status = (struct core_status){.total = 1, .sessions = &one};
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play_status, NULL) > 20);
}

static void
a_core_without_status_is_503(void **state)
{
	struct scene s;

	(void)state;
	fake.status_code = ERR_MEMORY;
	scene_begin(&s, site, "GET", "/status");
	assert_int_equal(api_status(&s.request, &s.reply), ROUTE_ANSWERED);
	assert_int_equal(s.reply.status, 503);
	scene_end(&s);
}

/* ---- SIGHUP ---- */

static void
a_reload_changes_secret_life_and_links_but_no_address(void **state)
{
	struct config running = {.public_ip = (char[]){"2001:db8::1"}, .router_port = 80},
				  now = {.public_ip = (char[]){"192.0.2.7"},
					  .router_port = 81,
					  .token_ttl = 60,
					  .link_mode = CONFIG_LINK_CONFIRM};
	struct scene s;
	struct err err;
	struct settings *settings;
	struct access *access = scene_access(&now);

	(void)state;
	assert_int_equal(secret_set(&now.authorization, "another", 7), 0);
	assert_int_equal(site_change(site, &running, &now, access, &err), 0);
	access_unref(access);
	settings = site_settings(site);
	assert_string_equal(buf_text(&settings->link_base), "http://[2001:db8::1]:80");
	assert_int_equal(settings->token_ttl_s, 60);
	assert_true(settings->confirm);
	settings_unref(settings);
	scene_begin(&s, site, "GET", "/status");
	scene_add(&s, "Authorization", SECRET);
	assert_false(routes_admit(&s.request, &s.reply));
	scene_end(&s);
	scene_begin(&s, site, "GET", "/status");
	scene_add(&s, "Authorization", "another");
	assert_true(routes_admit(&s.request, &s.reply));
	scene_end(&s);
	secret_wipe(&now.authorization);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_answers_token_url_and_life),
		TEST(links_begin_with_public_url),
		TEST(a_link_is_json_whatever_it_begins_with),
		TEST(a_bad_body_is_400_with_the_field_and_no_token),
		TEST(a_core_that_will_not_is_503_with_retry_after),
		TEST(a_host_that_the_core_forbids_is_400_and_named),
		TEST(create_without_memory_makes_no_link_and_leaks_nothing),
		TEST(no_copy_of_the_password_is_left_behind),
		TEST(status_tells_of_every_session),
		TEST(status_without_memory_is_503_and_leaks_nothing),
		TEST(a_core_without_status_is_503),
		TEST(a_reload_changes_secret_life_and_links_but_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
