/* SPDX-License-Identifier: MIT */
/*
 * line - what a line of the log looks like, for log.c alone.
 *
 * Threads: any; the time is kept for each thread by itself.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stddef.h>

#include "base/log.h"

/*
 * Write text to out, with every byte that is not printable, and also_escaped,
 * as \xNN. What does not fit is cut and ends in "...", never within a character
 * or an escape. Returns the length; out gets no NUL.
 */
size_t line_escape(char *out, size_t room, const char *text, char also_escaped);

/* "2025/08/16 13:08:45 [ROUTER] [INFO] text", escaped, and a newline. Returns the length; no NUL. */
size_t line_make(
	char out[LOG_LINE_MAX], enum log_component component, enum log_level level, const char *text);

#endif
