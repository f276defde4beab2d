/* SPDX-License-Identifier: MIT */
/*
 * log - one line an event: "2025/08/16 13:08:45 [ROUTER] [INFO] text".
 *
 * Every byte of a line that is not printable is written as \xNN (UTF-8 passes),
 * so text from outside can neither forge a line nor steer a terminal; a line is
 * cut at LOG_LINE_MAX bytes and written as a whole by one write(). A line that comes
 * while another thread writes is left to that thread, whose next write() takes all that
 * has come meanwhile: nobody waits for a file or a pipe but whoever writes to it, unless
 * more comes than fits in a pipe at once. Secrets never come here: that is the callers'
 * duty, and a test's to check.
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

/* Open the path again (log rotation). On failure the old file stays in use. */
int log_reopen(struct err *err) __attribute__((warn_unused_result));

void log_set_level(enum log_level level);

/* Close the file, with every line in it that was logged before. */
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
