/* SPDX-License-Identifier: MIT */
/*
 * assets_scene - a folder with a page in it, for each test.
 *
 * Threads: none.
 */
#ifndef TESTS_UNIT_ASSETS_SCENE_H
#define TESTS_UNIT_ASSETS_SCENE_H

#include <string.h>

#include "base/log.h"
#include "session/assets.h"
#include "tests/unit/temp_dir.h"

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

static struct temp_dir dir;

static inline int
make_folder(void **state)
{
	(void)state;
	dir = temp_dir_new();
	temp_text(&dir, "vnc.html", "<!doctype html><title>page</title>");
	return 0;
}

static inline int
remove_folder(void **state)
{
	(void)state;
	temp_dir_free(&dir);
	return 0;
}

/* Lines about links that are left out would only disturb. */
static inline int
be_silent(void **state)
{
	const struct log_config silent = {.enabled = false, .file = "stderr"};

	(void)state;
	return log_open(&silent, NULL);
}

static inline struct assets *
load(void)
{
	struct assets *a = NULL;

	assert_int_equal(assets_load(dir.path, &a, NULL), 0);
	return a;
}

static inline const struct asset *
find(const struct assets *a, const char *path)
{
	return assets_find(a, path, strlen(path));
}

static inline void
assert_invalid(const char *path)
{
	struct assets *a = NULL;
	struct err err = {0};

	assert_int_equal(assets_load(path, &a, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "novnc_path"));
	assert_null(a);
}

#endif
