/* SPDX-License-Identifier: MIT */
#include "session/csp.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/torture.h"

/* The script of CSP level 2's own example, and its hash. */
#define SCRIPT     "alert('Hello, world.');"
#define HASH       " 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
/* Of no script at all. */
#define EMPTY_HASH " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

/* The policy of a page that lies in memory of exactly its size. */
static void
assert_policy(const char *html, const char *expected)
{
	struct buf out = {0};
	size_t len = strlen(html);
	char *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, html, len);
	assert_int_equal(csp_for_html(&out, copy, len), 0);
	assert_string_equal(buf_text(&out), expected);
	buf_done(&out);
	free(copy);
}

static void
a_page_with_nothing_inline_needs_only_itself(void **state)
{
	(void)state;
	assert_policy("", "script-src 'self'; style-src 'self'");
	assert_policy("<!doctype html><link rel=stylesheet href=a.css><script src=\"a.js\"></script>",
		"script-src 'self'; style-src 'self'");
}

static void
an_inline_script_is_allowed_by_its_hash(void **state)
{
	(void)state;
	assert_policy("<p><script>" SCRIPT "</script>", "script-src 'self'" HASH "; style-src 'self'");
	assert_policy("<script></script>", "script-src 'self'" EMPTY_HASH "; style-src 'self'");
}

static void
a_script_s_tag_may_be_written_in_any_way(void **state)
{
	static const char expected[] = "script-src 'self'" HASH "; style-src 'self'";

	(void)state;
	assert_policy("<SCRIPT>" SCRIPT "</Script>", expected);
	assert_policy(
		"<script type=\"module\" crossorigin=\"anonymous\">" SCRIPT "</script>", expected);
	assert_policy("<script\n\ttype='module'\n>" SCRIPT "</script >", expected);
}

/* A browser hashes the text after it has made line breaks LF. */
static void
line_breaks_of_any_kind_give_the_same_hash(void **state)
{
	static const char lf[] = "<script>a();\nb();\n</script>";
	static const char crlf[] = "<script>a();\r\nb();\r\n</script>";
	static const char cr[] = "<script>a();\rb();\r</script>";
	struct buf one = {.max = 4096}, two = {.max = 4096}, three = {.max = 4096};

	(void)state;
	assert_int_equal(csp_for_html(&one, lf, strlen(lf)), 0);
	assert_int_equal(csp_for_html(&two, crlf, strlen(crlf)), 0);
	assert_int_equal(csp_for_html(&three, cr, strlen(cr)), 0);
	assert_string_equal(buf_text(&one), buf_text(&two));
	assert_string_equal(buf_text(&one), buf_text(&three));
	buf_done(&one);
	buf_done(&two);
	buf_done(&three);
}

static void
every_inline_script_has_its_hash_and_no_other_has_one(void **state)
{
	(void)state;
	assert_policy("<script>" SCRIPT "</script><script src=x></script>"
				  "<script type=module src=\"core/rfb.js\">ignored</script><script></script>",
		"script-src 'self'" HASH EMPTY_HASH "; style-src 'self'");
}

static void
inline_styles_can_only_be_allowed_as_such(void **state)
{
	static const char expected[] = "script-src 'self'; style-src 'self' 'unsafe-inline'";

	(void)state;
	assert_policy("<style>p { color: red }</style>", expected);
	assert_policy("<STYLE>", expected);
	assert_policy("<p style=\"color: red\">", expected);
}

static void
a_page_that_breaks_off_is_no_danger(void **state)
{
	static const char expected[] = "script-src 'self'; style-src 'self'";

	(void)state;
	assert_policy("<script", expected);
	assert_policy("<script type=", expected);
	assert_policy("<script>", expected);
	assert_policy("<script>alert(", expected);
	assert_policy("<script>alert()</scrip", expected);
	assert_policy("<", expected);
}

static void
it_is_appended_to_what_is_there(void **state)
{
	struct buf out = {0};

	(void)state;
	assert_int_equal(buf_add(&out, "a; ", 3), 0);
	assert_int_equal(csp_for_html(&out, "x", 1), 0);
	assert_string_equal(buf_text(&out), "a; script-src 'self'; style-src 'self'");
	buf_done(&out);
}

static void
more_scripts_than_a_head_has_room_for_are_too_many(void **state)
{
	struct buf html = {0}, out = {.max = CSP_HTML_MAX};
	int i;

	(void)state;
	for (i = 0; i < 27; i++)
		assert_int_equal(buf_addf(&html, "<script>%d</script>", i), 0);
	assert_int_equal(csp_for_html(&out, html.data, html.len), 0);
	assert_int_equal(buf_addf(&html, "<script></script>"), 0);
	buf_done(&out);
	assert_int_equal(csp_for_html(&out, html.data, html.len), ERR_LIMIT);
	assert_true(out.len <= CSP_HTML_MAX);
	buf_done(&out);
	buf_done(&html);
}

static void
make_policy(void *arg)
{
	static const char html[] =
		"<script>1</script><script>2</script><script>3</script><script>4</script>"
		"<script>5</script><script>6</script><style>";
	struct buf out = {0};
	int r = csp_for_html(&out, html, sizeof(html) - 1);

	(void)arg;
	assert_int_equal(r, torture_struck() ? ERR_MEMORY : 0);
	buf_done(&out);
}

static void
without_memory_it_fails_cleanly(void **state)
{
	(void)state;
	assert_true(torture(make_policy, NULL) >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_with_nothing_inline_needs_only_itself),
		cmocka_unit_test(an_inline_script_is_allowed_by_its_hash),
		cmocka_unit_test(a_script_s_tag_may_be_written_in_any_way),
		cmocka_unit_test(line_breaks_of_any_kind_give_the_same_hash),
		cmocka_unit_test(every_inline_script_has_its_hash_and_no_other_has_one),
		cmocka_unit_test(inline_styles_can_only_be_allowed_as_such),
		cmocka_unit_test(a_page_that_breaks_off_is_no_danger),
		cmocka_unit_test(it_is_appended_to_what_is_there),
		cmocka_unit_test(more_scripts_than_a_head_has_room_for_are_too_many),
		cmocka_unit_test(without_memory_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
