/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "tests/unit/death.h"
#include "tests/unit/log_scene.h"
#include "tests/unit/torture.h"

static char content[1 << 20];

/* Each test has a folder of its own and a log at info in it. */
static int
open_log(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = path};

	(void)state;
	umask(022);
	if (make_folder("a/b/gateway.log") < 0)
		return -1;
	return log_open(&config, NULL);
}

/* Below the folder there are no names but these. */
static int
remove_log(void **state)
{
	static const char *const names[] = {
		"a/b/gateway.log", "a/b/gateway.log.1", "a/b", "a", "moved", "other.log", "file", ""};
	char name[400];

	(void)state;
	log_close();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
		remove(name);
	}
	return 0;
}

/* What a file holds; valid until the next call. */
static const char *
read_all(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = read(fd, content + len, sizeof(content) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	content[len] = '\0';
	return content;
}

/* The text of the only line, without time, component, level and newline. */
static const char *
only_text(void)
{
	const char *line = read_all(path);
	char *end = strchr(content, '\n');
	const char *text = strstr(line, "[INFO] ");

	assert_non_null(end);
	assert_string_equal(end, "\n");
	*end = '\0';
	assert_non_null(text);
	return text + strlen("[INFO] ");
}

static void
a_line_has_local_time_component_level_and_text(void **state)
{
	char expected[2][100];
	struct tm local;
	time_t when[2];
	const char *line;

	(void)state;
	when[0] = time(NULL);
	log_error(LOG_VNC_SERVICE, "port %d", 42);
	when[1] = time(NULL);
	for (int i = 0; i < 2; i++) {
		localtime_r(&when[i], &local);
		strftime(expected[i], 100, "%Y/%m/%d %H:%M:%S [VNC-SERVICE] [ERROR] port 42\n", &local);
	}
	line = read_all(path);
	if (strcmp(line, expected[0]) != 0)
		assert_string_equal(line, expected[1]);
}

static void
every_component_and_level_has_its_name(void **state)
{
	const char *log;

	(void)state;
	log_set_level(LEVEL_DEBUG);
#define X(id, name, rooms) log_debug(id, "here");
	LOG_COMPONENT_TBL(X)
#undef X
	log = read_all(path);
#define X(id, name, rooms) assert_non_null(strstr(log, " [" name "] [DEBUG] here\n"));
	LOG_COMPONENT_TBL(X)
#undef X
}

static void
lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	log_debug(LOG_API, "no");
	assert_false(log_wants(LEVEL_DEBUG));
	assert_true(log_wants(LEVEL_INFO));
	log_set_level(LEVEL_ERROR);
	log_info(LOG_API, "no");
	assert_false(log_wants(LEVEL_INFO));
	assert_true(log_wants(LEVEL_ERROR));
	log_set_level(LEVEL_DEBUG);
	assert_true(log_wants(LEVEL_DEBUG));
	log_debug(LOG_API, "yes");
	assert_int_equal(count_lines(read_all(path)), 1);
}

static void
a_disabled_log_writes_nothing_whatever_its_level(void **state)
{
	char other[400];
	struct log_config config = {.level = LEVEL_DEBUG, .file = other};

	(void)state;
	snprintf(other, sizeof(other), "%s/other.log", folder);
	assert_int_equal(log_open(&config, NULL), 0);
	assert_false(log_wants(LEVEL_ERROR));
	log_set_level(LEVEL_DEBUG);
	log_error(LOG_API, "no");
	assert_int_equal(access(other, F_OK), -1);
	assert_string_equal(read_all(path), "");
}

static void
what_is_not_printable_is_escaped(void **state)
{
	(void)state;
	log_info(LOG_API, "%s", "a\nb\tc\x1b[2J\x7f\r\\ \"q\"");
	assert_string_equal(only_text(), "a\\x0ab\\x09c\\x1b[2J\\x7f\\x0d\\ \"q\"");
}

