/* SPDX-License-Identifier: MIT */
/* What every answer has, and what a person reads. */
#include "router/reply.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "router/notice.h"
#include "base/abandon.h"
#include "tests/unit/request_scene.h"

static const struct notice notice = {
	.title = "A <title>",
	.reason = "Reason & \"words\".",
	.advice = "Do this.",
};

static void
assert_security(const struct reply *reply)
{
	assert_string_equal(scene_answer(reply, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(scene_answer(reply, "Referrer-Policy"), "no-referrer");
	assert_string_equal(scene_answer(reply, "Cache-Control"), "no-store");
	assert_non_null(strstr(scene_answer(reply, "Content-Security-Policy"), "default-src 'none'"));
	assert_non_null(strstr(scene_answer(reply, "Content-Security-Policy"), "frame-ancestors *"));
	assert_null(strstr(scene_answer(reply, "Content-Security-Policy"), "unsafe"));
	assert_null(scene_answer(reply, "X-Frame-Options"));
	assert_null(scene_answer(reply, "Strict-Transport-Security"));
	assert_null(scene_answer(reply, "Server"));
}

/* May a panel that isolates itself show it, and its way there? The rest is for itself. */
static void
assert_embedding(const struct reply *reply, bool page, bool on_the_way)
{
	const char *embedder = scene_answer(reply, "Cross-Origin-Embedder-Policy");

	assert_string_equal(scene_answer(reply, "Cross-Origin-Resource-Policy"),
		page || on_the_way ? "cross-origin" : "same-origin");
	if (page)
		assert_string_equal(embedder, "require-corp");
	else
		assert_null(embedder);
}

static void
pages_and_the_way_to_them_may_be_embedded(void **state)
{
	struct reply reply = {0};
	struct secret location = {0};

	(void)state;
	reply_text(&reply, 200, "x");
	assert_embedding(&reply, false, false);
	reply_done(&reply);
	reply_json_error(&reply, 400, "x");
	assert_embedding(&reply, false, false);
	reply_done(&reply);
	reply_notice(&reply, 502, &notice, false);
	assert_embedding(&reply, false, false);
	reply_done(&reply);
	reply_notice(&reply, 502, &notice, true);
	assert_embedding(&reply, true, false);
	reply_done(&reply);
	reply_confirm(&reply, true);
	assert_embedding(&reply, true, false);
	reply_done(&reply);
	assert_int_equal(secret_set(&location, "http://x/", 9), 0);
	reply_redirect(&reply, 302, &location);
	assert_embedding(&reply, false, true);
	reply_done(&reply);
}

static void
every_answer_has_the_security_headers(void **state)
{
	struct reply reply = {0};
	struct secret location = {0};

	(void)state;
	reply_text(&reply, 200, "x");
	assert_security(&reply);
	reply_done(&reply);
	reply_empty(&reply, 200);
	assert_security(&reply);
	reply_done(&reply);
	reply_notice(&reply, 502, &notice, true);
	assert_security(&reply);
	reply_done(&reply);
	reply_json_error(&reply, 400, "x");
	assert_security(&reply);
	reply_done(&reply);
	assert_int_equal(secret_set(&location, "http://x/", 9), 0);
	reply_redirect(&reply, 302, &location);
	assert_security(&reply);
	reply_done(&reply);
}

static void
hsts_is_sent_over_tls_and_only_when_it_is_asked_for(void **state)
{
	static const char name[] = "Strict-Transport-Security";
	struct site *with = scene_site_of(NULL, (struct config){.hsts_max_age = 3600});
	struct site *without = scene_site(NULL, NULL);
	struct settings *year = site_settings(with), *none = site_settings(without);
	struct reply reply = {0};

	(void)state;
	reply_empty(&reply, 200);
	assert_string_equal(scene_answer_by(&reply, year, true, name), "max-age=3600");
	assert_null(scene_answer_by(&reply, year, false, name));
	assert_null(scene_answer_by(&reply, none, true, name));
	reply_done(&reply);
	settings_unref(year);
	settings_unref(none);
	site_free(with);
	site_free(without);
}

static void
headers_come_only_where_they_belong(void **state)
{
	struct reply reply = {0};
	struct secret location = {0};

	(void)state;
	reply_text(&reply, 401, "Unauthorized");
	assert_string_equal(scene_answer(&reply, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(scene_answer(&reply, "WWW-Authenticate"), "Bearer");
	assert_null(scene_answer(&reply, "Connection"));
	assert_null(scene_answer(&reply, "Retry-After"));
	assert_null(scene_answer(&reply, "Allow"));
	assert_null(scene_answer(&reply, "Location"));
	reply_done(&reply);
	reply_empty(&reply, 503);
	reply.close = true;
	reply.retry_after_s = 30;
	assert_null(scene_answer(&reply, "Content-Type"));
	assert_string_equal(scene_answer(&reply, "Connection"), "close");
	assert_string_equal(scene_answer(&reply, "Retry-After"), "30");
	reply_done(&reply);
	assert_int_equal(secret_set(&location, "http://x/", 9), 0);
	reply_redirect(&reply, 302, &location);
	assert_null(location.data);
	assert_int_equal(reply.status, 302);
	assert_string_equal(scene_answer(&reply, "Location"), "http://x/");
	reply_done(&reply);
}

/* "name 'sha256-...'" of a text, as a policy has it. */
static const char *
allowance(const char *name, const char *text)
{
	static char out[2 * EVP_MAX_MD_SIZE + 32];
	unsigned char digest[EVP_MAX_MD_SIZE];
	char base64[2 * EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_int_equal(EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL), 1);
	EVP_EncodeBlock((unsigned char *)base64, digest, (int)n);
	snprintf(out, sizeof(out), "; %s 'sha256-%s'", name, base64);
	return out;
}

/* What stands between two tags of a page; to be freed. */
static char *
between(const struct reply *reply, const char *from, const char *to)
{
	const char *start = strstr(buf_text(&reply->body), from), *end;

	assert_non_null(start);
	start += strlen(from);
	end = strstr(start, to);
	assert_non_null(end);
	return strndup(start, (size_t)(end - start));
}

static void
assert_allowed(const struct reply *reply, const char *name, const char *from, const char *to)
{
	char *text = between(reply, from, to);

	assert_non_null(strstr(scene_answer(reply, "Content-Security-Policy"), allowance(name, text)));
	free(text);
}

static void
style_sheet_and_script_are_allowed_by_their_hashes(void **state)
{
	struct reply reply = {0};

	(void)state;
	reply_notice(&reply, 502, &notice, true);
	assert_allowed(&reply, "style-src", "<style>", "</style>");
	assert_null(strstr(scene_answer(&reply, "Content-Security-Policy"), "script-src"));
	reply_done(&reply);
	reply_confirm(&reply, true);
	assert_allowed(&reply, "style-src", "<style>", "</style>");
	assert_allowed(&reply, "script-src", "<script>", "</script>");
	reply_done(&reply);
}

static void
a_page_is_html_or_text_and_escaped(void **state)
{
	struct reply reply = {0};
	struct notice again = notice;

	(void)state;
	reply_notice(&reply, 502, &notice, true);
	assert_int_equal(reply.status, 502);
	assert_string_equal(scene_answer(&reply, "Content-Type"), "text/html; charset=utf-8");
	assert_non_null(strstr(buf_text(&reply.body), "<title>A &lt;title&gt;</title>"));
	assert_non_null(strstr(buf_text(&reply.body), "<p>Reason &amp; &quot;words&quot;.</p>"));
	assert_null(strstr(buf_text(&reply.body), "<a "));
	assert_null(strstr(buf_text(&reply.body), "<script"));
	reply_done(&reply);
	again.again = true;
	reply_notice(&reply, 502, &again, true);
	assert_non_null(strstr(buf_text(&reply.body), "<a href=\"\">"));
	reply_done(&reply);
	reply_notice(&reply, 502, &notice, false);
	assert_string_equal(scene_answer(&reply, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(buf_text(&reply.body), "Reason & \"words\".\nDo this.\n");
	assert_null(strstr(scene_answer(&reply, "Content-Security-Policy"), "style-src"));
	reply_done(&reply);
}

static void
the_page_names_no_product(void **state)
{
	struct reply reply = {0};

	(void)state;
	reply_notice(&reply, 502, &notice, true);
	assert_null(strcasestr(buf_text(&reply.body), "proxmox"));
	assert_null(strcasestr(buf_text(&reply.body), "pve"));
	reply_done(&reply);
}

static void
an_error_is_json_with_an_empty_token(void **state)
{
	struct reply reply = {0};

	(void)state;
	reply_json_error(&reply, 400, "a \"b\"\n");
	assert_string_equal(buf_text(&reply.body),
		"{\"status\":\"error\",\"token\":\"\",\"error\":\"a \\\"b\\\"\\n\"}\n");
	assert_string_equal(scene_answer(&reply, "Content-Type"), "application/json");
	reply_done(&reply);
}

static void
play(void *arg)
{
	struct reply reply = {0};
	struct secret location = {0};

	(void)arg;
	reply_text(&reply, 200, "x");
	assert_true(reply.status == 200 || (torture_struck() && reply.status == 503));
	reply_done(&reply);
	reply_notice(&reply, 502, &notice, true);
	assert_true(reply.status == 502 || (torture_struck() && reply.status == 503));
	reply_done(&reply);
	reply_confirm(&reply, true);
	assert_true(reply.status == 200 || (torture_struck() && reply.status == 503));
	reply_done(&reply);
	reply_json_error(&reply, 400, "x");
	assert_true(reply.status == 400 || (torture_struck() && reply.status == 503));
	assert_true(reply.status == 400 || (reply.type == NULL && reply.body.len == 0));
	reply_done(&reply);
	if (secret_set(&location, "http://x/", 9) == 0)
		reply_redirect(&reply, 302, &location);
	reply_done(&reply);
}

static void
without_memory_an_answer_is_a_bare_503(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play, NULL) > 10);
}

static void
the_location_is_wiped(void **state)
{
	struct reply reply = {0};
	struct secret location = {0};

	(void)state;
	assert_int_equal(secret_set(&location, "http://x/0123456789abcdef/", 26), 0);
	torture_look_for("0123456789abcdef");
	reply_redirect(&reply, 302, &location);
	reply_done(&reply);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_the_security_headers),
		cmocka_unit_test(pages_and_the_way_to_them_may_be_embedded),
		cmocka_unit_test(hsts_is_sent_over_tls_and_only_when_it_is_asked_for),
		cmocka_unit_test(headers_come_only_where_they_belong),
		cmocka_unit_test(style_sheet_and_script_are_allowed_by_their_hashes),
		cmocka_unit_test(a_page_is_html_or_text_and_escaped),
		cmocka_unit_test(the_page_names_no_product),
		cmocka_unit_test(an_error_is_json_with_an_empty_token),
		cmocka_unit_test(without_memory_an_answer_is_a_bare_503),
		cmocka_unit_test(the_location_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
