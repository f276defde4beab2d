/* SPDX-License-Identifier: MIT */
/* log - see log.h */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/line.h"
#include "base/lock.h"

/*
 * Lines, one behind the other, that one write() shall take. text[0] is a newline that is
 * written only when the last line lacks its own. A pipe takes so much at once or not at all.
 */
struct batch {
	char text[PIPE_BUF];
	size_t len; /* with text[0]; 0: there are none */
};

enum { BATCHES_IN_A_ROW = 4 };

/*
 * One thread at a time has the turn: it writes, without the lock. What others have to say
 * meanwhile it finds in a batch, and writes that too, so that they need not wait.
 *
 * [a] atomic, [l] under LOCK_LOG, [t] of who has the turn. Usable before log_open() and after
 * log_close().
 */
static struct {
	atomic_bool enabled; /* [a] */
	atomic_int level;    /* [a] enum log_level */
	struct lock lock;
	bool turn;               /* [l] somebody has it */
	bool handover;           /* [l] and has written enough: whoever comes waits to have it */
	unsigned waiting;        /* [l] for the turn */
	pthread_cond_t over;     /* [l] somebody's turn is */
	struct batch batches[2]; /* [l] the one that is filled, [t] the other */
	unsigned filled;         /* [l] */
	int fd;                  /* [t] */
	bool fd_owned;           /* [t] a file, not stderr or stdout */
	bool torn;               /* [t] the last line was written in part: its end is missing */
	char path[PATH_MAX];     /* [l] the file to open again, "" for stderr and stdout */
} sink = {
	.enabled = true,
	.level = LEVEL_INFO,
	.lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = LOCK_LOG},
	.fd = STDERR_FILENO,
};

