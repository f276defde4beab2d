/* SPDX-License-Identifier: MIT */
/*
 * frame - websocket frames (RFC 6455, section 5), pure: no socket, no memory.
 *
 * Reading: what a server sends (unmasked, by frame_next()) and what a client sends
 * (masked, by frame_next_masked()). Data is handed out as it comes, pointing into the
 * input; where its frame and its message end is said with it.
 * Building: what a client must send, and what a server must. Proxmox's server dies of
 * anything but whole, masked, unfragmented frames of at most 128 KiB; frame_build() can
 * make nothing else, and at most 64 KiB.
 *
 * Threads: no shared state.
 */
#ifndef SESSION_FRAME_H
#define SESSION_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum frame_opcode {
	FRAME_CONTINUATION = 0,
	FRAME_TEXT = 1,
	FRAME_BINARY = 2,
	FRAME_CLOSE = 8,
	FRAME_PING = 9,
	FRAME_PONG = 10,
};

enum {
	FRAME_CONTROL_MAX = 125,
	FRAME_PAYLOAD_MAX = 65535, /* what frame_build() accepts */
	FRAME_HEAD_MAX = 8,        /* 2 + 2 length bytes + 4 mask bytes */
	FRAME_PLAIN_HEAD_MAX = 10, /* 2 + 8 length bytes */
};

/* All zero is a parser before the first byte. */
struct frame_parser {
	unsigned char head[14];
	unsigned char mask[4]; /* of a client's frame: what its next payload byte begins with */
	unsigned head_len;
	bool in_payload;
	bool in_message; /* a fragmented message is under way */
	bool text;       /* of the message: it is text */
	bool broken;     /* the far side broke a rule; nothing more is read */
	unsigned char opcode;
	uint64_t left; /* payload bytes still to come */
	unsigned char control[FRAME_CONTROL_MAX];
	unsigned control_len;
};

enum frame_kind { FRAME_NEED_MORE, FRAME_IS_DATA, FRAME_IS_PING, FRAME_IS_PONG, FRAME_IS_CLOSE };

/* data: for FRAME_IS_DATA inside the input, else inside the parser; valid until the next call. */
struct frame_event {
	enum frame_kind kind;
	const unsigned char *data;
	size_t len;
	uint64_t frame_left; /* of FRAME_IS_DATA, as the rest: bytes of the frame that are to come */
	bool text;           /* of a text message */
	bool last;           /* the message ends with it */
};

/*
 * Read one event from in[0..len); *used says how many bytes that took. Call again
 * with the rest while there is any. FRAME_NEED_MORE always comes with *used == len.
 * Returns 0, or ERR_PROTOCOL for a frame that RFC 6455 forbids a server to send,
 * and ever after.
 */
int frame_next(struct frame_parser *p, const unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err) __attribute__((warn_unused_result));

/*
 * How much payload of a server's data frame is still to come, 0 between frames and within control
 * frames; and that n bytes of it, at most so many, have been received past frame_next().
 */
uint64_t frame_awaits(const struct frame_parser *p);
void frame_received(struct frame_parser *p, size_t n);

/*
 * The same for what a client sends; the mask is taken off in place. Lengths need not be in their
 * shortest form, which the standard asks for and nobody checks. Data may be empty where a
 * message ends with that.
 */
int frame_next_masked(struct frame_parser *p, unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err) __attribute__((warn_unused_result));

/*
 * Make one whole frame around payload[0..len): the head is written into the
 * FRAME_HEAD_MAX bytes before payload (they must exist), the payload is masked
 * in place. Returns how many bytes before payload the frame begins.
 */
size_t frame_build(
	unsigned char *payload, size_t len, enum frame_opcode opcode, const unsigned char mask[4]);

/*
 * Make one whole frame of a server around payload[0..len): the head is written into the
 * FRAME_PLAIN_HEAD_MAX bytes before payload (they must exist). Returns its size.
 */
size_t frame_build_plain(unsigned char *payload, size_t len, enum frame_opcode opcode);

/* The size of that head. */
size_t frame_plain_head(size_t len);

/* XOR with the mask, starting at its first byte. */
void frame_mask(unsigned char *data, size_t len, const unsigned char mask[4]);

#endif
