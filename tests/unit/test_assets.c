/* SPDX-License-Identifier: MIT */
#include "session/assets.h"

#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/log.h"
#include "tests/unit/temp_dir.h"

enum { PATIENCE_S = 10 };

static struct temp_dir dir;

static int
make_folder(void **state)
{
	(void)state;
	dir = temp_dir_new();
	temp_text(&dir, "vnc.html", "<!doctype html><title>page</title>");
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	temp_dir_free(&dir);
	return 0;
}

/* Lines about links that are left out would only disturb. */
static int
be_silent(void **state)
{
	const struct log_config silent = {.enabled = false, .file = "stderr"};

	(void)state;
	return log_open(&silent, NULL);
}

static void
make_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char path[TEMP_PATH_SIZE];

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", temp_path(&dir, name, path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static struct assets *
load(void)
{
	struct assets *a = NULL;

	assert_int_equal(assets_load(dir.path, &a, NULL), 0);
	return a;
}

static const struct asset *
find(const struct assets *a, const char *path)
{
	return assets_find(a, path, strlen(path));
}

static void
assert_invalid(const char *path)
{
	struct assets *a = NULL;
	struct err err = {0};

	assert_int_equal(assets_load(path, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "novnc_path"));
	assert_null(a);
}

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
files_of_other_types_are_not_served(void **state)
{
	static const char *const names[] = {
		"README", "x.php", "x.js.bak", "x.js~", "js", "x.", "x.JS ", "LICENSE.MPL-2", "x.py"};
	struct assets *a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		temp_text(&dir, names[i], "x");
	a = load();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(find(a, names[i]));
	assets_free(a);
}

static void
hidden_files_and_those_not_for_browsers_are_not_served(void **state)
{
	static const char *const names[] = {".html", ".hidden.js", ".git/config.json", "mandatory.json",
		"package.json", "package-lock.json", "node_modules/x.js", "app/mandatory.json",
		"app/.hidden.js"};
	struct assets *a;
	size_t i;

	(void)state;
	temp_folder(&dir, ".git");
	temp_folder(&dir, "node_modules");
	temp_folder(&dir, "app");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		temp_text(&dir, names[i], "{}");
	temp_text(&dir, "defaults.json", "{}");
	a = load();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(find(a, names[i]));
	assert_non_null(find(a, "defaults.json"));
	assets_free(a);
}

static void
a_link_inside_the_folder_is_followed(void **state)
{
	struct assets *a;

	(void)state;
	temp_folder(&dir, "app");
	temp_text(&dir, "app/real.js", "real");
	temp_link(&dir, "app/real.js", "file.js");
	temp_link(&dir, "app", "folder");
	a = load();
	assert_memory_equal(find(a, "file.js")->data, "real", 4);
	assert_memory_equal(find(a, "folder/real.js")->data, "real", 4);
	assets_free(a);
}

static void
a_link_out_of_the_folder_is_left_out(void **state)
{
	struct temp_dir outside = temp_dir_new();
	char path[TEMP_PATH_SIZE], sibling[TEMP_PATH_SIZE];
	struct temp_dir beside;
	struct assets *a;

	(void)state;
	/* Beside the folder, with a name that begins with the folder's. */
	snprintf(beside.path, sizeof(beside.path), "%.120s-2", dir.path);
	assert_int_equal(mkdir(beside.path, 0700), 0);
	temp_text(&outside, "secret.js", "secret");
	temp_text(&beside, "secret.js", "secret");
	temp_link(&dir, temp_path(&outside, "secret.js", path), "file.js");
	temp_link(&dir, outside.path, "folder");
	temp_link(&dir, temp_path(&beside, "secret.js", sibling), "sibling.js");
	temp_link(&dir, "..", "up");
	temp_link(&dir, "nowhere.js", "dangling.js");
	temp_link(&dir, "round.js", "round.js");
	a = load();
	assert_null(find(a, "file.js"));
	assert_null(find(a, "folder/secret.js"));
	assert_null(find(a, "sibling.js"));
	assert_null(find(a, "dangling.js"));
	assert_null(find(a, "round.js"));
	assert_non_null(find(a, "vnc.html"));
	assets_free(a);
	temp_dir_free(&beside);
	temp_dir_free(&outside);
}

static void
a_link_to_its_own_folder_ends_somewhere(void **state)
{
	struct assets *a;

	(void)state;
	temp_folder(&dir, "app");
	temp_text(&dir, "app/a.js", "a");
	temp_link(&dir, ".", "app/again");
	temp_link(&dir, ".", "root");
	a = load();
	assert_non_null(find(a, "app/a.js"));
	assert_non_null(find(a, "app/again/a.js"));
	assert_null(find(a, "root/vnc.html"));
	assets_free(a);
}

