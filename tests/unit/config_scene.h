/* SPDX-License-Identifier: MIT */
/*
 * config_scene - configurations for tests: a folder with a page, and the least that must be said.
 *
 * Threads: no state but the test's own.
 */
#ifndef TESTS_UNIT_CONFIG_SCENE_H
#define TESTS_UNIT_CONFIG_SCENE_H

#include <stdio.h>
#include <string.h>

#include "router/config.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Short enough for jansson to quote it in a message. */
#define SECRET "hunter2-hunter2"

#define AUTH "\"authorization\":\"" SECRET "\""
#define IP   "\"public_ip\":\"192.0.2.1\""
#define PAGE "\"novnc_path\":\"page\""
#define BASE AUTH "," IP "," PAGE

enum { TEXT_SIZE = 8192 };

/* A folder with page/vnc.html, where relative paths begin; and what the last reading said. */
static struct temp_dir dir;
static struct err err;

static inline int
config_scene_make(void **state)
{
	(void)state;
	dir = temp_dir_new();
	temp_folder(&dir, "page");
	temp_text(&dir, "page/vnc.html", "<!doctype html>\n");
	return 0;
}

static inline int
config_scene_remove(void **state)
{
	(void)state;
	temp_dir_free(&dir);
	return 0;
}

/* Read the object that has these members. */
static inline int
read_port(const char *members, int port, struct config *out)
{
	char text[TEXT_SIZE];
	int n = snprintf(text, sizeof(text), "{%s}", members);

	assert_true(n > 0 && n < TEXT_SIZE);
	err = (struct err){.code = 0};
	return config_parse(text, (size_t)n, dir.path, port, out, &err);
}

static inline struct config
good(const char *members)
{
	struct config c = {0};

	if (read_port(members, 0, &c) != 0)
		fail_msg("%s: %s", members, err.text);
	return c;
}

#endif
