/* SPDX-License-Identifier: MIT */
/*
 * term - what termproxy and a page with a terminal say, pure.
 *
 * Towards Proxmox the gateway is termproxy's client: it sends the login line of the console
 * ticket, hears "OK", and from then on everything is the terminal's output. What it sends
 * are messages in a byte stream: input as "0:LEN:DATA", a size as "1:COLS:ROWS:", and "2",
 * which says nothing but that somebody is there. Termproxy drops a head of which it has only
 * a part: a head or a message of this file goes out in one frame.
 *
 * From the browser come input, in binary messages, and control lines, in text messages:
 *   resize <cols> <rows>    1..1000 each
 *   ack <bytes>             of output shown since the last one, 1..2^31
 *
 * Threads: no shared state.
 */
#ifndef SESSION_TERM_H
#define SESSION_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { TERM_MORE = 0, TERM_DONE = 1 };

enum {
	TERM_HEAD_SIZE = 32,        /* room for what term_input_head() and term_resize() write */
	TERM_CONTROL_MAX = 64,      /* bytes of a control line */
	TERM_SIDE_MAX = 1000,       /* columns, rows */
	TERM_WINDOW = 256 * 1024,   /* bytes of output on their way without an ack */
	TERM_BLOCKED_MS = 10 * 1000 /* output that waits and does not move: Proxmox would keep it all */
};

/* The message that keeps a terminal's connection alive. */
#define TERM_PING "2"

/* Termproxy's answer to the login line. All zero is one before its first byte. */
struct term_greeting {
	unsigned heard;
	bool broken;
};

/*
 * Feed bytes of Proxmox's; *used says how many were taken. TERM_MORE; TERM_DONE when "OK" has
 * come, and what follows is output; ERR_PROTOCOL for anything else, and ever after.
 */
int term_greeting_feed(struct term_greeting *g, const unsigned char *data, size_t len, size_t *used,
	struct err *err) __attribute__((warn_unused_result));

/* What goes in front of len bytes of input. Returns its length. */
size_t term_input_head(char out[TERM_HEAD_SIZE], uint64_t len);

/* The message for a size. Returns its length. */
size_t term_resize(char out[TERM_HEAD_SIZE], unsigned cols, unsigned rows);

enum term_control_kind { TERM_RESIZE, TERM_ACK };

struct term_control {
	enum term_control_kind kind;
	unsigned cols, rows; /* TERM_RESIZE */
	uint32_t bytes;      /* TERM_ACK */
};

/* Read a control line, which has no end of line. 0, or ERR_PROTOCOL; then *out is untouched. */
int term_control_parse(const char *line, size_t len, struct term_control *out, struct err *err)
	__attribute__((warn_unused_result));

#endif
