/* SPDX-License-Identifier: MIT */
/* What is sent to a server. */
#include "session/frame.h"

#include <string.h>

#include "tests/unit/death.h"
#include "tests/unit/torture.h"

enum { FIN = 0x80 };

static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static void
a_mask_is_what_the_standard_says(void **state)
{
	/* RFC 6455, section 5.7 */
	unsigned char text[] = "Hello";

	(void)state;
	frame_mask(text, 5, mask);
	assert_memory_equal(text, "\x7f\x9f\x4d\x51\x58", 5);
}

static void
masking_is_the_same_at_every_length_and_alignment(void **state)
{
	unsigned char data[96], expected[96];
	size_t from, len, i;

	(void)state;
	for (from = 0; from < 16; from++) {
		for (len = 0; from + len <= 80; len++) {
			for (i = 0; i < sizeof(data); i++) {
				data[i] = expected[i] = (unsigned char)(i * 11);
				if (i >= from && i < from + len)
					expected[i] ^= mask[(i - from) % 4];
			}
			frame_mask(data + from, len, mask);
			assert_memory_equal(data, expected, sizeof(data));
		}
	}
}

/* Read a client's only frame as a strict server does; returns the payload's length. */
static size_t
open_frame(const unsigned char *frame, size_t size, unsigned opcode, unsigned char *payload)
{
	size_t len = frame[1] & 0x7f, at = 2, i;

	assert_int_equal(frame[0], FIN | opcode);
	assert_true(frame[1] & 0x80);
	assert_int_not_equal(len, 127);
	if (len == 126) {
		len = (size_t)frame[2] << 8 | frame[3];
		assert_true(len >= 126);
		at = 4;
	}
	assert_int_equal(size, at + 4 + len);
	for (i = 0; i < len; i++)
		payload[i] = frame[at + 4 + i] ^ frame[at + i % 4];
	return len;
}

static void
every_frame_built_is_whole_masked_and_short_and_opens_again(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 125, 126, 127, 16384, 65534, 65535};
	static unsigned char room[FRAME_HEAD_MAX + FRAME_PAYLOAD_MAX], opened[FRAME_PAYLOAD_MAX];
	unsigned char *payload = room + FRAME_HEAD_MAX;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (j = 0; j < sizes[i]; j++)
			payload[j] = (unsigned char)(j * 13 + i);
		n = frame_build(payload, sizes[i], FRAME_BINARY, mask);
		assert_true(n <= FRAME_HEAD_MAX);
		assert_int_equal(open_frame(payload - n, n + sizes[i], FRAME_BINARY, opened), sizes[i]);
		for (j = 0; j < sizes[i]; j++)
			assert_int_equal(opened[j], (unsigned char)(j * 13 + i));
	}
}

static void
control_frames_are_built_too(void **state)
{
	static const enum frame_opcode opcodes[] = {FRAME_CLOSE, FRAME_PING, FRAME_PONG};
	unsigned char room[FRAME_HEAD_MAX + FRAME_CONTROL_MAX] = {0}, opened[FRAME_CONTROL_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		memset(room, 'c', sizeof(room));
		n = frame_build(room + FRAME_HEAD_MAX, FRAME_CONTROL_MAX, opcodes[i], mask);
		assert_int_equal(n, 6);
		open_frame(room + FRAME_HEAD_MAX - n, n + FRAME_CONTROL_MAX, opcodes[i], opened);
		assert_int_equal(opened[FRAME_CONTROL_MAX - 1], 'c');
	}
}

static void
building_touches_nothing_outside_the_frame(void **state)
{
	unsigned char room[2 + FRAME_HEAD_MAX + 200];
	size_t len, n, i;

	(void)state;
	for (len = 0; len < 199; len++) {
		memset(room, 0x55, sizeof(room));
		n = frame_build(room + 2 + FRAME_HEAD_MAX, len, FRAME_BINARY, mask);
		for (i = 0; i < 2 + FRAME_HEAD_MAX - n; i++)
			assert_int_equal(room[i], 0x55);
		assert_int_equal(room[2 + FRAME_HEAD_MAX + len], 0x55);
	}
}

static unsigned char too_much[FRAME_HEAD_MAX + FRAME_PAYLOAD_MAX + 1];

static void
build_too_long(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, FRAME_PAYLOAD_MAX + 1, FRAME_BINARY, mask);
}

static void
build_long_ping(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, FRAME_CONTROL_MAX + 1, FRAME_PING, mask);
}

static void
build_fragment(void)
{
	frame_build(too_much + FRAME_HEAD_MAX, 1, FRAME_CONTINUATION, mask);
}

static void
what_would_kill_the_other_side_can_not_be_built(void **state)
{
	(void)state;
	assert_true(aborts(build_too_long));
	assert_true(aborts(build_long_ping));
	assert_true(aborts(build_fragment));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mask_is_what_the_standard_says),
		cmocka_unit_test(masking_is_the_same_at_every_length_and_alignment),
		cmocka_unit_test(every_frame_built_is_whole_masked_and_short_and_opens_again),
		cmocka_unit_test(control_frames_are_built_too),
		cmocka_unit_test(building_touches_nothing_outside_the_frame),
		cmocka_unit_test(what_would_kill_the_other_side_can_not_be_built),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
