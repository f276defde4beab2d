/* SPDX-License-Identifier: MIT */
/* What is found, and as what; which files are left out is told by test_assets_left_out.c. */
#include "session/assets.h"

#include "tests/unit/assets_scene.h"

static void
files_are_found_by_their_path_below_the_folder(void **state)
{
	const struct asset *file;
	struct assets *a;

	(void)state;
	temp_folder(&dir, "core");
	temp_folder(&dir, "core/decoders");
	temp_text(&dir, "core/rfb.js", "export {}");
	temp_text(&dir, "core/decoders/raw.js", "raw");
	a = load();
	file = find(a, "core/rfb.js");
	assert_non_null(file);
	assert_string_equal(file->path, "core/rfb.js");
	assert_int_equal(file->len, 9);
	assert_memory_equal(file->data, "export {}", 9);
	assert_string_equal(find(a, "core/decoders/raw.js")->path, "core/decoders/raw.js");
	assert_null(find(a, "rfb.js"));
	assert_null(find(a, "core"));
	assets_free(a);
	assets_free(NULL);
}

static void
the_page_is_vnc_html(void **state)
{
	struct assets *a = load();

	(void)state;
	assert_non_null(assets_page(a, false));
	assert_ptr_equal(assets_page(a, false), find(a, "vnc.html"));
	assert_null(find(a, ""));
	assets_free(a);
}

static void
the_page_of_terminals_is_term_html_where_there_is_one(void **state)
{
	struct assets *a = load();

	(void)state;
	assert_null(assets_page(a, true));
	assets_free(a);
	temp_text(&dir, "term.html", "<!doctype html><title>terminal</title>");
	a = load();
	assert_non_null(assets_page(a, true));
	assert_ptr_equal(assets_page(a, true), find(a, "term.html"));
	assert_ptr_equal(assets_page(a, false), find(a, "vnc.html"));
	assets_free(a);
}

/* What xterm.js puts into the page by script needs no words in the page's policy, see docs/libraries.md. */
static void
the_page_of_terminals_has_no_laxer_policy(void **state)
{
	struct assets *a;

	(void)state;
	temp_text(&dir, "term.html", "<!doctype html><link rel=stylesheet href=xterm.css>");
	a = load();
	assert_string_equal(assets_page(a, true)->csp, "script-src 'self'; style-src 'self'");
	assets_free(a);
}

static void
a_file_s_type_comes_from_its_name(void **state)
{
	static const char *const rows[][2] = {{"a.html", "text/html; charset=utf-8"},
		{"a.js", "text/javascript; charset=utf-8"}, {"a.mjs", "text/javascript; charset=utf-8"},
		{"a.css", "text/css; charset=utf-8"}, {"a.json", "application/json"},
		{"a.svg", "image/svg+xml"}, {"a.png", "image/png"}, {"a.ico", "image/x-icon"},
		{"a.woff2", "font/woff2"}, {"a.wasm", "application/wasm"}, {"a.oga", "audio/ogg"},
		{"a.min.js", "text/javascript; charset=utf-8"}};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct assets *a;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS; i++)
		temp_text(&dir, rows[i][0], "x");
	a = load();
	for (i = 0; i < ROWS; i++)
		assert_string_equal(find(a, rows[i][0])->type, rows[i][1]);
	assets_free(a);
}

static void
a_folder_without_the_page_is_invalid(void **state)
{
	char path[TEMP_PATH_SIZE];

	(void)state;
	temp_folder(&dir, "empty");
	assert_invalid(temp_path(&dir, "empty", path));
	temp_text(&dir, "empty/other.html", "x");
	assert_invalid(path);
	temp_folder(&dir, "empty/vnc.html");
	assert_invalid(path);
	assert_invalid(temp_path(&dir, "missing", path));
	assert_invalid(temp_path(&dir, "vnc.html", path));
	assert_invalid("");
}

static void
an_etag_says_whether_the_bytes_changed(void **state)
{
	char before[ASSET_ETAG_SIZE];
	struct assets *a;

	(void)state;
	temp_text(&dir, "same.html", "<!doctype html><title>page</title>");
	a = load();
	assert_int_equal(strlen(assets_page(a, false)->etag), 34);
	assert_int_equal(assets_page(a, false)->etag[0], '"');
	assert_int_equal(assets_page(a, false)->etag[33], '"');
	assert_int_equal(strspn(assets_page(a, false)->etag + 1, "0123456789abcdef"), 32);
	assert_string_equal(assets_page(a, false)->etag, find(a, "same.html")->etag);
	memcpy(before, assets_page(a, false)->etag, sizeof(before));
	assets_free(a);
	a = load();
	assert_string_equal(assets_page(a, false)->etag, before);
	assets_free(a);
	temp_text(&dir, "vnc.html", "<!doctype html><title>Page</title>");
	a = load();
	assert_string_not_equal(assets_page(a, false)->etag, before);
	assets_free(a);
}

