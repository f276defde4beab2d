/* SPDX-License-Identifier: MIT */
/* POST /create: what reaches the core, and what this gateway allows. */
#include "router/api.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/core_fake.h"
#include "tests/unit/request_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define WHAT     "\"hostname\":\"10.0.0.1\",\"vmid\":101"
#define WHO      "\"username\":\"u\",\"password\":\"pw-1\""
#define AS_TOKEN "\"token_id\":\"u@pve!panel\",\"token_secret\":\"pw-1\""

static struct site *site;

static int
make_site(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	site = scene_site(NULL, NULL);
	return 0;
}

static int
free_site(void **state)
{
	(void)state;
	site_free(site);
	return 0;
}

static enum route_next
post_at(struct scene *s, struct site *at, const char *body)
{
	scene_begin(s, at, "POST", "/create");
	scene_add(s, "Authorization", SECRET);
	scene_add(s, "Content-Type", "application/json");
	assert_true(routes_admit(&s->request, &s->reply));
	assert_int_equal(buf_add(&s->request.body, body, strlen(body)), 0);
	return s->request.route->run(&s->request, &s->reply);
}

static void
create(struct scene *s, const char *body)
{
	assert_int_equal(post_at(s, site, body), ROUTE_ANSWERED);
}

static void
a_token_reaches_the_core_as_a_password_does(void **state)
{
	struct scene s;

	(void)state;
	create(&s, "{" WHAT "," AS_TOKEN "}");
	assert_int_equal(s.reply.status, 200);
	assert_string_equal(fake.user, "u@pve!panel");
	assert_string_equal(fake.password, "pw-1");
	scene_end(&s);
	create(&s, "{" WHAT "," WHO ",\"otp\":\"012345\"}");
	assert_string_equal(fake.user, "u@pve");
	assert_string_equal(fake.otp, "012345");
	scene_end(&s);
}

static void
hosts_in_a_list_reach_the_core(void **state)
{
	struct scene s;

	(void)state;
	create(&s, "{\"hostname\":[\"a\",\"b\"],\"vmid\":101," WHO "}");
	assert_int_equal(s.reply.status, 200);
	assert_string_equal(fake.target.host, "a");
	assert_int_equal(fake.hosts, 2);
	scene_end(&s);
}

static void
terminals_are_had_where_the_core_has_a_page_for_them(void **state)
{
	static const char body[] = "{" WHAT "," WHO ",\"console\":\"term\"}";
	struct scene s;

	(void)state;
	create(&s, body);
	assert_int_equal(s.reply.status, 200);
	assert_int_equal(fake.target.kind, PVE_CONSOLE_TERM);
	scene_end(&s);
	fake.no_terminals = true;
	create(&s, body);
	assert_int_equal(s.reply.status, 400);
	scene_assert_json(&s.reply, "error",
		"console: this gateway's page folder has no page for terminals (novnc_path)");
	assert_int_equal(fake.puts, 1);
	scene_end(&s);
}

static void
shells_of_nodes_are_had_where_they_are_allowed(void **state)
{
	static const char body[] = "{\"hostname\":\"a\",\"node\":\"pve\",\"type\":\"node\"," WHO "}";
	struct site *open = scene_site_of(NULL, (struct config){.allow_node_shell = true});
	struct scene s;

	(void)state;
	create(&s, body);
	assert_int_equal(s.reply.status, 400);
	scene_assert_json(
		&s.reply, "error", "type: node shells are not allowed here (allow_node_shell)");
	scene_end(&s);
	assert_int_equal(fake.puts, 0);
	assert_int_equal(post_at(&s, open, body), ROUTE_ANSWERED);
	assert_int_equal(s.reply.status, 200);
	assert_int_equal(fake.target.type, PVE_GUEST_NODE);
	scene_end(&s);
	site_free(open);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_site, free_site)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_reaches_the_core_as_a_password_does),
		TEST(hosts_in_a_list_reach_the_core),
		TEST(terminals_are_had_where_the_core_has_a_page_for_them),
		TEST(shells_of_nodes_are_had_where_they_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
