/* SPDX-License-Identifier: MIT */
/*
 * api_scene - a site for each test, whose core does as it is told.
 *
 * It brings a stand-in for the core, so one file of a test program includes it.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_UNIT_API_SCENE_H
#define TESTS_UNIT_API_SCENE_H

#include <string.h>

#include "router/api.h"
#include "tests/unit/core_fake.h"
#include "tests/unit/request_scene.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_site, free_site)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct site *site;

static inline int
make_site(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	assert_int_equal(sem_init(&fake.asked, 0, 0), 0);
	site = scene_site(NULL, NULL);
	return 0;
}

static inline int
free_site(void **state)
{
	(void)state;
	site_free(site);
	sem_destroy(&fake.asked);
	return 0;
}

#endif