static void
utf8_passes_and_what_only_looks_like_it_does_not(void **state)
{
	(void)state;
	log_info(LOG_API, "%s", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\xff|\xc0\xaf|\xe2\x82");
	assert_string_equal(
		only_text(), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80|\\xff|\\xc0\\xaf|\\xe2\\x82");
}

static void
c1_controls_and_line_separators_are_escaped(void **state)
{
	(void)state;
	log_info(LOG_API, "%s", "\xc2\x9b\x31m\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae");
	assert_string_equal(only_text(), "\\xc2\\x9b1m\\xe2\\x80\\xa8\\xe2\\x80\\xa9\\xe2\\x80\\xae");
}

static void
a_long_line_is_cut_and_shows_it(void **state)
{
	char text[5000];
	const char *log;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info(LOG_API, "%s", text);
	log = read_all(path);
	assert_int_equal(strlen(log), LOG_LINE_MAX);
	assert_string_equal(log + LOG_LINE_MAX - 5, "a...\n");
}

static void
a_line_is_never_cut_within_an_escape_or_a_character(void **state)
{
	static const char *const units[] = {"\n", "\xe2\x82\xac"};
	static const char *const shown[] = {"\\x0a", "\xe2\x82\xac"};
	char text[2000];

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		const char *unit = units[i / 5];
		const char *text_shown;
		size_t shift = i % 5;

		assert_int_equal(truncate(path, 0), 0);
		memset(text, 'x', shift);
		for (size_t at = shift; at + 3 < sizeof(text); at += strlen(unit))
			memcpy(text + at, unit, strlen(unit) + 1);
		log_info(LOG_API, "%s", text);
		text_shown = only_text() + shift;
		while (strncmp(text_shown, shown[i / 5], strlen(shown[i / 5])) == 0)
			text_shown += strlen(shown[i / 5]);
		assert_string_equal(text_shown, "...");
	}
}

static void
a_line_that_just_fits_is_not_cut(void **state)
{
	char text[LOG_LINE_MAX];
	size_t room;

	(void)state;
	log_info(LOG_API, "%s", "");
	room = LOG_LINE_MAX - strlen(read_all(path));
	memset(text, 'a', room);
	text[room] = '\0';
	assert_int_equal(truncate(path, 0), 0);
	log_info(LOG_API, "%s", text);
	assert_string_equal(only_text(), text);
}

static void
folders_and_file_are_made_for_the_owner_and_the_group(void **state)
{
	char parent[400];
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(parent, sizeof(parent), "%s/a/b", folder);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	snprintf(parent, sizeof(parent), "%s/a", folder);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void
what_a_file_holds_is_kept(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = path};

	(void)state;
	log_info(LOG_API, "first");
	log_close();
	assert_int_equal(log_open(&config, NULL), 0);
	log_info(LOG_API, "second");
	assert_int_equal(count_lines(read_all(path)), 2);
}

static void
a_file_that_cannot_be_opened_changes_nothing(void **state)
{
	char bad[400];
	struct log_config config = {.enabled = true, .level = LEVEL_DEBUG, .file = bad};
	struct err err = {0};

	(void)state;
	snprintf(bad, sizeof(bad), "%s/a/b/gateway.log/x", folder); /* a file is no folder */
	assert_int_equal(log_open(&config, &err), ERR_SYSTEM);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_non_null(strstr(err.text, "Not a directory"));
	snprintf(bad, sizeof(bad), "%s/a/b", folder); /* nor is a folder a file */
	assert_int_equal(log_open(&config, &err), ERR_SYSTEM);
	config.file = "";
	assert_int_equal(log_open(&config, &err), ERR_SYSTEM);
	memset(content, 'p', 8000);
	content[8000] = '\0';
	config.file = content;
	assert_int_equal(log_open(&config, &err), ERR_SYSTEM);
	assert_false(log_wants(LEVEL_DEBUG));
	log_info(LOG_API, "still here");
	assert_string_equal(only_text(), "still here");
}

static void
reopening_follows_a_rotation(void **state)
{
	char old[400];

	(void)state;
	snprintf(old, sizeof(old), "%s.1", path);
	log_info(LOG_API, "one");
	assert_int_equal(rename(path, old), 0);
	log_info(LOG_API, "two");
	assert_int_equal(log_reopen(NULL), 0);
	log_info(LOG_API, "three");
	assert_string_equal(only_text(), "three");
	assert_int_equal(count_lines(read_all(old)), 2);
}

static void
when_reopening_fails_the_old_file_stays_in_use(void **state)
{
	struct err err = {0};

	(void)state;
	torture_refuse("open", 1);
	assert_int_equal(log_reopen(&err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, "Too many open files"));
	log_info(LOG_API, "still here");
	assert_string_equal(only_text(), "still here");
}

static void
opening_and_reopening_leave_no_descriptor_behind(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = path};
	int before = dup(STDERR_FILENO);
	int after;

	(void)state;
	close(before);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(log_open(&config, NULL), 0);
		assert_int_equal(log_reopen(NULL), 0);
	}
	log_close();
	assert_int_equal(log_open(&config, NULL), 0);
	after = dup(STDERR_FILENO);
	close(after);
	/* The file that the set-up opened sits below both, or is the lowest one again. */
	assert_true(after <= before);
}

