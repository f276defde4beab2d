/* SPDX-License-Identifier: MIT */
/*
 * log_scene - a folder for the log of a test, and what is found there.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_LOG_SCENE_H
#define TESTS_UNIT_LOG_SCENE_H

#include <stdio.h>
#include <stdlib.h>

static char folder[256];
static char path[300]; /* in it, of the log */

/* 0 or -1. The test removes the folder and what is in it. */
static inline int
make_folder(const char *log_name)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/test_log.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", folder, log_name);
	return 0;
}

static inline size_t
count_lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

#endif
