/* SPDX-License-Identifier: MIT */
/* Which path is whose, and the order in which a request is judged. */
#include "router/routes.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/core_fake.h"
#include "tests/unit/request_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct site *site;

static int
make_site(void **state)
{
	(void)state;
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

static void
known_paths_are_exact_but_for_links(void **state)
{
	static const char *const unknown[] = {"", "/", "/create/", "/create/x", "/creat", "/CREATE",
		"//create", "/status/", "/statusx", "/vnc", "/vncx", "/VNC/x", "vnc/x", "/%76nc/x", "*",
		"http://x/create", "/favicon.ico", "/robots.txt"};

	(void)state;
	assert_string_equal(routes_find("/create")->path, "/create");
	assert_string_equal(routes_find("/status")->path, "/status");
	assert_string_equal(routes_find("/vnc/")->path, "/vnc/");
	assert_string_equal(routes_find("/vnc/0/1")->path, "/vnc/");
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_null(routes_find(unknown[i]));
}

/* A request with everything wrong that comes after a certain check. */
static const struct {
	const char *path, *method, *fault, *secret;
	int64_t length;
	const char *type;
	int status; /* 0: admitted */
} order[] = {
	{"/", "GET", "f", NULL, 99999, NULL, 401},
	{"/x", "DELETE", NULL, SECRET, 0, NULL, 401},
	{"/create", "GET", "f", NULL, 99999, NULL, 405},
	{"/create", "HEAD", NULL, SECRET, 0, NULL, 405},
	{"/create", "post", NULL, SECRET, 0, NULL, 405},
	{"/create", "POS", NULL, SECRET, 0, NULL, 405},
	{"/create", "POST, ", NULL, SECRET, 0, NULL, 405},
	{"/create", "", NULL, SECRET, 0, NULL, 405},
	{"/create", "POST", "f", NULL, 99999, NULL, 400},
	{"/create", "POST", NULL, NULL, 99999, NULL, 401},
	{"/create", "POST", NULL, "wrong", 99999, NULL, 401},
	{"/create", "POST", NULL, SECRET, 65537, NULL, 413},
	{"/create", "POST", NULL, SECRET, 65536, NULL, 415},
	{"/create", "POST", NULL, SECRET, REQUEST_LENGTH_UNKNOWN, "text/plain", 415},
	{"/create", "POST", NULL, SECRET, REQUEST_LENGTH_UNKNOWN, "application/json", 0},
	{"/create", "POST", NULL, SECRET, 0, "application/json", 0},
	{"/status", "POST", NULL, SECRET, 0, NULL, 405},
	{"/status", "GET", "f", SECRET, 0, NULL, 400},
	{"/status", "GET", NULL, NULL, 0, NULL, 401},
	{"/status", "GET", NULL, SECRET, 99999, NULL, 0},
	{"/status", "HEAD", NULL, SECRET, 0, NULL, 0},
	{"/vnc/x", "POST", NULL, NULL, 0, NULL, 405},
	{"/vnc/x", "GET", "f", NULL, 0, NULL, 400},
	{"/vnc/x", "GET", NULL, NULL, 0, NULL, 0},
	{"/vnc/x", "HEAD", NULL, "wrong", 0, NULL, 0},
};

static void
a_request_is_judged_in_the_promised_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		struct scene s;

		scene_begin(&s, site, order[i].method, order[i].path);
		s.request.head_fault = order[i].fault;
		s.request.length = order[i].length;
		if (order[i].secret != NULL)
			scene_add(&s, "Authorization", order[i].secret);
		if (order[i].type != NULL)
			scene_add(&s, "Content-Type", order[i].type);
		if (routes_admit(&s.request, &s.reply) != (order[i].status == 0) ||
			s.reply.status != order[i].status)
			fail_msg("%s %s, row %zu: %d", order[i].method, order[i].path, i, s.reply.status);
		scene_end(&s);
	}
}

/* What is wrong with connection and head comes after path and method, and before the secret. */
static const struct {
	const char *path, *method, *fault;
	bool crowded;
	size_t head;
	int status; /* 0: admitted */
} heads[] = {
	{"/", "GET", "f", true, 8193, 401},
	{"/create", "GET", "f", true, 8193, 405},
	{"/create", "POST", "f", true, 8193, 429},
	{"/vnc/x", "GET", NULL, true, 0, 429},
	{"/create", "POST", "f", false, 8193, 431},
	{"/create", "POST", "f", false, 8192, 400},
	{"/create", "POST", NULL, false, 8192, 401},
	{"/vnc/x", "GET", NULL, false, 8193, 431},
	{"/vnc/x", "GET", NULL, false, 8192, 0},
};

static void
connection_and_head_are_judged_before_the_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct scene s;

		scene_begin(&s, site, heads[i].method, heads[i].path);
		s.request.head_fault = heads[i].fault;
		s.request.head_size = heads[i].head;
		s.request.crowded = heads[i].crowded;
		routes_admit(&s.request, &s.reply);
		if (s.reply.status != heads[i].status)
			fail_msg("%s %s, row %zu: %d", heads[i].method, heads[i].path, i, s.reply.status);
		scene_end(&s);
	}
}

