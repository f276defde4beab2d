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

/* A request that was begun and has its headers, and a body or NULL: the endpoint's first word. */
static inline enum route_next
first_word(struct scene *s, const char *body)
{
	assert_true(routes_admit(&s->request, &s->reply));
	if (body != NULL)
		assert_int_equal(buf_add(&s->request.body, body, strlen(body)), 0);
	return s->request.route->run(&s->request, &s->reply);
}

static inline void
begin_create(struct scene *s, struct site *at)
{
	scene_begin(s, at, "POST", "/create");
	scene_add(s, "Authorization", SECRET);
	scene_add(s, "Content-Type", "application/json");
}

static inline enum route_next
post_at(struct scene *s, struct site *at, const char *body)
{
	begin_create(s, at);
	return first_word(s, body);
}

/* The last one, for which the core has been waited for. */
static inline void
last_word(struct scene *s)
{
	assert_int_equal(s->suspended, 1);
	assert_int_equal(s->resumed, 1);
	s->request.route->resumed(&s->request, &s->reply);
}

/* The same where it has not answered yet, and does so now. */
static inline void
last_word_after(struct scene *s, void (*core_answers)(void))
{
	assert_int_equal(s->suspended, 1);
	assert_int_equal(s->resumed, 0);
	core_answers();
	last_word(s);
}

#endif
