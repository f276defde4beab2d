/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "tests/unit/temp_dir.h"

enum { MAX = 10000 };

static struct temp_dir dir;
static char path[TEMP_PATH_SIZE];

static int
make_dir(void **state)
{
	(void)state;
	dir = temp_dir_new();
	temp_path(&dir, "file", path);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	temp_dir_free(&dir);
	return 0;
}

/* A file of that many bytes. */
static void
write_bytes(size_t len)
{
	FILE *f = fopen(path, "w");
	size_t i;

	assert_non_null(f);
	for (i = 0; i < len; i++)
		fputc((int)(i % 251), f);
	assert_int_equal(fclose(f), 0);
}

static void
assert_refused(const char *name, const char *why)
{
	struct secret s = {0};
	struct err err = {0};

	assert_int_equal(file_read(name, MAX, &s, NULL, &err), ERR_INVALID);
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(err.text, why);
	assert_null(s.data);
}

static void
a_file_is_read_whole_up_to_the_limit(void **state)
{
	static const size_t sizes[] = {1, 4095, 4096, 4097, MAX};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct secret s = {0};

		write_bytes(sizes[i]);
		assert_int_equal(file_read(path, MAX, &s, NULL, NULL), 0);
		assert_int_equal(s.len, sizes[i]);
		for (n = 0; n < s.len; n++)
			assert_int_equal((unsigned char)s.data[n], n % 251);
		secret_wipe(&s);
	}
	write_bytes(MAX + 1);
	assert_refused(path, "has more than 10000 bytes");
}

static void
what_cannot_be_read_says_why(void **state)
{
	char missing[TEMP_PATH_SIZE];

	(void)state;
	write_bytes(0);
	assert_refused(path, "is empty");
	assert_refused(dir.path, "Is a directory");
	assert_refused(temp_path(&dir, "missing", missing), "No such file or directory");
	assert_refused("/dev/zero", "has more than 10000 bytes");
}

static void
a_pipe_without_a_writer_holds_nobody_up(void **state)
{
	char pipe_path[TEMP_PATH_SIZE];

	(void)state;
	assert_int_equal(mkfifo(temp_path(&dir, "pipe", pipe_path), 0600), 0);
	assert_refused(pipe_path, "is empty");
}

static void
read_or_fail(void *arg)
{
	struct secret s = {0};
	struct err err = {0};
	int r = file_read(path, MAX, &s, NULL, &err);

	(void)arg;
	if (r < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, r);
	}
	secret_wipe(&s);
}

static void
without_memory_nothing_is_left_and_no_copy_ever_is(void **state)
{
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	for (int i = 0; i < 400; i++)
		fputs("a-secret-of-the-file ", f);
	fclose(f);
	torture_look_for("a-secret-of-the-file");
	assert_true(torture(read_or_fail, NULL) >= 3);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole_up_to_the_limit),
		cmocka_unit_test(what_cannot_be_read_says_why),
		cmocka_unit_test(a_pipe_without_a_writer_holds_nobody_up),
		cmocka_unit_test(without_memory_nothing_is_left_and_no_copy_ever_is),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