static void
only_a_page_has_a_policy(void **state)
{
	struct assets *a;

	(void)state;
	temp_text(&dir, "a.js", "<script>1</script>");
	temp_text(&dir, "inline.html", "<script>alert('Hello, world.');</script>");
	a = load();
	assert_null(find(a, "a.js")->csp);
	assert_string_equal(assets_page(a, false)->csp, "script-src 'self'; style-src 'self'");
	assert_string_equal(find(a, "inline.html")->csp,
		"script-src 'self' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='; "
		"style-src 'self'");
	assets_free(a);
}

static void
an_empty_file_is_a_file(void **state)
{
	struct assets *a;

	(void)state;
	temp_text(&dir, "empty.js", "");
	a = load();
	assert_non_null(find(a, "empty.js"));
	assert_int_equal(find(a, "empty.js")->len, 0);
	assets_free(a);
}

static void
what_changes_on_the_disk_later_does_not_matter(void **state)
{
	char path[TEMP_PATH_SIZE];
	struct assets *a = load();

	(void)state;
	temp_text(&dir, "new.js", "x");
	assert_int_equal(unlink(temp_path(&dir, "vnc.html", path)), 0);
	assert_null(find(a, "new.js"));
	assert_memory_equal(assets_page(a, false)->data, "<!doctype", 9);
	assets_free(a);
}

static void
no_path_leads_to_anything_else(void **state)
{
	static const char *const paths[] = {"/", "/vnc.html", "./vnc.html", "../vnc.html",
		"core/../vnc.html", "vnc.html/", "vnc.html/.", "VNC.HTML", "vnc.htm", "vnc.html ", "*",
		"core/", "core//rfb.js", "core\\rfb.js", "/etc/passwd", "%76nc.html"};
	char long_path[6000];
	struct assets *a;
	size_t i;

	(void)state;
	temp_folder(&dir, "core");
	temp_text(&dir, "core/rfb.js", "x");
	a = load();
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_null(find(a, paths[i]));
	assert_null(assets_find(a, "vnc.html\0.js", 12));
	assert_null(assets_find(a, "\0", 1));
	memset(long_path, 'a', sizeof(long_path));
	assert_null(assets_find(a, long_path, sizeof(long_path)));
	assets_free(a);
}

static void
a_path_need_not_end_with_a_nul(void **state)
{
	struct assets *a = load();
	char *path = malloc(8);

	(void)state;
	assert_non_null(path);
	memcpy(path, "vnc.html", 8);
	assert_ptr_equal(assets_find(a, path, 8), assets_page(a, false));
	assert_null(assets_find(a, path, 7));
	free(path);
	assets_free(a);
}

static void
too_many_or_too_large_files_are_invalid(void **state)
{
	char path[TEMP_PATH_SIZE], name[32];
	int i;

	(void)state;
	temp_text(&dir, "large.js", "x");
	assert_int_equal(truncate(temp_path(&dir, "large.js", path), 65 * 1024 * 1024), 0);
	assert_invalid(dir.path);
	assert_int_equal(unlink(path), 0);
	for (i = 0; i < 4096; i++) {
		snprintf(name, sizeof(name), "%d.js", i);
		temp_text(&dir, name, "");
	}
	assert_invalid(dir.path);
	assert_int_equal(unlink(temp_path(&dir, "0.js", path)), 0);
	assets_free(load());
}

static void
a_page_whose_policy_fits_no_head_is_invalid(void **state)
{
	char html[2000];
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 60; i++)
		n += (size_t)snprintf(html + n, sizeof(html) - n, "<script>%d</script>", i);
	temp_text(&dir, "vnc.html", html);
	assert_invalid(dir.path);
}

static void
load_and_free(void *arg)
{
	struct assets *a = NULL;
	struct err err = {0};
	int r = assets_load(dir.path, &a, &err);

	(void)arg;
	assert_int_equal(r, err.code);
	assert_int_equal(r == 0, a != NULL);
	assert_true(r == 0 || ((r == ERR_MEMORY || r == ERR_SYSTEM) && torture_struck()));
	assets_free(a);
}

static void
without_memory_or_descriptors_it_fails_cleanly(void **state)
{
	(void)state;
	temp_folder(&dir, "core");
	temp_text(&dir, "core/a.js", "a");
	temp_text(&dir, "inline.html", "<script>1</script><style>");
	assert_true(torture(load_and_free, NULL) >= 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_are_found_by_their_path_below_the_folder),
		IN_FOLDER(the_page_is_vnc_html),
		IN_FOLDER(the_page_of_terminals_is_term_html_where_there_is_one),
		IN_FOLDER(the_page_of_terminals_has_no_laxer_policy),
		IN_FOLDER(a_file_s_type_comes_from_its_name),
		IN_FOLDER(a_folder_without_the_page_is_invalid),
		IN_FOLDER(an_etag_says_whether_the_bytes_changed),
		IN_FOLDER(only_a_page_has_a_policy),
		IN_FOLDER(an_empty_file_is_a_file),
		IN_FOLDER(what_changes_on_the_disk_later_does_not_matter),
		IN_FOLDER(no_path_leads_to_anything_else),
		IN_FOLDER(a_path_need_not_end_with_a_nul),
		IN_FOLDER(too_many_or_too_large_files_are_invalid),
		IN_FOLDER(a_page_whose_policy_fits_no_head_is_invalid),
		IN_FOLDER(without_memory_or_descriptors_it_fails_cleanly),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
