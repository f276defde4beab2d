/* SPDX-License-Identifier: MIT */
/*
 * budget - runs every measure once to warm up and once to be counted by callgrind.
 *
 * Started by budget.mjs as `valgrind --tool=callgrind --collect-atstart=no`; each measure
 * becomes a dump of callgrind's that bears its name. Without valgrind it does the same and
 * counts nothing. With names as arguments it runs those alone, in that order.
 */
#include <gnu/libc-version.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "base/abandon.h"
#include "base/log.h"
#include "tests/budget/measure.h"

/* The last one is not for everybody. */
static const struct measure *const tables[] = {
	relay_measures, create_measures, open_measures, wasteful_measures};

enum {
	TABLES = sizeof(tables) / sizeof(tables[0]),
	HASH_SEED = 1,
	PAGE = 4096,
	WARM_UPS = 3,
	SECOND = 1700000000
};

ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
time_t __wrap_time(time_t *out);

/* Linked in the place of getrandom(): never the same twice, and the same in every run. */
ssize_t
__wrap_getrandom(void *out, size_t len, unsigned flags)
{
	static unsigned char next;
	unsigned char *at = out;

	(void)flags;
	for (size_t i = 0; i < len; i++)
		at[i] = next = (unsigned char)(next * 5 + 1);
	return (ssize_t)len;
}

/* Linked in the place of time(): always the same second, so that nothing is made once a second. */
time_t
__wrap_time(time_t *out)
{
	if (out)
		*out = SECOND;
	return SECOND;
}

void
measure_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
	abort();
}

/*
 * Where the stack begins depends on the environment, and what some functions of libc take on
 * where their arguments lie: so what is counted begins at a page of it.
 */
static void
count(const struct measure *m)
{
	volatile unsigned char page __attribute__((aligned(PAGE), unused)) = 0;

	for (int i = 0; i < WARM_UPS; i++) {
		if (m->prepare)
			m->prepare();
		m->run();
	}
	if (m->prepare)
		m->prepare();
	CALLGRIND_TOGGLE_COLLECT;
	m->run();
	CALLGRIND_TOGGLE_COLLECT;
	CALLGRIND_DUMP_STATS_AT(m->name);
}

/* What the counts depend on beside the code, as JSON. */
static void
tell_versions(void)
{
	printf("{\"compiler\":\"%s\",\"libc\":\"%s\",\"libs\":\"jansson %s, OpenSSL %s\"}\n",
		__VERSION__, gnu_get_libc_version(), jansson_version_str(),
		OpenSSL_version(OPENSSL_VERSION_STRING));
}

static const struct measure *
find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct measure *m = tables[i]; m->name; m++)
			if (strcmp(m->name, name) == 0)
				return m;
	fprintf(stderr, "no measure %s\n", name);
	exit(2);
}

int
main(int argc, char **argv)
{
	/* Lines of the log are made, and go nowhere. */
	const struct log_config log = {.enabled = true, .level = LEVEL_INFO, .file = "/dev/null"};
	struct err err = {0};

	MUST(log_open(&log, &err) == 0);
	json_object_seed(HASH_SEED);
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	tell_versions();
	for (int i = 1; i < argc; i++)
		count(find(argv[i]));
	for (size_t i = 0; argc == 1 && i < TABLES - 1; i++)
		for (const struct measure *m = tables[i]; m->name; m++)
			count(m);
	log_close();
	return 0;
}
