/* SPDX-License-Identifier: MIT */
/* The log while the pipe or the file behind it takes nothing: who waits, and what is kept. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/torture.h"

enum { PIPE = 4096, LONG_LINE = 900, LONG_LINES = 50, MANY = 3 };

static char folder[256];
static char path[300]; /* of the pipe */
static char content[1 << 20];
static int reader;        /* of the pipe */
static atomic_int writes; /* the id of the thread that writes to it; 0: not begun */

/* The log goes to a pipe that is full, up to a line's end. */
static int
open_full_pipe(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct log_config config = {.enabled = true, .level = LEVEL_INFO, .file = path};
	char full[PIPE];
	int filler;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/test_log.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/pipe", folder);
	if (mkfifo(path, 0600) < 0)
		return -1;
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	filler = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(fcntl(reader, F_SETPIPE_SZ, PIPE), PIPE);
	memset(full, 'x', PIPE);
	full[PIPE - 1] = '\n';
	assert_int_equal(write(filler, full, PIPE), PIPE);
	close(filler);
	return log_open(&config, NULL);
}

static int
remove_pipe(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void *
log_first(void *arg)
{
	atomic_store(&writes, (int)gettid());
	log_info(LOG_API, "first");
	return arg;
}

/* Who writes to the pipe, and sleeps in that. */
static pthread_t
begin_to_write(void)
{
	char name[64], stat[256];
	pthread_t thread;
	const char *end;
	FILE *f;

	atomic_store(&writes, 0);
	assert_int_equal(pthread_create(&thread, NULL, log_first, NULL), 0);
	while (atomic_load(&writes) == 0)
		sched_yield();
	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", atomic_load(&writes));
	do {
		f = fopen(name, "re");
		assert_non_null(f);
		assert_non_null(fgets(stat, sizeof(stat), f));
		fclose(f);
		end = strrchr(stat, ')');
	} while (end == NULL || end[2] != 'S');
	return thread;
}

/* Everything that is written until the pipe's other end is closed, without the filling. */
static const char *
empty_pipe(void)
{
	size_t len = 0;
	ssize_t n;

	assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
	while ((n = read(reader, content + len, sizeof(content) - 1 - len)) > 0)
		len += (size_t)n;
	close(reader);
	content[len] = '\0';
	return content + PIPE;
}

static void *
close_log(void *arg)
{
	log_close();
	return arg;
}

static void
a_line_does_not_wait_for_another_thread_that_writes(void **state)
{
	pthread_t writer, closer;
	const char *log;

	(void)state;
	writer = begin_to_write();
	/* Nobody reads: whoever wrote now would sleep for ever. */
	log_info(LOG_API, "second");
	log_info(LOG_API, "third");
	assert_int_equal(pthread_create(&closer, NULL, close_log, NULL), 0);
	log = empty_pipe();
	pthread_join(writer, NULL);
	pthread_join(closer, NULL);
	assert_int_equal(count_lines(log), 3);
	log = strstr(log, "] first\n");
	assert_non_null(log);
	log = strstr(log, "] second\n");
	assert_non_null(log);
	assert_non_null(strstr(log, "] third\n"));
}

static void *
log_long_lines(void *arg)
{
	for (int i = 0; i < LONG_LINES; i++)
		log_info(LOG_API, "%s %0*d", (const char *)arg, LONG_LINE, i);
	return NULL;
}

static void *
empty(void *arg)
{
	(void)empty_pipe();
	return arg;
}

/* All lines of one thread, in their order. */
static void
assert_all_of(const char *name)
{
	char text[LONG_LINE + 10];
	const char *log = content;

	for (int i = 0; i < LONG_LINES; i++) {
		snprintf(text, sizeof(text), "] %s %0*d\n", name, LONG_LINE, i);
		log = strstr(log, text);
		assert_non_null(log);
	}
}

static void
of_what_has_no_room_to_wait_nothing_is_lost(void **state)
{
	static char names[MANY][2] = {"a", "b", "c"};
	pthread_t writer, many[MANY], drain;

	(void)state;
	writer = begin_to_write();
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pthread_create(&many[i], NULL, log_long_lines, names[i]), 0);
	assert_int_equal(pthread_create(&drain, NULL, empty, NULL), 0);
	pthread_join(writer, NULL);
	for (int i = 0; i < MANY; i++)
		pthread_join(many[i], NULL);
	log_close();
	pthread_join(drain, NULL);
	assert_int_equal(count_lines(content), 2 + MANY * LONG_LINES);
	for (int i = 0; i < MANY; i++)
		assert_all_of(names[i]);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_full_pipe, remove_pipe)
	const struct CMUnitTest tests[] = {
		TEST(a_line_does_not_wait_for_another_thread_that_writes),
		TEST(of_what_has_no_room_to_wait_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
