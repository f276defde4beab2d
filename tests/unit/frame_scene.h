/* SPDX-License-Identifier: MIT */
/*
 * frame_scene - streams of frames, cut anywhere, and a log of what is read from them.
 *
 * The file that includes it says before whether they are MASKED, as a client's are, and has
 * next() and note().
 *
 * Threads: none.
 */
#ifndef TESTS_UNIT_FRAME_SCENE_H
#define TESTS_UNIT_FRAME_SCENE_H

#include <stdlib.h>
#include <string.h>

#include "session/frame.h"
#include "tests/unit/torture.h"

enum { FIN = 0x80 };

struct bytes {
	size_t len;
	unsigned char data[140000];
};

/* What is sent, and what was read of it at once and in pieces. */
static struct bytes stream, whole, pieces;

static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static inline void
add(struct bytes *b, const void *data, size_t len)
{
	assert_true(b->len + len <= sizeof(b->data));
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void
add_byte(struct bytes *b, unsigned byte)
{
	unsigned char c = (unsigned char)byte;

	add(b, &c, 1);
}

/* A frame in the stream, its length in width bytes (1, 3 or 9) of the head. */
static inline void
add_frame_of_width(unsigned first, const void *payload, size_t len, int width)
{
	static const unsigned char none[4];
	const unsigned char *from = payload, *with = MASKED ? mask : none;
	unsigned form = width == 1 ? (unsigned)len : width == 3 ? 126 : 127;
	size_t at;
	int i;

	add_byte(&stream, first);
	add_byte(&stream, MASKED ? 0x80u | form : form);
	for (i = width - 2; i >= 0; i--)
		add_byte(&stream, (unsigned)((uint64_t)len >> 8 * i) & 0xff);
	add(&stream, mask, MASKED ? sizeof(mask) : 0);
	for (at = 0; at < len; at++)
		add_byte(&stream, from[at] ^ with[at % 4]);
}

static inline int
shortest_width(size_t len)
{
	return len < 126 ? 1 : len < 65536 ? 3 : 9;
}

static inline void
add_frame(unsigned first, const void *payload, size_t len)
{
	add_frame_of_width(first, payload, len, shortest_width(len));
}

static inline void
add_text(unsigned first, const char *text)
{
	add_frame(first, text, strlen(text));
}

/* frame_next() or frame_next_masked(). */
static int next(struct frame_parser *p, unsigned char *in, size_t len, size_t *used,
	struct frame_event *event, struct err *err);

/* Write an event down; where data was cut must not show. */
static void note(struct bytes *log, const struct frame_event *event);

/* Feed one piece, in memory of exactly its size; returns what next() said last. */
static inline int
feed(struct frame_parser *p, const unsigned char *in, size_t len, struct bytes *log)
{
	unsigned char *piece = malloc(len);
	struct frame_event event;
	size_t at = 0, used;
	struct err err = {0};
	int r;

	assert_non_null(piece);
	memcpy(piece, in, len);
	do {
		r = next(p, piece + at, len - at, &used, &event, &err);
		assert_int_equal(r, err.code);
		if (r < 0)
			break;
		at += used;
		if (event.kind != FRAME_NEED_MORE)
			note(log, &event);
	} while (event.kind != FRAME_NEED_MORE);
	assert_true(r < 0 || at == len);
	free(piece);
	return r;
}

/* Returns what was read as a string. */
static inline const char *
read_whole(void)
{
	struct frame_parser p = {0};

	whole.len = 0;
	assert_int_equal(feed(&p, stream.data, stream.len, &whole), 0);
	assert_true(whole.len < sizeof(whole.data));
	whole.data[whole.len] = '\0';
	return (const char *)whole.data;
}

static inline void
assert_same_events(void)
{
	assert_int_equal(pieces.len, whole.len);
	assert_memory_equal(pieces.data, whole.data, whole.len);
}

/* Read it again in pieces, of every size; the same must come. */
static inline void
read_in_pieces(void)
{
	size_t size, at, n;

	for (size = 1; size <= stream.len; size++) {
		struct frame_parser p = {0};

		pieces.len = 0;
		for (at = 0; at < stream.len; at += n) {
			n = size < stream.len - at ? size : stream.len - at;
			assert_int_equal(feed(&p, stream.data + at, n, &pieces), 0);
		}
		assert_same_events();
	}
}

/* A frame of so many bytes, in a form of so many, is read as it is. */
static inline void
assert_length_is_read(size_t len, int width)
{
	static unsigned char payload[131072];
	size_t i;

	for (i = 0; i < len; i++)
		payload[i] = (unsigned char)(i * 7 >> 3);
	stream.len = 0;
	add_frame_of_width(FIN | FRAME_BINARY, payload, len, width);
	read_whole();
	assert_true(whole.len >= len);
	assert_memory_equal(whole.data, payload, len);
}

/* Frames of every kind. */
static inline void
make_stream(void)
{
	char long_text[300];
	size_t i;

	for (i = 0; i < sizeof(long_text); i++)
		long_text[i] = (char)(i * 5);
	stream.len = 0;
	add_text(FIN | FRAME_BINARY, "one");
	add_text(FIN | FRAME_PING, "ping");
	add_text(FIN | FRAME_BINARY, "");
	add_text(FRAME_TEXT, "two ");
	add_text(FIN | FRAME_PING, "");
	add_text(FRAME_CONTINUATION, "");
	add_text(FRAME_CONTINUATION, "and ");
	add_text(FIN | FRAME_PONG, "pong");
	add_text(FIN | FRAME_CONTINUATION, "three");
	add_frame(FIN | FRAME_BINARY, long_text, sizeof(long_text));
	add_frame(FIN | FRAME_PONG, long_text, FRAME_CONTROL_MAX);
	/* A server must not make it longer than need be. */
	if (MASKED)
		add_frame_of_width(FIN | FRAME_BINARY, long_text, 7, 9);
	add_text(FIN | FRAME_CLOSE, "\x03\xe8gone");
}

/* A head is refused at its last byte, when it comes at once and by the byte, and whatever follows. */
static inline void
assert_forbidden(const char *what, const char *text, size_t len)
{
	const unsigned char *head = (const unsigned char *)text;
	struct frame_parser at_once = {0}, short_of = {0}, slow = {0};
	size_t at;

	pieces.len = 0;
	assert_int_equal(feed(&short_of, head, len - 1, &pieces), 0);
	if (feed(&at_once, head, len, &pieces) != ERR_PROTOCOL)
		fail_msg("%s is let through", what);
	for (at = 0; at + 1 < len; at++)
		assert_int_equal(feed(&slow, head + at, 1, &pieces), 0);
	assert_int_equal(feed(&slow, head + at, 1, &pieces), ERR_PROTOCOL);
	assert_int_equal(feed(&slow, (const unsigned char *)"\x82", 1, &pieces), ERR_PROTOCOL);
}

#endif
