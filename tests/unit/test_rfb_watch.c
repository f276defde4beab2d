/* SPDX-License-Identifier: MIT */
#include "session/rfb_watch.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/torture.h"

/* A message: its bytes up to where its length is known, and that length. */
struct sample {
	const char *name;
	unsigned char head[12];
	size_t len;
	unsigned keys;
};

static const struct sample samples[] = {
	{"SetPixelFormat", {0}, 20, 0},
	{"SetEncodings without any", {2, 0, 0, 0}, 4, 0},
	{"SetEncodings with three", {2, 0, 0, 3}, 16, 0},
	{"SetEncodings with 300", {2, 0, 1, 44}, 1204, 0},
	{"FramebufferUpdateRequest", {3, 1}, 10, 0},
	{"KeyEvent", {4, 1}, 8, 1},
	{"PointerEvent", {5, 0x7f}, 6, 0},
	{"PointerEvent with button 8", {5, 0x80}, 6, 0},
	{"ClientCutText without text", {6}, 8, 0},
	{"ClientCutText", {6, 0, 0, 0, 0, 0, 1, 0}, 264, 0},
	{"ClientCutText, extended", {6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc}, 12, 0},
	{"ClientCutText, extended and long", {6, 0, 0, 0, 0xff, 0xff, 0x00, 0x00}, 65544, 0},
	{"EnableContinuousUpdates", {150}, 10, 0},
	{"ClientFence without payload", {248}, 9, 0},
	{"ClientFence", {248, 0, 0, 0, 0, 0, 0, 0, 64}, 73, 0},
	{"xvp", {250, 0, 1, 2}, 4, 0},
	{"SetDesktopSize without screens", {251}, 8, 0},
	{"SetDesktopSize", {251, 0, 4, 0, 3, 0, 2}, 40, 0},
	{"QEMU key event", {255, 0, 0, 1}, 12, 0},
	{"QEMU audio on", {255, 1, 0, 0}, 4, 0},
	{"QEMU audio off", {255, 1, 0, 1}, 4, 0},
	{"QEMU audio format", {255, 1, 0, 2}, 10, 0},
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* The sample's bytes, in a block of exactly its size; the body would be messages by itself. */
static unsigned char *
bytes_of(const struct sample *s)
{
	unsigned char *bytes = malloc(s->len);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < s->len; i++)
		bytes[i] = i < sizeof(s->head) ? s->head[i] : 4;
	return bytes;
}

static void
each_message_has_its_length(void **state)
{
	size_t i, at;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		struct rfb_watch w = {.lost = false};
		unsigned char *bytes = bytes_of(&samples[i]);

		assert_true(rfb_watch_between(&w));
		for (at = 0; at < samples[i].len; at++) {
			assert_true(at == 0 || !rfb_watch_between(&w));
			rfb_watch_client(&w, bytes + at, 1);
		}
		if (!rfb_watch_between(&w))
			fail_msg("%s is longer", samples[i].name);
		assert_int_equal(w.keys, samples[i].keys);
		free(bytes);
	}
}

static void
messages_follow_each_other_in_any_pieces(void **state)
{
	struct rfb_watch w = {.lost = false};
	unsigned char *all = NULL;
	size_t len = 0, i, at, n, keys = 0, seed;

	(void)state;
	for (i = 0; i < 400; i++) {
		const struct sample *s = &samples[i * 7 % SAMPLES];
		unsigned char *bytes = bytes_of(s);

		all = realloc(all, len + s->len);
		assert_non_null(all);
		memcpy(all + len, bytes, s->len);
		len += s->len;
		keys += s->keys;
		free(bytes);
	}
	for (seed = 1; seed < 5; seed++) {
		w = (struct rfb_watch){.lost = false};
		for (at = 0; at < len; at += n) {
			n = 1 + (at * seed * 31 + seed) % (seed * 97);
			n = n < len - at ? n : len - at;
			rfb_watch_client(&w, all + at, n);
		}
		assert_true(rfb_watch_between(&w));
		assert_int_equal(w.keys, keys);
	}
	free(all);
}

static void
the_longest_cut_text_is_followed_to_its_end(void **state)
{
	static const unsigned char heads[][8] = {
		{6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, {6, 0, 0, 0, 0x80, 0, 0, 0}};
	static unsigned char block[1 << 20];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rfb_watch w = {.lost = false};
		uint64_t left = INT32_MAX + (uint64_t)i;

		rfb_watch_client(&w, heads[i], 8);
		for (; left > sizeof(block); left -= sizeof(block))
			rfb_watch_client(&w, block, sizeof(block));
		rfb_watch_client(&w, block, (size_t)left - 1);
		assert_false(rfb_watch_between(&w));
		rfb_watch_client(&w, block, 1);
		assert_true(rfb_watch_between(&w));
	}
}

