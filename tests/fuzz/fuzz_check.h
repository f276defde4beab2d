/* SPDX-License-Identifier: MIT */
/*
 * fuzz_check - what every fuzzer needs: a check that stays on, and a small source
 * of sizes to cut a stream with, drawn from the input itself.
 *
 * Threads: none.
 */
#ifndef TESTS_FUZZ_FUZZ_CHECK_H
#define TESTS_FUZZ_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(promise)                                                            \
	do {                                                                          \
		if (!(promise)) {                                                         \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #promise); \
			abort();                                                              \
		}                                                                         \
	} while (0)

/* Sizes of pieces: everything at once, bytes one by one, or a row that a seed decides. */
enum { CUT_NOWHERE, CUT_EVERYWHERE, CUT_SOMEWHERE };

struct cuts {
	int how;
	uint32_t seed;
};

static inline size_t
next_cut(struct cuts *c, size_t left)
{
	size_t n;

	if (c->how == CUT_NOWHERE)
		return left;
	if (c->how == CUT_EVERYWHERE)
		return 1;
	c->seed = c->seed * 1664525 + 1013904223;
	n = (c->seed >> 16) % 23 + 1;
	return n < left ? n : left;
}

/* Reads the len bytes of text, behind which there is a NUL, and its memory ends. */
typedef void fuzz_reader(const char *text, size_t len);

/* The first byte picks one of count readers, the rest is its input. */
static inline int
fuzz_read(fuzz_reader *const readers[], size_t count, const uint8_t *data, size_t size)
{
	char *text = size > 0 ? malloc(size) : NULL;

	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % count](text, size - 1);
	free(text);
	return 0;
}

#endif
