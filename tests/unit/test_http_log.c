/* SPDX-License-Identifier: MIT */
#include "router/http_log.h"

#include <string.h>

#include "tests/unit/torture.h"

/* What is kept of a line that the library writes. */
static const char *
kept(const char *fmt, ...)
{
	static char last[HTTP_LOG_LINE];
	struct http_log log;
	va_list args;

	http_log_init(&log);
	va_start(args, fmt);
	http_log_write(&log, fmt, args);
	va_end(args);
	http_log_last(&log, last);
	http_log_done(&log);
	return last;
}

static void
a_line_is_kept_without_its_end(void **state)
{
	(void)state;
	assert_string_equal(kept("Failed to bind to port %u: %s\n", 9999U, "Address already in use"),
		"Failed to bind to port 9999: Address already in use");
	assert_string_equal(kept("one\ntwo\n"), "one");
	assert_string_equal(kept("%s", ""), "");
}

static void
a_long_line_is_cut(void **state)
{
	char text[2 * HTTP_LOG_LINE];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(kept("%s", text)), HTTP_LOG_LINE - 1);
}

/* The library's own formats, with what a client asked for. */
static void
the_path_of_a_request_is_not_kept(void **state)
{
	static const char *const formats[] = {
		"Failed to send the response headers for the request for `%s'. Error: %s\n",
		"Failed to send the response body for the request for `%s'. Error: %s\n",
		"Failed to send data in request for %s.\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const char *line = kept(formats[i], "/vnc/0123456789abcdef0123' request for ", "EPIPE");

		assert_null(strstr(line, "0123"));
		assert_non_null(strstr(line, "Failed to send"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_kept_without_its_end),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(the_path_of_a_request_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
