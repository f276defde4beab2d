/* SPDX-License-Identifier: MIT */
/*
 * temp_dir - a folder of a test's own, and files in it.
 *
 * Threads: no state.
 */
#ifndef TESTS_UNIT_TEMP_DIR_H
#define TESTS_UNIT_TEMP_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/torture.h"

enum { TEMP_PATH_SIZE = 512 };

struct temp_dir {
	char path[128];
};

static inline struct temp_dir
temp_dir_new(void)
{
	const char *tmp = getenv("TMPDIR");
	struct temp_dir dir;
	int n = snprintf(dir.path, sizeof(dir.path), "%s/unit.XXXXXX", tmp ? tmp : "/tmp");

	assert_true(n > 0 && (size_t)n < sizeof(dir.path));
	assert_non_null(mkdtemp(dir.path));
	return dir;
}

static inline int
temp_remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void
temp_dir_free(const struct temp_dir *dir)
{
	assert_int_equal(nftw(dir->path, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of name in the folder; valid until out goes. */
static inline const char *
temp_path(const struct temp_dir *dir, const char *name, char out[TEMP_PATH_SIZE])
{
	int n = snprintf(out, TEMP_PATH_SIZE, "%s/%s", dir->path, name);

	assert_true(n > 0 && n < TEMP_PATH_SIZE);
	return out;
}

static inline void
temp_folder(const struct temp_dir *dir, const char *name)
{
	char path[TEMP_PATH_SIZE];

	assert_int_equal(mkdir(temp_path(dir, name, path), 0700), 0);
}

static inline void
temp_file(const struct temp_dir *dir, const char *name, const void *data, size_t len)
{
	char path[TEMP_PATH_SIZE];
	FILE *f = fopen(temp_path(dir, name, path), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static inline void
temp_text(const struct temp_dir *dir, const char *name, const char *text)
{
	temp_file(dir, name, text, strlen(text));
}

static inline void
temp_link(const struct temp_dir *dir, const char *target, const char *name)
{
	char path[TEMP_PATH_SIZE];

	assert_int_equal(symlink(target, temp_path(dir, name, path)), 0);
}

#endif
