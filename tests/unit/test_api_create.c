/* SPDX-License-Identifier: MIT */
/* POST /create where the order is tried first, and what this gateway allows. */
#include "router/api.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/abandon.h"
#include "tests/unit/api_scene.h"

#define WHAT     "\"hostname\":\"10.0.0.1\",\"vmid\":101"
#define WHO      "\"username\":\"u\",\"password\":\"pw-1\""
#define AS_TOKEN "\"token_id\":\"u@pve!panel\",\"token_secret\":\"pw-1\""
#define PLAIN    "{" WHAT "," WHO "}"
#define TRIED    "{" WHAT "," WHO ",\"verify\":true}"

/* A body, and its answer. */
static void
create(struct scene *s, const char *body)
{
	if (post_at(s, site, body) == ROUTE_LATER)
		last_word(s);
}

/* ---- what reaches the core ---- */

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

/* ---- verify ---- */

static void
an_order_is_tried_before_there_is_a_link(void **state)
{
	struct scene s;

	(void)state;
	create(&s, TRIED);
	assert_int_equal(fake.verifies, 1);
	assert_int_equal(fake.puts, 1);
	assert_string_equal(fake.target.node, "found");
	assert_string_equal(fake.password, "");
	assert_int_equal(s.reply.status, 200);
	scene_assert_json(&s.reply, "token", TOKEN);
	assert_null(s.request.body.data);
	scene_end(&s);
}

static void
without_verify_nobody_is_asked(void **state)
{
	struct scene s;

	(void)state;
	create(&s, PLAIN);
	scene_end(&s);
	create(&s, "{" WHAT "," WHO ",\"verify\":false}");
	scene_end(&s);
	assert_int_equal(fake.verifies, 0);
	assert_int_equal(fake.puts, 2);
}

static void
the_core_may_judge_later(void **state)
{
	struct scene s;

	(void)state;
	fake.wait = true;
	assert_int_equal(post_at(&s, site, TRIED), ROUTE_LATER);
	assert_int_equal(fake.puts, 0);
	last_word_after(&s, core_fake_judge);
	assert_int_equal(s.reply.status, 200);
	scene_end(&s);
}

/* what the order has beside its host, why not, the answer */
static const struct {
	const char *members;
	enum end end;
	int status;
	const char *error, *reason;
} failures[] = {
	{"\"vmid\":101," WHO, END_REFUSED, 400, "username, password: as it is", "refused"},
	{"\"vmid\":101," AS_TOKEN, END_REFUSED, 400, "token_id, token_secret: as it is", "refused"},
	{"\"vmid\":101,\"username\":\"u@pve!panel\",\"password\":\"pw-1\"", END_REFUSED, 400,
		"username, password: as it is", "refused"},
	{"\"vmid\":101," WHO, END_NEEDS_OTP, 400, "otp: as it is", "needs_otp"},
	{"\"vmid\":101," WHO, END_NEEDS_NODE, 400, "node: as it is", "needs_node"},
	{"\"vmid\":101," AS_TOKEN, END_NEEDS_PASSWORD, 400, "token_id, token_secret: as it is",
		"needs_password"},
	{"\"vmid\":101," WHO, END_GUEST_NONE, 400, "vmid: as it is", "guest_not_found"},
	{"\"vmid\":101," WHO, END_GUEST_OFF, 400, "vmid: as it is", "guest_off"},
	{"\"vmid\":101,\"console\":\"term\"," WHO, END_NO_DEVICE, 400, "console: as it is",
		"no_serial_port"},
	{"\"vmid\":101,\"console\":\"term\",\"serial\":0," WHO, END_NO_DEVICE, 400, "serial: as it is",
		"no_serial_port"},
	{"\"vmid\":101," WHO, END_FORBIDDEN, 400, "hostname: as it is", "host_not_allowed"},
	{"\"vmid\":101," WHO, END_UNREACHABLE, 502, "as it is", "unreachable"},
	{"\"vmid\":101," WHO, END_TIMEOUT, 502, "as it is", "timeout"},
	{"\"vmid\":101," WHO, END_UNTRUSTED, 502, "as it is", "untrusted"},
	{"\"vmid\":101," WHO, END_GARBLED, 502, "as it is", "answer_not_understood"},
	{"\"vmid\":101," WHO, END_LIMIT, 503, "as it is", "too_many_consoles"},
	{"\"vmid\":101," WHO, END_STOPPING, 503, "as it is", "stopping"},
	{"\"vmid\":101," WHO, END_INTERNAL, 503, "as it is", "internal"},
};

