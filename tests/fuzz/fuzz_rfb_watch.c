/* SPDX-License-Identifier: MIT */
/*
 * Whatever a VNC client says, cut wherever the network likes: the watch finds the same
 * boundaries as a second reading that sees all of it at once, and what the gateway puts in at
 * such a boundary moves none of the others. The first byte decides the pieces.
 */
#include "session/rfb_watch.h"

#include <stdbool.h>

#include "tests/fuzz/fuzz_check.h"

enum { INPUT_MAX = 8192 };

static uint32_t
number(const uint8_t *b, int bytes)
{
	uint32_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | *b++;
	return n;
}

/* How long the message at b is: 0 when it is unknown, more than there is when it goes on. */
static uint64_t
length_at(const uint8_t *b, size_t left, bool *extended)
{
	const uint64_t more = UINT64_MAX;
	uint32_t n;

	switch (b[0]) {
	case 0:
		return 20;
	case 2:
		if (left < 4)
			return more;
		n = number(b + 2, 2);
		if (left < 4 + 4 * (size_t)n)
			return more;
		for (uint32_t i = 0; i < n; i++)
			*extended |= number(b + 4 + 4 * (size_t)i, 4) == 0xfffffec4;
		return 4 + 4 * (uint64_t)n;
	case 3:
	case 150:
		return 10;
	case 4:
		return 8;
	case 5:
		return left < 2 ? more : *extended && b[1] >= 128 ? 7 : 6;
	case 6:
		if (left < 8)
			return more;
		n = number(b + 4, 4);
		return 8 + (uint64_t)(n > INT32_MAX ? -n : n);
	case 248:
		return left < 9 ? more : 9 + (uint64_t)b[8];
	case 250:
		return 4;
	case 251:
		return left < 7 ? more : 8 + 16 * (uint64_t)b[6];
	case 255:
		if (left < 4)
			return more;
		if (b[1] == 0)
			return 12;
		n = number(b + 2, 2);
		return b[1] != 1 || n > 2 ? 0 : n == 2 ? 10 : 4;
	default:
		return 0;
	}
}

/* Mark every boundary; returns whether an unknown message comes. */
static bool
read_again(const uint8_t *data, size_t size, bool between[INPUT_MAX + 1])
{
	bool extended = false;
	uint64_t n;

	for (size_t at = 0; at < size; at += n) {
		between[at] = true;
		n = length_at(data + at, size - at, &extended);
		if (n == 0)
			return true;
		if (n > size - at)
			return false;
		if (n == size - at)
			between[size] = true;
	}
	return false;
}

/* Follow all of it; between messages the gateway says something, now and then. */
static void
follow(const uint8_t *data, size_t size, struct cuts cuts, const bool between[INPUT_MAX + 1],
	bool lost)
{
	struct rfb_watch w = {.lost = false};
	unsigned char *piece;
	size_t at = 0, n;

	while (at < size) {
		n = next_cut(&cuts, size - at);
		piece = malloc(n);
		CHECK(piece);
		memcpy(piece, data + at, n);
		rfb_watch_client(&w, piece, n);
		free(piece);
		at += n;
		CHECK(w.lost || rfb_watch_between(&w) == between[at]);
		if (!rfb_watch_between(&w))
			continue;
		if (at % 3 == 0)
			rfb_watch_client(&w, rfb_watch_request, sizeof(rfb_watch_request));
		else if (at % 3 == 1)
			rfb_watch_client(&w, rfb_watch_shift, sizeof(rfb_watch_shift));
		CHECK(rfb_watch_between(&w));
	}
	CHECK(w.lost == lost);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool between[INPUT_MAX + 1];
	bool lost;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	memset(between, 0, sizeof(between));
	lost = read_again(data + 1, size - 1, between);
	for (int how = CUT_NOWHERE; how <= CUT_SOMEWHERE; how++)
		follow(data + 1, size - 1, (struct cuts){how, data[0]}, between, lost);
	return 0;
}
