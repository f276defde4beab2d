/* SPDX-License-Identifier: MIT */
#include "session/term.h"

#include <string.h>

#include "tests/unit/torture.h"

/* ---- the greeting ---- */

static int
hears(struct term_greeting *g, const char *text, size_t len, size_t *used)
{
	struct err err = {0};
	int r = term_greeting_feed(g, (const unsigned char *)text, len, used, &err);

	assert_int_equal(r < 0 ? r : 0, err.code);
	return r;
}

static void
ok_lets_it_begin(void **state)
{
	struct term_greeting g = {0};
	size_t used;

	(void)state;
	assert_int_equal(hears(&g, "OK", 2, &used), TERM_DONE);
	assert_int_equal(used, 2);
}

static void
output_may_follow_in_the_same_bytes(void **state)
{
	struct term_greeting g = {0};
	size_t used;

	(void)state;
	assert_int_equal(hears(&g, "OKOK\r\nlogin: ", 13, &used), TERM_DONE);
	assert_int_equal(used, 2);
	assert_int_equal(hears(&g, "x", 1, &used), TERM_DONE);
	assert_int_equal(used, 0);
}

static void
ok_may_come_in_pieces(void **state)
{
	struct term_greeting g = {0};
	size_t used;

	(void)state;
	assert_int_equal(hears(&g, "", 0, &used), TERM_MORE);
	assert_int_equal(hears(&g, "O", 1, &used), TERM_MORE);
	assert_int_equal(used, 1);
	assert_int_equal(hears(&g, "", 0, &used), TERM_MORE);
	assert_int_equal(hears(&g, "K\033[H", 4, &used), TERM_DONE);
	assert_int_equal(used, 1);
}

static void
anything_else_is_no_terminal(void **state)
{
	static const char *const texts[] = {"ok", "KO", "O", " OK", "\nOK", "RFB 003.008\n", "OO"};
	size_t i, used;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct term_greeting g = {0};
		int r = hears(&g, texts[i], strlen(texts[i]), &used);

		if (strcmp(texts[i], "O") == 0)
			r = hears(&g, "\0", 1, &used);
		assert_int_equal(r, ERR_PROTOCOL);
		/* And there is no way back. */
		assert_int_equal(hears(&g, "OK", 2, &used), ERR_PROTOCOL);
		assert_int_equal(used, 0);
	}
}

/* ---- messages ---- */

static void
input_is_announced_in_bytes(void **state)
{
	char head[TERM_HEAD_SIZE];

	(void)state;
	assert_int_equal(term_input_head(head, 1), 4);
	assert_memory_equal(head, "0:1:", 4);
	assert_int_equal(term_input_head(head, 1048576), 10);
	assert_memory_equal(head, "0:1048576:", 10);
	assert_int_equal(term_input_head(head, UINT64_MAX), 23);
	assert_memory_equal(head, "0:18446744073709551615:", 23);
}

static void
a_size_is_told_in_columns_and_rows(void **state)
{
	char message[TERM_HEAD_SIZE];

	(void)state;
	assert_int_equal(term_resize(message, 132, 43), 9);
	assert_memory_equal(message, "1:132:43:", 9);
	assert_int_equal(term_resize(message, TERM_SIDE_MAX, TERM_SIDE_MAX), 12);
	assert_memory_equal(message, "1:1000:1000:", 12);
}

/* ---- control lines ---- */

static int
parse(const char *line, size_t len, struct term_control *out)
{
	struct err err = {0};
	int r = term_control_parse(line, len, out, &err);

	assert_int_equal(r, err.code);
	return r;
}

static void
sizes_are_read(void **state)
{
	static const struct {
		const char *line;
		unsigned cols, rows;
	} good[] = {{"resize 80 24", 80, 24}, {"resize 1 1", 1, 1}, {"resize 1000 1000", 1000, 1000}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct term_control c;

		assert_int_equal(parse(good[i].line, strlen(good[i].line), &c), 0);
		assert_int_equal(c.kind, TERM_RESIZE);
		assert_int_equal(c.cols, good[i].cols);
		assert_int_equal(c.rows, good[i].rows);
	}
}

static void
acks_are_read(void **state)
{
	static const struct {
		const char *line;
		uint32_t bytes;
	} good[] = {{"ack 1", 1}, {"ack 65536", 65536}, {"ack 2147483648", UINT32_C(1) << 31}};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct term_control c;

		assert_int_equal(parse(good[i].line, strlen(good[i].line), &c), 0);
		assert_int_equal(c.kind, TERM_ACK);
		assert_int_equal(c.bytes, good[i].bytes);
	}
}

static void
whatever_else_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "resize", "resize ", "resize 80", "resize 80 ",
		"resize 80 24 ", " resize 80 24", "resize  80 24", "resize 80  24", "resize 80,24",
		"resize 0 24", "resize 80 0", "resize 1001 24", "resize 80 1001", "resize -1 24",
		"resize +80 24", "resize 080 24", "resize 80.0 24", "resize 8e1 24", "resize 80 24\n",
		"resize 80 24 1", "Resize 80 24", "resize80 24", "resize\t80 24", "ack", "ack ", "ack 0",
		"ack 00", "ack 01", "ack 2147483649", "ack 4294967297", "ack 18446744073709551617",
		"ack -1", "ack 1 1", "ack 1\r\n", "ack x", "ACK 1", "ack1", "ping", "2", "0:1:a", "{}"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct term_control c = {.kind = TERM_ACK, .bytes = 7};

		assert_int_equal(parse(bad[i], strlen(bad[i]), &c), ERR_PROTOCOL);
		assert_int_equal(c.bytes, 7);
	}
}

static void
a_line_is_not_read_beyond_its_end(void **state)
{
	struct term_control c;

	(void)state;
	assert_int_equal(parse("ack 123", 5, &c), 0);
	assert_int_equal(c.bytes, 1);
	assert_int_equal(parse("ack 1\0", 6, &c), ERR_PROTOCOL);
}

static void
a_line_that_is_too_long_is_refused(void **state)
{
	char line[TERM_CONTROL_MAX + 1];
	struct term_control c;

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "ack 1", 5);
	assert_int_equal(parse(line, sizeof(line), &c), ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ok_lets_it_begin),
		cmocka_unit_test(output_may_follow_in_the_same_bytes),
		cmocka_unit_test(ok_may_come_in_pieces),
		cmocka_unit_test(anything_else_is_no_terminal),
		cmocka_unit_test(input_is_announced_in_bytes),
		cmocka_unit_test(a_size_is_told_in_columns_and_rows),
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(acks_are_read),
		cmocka_unit_test(whatever_else_is_refused),
		cmocka_unit_test(a_line_is_not_read_beyond_its_end),
		cmocka_unit_test(a_line_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
