/* SPDX-License-Identifier: MIT */
/*
 * log - one line an event: "2025/08/16 13:08:45 [ROUTER] [INFO] text".
 *
 * Every byte of a line that is not printable is written as \xNN (UTF-8 passes),
 * so text from outside can neither forge a line nor steer a terminal; a line is
 * cut at LOG_LINE_MAX bytes and written as a whole by one write(). Secrets never come
 * here: that is the callers' duty, and a test's to check.
 *
 * From log_start() to log_close() a thread of the log's own writes, and nobody waits for a
 * file or a pipe that takes nothing: lines are kept in their order, up to 256 KiB besides those
 * that are being written, and what comes when that is full is lost; once there is room a line
 * says how many were. A program that dies of a signal loses what is not written yet: as a rule
 * nothing older than 10 ms. Without that thread whoever logs writes, and waits.
 *
 * Threads: any.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { LOG_LINE_MAX = 1024, LOG_QUOTE_SIZE = 128 };

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_ERROR };

/* component, the name in the log, the rooms that speak as it */
#define LOG_COMPONENT_TBL(X)                                                \
	X(LOG_ROUTER, "ROUTER", "router: HTTP, tokens, configuration, signals") \
	X(LOG_PROXY, "PROXY", "session/launch: from link to running session")   \
	X(LOG_API, "API", "calls to Proxmox")                                   \
	X(LOG_VNC_SERVICE, "VNC-SERVICE", "session/live: the end of a session") \
	X(LOG_SESSION_MGR, "SESSION-MGR", "session/sessions, reaper, ports")    \
	X(LOG_VNC_SERVER, "VNC-SERVER", "session/front: the browser's side")    \
	X(LOG_WS_PROXY, "WS-PROXY", "session/back: Proxmox's side, relaying")   \
	X(LOG_PROXY_CFG, "PROXY-CFG", "session/open: console tickets")

enum log_component {
#define X(id, name, rooms) id,
	LOG_COMPONENT_TBL(X)
#undef X
		LOG_COMPONENT_COUNT
};

struct log_config {
	bool enabled;
	enum log_level level;
	const char
		*file; /* "stderr", "stdout" or a path; its folder is made (0750), the file too (0640) */
};

/* Before this call lines go to stderr at info. Returns 0 or ERR_SYSTEM; then nothing has changed. */
int log_open(const struct log_config *config, struct err *err) __attribute__((warn_unused_result));

/*
 * Let a thread write from now on. To be called after log_open(), and before there are threads
 * that must not wait. Returns 0 or ERR_SYSTEM; then whoever logs goes on to write.
 */
int log_start(struct err *err) __attribute__((warn_unused_result));

/*
 * Open the path again (log rotation); lines that wait to be written go there too. On failure
 * the old file stays in use. Returns 0 or ERR_SYSTEM.
 */
int log_reopen(struct err *err) __attribute__((warn_unused_result));

void log_set_level(enum log_level level);

/*
 * End log_start()'s thread and close the file, with every line in it that was logged before;
 * those that nobody takes within two seconds are lost.
 */
void log_close(void);

/* Would a line of this level be written? For callers that would have to build one. */
bool log_wants(enum log_level level);

void log_write(enum log_component component, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(component, ...) log_write((component), LEVEL_DEBUG, __VA_ARGS__)
#define log_info(component, ...)  log_write((component), LEVEL_INFO, __VA_ARGS__)
#define log_error(component, ...) log_write((component), LEVEL_ERROR, __VA_ARGS__)

/* "text" in quotes, control bytes escaped, cut with "..." to fit out. Returns out. */
const char *log_quote(char out[LOG_QUOTE_SIZE], const char *text);

/* For lines that an outsider can cause at will: at most one per interval, the rest is counted. */
struct log_rate {
	int64_t next_ms;     /* [LOCK_LOG] */
	unsigned suppressed; /* [LOCK_LOG] */
};

/* May a line be written now? *suppressed becomes the number of lines left out since the last one. */
bool log_rate_allow(struct log_rate *rate, int interval_ms, unsigned *suppressed);

#endif