/* Run fn with descriptor fd leading to a file, and return what it wrote. */
static const char *
written_to(int fd, void (*fn)(void))
{
	char name[400];
	int saved = dup(fd);
	int file;

	snprintf(name, sizeof(name), "%s/file", folder);
	file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && file >= 0);
	dup2(file, fd);
	close(file);
	fn();
	dup2(saved, fd);
	close(saved);
	return read_all(name);
}

static void
log_one_line(void)
{
	log_info(LOG_API, "a line");
}

static void
open_nowhere_and_log(void)
{
	log_close();
	log_one_line();
}

static void
without_a_file_lines_go_to_stderr(void **state)
{
	(void)state;
	assert_non_null(strstr(written_to(STDERR_FILENO, open_nowhere_and_log), "] a line\n"));
}

static void
stderr_and_stdout_are_names_too(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = "stderr"};

	(void)state;
	assert_int_equal(log_open(&config, NULL), 0);
	assert_non_null(strstr(written_to(STDERR_FILENO, log_one_line), "] a line\n"));
	assert_int_equal(log_reopen(NULL), 0);
	config.file = "stdout";
	assert_int_equal(log_open(&config, NULL), 0);
	assert_non_null(strstr(written_to(STDOUT_FILENO, log_one_line), "] a line\n"));
	log_close();
	assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

static void
a_full_disk_stops_nothing(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = "/dev/full"};

	(void)state;
	assert_int_equal(log_open(&config, NULL), 0);
	log_info(LOG_API, "lost");
	log_info(LOG_API, "lost too");
}

static void
after_a_line_that_was_written_in_part_the_next_one_begins_anew(void **state)
{
	struct rlimit before, small;
	char *second;

	(void)state;
	sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 60;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	log_info(LOG_API, "%060d", 1);
	log_info(LOG_API, "lost as a whole");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_info(LOG_API, "whole again");
	log_info(LOG_API, "and again");
	assert_int_equal(count_lines(read_all(path)), 3);
	second = strchr(content, '\n');
	assert_int_equal(second - content, 60);
	assert_non_null(strstr(second, " [API] [INFO] whole again\n2"));
}

static void
errno_survives_a_line(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = "/dev/full"};

	(void)state;
	assert_int_equal(log_open(&config, NULL), 0);
	errno = EDOM;
	log_info(LOG_API, "lost");
	assert_int_equal(errno, EDOM);
}

enum { WRITERS = 4, LINES = 500 };

static void *
write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info(LOG_API, "<%0100d>", *(int *)arg);
	return NULL;
}

static void
lines_of_several_threads_do_not_mix(void **state)
{
	pthread_t threads[WRITERS];
	int id = 7;
	size_t whole = 0;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &id), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(log_reopen(NULL), 0);
		log_set_level(LEVEL_INFO);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	for (const char *line = read_all(path); *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *text = strstr(line, "[INFO] ");

		assert_non_null(text);
		assert_int_equal(strspn(text + 8, "0"), 99);
		assert_memory_equal(text + 8 + 99, "7>\n", 3);
		whole++;
	}
	assert_int_equal(whole, WRITERS * LINES);
}

