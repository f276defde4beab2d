/* SPDX-License-Identifier: MIT */
/* What lies in the folder and is not served: by its name, by its kind, by where a link leads. */
#include "session/assets.h"

#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "tests/unit/assets_scene.h"

enum { PATIENCE_S = 10 };

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(files_of_other_types_are_not_served),
		IN_FOLDER(hidden_files_and_those_not_for_browsers_are_not_served),
		IN_FOLDER(a_link_inside_the_folder_is_followed),
		IN_FOLDER(a_link_out_of_the_folder_is_left_out),
		IN_FOLDER(a_link_to_its_own_folder_ends_somewhere),
		IN_FOLDER(the_folder_itself_may_be_a_link),
		IN_FOLDER(what_is_neither_file_nor_folder_is_left_alone),
		IN_FOLDER(what_may_not_be_read_is_left_out),
		IN_FOLDER(all_that_is_left_out_is_told_in_one_line),
	};

	return cmocka_run_group_tests(tests, be_silent, NULL);
}
