/* SPDX-License-Identifier: MIT */
/* The log's own thread, and the pipe behind it that takes nothing: nobody waits, what is kept. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/log_scene.h"
#include "tests/unit/torture.h"

enum {
	PIPE = 4096,
	HANGS_S = 60, /* a test that waits for ever is killed */
	LONG_LINE = 900,
	TOO_MANY = 1000, /* long lines, for the log */
	WRITERS = 4,
	LINES = 250, /* of each of them: all fit, even if none is ever written */
};

static char content[2 << 20];
static size_t content_len;
static int reader; /* of the pipe */

/* The log goes to a pipe that is full, up to a line's end, by a thread of its own. */
static int
open_full_pipe(void **state)
{
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = path};
	char full[PIPE];
	int filler;

	(void)state;
	alarm(HANGS_S);
	if (make_folder("pipe") < 0)
		return -1;
	if (mkfifo(path, 0600) < 0)
		return -1;
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	filler = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(fcntl(reader, F_SETPIPE_SZ, PIPE), PIPE);
	memset(full, 'x', PIPE);
	full[PIPE - 1] = '\n';
	assert_int_equal(write(filler, full, PIPE), PIPE);
	close(filler);
	content_len = 0;
	if (log_open(&config, NULL) < 0)
		return -1;
	return log_start(NULL);
}

static int
remove_pipe(void **state)
{
	(void)state;
	close(reader);
	unlink(path);
	alarm(0);
	return rmdir(folder);
}

/* What the pipe has, or its end: false. */
static bool
read_some(void)
{
	struct pollfd readable = {.fd = reader, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&readable, 1, -1), 1);
	n = read(reader, content + content_len, sizeof(content) - 1 - content_len);
	assert_true(n >= 0);
	content_len += (size_t)n;
	content[content_len] = '\0';
	return n > 0;
}

/* What the log has written to the pipe, as far as it has been read. */
static const char *
log_text(void)
{
	return content_len > PIPE ? content + PIPE : "";
}

static const char *
read_until(const char *text)
{
	while (strstr(log_text(), text) == NULL)
		assert_true(read_some());
	return log_text();
}

static void *
close_log(void *arg)
{
	log_close();
	return arg;
}

/* Everything that the log has to say until it is closed. */
static const char *
read_and_close(void)
{
	pthread_t closer;

	assert_int_equal(pthread_create(&closer, NULL, close_log, NULL), 0);
	while (read_some())
		;
	pthread_join(closer, NULL);
	return log_text();
}

static void
nobody_waits_for_a_pipe_that_takes_nothing(void **state)
{
	static const char *const texts[] = {"first", "second", "third"};
	char text[32];
	const char *log;

	(void)state;
	for (int i = 0; i < 3; i++)
		log_info(LOG_API, "%s", texts[i]);
	log = read_and_close();
	assert_int_equal(count_lines(log), 3);
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "] [INFO] %s\n", texts[i]);
		log = strstr(log, text);
		assert_non_null(log);
	}
}

/*
 * How many lines are accounted for by those in the log: they are numbered from 0, and where some are
 * missing a line says how many.
 */
static int
accounted(int *told)
{
	char text[LONG_LINE + 32];
	int n = 0;

	*told = 0;
	for (const char *line = log_text(), *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		const char *lost = strstr(line, "[ROUTER] [ERROR] ");

		if (lost != NULL && lost < end) {
			assert_int_equal(strncmp(strchr(lost + 17, ' '), " log lines lost: ", 17), 0);
			n += (int)strtol(lost + 17, NULL, 10);
			++*told;
		} else {
			snprintf(text, sizeof(text), "] [INFO] %0*d\n", LONG_LINE, n++);
			lost = strstr(line, text);
			assert_true(lost != NULL && lost < end);
		}
	}
	return n;
}

static void
what_has_no_room_is_lost_and_its_number_is_told_in_its_place(void **state)
{
	int told;

	(void)state;
	for (int i = 0; i < TOO_MANY; i++)
		log_info(LOG_API, "%0*d", LONG_LINE, i);
	while (accounted(&told) < TOO_MANY)
		assert_true(read_some());
	assert_in_range(told, 1, 2); /* the second of those that came before the thread woke up */
	assert_true(count_lines(log_text()) > 256 * 1024 / (LONG_LINE + 100));
	log_info(LOG_API, "%0*d", LONG_LINE, TOO_MANY);
	read_and_close();
	assert_int_equal(accounted(&told), TOO_MANY + 1);
}

