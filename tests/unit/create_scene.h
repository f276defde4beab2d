/* SPDX-License-Identifier: MIT */
/*
 * create_scene - bodies of POST /create, and what becomes of them.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_UNIT_CREATE_SCENE_H
#define TESTS_UNIT_CREATE_SCENE_H

#include "tests/unit/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/create_body.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define PASSWORD "Un-common\\\"77" /* as JSON has it */
#define SECRET   "Un-common\"77"

#define JSON      "application/json"
#define FORM      "application/x-www-form-urlencoded"
#define MULTIPART "multipart/form-data; boundary=b"

#define HOST "\"hostname\":\"10.0.0.1\""
#define NODE "\"node\":\"pve\""
#define USER "\"username\":\"root@pam\""
#define PASS "\"password\":\"" PASSWORD "\""
#define VMID "\"vmid\":100"
#define ALL  HOST "," NODE "," USER "," PASS "," VMID

#define LEAF                                                                                     \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:" \
	"EE:FF"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct err err;
static struct create_allowed allowed = {.node_shells = true, .terminals = true};
static struct create_order last; /* what the last good body asked for; its grant is the test's */

/* Read a body; *out is the caller's. */
static inline int
read_as(const char *type, const char *body, size_t len, struct grant **out)
{
	struct create_order order = {0};
	int r;

	err = (struct err){.code = 0};
	r = create_body_read(type, body, len, &allowed, &order, &err);
	if (r == 0) {
		last = order;
		*out = order.grant;
	} else {
		assert_null(order.grant);
	}
	return r;
}

/* Read an object that has these members. */
static inline struct grant *
good(const char *members)
{
	char text[4096];
	struct grant *grant = NULL;
	int n = snprintf(text, sizeof(text), "{%s}", members);

	if (read_as(JSON, text, (size_t)n, &grant) != 0 || grant == NULL) {
		fail_msg("%s: %s", text, err.text);
		abort(); /* the compiler does not know that we do not come here */
	}
	return grant;
}

/* A body that is refused with these words, and without the password in them. */
static inline void
refused(const char *type, const char *body, size_t len, const char *words)
{
	struct grant *grant = NULL;

	if (read_as(type, body, len, &grant) != ERR_INVALID)
		fail_msg("taken: %s", body);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s: \"%s\" lacks \"%s\"", body, err.text, words);
	if (strstr(err.text, "Un-common") != NULL)
		fail_msg("%s: the password is in \"%s\"", body, err.text);
	assert_null(strchr(err.text, '\n'));
}

/* The same for an object that has these members. */
static inline void
bad_members(const char *members, const char *words)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "{%s}", members);

	refused(JSON, text, (size_t)n, words);
}

#endif
