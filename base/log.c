/* SPDX-License-Identifier: MIT */
/* log - see log.h */
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
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

enum {
	BATCH_SIZE = 256 * 1024, /* of which only what is needed is ever touched */
	NAP_MS = 10,             /* after which a busy writer looks again, unasked */
	CLOSE_MS = 2000,         /* for what is left, at the end */
};

/* Lines, one behind the other. */
struct batch {
	char text[BATCH_SIZE];
	size_t len;
};

struct target {
	int fd;     /* -1: none */
	bool owned; /* a file, not stderr or stdout */
};

/*
 * While the writer runs it alone writes, without the lock, and others leave their lines in
 * a batch: whatever is behind the descriptor may be stuck. Without it whoever logs writes, with
 * the lock.
 *
 * [a] atomic, [l] under LOCK_LOG, [w] of the writer; while there is none, [l].
 */
static struct {
	atomic_bool enabled; /* [a] */
	atomic_int level;    /* [a] enum log_level */
	struct lock lock;
	bool running;        /* [l] there is a writer */
	bool ending;         /* [l] and no line is to come */
	size_t wake_at;      /* [l] wake the writer when there are so many bytes for it */
	pthread_cond_t news; /* [l] for the writer */
	pthread_cond_t over; /* [l] the writer has ended */
	pthread_t writer;    /* of who called log_start(), until log_close() */
	unsigned filled;     /* [l] */
	unsigned lost;       /* [l] lines that came behind those of the batch that is filled */
	struct target next;  /* [l] to be written to by the writer from now on */
	struct target now;   /* [w] */
	bool torn;           /* [w] the last line was written in part: its end is missing */
	char path[PATH_MAX]; /* [l] the file to open again, "" for stderr and stdout */
} sink = {
	.enabled = true,
	.level = LEVEL_INFO,
	.lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = LOCK_LOG},
	.next = {.fd = -1},
	.now = {.fd = STDERR_FILENO},
};

/*
 * [l] the one that is filled, [w] the other. Not in the sink, which begins with values: the
 * program's file would have half a MiB of zeros.
 */
static struct batch batches[2];

/* Of every struct log_rate. Not the sink's: while there is no writer that is held in a write(). */
static struct lock rate_lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = LOCK_LOG};

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

/* ---- what is written ---- */