/* Make the folders above path; those that exist stay as they are. path is put back as it was. */
static int
make_folders(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		int r;

		*at = '\0';
		r = mkdir(path, 0750);
		*at = '/';
		if (r < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/* The file for appending, or -1 with errno set. */
static int
open_file(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
	char copy[PATH_MAX];
	int fd;

	/* First without the folders: a parent may exist in which this user may make none. */
	fd = open(path, flags, 0640);
	if (fd >= 0 || errno != ENOENT || path[0] == '\0')
		return fd;
	snprintf(copy, sizeof(copy), "%s", path);
	if (make_folders(copy) < 0)
		return -1;
	return open(path, flags, 0640);
}

/* ---- whose turn it is to write ---- */

/*
 * A write that fails loses its lines and nothing else: a full disk must not glue two of them
 * together. That SIGPIPE is ignored is main's affair. With the turn, without the lock.
 */
static void
write_out(const char *text, size_t len)
{
	size_t at = sink.torn ? 0 : 1;
	ssize_t n;

	while (at < len && (n = write(sink.fd, text + at, len - at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += (size_t)n;
		sink.torn = text[at - 1] != '\n';
	}
}

/* With the turn and the lock, which is given up meanwhile: write what others have left. */
static void
write_batch(void)
{
	struct batch *batch = &sink.batches[sink.filled];

	if (batch->len == 0)
		return;
	sink.filled = !sink.filled;
	lock_release(&sink.lock);
	write_out(batch->text, batch->len);
	batch->len = 0;
	lock_take(&sink.lock);
}

/* Leave a line to who has the turn. False: there is nobody, or no room. With the lock. */
static bool
leave(const char *line, size_t len)
{
	struct batch *batch = &sink.batches[sink.filled];

	if (!sink.turn || sink.handover || len > sizeof(batch->text) - batch->len)
		return false;
	if (batch->len > 0) {
		line++;
		len--;
	}
	memcpy(batch->text + batch->len, line, len);
	batch->len += len;
	return true;
}

static void
init_over(void)
{
	lock_cond_init(&sink.over);
}

/* With the lock. Whatever was left is written. */
static void
begin_turn(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	while (sink.turn) {
		pthread_once(&once, init_over);
		sink.waiting++;
		lock_wait(&sink.lock, &sink.over, INT64_MAX);
		sink.waiting--;
	}
	sink.turn = true;
	write_batch();
}

/* With the lock. Nothing is left behind, unless somebody waits who will see to it. */
static void
end_turn(void)
{
	for (int i = 1; sink.waiting == 0 && sink.batches[sink.filled].len > 0; i++) {
		sink.handover = i >= BATCHES_IN_A_ROW;
		write_batch();
	}
	sink.handover = false;
	sink.turn = false;
	if (sink.waiting > 0)
		pthread_cond_signal(&sink.over);
}

/* line[0] is a newline, see struct batch. */
static void
put_line(const char *line, size_t len)
{
	lock_take(&sink.lock);
	if (!leave(line, len)) {
		begin_turn();
		lock_release(&sink.lock);
		write_out(line, len);
		lock_take(&sink.lock);
		end_turn();
	}
	lock_release(&sink.lock);
}

/* ---- where it goes ---- */

/* Write to fd from now on; path is where it came from, "" when it is not ours to close. */
static void
switch_to(int fd, const char *path)
{
	int old = -1;

	lock_take(&sink.lock);
	begin_turn();
	if (sink.fd_owned)
		old = sink.fd;
	sink.fd = fd;
	sink.fd_owned = path[0] != '\0';
	sink.torn = false;
	snprintf(sink.path, sizeof(sink.path), "%s", path);
	end_turn();
	lock_release(&sink.lock);
	if (old >= 0)
		close(old);
}

int
log_open(const struct log_config *config, struct err *err)
{
	const char *file = config->file != NULL ? config->file : "stderr";
	int fd;

	/* localtime_r() need not look at TZ by itself. */
	tzset();
	if (!config->enabled || strcmp(file, "stderr") == 0) {
		switch_to(STDERR_FILENO, "");
	} else if (strcmp(file, "stdout") == 0) {
		switch_to(STDOUT_FILENO, "");
	} else {
		if (strlen(file) >= sizeof(sink.path))
			return err_set(err, ERR_SYSTEM, "the log file's path is too long");
		fd = open_file(file);
		if (fd < 0)
			return err_errno(err, "log file %s", file);
		switch_to(fd, file);
	}
	atomic_store(&sink.level, (int)config->level);
	atomic_store(&sink.enabled, config->enabled);
	return 0;
}

int
log_reopen(struct err *err)
{
	char path[sizeof(sink.path)];
	int fd;

	lock_take(&sink.lock);
	memcpy(path, sink.path, sizeof(path));
	lock_release(&sink.lock);
	if (path[0] == '\0')
		return 0;
	fd = open_file(path);
	if (fd < 0)
		return err_errno(err, "log file %s", path);
	switch_to(fd, path);
	return 0;
}

void
log_set_level(enum log_level level)
{
	atomic_store(&sink.level, (int)level);
}

void
log_close(void)
{
	/* What is logged after this is seen at least by whoever started the program. */
	switch_to(STDERR_FILENO, "");
}

bool
log_wants(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&sink.level, memory_order_relaxed) &&
		   atomic_load_explicit(&sink.enabled, memory_order_relaxed);
}

void
log_write(enum log_component component, enum log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX + 1];
	size_t len;
	int saved = errno;
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		snprintf(text, sizeof(text), "(a line that cannot be formatted)");
	va_end(args);
	line[0] = '\n';
	len = 1 + line_make(line + 1, component, level, text);
	put_line(line, len);
	errno = saved;
}

const char *
log_quote(char out[LOG_QUOTE_SIZE], const char *text)
{
	size_t len = 1;

	out[0] = '"';
	/* A quote within is escaped too, so that the quoted text ends where it seems to end. */
	len += line_escape(out + 1, LOG_QUOTE_SIZE - 3, text != NULL ? text : "", '"');
	out[len] = '"';
	out[len + 1] = '\0';
	return out;
}

bool
log_rate_allow(struct log_rate *rate, int interval_ms, unsigned *suppressed)
{
	int64_t now = clock_ms();
	bool allowed;

	lock_take(&sink.lock);
	allowed = now >= rate->next_ms;
	if (allowed) {
		*suppressed = rate->suppressed;
		rate->suppressed = 0;
		rate->next_ms = now + interval_ms;
	} else if (rate->suppressed < UINT_MAX) {
		rate->suppressed++;
	}
	lock_release(&sink.lock);
	return allowed;
}
