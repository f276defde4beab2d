/* SPDX-License-Identifier: MIT */
/*
 * access_scene - who may use the gateway, in a line of a test.
 *
 * Threads: no state.
 */
#ifndef TESTS_UNIT_ACCESS_SCENE_H
#define TESTS_UNIT_ACCESS_SCENE_H

#include <stdlib.h>
#include <string.h>

#include "session/access.h"
#include "tests/unit/torture.h"

static inline struct ip
ip_for_test(const char *text)
{
	struct ip out;

	if (!ip_parse(text, &out))
		fail_msg("%s is no address", text);
	return out;
}

/* Lists are NULL or one text, as most tests want it; rules are those of the defaults. */
static inline struct access *
access_for_test(const char *proxies, const char *origins, const char *ancestors)
{
	char *texts[] = {proxies ? strdup(proxies) : NULL, origins ? strdup(origins) : NULL,
		ancestors ? strdup(ancestors) : NULL};
	const struct access_config config = {
		.trusted_proxies = {&texts[0], proxies != NULL},
		.allowed_origins = {&texts[1], origins != NULL},
		.frame_ancestors = {&texts[2], ancestors != NULL},
		.rules = {.allow_missing_origin = true, .guess_limit = 3, .guess_penalty_s = 60},
	};
	struct access *a = NULL;

	assert_int_equal(access_new(&config, &a, NULL), 0);
	for (int i = 0; i < 3; i++)
		free(texts[i]);
	return a;
}

#endif
