/* SPDX-License-Identifier: MIT */
/*
 * Whatever termproxy answers, cut wherever the network likes: only "OK" is a terminal, and
 * what follows it is untouched. Whatever control line a browser sends: one that is taken is
 * exactly the one that its meaning would be written as. The first byte chooses.
 */
#include "session/term.h"

#include "tests/fuzz/fuzz_check.h"

/* What the greeting came to, and after how many bytes. */
static int
hear(const uint8_t *data, size_t size, struct cuts cuts, size_t *taken)
{
	struct term_greeting g = {0};
	int r = TERM_MORE;
	size_t n, used;

	*taken = 0;
	while (size > 0 && r == TERM_MORE) {
		n = next_cut(&cuts, size);
		r = term_greeting_feed(&g, data, n, &used, NULL);
		CHECK(used <= n && (r != TERM_MORE || used == n));
		*taken += used;
		data += n;
		size -= n;
	}
	return r;
}

static void
check_greeting(const uint8_t *data, size_t size, uint8_t seed)
{
	size_t whole, n;
	int how, r = hear(data, size, (struct cuts){CUT_NOWHERE, 0}, &whole);

	CHECK((r == TERM_DONE) == (size >= 2 && memcmp(data, "OK", 2) == 0));
	CHECK(r != TERM_DONE || whole == 2);
	CHECK(r == TERM_DONE || r == ERR_PROTOCOL || size < 2);
	for (how = CUT_EVERYWHERE; how <= CUT_SOMEWHERE; how++)
		CHECK(hear(data, size, (struct cuts){how, seed}, &n) == r && n == whole);
}

static void
check_control(const uint8_t *data, size_t size)
{
	struct term_control c;
	char *line = malloc(size ? size : 1), again[TERM_CONTROL_MAX];
	int n;

	CHECK(line);
	memcpy(line, data, size);
	if (term_control_parse(line, size, &c, NULL) == 0) {
		n = c.kind == TERM_ACK ? snprintf(again, sizeof(again), "ack %lu", (unsigned long)c.bytes)
							   : snprintf(again, sizeof(again), "resize %u %u", c.cols, c.rows);
		CHECK((size_t)n == size && memcmp(again, line, size) == 0);
		CHECK(c.kind == TERM_ACK ? c.bytes >= 1 && c.bytes <= UINT32_C(1) << 31
								 : c.cols >= 1 && c.cols <= TERM_SIDE_MAX && c.rows >= 1 &&
									   c.rows <= TERM_SIDE_MAX);
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		check_greeting(data + 1, size - 1, data[0]);
	else
		check_control(data + 1, size - 1);
	return 0;
}
