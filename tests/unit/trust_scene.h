/* SPDX-License-Identifier: MIT */
/*
 * trust_scene - whoever is met and judged, and the file of those who are known.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_TRUST_SCENE_H
#define TESTS_UNIT_TRUST_SCENE_H

#include "tests/unit/torture.h"

#include "base/err.h"
#include "tests/unit/known_scene.h"
#include "tests/unit/temp_dir.h"

#define test(name) cmocka_unit_test_setup(name, remove_file)

static struct temp_dir dir;
static char file[TEMP_PATH_SIZE];
static struct err err;

static inline int
begin(void **state)
{
	dir = temp_dir_new();
	temp_path(&dir, "known_hosts", file);
	return scene_begin(state);
}

static inline int
end(void **state)
{
	temp_dir_free(&dir);
	return scene_end(state);
}

static inline int
remove_file(void **state)
{
	(void)state;
	(void)unlink(file);
	return 0;
}

static inline int
judge_at(struct pve_known *known, const char *host, uint16_t port, const struct cert *who)
{
	err = (struct err){.code = 0};
	return pve_known_judge(known, host, port, who->x509, NULL, "self-signed", &err);
}

static inline int
judge(struct pve_known *known, const struct cert *who)
{
	return judge_at(known, "pve.example", 8006, who);
}

static inline void
learn(struct pve_known *known, const struct cert *from, const struct cert *authority)
{
	pve_known_learn(known, "pve.example", 8006, from->x509, pem_of(authority));
}

#endif
