/* SPDX-License-Identifier: MIT */
/*
 * registry_scene - a registry for each test, and sessions in it that nobody serves.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_REGISTRY_SCENE_H
#define TESTS_UNIT_REGISTRY_SCENE_H

#include "base/clock.h"
#include "session/sessions.h"
#include "tests/unit/session_scene.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_registry, free_registry)

static struct sessions *r;
static struct pve login = {.user = "u@pve"};

static inline int
make_registry(void **state)
{
	(void)state;
	r = registry_for_test();
	return 0;
}

/* Every session has left; joins, and frees the registry. */
static inline int
free_registry(void **state)
{
	(void)state;
	if (sessions_wait_all(r, clock_ms()) != 0)
		return -1;
	sessions_free(r);
	return 0;
}

static inline struct session *
entered(uint32_t vmid)
{
	struct session *s = session_for_test(r, vmid, &login);

	enter(r, s);
	return s;
}

static inline void
assert_found(const struct pve_target *target, const char *user, const struct session *expected)
{
	struct session *s = sessions_find(r, target, NULL, user);

	assert_ptr_equal(s, expected);
	session_unref(s);
}

#endif