/* All of it? */
static bool
write_all(const char *text, size_t len)
{
	struct pollfd full = {.fd = sink.now.fd, .events = POLLOUT};
	size_t at = 0;
	ssize_t n;

	while (at < len && (n = write(sink.now.fd, text + at, len - at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		/* Whoever gave us the descriptor may not want to wait at it; we may. */
		if (n < 0 && errno == EAGAIN && poll(&full, 1, -1) >= 0)
			continue;
		if (n < 0)
			break;
		at += (size_t)n;
		sink.torn = text[at - 1] != '\n';
	}
	return at == len;
}

/*
 * Lines. A write that fails loses its lines and nothing else: a full disk must not glue two of
 * them together. That SIGPIPE is ignored is main's affair.
 */
static void
write_lines(const char *text, size_t len)
{
	while (len > 0) {
		size_t n = len;

		/* A pipe takes so much at once or not at all, and others may write to it. */
		if (n > PIPE_BUF)
			n = (size_t)((const char *)memrchr(text, '\n', PIPE_BUF) + 1 - text);
		if (!sink.torn || write_all("\n", 1))
			(void)write_all(text, n);
		text += n;
		len -= n;
	}
}

/* Where lines go from now on, if that has changed. Returns what to close, or -1. */
static int
follow(void)
{
	int old = sink.now.owned ? sink.now.fd : -1;

	if (sink.next.fd < 0)
		return -1;
	sink.now = sink.next;
	sink.next = (struct target){.fd = -1};
	sink.torn = false;
	return old;
}

/* ---- the writer ---- */

static void
tell_lost(unsigned lost)
{
	char line[LOG_LINE_MAX], text[80];

	snprintf(text, sizeof(text), "%u log lines lost: nobody took them in time", lost);
	write_lines(line, line_make(line, LOG_ROUTER, LEVEL_ERROR, text));
}

/* With the lock, which is given up meanwhile: write what others have left. False: nothing. */
static bool
write_batch(void)
{
	struct batch *batch = &batches[sink.filled];
	unsigned lost = sink.lost;
	int old = follow();

	if (batch->len == 0 && old < 0)
		return false;
	sink.filled = !sink.filled;
	sink.lost = 0;
	sink.wake_at = SIZE_MAX;
	lock_release(&sink.lock);
	if (old >= 0)
		close(old);
	write_lines(batch->text, batch->len);
	batch->len = 0;
	if (lost > 0)
		tell_lost(lost);
	lock_take(&sink.lock);
	return true;
}

/* With the lock. Who logs while the writer is busy, or naps, need not wake it. */
static void
wait_for_lines(bool busy)
{
	size_t len = batches[sink.filled].len;

	sink.wake_at = busy ? BATCH_SIZE / 2 : 1;
	if (len < sink.wake_at)
		lock_wait(&sink.lock, &sink.news, busy ? clock_ms() + NAP_MS : INT64_MAX);
}

static void *
write_for_all(void *arg)
{
	bool wrote;

	pthread_setname_np(pthread_self(), "log");
	lock_take(&sink.lock);
	while ((wrote = write_batch()) || !sink.ending)
		if (!sink.ending)
			wait_for_lines(wrote);
	sink.running = false;
	pthread_cond_broadcast(&sink.over);
	lock_release(&sink.lock);
	return arg;
}

/* With the lock. Is the writer to be woken? Behind a line that is lost none fits: order is kept. */
static bool
leave(const char *line, size_t len)
{
	struct batch *batch = &batches[sink.filled];
	bool wake;

	if (sink.lost > 0 || len > sizeof(batch->text) - batch->len) {
		sink.lost += sink.lost < UINT_MAX;
		return false;
	}
	memcpy(batch->text + batch->len, line, len);
	batch->len += len;
	wake = batch->len >= sink.wake_at;
	if (wake)
		sink.wake_at = SIZE_MAX;
	return wake;
}

static void
put_line(const char *line, size_t len)
{
	bool wake = false;

	lock_take(&sink.lock);
	if (sink.running)
		wake = leave(line, len);
	else
		write_lines(line, len);
	lock_release(&sink.lock);
	if (wake)
		pthread_cond_signal(&sink.news);
}

static void
init_conditions(void)
{
	lock_cond_init(&sink.news);
	lock_cond_init(&sink.over);
}

int
log_start(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int r;

	pthread_once(&once, init_conditions);
	lock_take(&sink.lock);
	assert(!sink.running);
	sink.ending = false;
	sink.wake_at = SIZE_MAX;
	r = pthread_create(&sink.writer, NULL, write_for_all, NULL);
	sink.running = r == 0;
	lock_release(&sink.lock);
	errno = r;
	return r != 0 ? err_errno(err, "the log's thread") : 0;
}

/* Let the writer write what is left, and end; one that can't is left to the system. */
static void
end_writer(void)
{
	int64_t until = clock_ms() + CLOSE_MS;
	bool first, ended;

	lock_take(&sink.lock);
	first = sink.running && !sink.ending;
	sink.ending = true;
	pthread_cond_signal(&sink.news);
	while (sink.running && lock_wait(&sink.lock, &sink.over, until))
		;
	ended = !sink.running;
	lock_release(&sink.lock);
	if (first && ended)
		pthread_join(sink.writer, NULL);
	else if (first)
		pthread_detach(sink.writer);
}

/* ---- where it goes ---- */

/* Write to fd from now on; path is where it came from, "" when it is not ours to close. */
static void
switch_to(int fd, const char *path)
{
	int old;

	lock_take(&sink.lock);
	/* One that the writer has not come to yet is forgotten. */
	old = sink.next.owned ? sink.next.fd : -1;
	sink.next = (struct target){.fd = fd, .owned = path[0] != '\0'};
	snprintf(sink.path, sizeof(sink.path), "%s", path);
	if (sink.running)
		pthread_cond_signal(&sink.news);
	else
		old = follow();
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
	end_writer();
	/* What is logged after this is seen by whoever started the program, unless the writer is stuck. */
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
	char line[LOG_LINE_MAX];
	int saved = errno;
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		snprintf(text, sizeof(text), "(a line that cannot be formatted)");
	va_end(args);
	put_line(line, line_make(line, component, level, text));
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

	lock_take(&rate_lock);
	allowed = now >= rate->next_ms;
	if (allowed) {
		*suppressed = rate->suppressed;
		rate->suppressed = 0;
		rate->next_ms = now + interval_ms;
	} else if (rate->suppressed < UINT_MAX) {
		rate->suppressed++;
	}
	lock_release(&rate_lock);
	return allowed;
}
