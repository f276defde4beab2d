/* SPDX-License-Identifier: MIT */
/* GET /vnc/<token>, and the page of links that want to be confirmed. */
#include "router/api.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/api_scene.h"

static enum route_next
begin_open_at(struct scene *s, struct site *at, const char *method, const char *path,
	const char *header, const char *value)
{
	scene_begin(s, at, method, path);
	if (header != NULL)
		scene_add(s, header, value);
	return first_word(s, NULL);
}

static enum route_next
begin_open(
	struct scene *s, const char *method, const char *path, const char *header, const char *value)
{
	return begin_open_at(s, site, method, path, header, value);
}

/* A GET of a link, as far as its answer. */
static void
open_link(struct scene *s, const char *accept)
{
	assert_int_equal(
		begin_open(s, "GET", "/vnc/" TOKEN, accept != NULL ? "Accept" : NULL, accept), ROUTE_LATER);
	last_word(s);
}

static void
a_link_leads_to_its_session(void **state)
{
	struct scene s;

	(void)state;
	fake.opened = (struct core_opened){.port = 22001};
	open_link(&s, NULL);
	assert_string_equal(fake.token, TOKEN);
	assert_int_equal(s.reply.status, 302);
	assert_string_equal(scene_answer(&s.reply, "Location"), "http://192.0.2.1:22001/" KEY "/");
	assert_int_equal(s.reply.body.len, 0);
	scene_end(&s);
}

static void
the_core_may_be_done_later(void **state)
{
	struct scene s;

	(void)state;
	fake.wait = true;
	fake.opened = (struct core_opened){.port = 22002};
	assert_int_equal(begin_open(&s, "GET", "/vnc/" TOKEN, NULL, NULL), ROUTE_LATER);
	last_word_after(&s, core_fake_finish);
	assert_int_equal(s.reply.status, 302);
	scene_end(&s);
}

static void
an_opening_whose_answer_nobody_wants_is_freed_and_wiped(void **state)
{
	struct scene s;

	(void)state;
	fake.opened = (struct core_opened){.port = 22003};
	torture_look_for(KEY);
	assert_int_equal(begin_open(&s, "GET", "/vnc/" TOKEN, NULL, NULL), ROUTE_LATER);
	scene_end(&s);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

static void
an_unknown_token_is_an_invalid_session(void **state)
{
	struct scene s;

	(void)state;
	fake.opened =
		(struct core_opened){.code = ERR_NOT_FOUND, .unknown_token = true, .end = END_GUEST_NONE};
	open_link(&s, NULL);
	assert_int_equal(s.reply.status, 200);
	assert_string_equal(buf_text(&s.reply.body), "Invalid session.\n");
	scene_end(&s);
	open_link(&s, "text/html,*/*;q=0.8");
	assert_int_equal(s.reply.status, 200);
	assert_int_equal(s.reply.policy, POLICY_NOTICE);
	assert_non_null(strstr(buf_text(&s.reply.body), "Invalid session."));
	assert_non_null(strstr(buf_text(&s.reply.body), "new link"));
	assert_null(scene_answer(&s.reply, "Retry-After"));
	scene_end(&s);
}

static void
a_malformed_token_is_answered_alike_and_never_looked_up(void **state)
{
	static const char *const paths[] = {"/vnc/x", "/vnc/0123456789abcdef012",
		"/vnc/0123456789abcdef01234", "/vnc/0123456789ABCDEF0123", "/vnc/%30123456789abcdef0123",
		"/vnc/0123456789abcdef012g"};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct scene s;

		assert_int_equal(begin_open(&s, "GET", paths[i], NULL, NULL), ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, 200);
		assert_string_equal(buf_text(&s.reply.body), "Invalid session.\n");
		scene_end(&s);
	}
	assert_int_equal(fake.opens, 0);
}

static void
no_token_or_more_path_is_400(void **state)
{
	static const char *const paths[] = {
		"/vnc/", "/vnc//", "/vnc//x", "/vnc/" TOKEN "/", "/vnc/" TOKEN "/x"};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct scene s;

		assert_int_equal(begin_open(&s, "GET", paths[i], NULL, NULL), ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, 400);
		scene_end(&s);
	}
	assert_int_equal(fake.opens, 0);
}

static void
head_and_prefetches_use_nothing_up(void **state)
{
	static const char *const headers[][2] = {{"Sec-Purpose", "prefetch"},
		{"Sec-Purpose", "prefetch;prerender"}, {"Purpose", "Prefetch"}, {"X-Moz", "prefetch"}};
	struct scene s;

	(void)state;
	assert_int_equal(begin_open(&s, "HEAD", "/vnc/" TOKEN, NULL, NULL), ROUTE_ANSWERED);
	assert_int_equal(s.reply.status, 200);
	assert_int_equal(s.reply.body.len, 0);
	scene_end(&s);
	for (size_t i = 0; i < COUNT(headers); i++) {
		assert_int_equal(
			begin_open(&s, "GET", "/vnc/" TOKEN, headers[i][0], headers[i][1]), ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, 503);
		scene_end(&s);
	}
	assert_int_equal(fake.opens, 0);
}

/* ---- link_mode confirm ---- */