static void
a_pointer_event_is_longer_once_that_was_offered(void **state)
{
	static const unsigned char offer[] = {
		2, 0, 0, 3, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xc4, 0, 0, 0, 7};
	static const unsigned char again[] = {2, 0, 0, 1, 0, 0, 0, 0};
	static const unsigned char marked[] = {5, 0x80, 0, 1, 0, 1, 2}, plain[] = {5, 1, 0, 1, 0, 1};
	struct rfb_watch w = {.lost = false};

	(void)state;
	rfb_watch_client(&w, offer, sizeof(offer));
	assert_true(rfb_watch_between(&w));
	rfb_watch_client(&w, marked, 6);
	assert_false(rfb_watch_between(&w));
	rfb_watch_client(&w, marked + 6, 1);
	assert_true(rfb_watch_between(&w));
	rfb_watch_client(&w, plain, sizeof(plain));
	assert_true(rfb_watch_between(&w));
	rfb_watch_client(&w, again, sizeof(again));
	rfb_watch_client(&w, marked, sizeof(marked));
	assert_true(rfb_watch_between(&w));
}

static void
after_an_unknown_message_nothing_is_certain_any_more(void **state)
{
	static const unsigned char unknown[][4] = {{1, 0, 0, 0}, {7, 0, 0, 0}, {149, 0, 0, 0},
		{249, 0, 0, 0}, {252, 0, 0, 0}, {255, 2, 0, 0}, {255, 1, 0, 3}, {255, 1, 1, 0},
		{255, 255, 255, 255}};
	unsigned char *request = bytes_of(&samples[4]);
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct rfb_watch w = {.lost = false};

		rfb_watch_client(&w, unknown[i], 4);
		assert_false(rfb_watch_between(&w));
		for (j = 0; j < 100; j++) {
			rfb_watch_client(&w, request, samples[4].len);
			assert_false(rfb_watch_between(&w));
		}
	}
	free(request);
}

static void
what_the_gateway_says_is_whole_messages(void **state)
{
	struct rfb_watch w = {.lost = false};

	(void)state;
	rfb_watch_client(&w, rfb_watch_request, sizeof(rfb_watch_request));
	assert_true(rfb_watch_between(&w));
	assert_int_equal(w.keys, 0);
	rfb_watch_client(&w, rfb_watch_shift, sizeof(rfb_watch_shift));
	assert_true(rfb_watch_between(&w));
	assert_int_equal(w.keys, 2);
	/* Pressed, released, and the same key. */
	assert_int_equal(rfb_watch_shift[1], 1);
	assert_int_equal(rfb_watch_shift[9], 0);
	assert_memory_equal(rfb_watch_shift + 4, rfb_watch_shift + 12, 4);
}

static void
a_vncterm_is_known_by_its_colour_map(void **state)
{
	static const struct {
		unsigned char init[12];
		bool vncterm;
	} rows[] = {
		{{2, 0xe8, 1, 0x90, 8, 8, 0, 0, 0, 0, 0, 0}, true},
		{{2, 0xe8, 1, 0x90, 8, 8, 0, 1, 0, 7, 0, 7}, false},
		{{4, 0, 3, 0, 32, 24, 0, 1, 0, 255, 0, 255}, false},
		{{4, 0, 3, 0, 32, 24, 0, 0, 0, 255, 0, 255}, false},
	};
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rfb_watch whole = {.lost = false}, pieces = {.lost = false};

		assert_false(rfb_watch_is_vncterm(&whole));
		rfb_watch_server(&whole, rows[i].init, sizeof(rows[i].init));
		for (at = 0; at < sizeof(rows[i].init); at++)
			rfb_watch_server(&pieces, rows[i].init + at, 1);
		assert_int_equal(rfb_watch_is_vncterm(&whole), rows[i].vncterm);
		assert_int_equal(rfb_watch_is_vncterm(&pieces), rows[i].vncterm);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_has_its_length),
		cmocka_unit_test(messages_follow_each_other_in_any_pieces),
		cmocka_unit_test(the_longest_cut_text_is_followed_to_its_end),
		cmocka_unit_test(a_pointer_event_is_longer_once_that_was_offered),
		cmocka_unit_test(after_an_unknown_message_nothing_is_certain_any_more),
		cmocka_unit_test(what_the_gateway_says_is_whole_messages),
		cmocka_unit_test(a_vncterm_is_known_by_its_colour_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