static void
a_405_says_what_is_allowed(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, site, "PUT", "/create");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(scene_answer(&s.reply, "Allow"), "POST");
	scene_end(&s);
	scene_begin(&s, site, "OPTIONS", "/vnc/x");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(scene_answer(&s.reply, "Allow"), "GET, HEAD");
	scene_end(&s);
}

static void
a_401_says_one_word_and_only_a_wrong_secret_is_slowed_down(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, site, "GET", "/");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(buf_text(&s.reply.body), "Unauthorized\n");
	assert_false(s.reply.slow);
	scene_end(&s);
	scene_begin(&s, site, "GET", "/status");
	scene_add(&s, "authorization", "guess");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(buf_text(&s.reply.body), "Unauthorized\n");
	assert_true(s.reply.slow);
	scene_end(&s);
}

static void
a_link_takes_a_post_only_where_it_is_confirmed(void **state)
{
	struct site *confirming =
		scene_site_of(NULL, (struct config){.link_mode = CONFIG_LINK_CONFIRM});
	struct scene s;

	(void)state;
	scene_begin(&s, confirming, "POST", "/vnc/x");
	assert_true(routes_admit(&s.request, &s.reply));
	scene_end(&s);
	scene_begin(&s, confirming, "PUT", "/vnc/x");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(scene_answer(&s.reply, "Allow"), "GET, HEAD, POST");
	scene_end(&s);
	scene_begin(&s, confirming, "POST", "/status");
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(scene_answer(&s.reply, "Allow"), "GET, HEAD");
	scene_end(&s);
	site_free(confirming);
}

/* POST /create with that secret (NULL: none); returns the status. */
static int
try_secret(struct scene *s, const char *secret)
{
	scene_begin(s, site, "POST", "/create");
	scene_add(s, "Content-Type", "application/json");
	if (secret != NULL)
		scene_add(s, "Authorization", secret);
	s->request.client = (struct ip){.bytes = {1}};
	return routes_admit(&s->request, &s->reply) ? 200 : s->reply.status;
}

static void
too_many_wrong_secrets_are_refused_and_a_right_one_never(void **state)
{
	struct scene s;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	/* None at all is no guess. */
	assert_int_equal(try_secret(&s, NULL), 401);
	scene_end(&s);
	assert_int_equal(fake.guesses, 0);
	fake.penalty = PENALTY_SLOW;
	assert_int_equal(try_secret(&s, "wrong"), 401);
	assert_true(s.reply.slow);
	assert_false(s.reply.close);
	scene_end(&s);
	assert_int_equal(fake.guesses, 1);
	assert_int_equal(fake.client.bytes[0], 1);
	fake.penalty = PENALTY_REFUSE;
	fake.left_s = 77;
	assert_int_equal(try_secret(&s, "wrong"), 429);
	assert_string_equal(scene_answer(&s.reply, "Retry-After"), "77");
	scene_assert_json(&s.reply, "token", "");
	assert_true(s.reply.slow);
	assert_true(s.reply.close);
	scene_end(&s);
	assert_int_equal(try_secret(&s, NULL), 401);
	scene_end(&s);
	assert_int_equal(try_secret(&s, SECRET), 200);
	assert_false(s.reply.slow);
	scene_end(&s);
	assert_int_equal(try_secret(&s, "Bearer " SECRET), 200);
	scene_end(&s);
	assert_int_equal(fake.guesses, 2);
}

static void
who_has_too_many_connections_is_told_when_to_come_back(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, site, "POST", "/create");
	s.request.crowded = true;
	assert_false(routes_admit(&s.request, &s.reply));
	assert_string_equal(scene_answer(&s.reply, "Retry-After"), "10");
	scene_assert_json(&s.reply, "error", "too many connections from your address");
	scene_end(&s);
}

static void
what_create_refuses_is_told_as_json(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, site, "POST", "/create");
	scene_add(&s, "Authorization", "Bearer " SECRET);
	scene_add(&s, "Content-Type", "text/plain");
	assert_false(routes_admit(&s.request, &s.reply));
	scene_assert_json(&s.reply, "status", "error");
	scene_assert_json(&s.reply, "token", "");
	reply_done(&s.reply);
	routes_refuse_size(&s.request, &s.reply);
	assert_int_equal(s.reply.status, 413);
	scene_assert_json(&s.reply, "error", "the body is larger than 65536 bytes");
	reply_done(&s.reply);
	routes_refuse_memory(&s.request, &s.reply);
	assert_int_equal(s.reply.status, 503);
	assert_non_null(scene_answer(&s.reply, "Retry-After"));
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_paths_are_exact_but_for_links),
		cmocka_unit_test(a_request_is_judged_in_the_promised_order),
		cmocka_unit_test(connection_and_head_are_judged_before_the_secret),
		cmocka_unit_test(a_405_says_what_is_allowed),
		cmocka_unit_test(a_401_says_one_word_and_only_a_wrong_secret_is_slowed_down),
		cmocka_unit_test(a_link_takes_a_post_only_where_it_is_confirmed),
		cmocka_unit_test(too_many_wrong_secrets_are_refused_and_a_right_one_never),
		cmocka_unit_test(who_has_too_many_connections_is_told_when_to_come_back),
		cmocka_unit_test(what_create_refuses_is_told_as_json),
	};

	return cmocka_run_group_tests(tests, make_site, free_site);
}
