/* SPDX-License-Identifier: MIT */
#include "router/options.h"

#include <string.h>

#include "router/config.h"
#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { ARGS = 6 };

/* arguments, what they mean (file NULL: refused) */
static const struct {
	const char *args[ARGS];
	const char *file;
	int port;
	bool check, version, help;
} rows[] = {
	{{NULL}, "config.json", 0, false, false, false},
	{{"-config", "x"}, "x", 0, false, false, false},
	{{"--config", "x"}, "x", 0, false, false, false},
	{{"-config=x"}, "x", 0, false, false, false},
	{{"--config=a=b"}, "a=b", 0, false, false, false},
	{{"-config", "-port"}, "-port", 0, false, false, false},
	{{"-port", "1"}, "config.json", 1, false, false, false},
	{{"--port=65535"}, "config.json", 65535, false, false, false},
	{{"-check", "-config", "x", "-port", "80"}, "x", 80, true, false, false},
	{{"--check"}, "config.json", 0, true, false, false},
	{{"-version"}, "config.json", 0, false, true, false},
	{{"--help"}, "config.json", 0, false, false, true},
	{{"-h"}, "config.json", 0, false, false, true},
	{{"-config"}, NULL, 0, false, false, false},
	{{"-config="}, NULL, 0, false, false, false},
	{{"-config", ""}, NULL, 0, false, false, false},
	{{"-port"}, NULL, 0, false, false, false},
	{{"-port", "0"}, NULL, 0, false, false, false},
	{{"-port", "65536"}, NULL, 0, false, false, false},
	{{"-port", "80x"}, NULL, 0, false, false, false},
	{{"-port=-1"}, NULL, 0, false, false, false},
	{{"-check=yes"}, NULL, 0, false, false, false},
	{{"-configx", "x"}, NULL, 0, false, false, false},
	{{"---config", "x"}, NULL, 0, false, false, false},
	{{"-conf", "x"}, NULL, 0, false, false, false},
	{{"config.json"}, NULL, 0, false, false, false},
	{{"-"}, NULL, 0, false, false, false},
	{{"--"}, NULL, 0, false, false, false},
	{{""}, NULL, 0, false, false, false},
};

static void
the_command_line_is_understood_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char copies[ARGS][32];
		char *argv[ARGS + 2] = {(char[]){"proxmoxvnc"}};
		int argc = 1, r;
		struct options o = {0};
		struct err err = {0};

		for (; argc <= ARGS && rows[i].args[argc - 1] != NULL; argc++) {
			memcpy(copies[argc - 1], rows[i].args[argc - 1], strlen(rows[i].args[argc - 1]) + 1);
			argv[argc] = copies[argc - 1];
		}
		r = options_parse(argc, argv, &o, &err);
		if ((r == 0) != (rows[i].file != NULL))
			fail_msg("row %zu: %d %s", i, r, err.text);
		assert_true(r == 0 || err.text[0] != '\0');
		if (r < 0)
			continue;
		assert_string_equal(o.config_file, rows[i].file);
		assert_int_equal(o.port, rows[i].port);
		assert_int_equal(o.check, rows[i].check);
		assert_int_equal(o.version, rows[i].version);
		assert_int_equal(o.help, rows[i].help);
	}
}

static void
help_tells_of_every_key(void **state)
{
	struct buf text = {0};
	size_t n;
	const struct config_option *options = config_options(&n);

	(void)state;
	assert_int_equal(options_help(&text), 0);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(strstr(buf_text(&text), options[i].key));
		assert_non_null(strstr(buf_text(&text), options[i].help));
	}
	buf_done(&text);
}

static void
play(void *arg)
{
	struct buf text = {0};

	(void)arg;
	assert_true(options_help(&text) == 0 || torture_struck());
	buf_done(&text);
}

static void
without_memory_there_is_no_help(void **state)
{
	(void)state;
	assert_true(torture(play, NULL) > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_line_is_understood_or_refused),
		cmocka_unit_test(help_tells_of_every_key),
		cmocka_unit_test(without_memory_there_is_no_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