static void
the_folder_itself_may_be_a_link(void **state)
{
	struct temp_dir other = temp_dir_new();
	char path[TEMP_PATH_SIZE];
	struct assets *a = NULL;

	(void)state;
	temp_link(&other, dir.path, "page");
	assert_int_equal(assets_load(temp_path(&other, "page", path), &a, NULL), 0);
	assert_non_null(assets_page(a, false));
	assets_free(a);
	temp_dir_free(&other);
}

static void
what_is_neither_file_nor_folder_is_left_alone(void **state)
{
	char path[TEMP_PATH_SIZE];
	struct assets *a;

	(void)state;
	assert_int_equal(mkfifo(temp_path(&dir, "pipe.js", path), 0600), 0);
	make_socket("socket.js");
	/* Not everybody may make a device; where it fails a link has to do. */
	if (mknod(temp_path(&dir, "device.js", path), S_IFCHR | 0600, makedev(1, 5)) < 0)
		temp_link(&dir, "/dev/zero", "device.js");
	/* A pipe that is opened waits for a writer, and a device of zeros has no end. */
	alarm(PATIENCE_S);
	a = load();
	alarm(0);
	assert_null(find(a, "pipe.js"));
	assert_null(find(a, "socket.js"));
	assert_null(find(a, "device.js"));
	assets_free(a);
}

/* Without root's right to read everything, where the test has it. */
static void
without_privilege(void (*look)(void))
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct had[2], none[2];

	assert_int_equal(syscall(SYS_capget, &head, had), 0);
	memcpy(none, had, sizeof(none));
	none[0].effective = none[1].effective = 0;
	assert_int_equal(syscall(SYS_capset, &head, none), 0);
	look();
	assert_int_equal(syscall(SYS_capset, &head, had), 0);
}

static void
look_for_readable(void)
{
	struct assets *a = load();

	assert_non_null(find(a, "vnc.html"));
	assert_non_null(find(a, "open.js"));
	assert_null(find(a, "shut.js"));
	assert_null(find(a, "app/a.js"));
	assets_free(a);
}

static void
what_may_not_be_read_is_left_out(void **state)
{
	char path[TEMP_PATH_SIZE];

	(void)state;
	temp_text(&dir, "open.js", "a");
	temp_text(&dir, "shut.js", "a");
	temp_folder(&dir, "app");
	temp_text(&dir, "app/a.js", "a");
	assert_int_equal(chmod(temp_path(&dir, "shut.js", path), 0), 0);
	assert_int_equal(chmod(temp_path(&dir, "app", path), 0), 0);
	without_privilege(look_for_readable);
	assert_int_equal(chmod(path, 0700), 0);
}

static void
all_that_is_left_out_is_told_in_one_line(void **state)
{
	struct temp_dir logs = temp_dir_new();
	char file[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE], text[1024] = "";
	const struct log_config config = {
		.enabled = true, .level = LEVEL_DEBUG, .file = temp_path(&logs, "log", file)};
	struct assets *a;
	FILE *f;

	(void)state;
	assert_int_equal(log_open(&config, NULL), 0);
	a = load();
	assets_free(a);
	assert_int_equal(mkfifo(temp_path(&dir, "pipe.js", path), 0600), 0);
	a = load();
	assets_free(a);
	temp_link(&dir, "/etc/passwd", "passwd.txt");
	temp_link(&dir, "nowhere", "nothing\n.js");
	a = load();
	assets_free(a);
	assert_int_equal(be_silent(NULL), 0);
	f = fopen(file, "r");
	assert_non_null(f);
	/* Nothing for the first, a line for the second and for the third. */
	assert_non_null(fgets(text, sizeof(text), f));
	assert_non_null(strstr(text, "left out: \"pipe.js\", it is no regular file (and 0 more)"));
	assert_non_null(fgets(text, sizeof(text), f));
	assert_non_null(strstr(text, " (and 2 more)"));
	assert_null(fgets(text, sizeof(text), f));
	fclose(f);
	temp_dir_free(&logs);
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

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_are_found_by_their_path_below_the_folder),
		IN_FOLDER(the_page_is_vnc_html),
		IN_FOLDER(the_page_of_terminals_is_term_html_where_there_is_one),
		IN_FOLDER(the_page_of_terminals_has_no_laxer_policy),
		IN_FOLDER(a_file_s_type_comes_from_its_name),
		IN_FOLDER(files_of_other_types_are_not_served),
		IN_FOLDER(hidden_files_and_those_not_for_browsers_are_not_served),
		IN_FOLDER(a_link_inside_the_folder_is_followed),
		IN_FOLDER(a_link_out_of_the_folder_is_left_out),
		IN_FOLDER(a_link_to_its_own_folder_ends_somewhere),
		IN_FOLDER(the_folder_itself_may_be_a_link),
		IN_FOLDER(what_is_neither_file_nor_folder_is_left_alone),
		IN_FOLDER(what_may_not_be_read_is_left_out),
		IN_FOLDER(all_that_is_left_out_is_told_in_one_line),
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