static void
each_failure_has_its_status_its_reason_and_a_field_to_look_at(void **state)
{
	char body[512];

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		struct scene s;

		fake.verified =
			(struct core_verified){.code = ERR_REFUSED, .end = failures[i].end, .text = "as it is"};
		snprintf(body, sizeof(body), "{\"hostname\":\"10.0.0.1\",%s,\"verify\":true}",
			failures[i].members);
		create(&s, body);
		assert_int_equal(s.reply.status, failures[i].status);
		scene_assert_json(&s.reply, "status", "error");
		scene_assert_json(&s.reply, "token", "");
		scene_assert_json(&s.reply, "error", failures[i].error);
		scene_assert_json(&s.reply, "reason", failures[i].reason);
		assert_int_equal(s.reply.retry_after_s > 0, failures[i].status == 503);
		scene_end(&s);
	}
	assert_int_equal(fake.puts, 0);
}

static void
a_refusal_of_the_body_has_no_reason(void **state)
{
	struct scene s;
	json_t *object;

	(void)state;
	create(&s, "{" WHO ",\"verify\":true}");
	assert_int_equal(s.reply.status, 400);
	object = json_loads(buf_text(&s.reply.body), 0, NULL);
	assert_non_null(object);
	assert_null(json_object_get(object, "reason"));
	json_decref(object);
	assert_int_equal(fake.verifies, 0);
	scene_end(&s);
}

static void
a_good_order_for_which_there_is_no_room_is_503(void **state)
{
	struct scene s;

	(void)state;
	fake.put_code = ERR_LIMIT;
	create(&s, TRIED);
	assert_int_equal(fake.verifies, 1);
	assert_int_equal(s.reply.status, 503);
	assert_true(s.reply.retry_after_s > 0);
	scene_end(&s);
}

static void
whose_answer_nobody_waits_for_is_freed_and_wiped(void **state)
{
	struct scene s;

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for("pw-1");
	assert_int_equal(post_at(&s, site, TRIED), ROUTE_LATER);
	scene_end(&s);
	assert_int_equal(fake.puts, 0);
	fake.verified = (struct core_verified){.code = ERR_REFUSED, .end = END_REFUSED, .text = "no"};
	assert_int_equal(post_at(&s, site, TRIED), ROUTE_LATER);
	scene_end(&s);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
play(void *arg)
{
	struct scene s;

	begin_create(&s, site);
	if (routes_admit(&s.request, &s.reply) && buf_add(&s.request.body, arg, strlen(arg)) == 0) {
		if (s.request.route->run(&s.request, &s.reply) == ROUTE_LATER)
			last_word(&s);
		assert_true(s.reply.status != 0);
		assert_true(s.reply.status == (fake.verified.code == 0 ? 200 : 400) || torture_struck());
	}
	scene_end(&s);
}

static void
without_memory_there_is_no_link_and_nothing_leaks(void **state)
{
	char body[] = TRIED;

	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play, body) >= 12);
	fake.verified = (struct core_verified){.code = ERR_REFUSED, .end = END_REFUSED, .text = "no"};
	assert_true(torture(play, body) > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_reaches_the_core_as_a_password_does),
		TEST(hosts_in_a_list_reach_the_core),
		TEST(terminals_are_had_where_the_core_has_a_page_for_them),
		TEST(shells_of_nodes_are_had_where_they_are_allowed),
		TEST(an_order_is_tried_before_there_is_a_link),
		TEST(without_verify_nobody_is_asked),
		TEST(the_core_may_judge_later),
		TEST(each_failure_has_its_status_its_reason_and_a_field_to_look_at),
		TEST(a_refusal_of_the_body_has_no_reason),
		TEST(a_good_order_for_which_there_is_no_room_is_503),
		TEST(whose_answer_nobody_waits_for_is_freed_and_wiped),
		TEST(without_memory_there_is_no_link_and_nothing_leaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