static void
a_link_to_confirm_is_a_page_that_tells_nothing(void **state)
{
	static const char *const paths[] = {"/vnc/" TOKEN, "/vnc/0123456789abcdef0124", "/vnc/x"};
	struct site *confirming =
		scene_site_of(NULL, (struct config){.link_mode = CONFIG_LINK_CONFIRM});
	char first[4096] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct scene s;

		assert_int_equal(
			begin_open_at(&s, confirming, "GET", paths[i], "Accept", "text/html"), ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, 200);
		assert_int_equal(s.reply.policy, POLICY_CONFIRM);
		assert_non_null(strstr(buf_text(&s.reply.body), "<form method=\"post\">"));
		assert_null(strstr(buf_text(&s.reply.body), TOKEN));
		if (i == 0)
			snprintf(first, sizeof(first), "%s", buf_text(&s.reply.body));
		assert_string_equal(buf_text(&s.reply.body), first);
		scene_end(&s);
		assert_int_equal(
			begin_open_at(&s, confirming, "GET", paths[i], NULL, NULL), ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, 200);
		assert_non_null(strstr(buf_text(&s.reply.body), "POST"));
		scene_end(&s);
	}
	assert_int_equal(fake.opens, 0);
	site_free(confirming);
}

static void
a_post_opens_a_link_to_confirm(void **state)
{
	struct site *confirming =
		scene_site_of(NULL, (struct config){.link_mode = CONFIG_LINK_CONFIRM});
	struct scene s;

	(void)state;
	fake.opened = (struct core_opened){.port = 22001};
	assert_int_equal(begin_open_at(&s, confirming, "POST", "/vnc/" TOKEN, NULL, NULL), ROUTE_LATER);
	last_word(&s);
	assert_int_equal(s.reply.status, 303);
	assert_string_equal(scene_answer(&s.reply, "Location"), "http://192.0.2.1:22001/" KEY "/");
	scene_end(&s);
	assert_int_equal(begin_open_at(&s, confirming, "POST", "/vnc/x", NULL, NULL), ROUTE_ANSWERED);
	assert_string_equal(buf_text(&s.reply.body), "Invalid session.\n");
	scene_end(&s);
	site_free(confirming);
}

static void
head_and_prefetches_use_no_link_to_confirm_up(void **state)
{
	static const char *const methods[] = {"HEAD", "GET", "POST"};
	static const int statuses[] = {200, 503, 503};
	struct site *confirming =
		scene_site_of(NULL, (struct config){.link_mode = CONFIG_LINK_CONFIRM});

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct scene s;

		assert_int_equal(begin_open_at(&s, confirming, methods[i], "/vnc/" TOKEN, "Sec-Purpose",
							 "prefetch;prerender"),
			ROUTE_ANSWERED);
		assert_int_equal(s.reply.status, statuses[i]);
		scene_end(&s);
	}
	assert_int_equal(fake.opens, 0);
	site_free(confirming);
}

static void
every_failure_has_its_row_and_says_what_to_do(void **state)
{
	(void)state;
	for (int end = END_CONNECT_TIMEOUT; end < END_COUNT; end++) {
		const struct end_row *row = end_row((enum end)end);

		for (int usable = 0; usable < 2; usable++) {
			struct scene s;

			fake.opened = (struct core_opened){
				.code = ERR_REFUSED, .link_usable = usable, .end = (enum end)end};
			open_link(&s, NULL);
			assert_int_equal(s.reply.status, row->http_status);
			assert_non_null(strstr(buf_text(&s.reply.body), row->customer));
			assert_non_null(strstr(buf_text(&s.reply.body),
				usable ? "Try again in 10 seconds." : "Ask for a new link."));
			assert_int_equal(scene_answer(&s.reply, "Retry-After") != NULL, usable);
			scene_end(&s);
		}
	}
}

static void
a_failure_is_a_page_for_browsers(void **state)
{
	struct scene s;

	(void)state;
	fake.opened =
		(struct core_opened){.code = ERR_UNREACHABLE, .link_usable = true, .end = END_UNREACHABLE};
	open_link(&s, "text/html");
	assert_int_equal(s.reply.status, 502);
	assert_int_equal(s.reply.policy, POLICY_NOTICE);
	assert_non_null(strstr(buf_text(&s.reply.body), "<a href=\"\">"));
	scene_end(&s);
}

static void
play_open(void *arg)
{
	struct scene s;

	(void)arg;
	if (begin_open(&s, "GET", "/vnc/" TOKEN, NULL, NULL) == ROUTE_LATER)
		last_word(&s);
	assert_true(s.reply.status == 200 || (torture_struck() && s.reply.status == 503));
	scene_end(&s);
}

static void
open_without_memory_is_503_and_leaks_nothing(void **state)
{
	(void)state;
	fake.opened = (struct core_opened){.code = ERR_NOT_FOUND, .unknown_token = true};
	assert_true(torture(play_open, NULL) >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_leads_to_its_session),
		TEST(the_core_may_be_done_later),
		TEST(an_opening_whose_answer_nobody_wants_is_freed_and_wiped),
		TEST(an_unknown_token_is_an_invalid_session),
		TEST(a_malformed_token_is_answered_alike_and_never_looked_up),
		TEST(no_token_or_more_path_is_400),
		TEST(head_and_prefetches_use_nothing_up),
		TEST(a_link_to_confirm_is_a_page_that_tells_nothing),
		TEST(a_post_opens_a_link_to_confirm),
		TEST(head_and_prefetches_use_no_link_to_confirm_up),
		TEST(every_failure_has_its_row_and_says_what_to_do),
		TEST(a_failure_is_a_page_for_browsers),
		TEST(open_without_memory_is_503_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