static void
an_end_does_not_wait_for_ever(void **state)
{
	int64_t began = clock_ms();

	(void)state;
	log_info(LOG_API, "kept");
	log_close();
	assert_in_range(clock_ms() - began, 1000, 20000);
	/* Nor does what is logged still. */
	for (int i = 0; i < TOO_MANY; i++)
		log_info(LOG_API, "%0*d", LONG_LINE, i);
	log_close();
	read_until("] kept\n");
	log_close();
}

static int
lowest_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void
opening_again_does_not_wait(void **state)
{
	int fd, free_before = lowest_free_descriptor();
	const char *in_file;

	(void)state;
	log_info(LOG_API, "old");
	assert_int_equal(unlink(path), 0);
	/* What the writer has not come to by then is not left open. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(log_reopen(NULL), 0);
	log_info(LOG_API, "new");
	read_and_close();
	assert_true(lowest_free_descriptor() < free_before); /* the pipe's */
	for (int i = 0; i < 3; i++)
		assert_int_equal(fcntl(free_before + i, F_GETFD), -1);
	in_file = content + content_len;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	content_len += (size_t)read(fd, content + content_len, PIPE);
	content[content_len] = '\0';
	close(fd);
	assert_int_equal(count_lines(log_text()), 2);
	assert_non_null(strstr(log_text(), "] old\n")); /* in the pipe, if it was on its way already */
	assert_non_null(strstr(in_file, "] new\n"));
}

static void
each_line_is_written_though_none_follows(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < 200; i++) {
		/* Sooner than the writer sleeps, and later. */
		usleep((useconds_t)(i % 8) * 500);
		snprintf(text, sizeof(text), "] line %d\n", i);
		log_info(LOG_API, "line %d", i);
		read_until(text);
	}
	assert_int_equal(count_lines(read_and_close()), 200);
}

static void *
log_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info(LOG_API, "<%s %0100d>", (const char *)arg, i);
	return NULL;
}

static void
lines_of_several_threads_do_not_mix(void **state)
{
	static char names[WRITERS][2] = {"a", "b", "c", "d"};
	pthread_t threads[WRITERS];
	const char *log, *line = "";
	char text[128];

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_lines, names[i]), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	log = read_and_close();
	assert_int_equal(count_lines(log), WRITERS * LINES);
	for (int i = 0; i < WRITERS * LINES; i++) {
		snprintf(text, sizeof(text), "] <%s %0100d>\n", names[i / LINES], i % LINES);
		/* Each behind the one before. */
		line = strstr(i % LINES == 0 ? log : line, text);
		assert_non_null(line);
	}
}

/* As whoever started the program may have left it. */
static void
at_a_descriptor_that_does_not_wait_nothing_is_lost(void **state)
{
	const struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = "stderr"};
	int fd, usual = dup(STDERR_FILENO);

	(void)state;
	read_and_close();
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	assert_int_equal(log_open(&config, NULL), 0);
	assert_int_equal(log_start(NULL), 0);
	for (int i = 0; i < LINES; i++)
		log_info(LOG_API, "%0*d", LONG_LINE, i);
	while (count_lines(log_text()) < LINES)
		assert_true(read_some());
	log_close();
	assert_int_equal(dup2(usual, STDERR_FILENO), STDERR_FILENO);
	close(usual);
}

static void
without_a_thread_whoever_logs_writes(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(strlen(read_and_close()), 0);
	assert_int_equal(
		log_open(&(struct log_config){.enabled = true, .level = LEVEL_INFO, .file = path}, NULL),
		0);
	torture_refuse("pthread_create", 1);
	assert_int_equal(log_start(&err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, "the log's thread"));
	log_info(LOG_API, "by itself");
	read_until("] by itself\n");
	log_close();
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_full_pipe, remove_pipe)
	const struct CMUnitTest tests[] = {
		TEST(nobody_waits_for_a_pipe_that_takes_nothing),
		TEST(what_has_no_room_is_lost_and_its_number_is_told_in_its_place),
		TEST(an_end_does_not_wait_for_ever),
		TEST(opening_again_does_not_wait),
		TEST(each_line_is_written_though_none_follows),
		TEST(lines_of_several_threads_do_not_mix),
		TEST(at_a_descriptor_that_does_not_wait_nothing_is_lost),
		TEST(without_a_thread_whoever_logs_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