static void
log_with_a_lock(void)
{
	struct lock lock;

	lock_init(&lock, LOCK_STORE);
	lock_take(&lock);
	log_info(LOG_API, "never");
}

static void
logging_with_a_lock_held_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(log_with_a_lock));
}

static void
a_quoted_text_is_in_quotes_and_escaped(void **state)
{
	char out[LOG_QUOTE_SIZE];

	(void)state;
	assert_string_equal(log_quote(out, "node one"), "\"node one\"");
	assert_string_equal(log_quote(out, ""), "\"\"");
	assert_string_equal(log_quote(out, NULL), "\"\"");
	assert_string_equal(log_quote(out, "a\nb\xff"), "\"a\\x0ab\\xff\"");
	assert_string_equal(log_quote(out, "a\" b"), "\"a\\x22 b\"");
}

static void
a_long_quoted_text_is_cut_to_fit(void **state)
{
	char out[LOG_QUOTE_SIZE];
	char text[500];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_quote(out, text);
	assert_int_equal(strlen(out), LOG_QUOTE_SIZE - 1);
	assert_string_equal(out + LOG_QUOTE_SIZE - 6, "a...\"");
	text[LOG_QUOTE_SIZE - 3] = '\0';
	log_quote(out, text);
	assert_int_equal(strlen(out), LOG_QUOTE_SIZE - 1);
	assert_string_equal(out + LOG_QUOTE_SIZE - 4, "aa\"");
}

static void
a_rate_lets_one_line_pass_and_counts_the_others(void **state)
{
	struct log_rate rate = {0};
	unsigned suppressed = 99;

	(void)state;
	assert_true(log_rate_allow(&rate, 3600000, &suppressed));
	assert_int_equal(suppressed, 0);
	suppressed = 99;
	for (int i = 0; i < 5; i++)
		assert_false(log_rate_allow(&rate, 3600000, &suppressed));
	assert_int_equal(suppressed, 99);
	rate.next_ms = clock_ms(); /* the hour is over */
	assert_true(log_rate_allow(&rate, 3600000, &suppressed));
	assert_int_equal(suppressed, 5);
	assert_false(log_rate_allow(&rate, 3600000, &suppressed));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_log, remove_log)
	const struct CMUnitTest tests[] = {
		TEST(a_line_has_local_time_component_level_and_text),
		TEST(every_component_and_level_has_its_name),
		TEST(lines_below_the_level_are_not_written),
		TEST(a_disabled_log_writes_nothing_whatever_its_level),
		TEST(what_is_not_printable_is_escaped),
		TEST(utf8_passes_and_what_only_looks_like_it_does_not),
		TEST(c1_controls_and_line_separators_are_escaped),
		TEST(a_long_line_is_cut_and_shows_it),
		TEST(a_line_is_never_cut_within_an_escape_or_a_character),
		TEST(a_line_that_just_fits_is_not_cut),
		TEST(folders_and_file_are_made_for_the_owner_and_the_group),
		TEST(what_a_file_holds_is_kept),
		TEST(a_file_that_cannot_be_opened_changes_nothing),
		TEST(reopening_follows_a_rotation),
		TEST(when_reopening_fails_the_old_file_stays_in_use),
		TEST(opening_and_reopening_leave_no_descriptor_behind),
		TEST(without_a_file_lines_go_to_stderr),
		TEST(stderr_and_stdout_are_names_too),
		TEST(a_full_disk_stops_nothing),
		TEST(after_a_line_that_was_written_in_part_the_next_one_begins_anew),
		TEST(errno_survives_a_line),
		TEST(lines_of_several_threads_do_not_mix),
		TEST(logging_with_a_lock_held_is_our_mistake),
		TEST(a_quoted_text_is_in_quotes_and_escaped),
		TEST(a_long_quoted_text_is_cut_to_fit),
		TEST(a_rate_lets_one_line_pass_and_counts_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
