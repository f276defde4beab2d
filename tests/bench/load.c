/* SPDX-License-Identifier: MIT */
/*
 * load - both ends of the gateway in one program: a Proxmox, many browsers, and
 * a backend that asks for links. tests/bench/bench.mjs runs it; see there and in
 * docs/performance.md. Results are lines of JSON on standard output.
 */
#include "tests/bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- options ---- */

const char *
option(struct options *o, const char *name, const char *fallback)
{
	const char *value;
	int i;

	for (i = 0; i + 1 < o->count; i += 2) {
		if (strncmp(o->words[i], "--", 2) != 0 || strcmp(o->words[i] + 2, name) != 0)
			continue;
		value = o->words[i + 1];
		o->count -= 2;
		memmove(o->words + i, o->words + i + 2, (size_t)(o->count - i) * sizeof(*o->words));
		return value;
	}
	if (!fallback)
		die("--%s is missing", name);
	return fallback;
}

uint64_t
option_number(struct options *o, const char *name, uint64_t max, uint64_t fallback)
{
	const char *text = option(o, name, "");

	return *text ? number(text, max, name) : fallback;
}

void
options_end(const struct options *o)
{
	if (o->count > 0)
		die("%s is not an option here, or has no value", o->words[0]);
}

/* ---- commands ---- */

/* `load cpu --watch NAME=PID --ms N`: what processes use while nothing is asked of them. */
static int
load_cpu(struct options *o)
{
	struct watched *w = watched_parse(option(o, "watch", NULL));
	useconds_t ms = (useconds_t)option_number(o, "ms", 60000, 1000);

	options_end(o);
	watched_start(w);
	usleep(ms * 1000);
	watched_stop(w);
	printf("{");
	watched_print(w);
	printf("}\n");
	free(w);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct options *o);
} commands[] = {
	{"pve", load_pve},
	{"browse", load_browse},
	{"create", load_create},
	{"churn", load_churn},
	{"cpu", load_cpu},
};

int
main(int argc, char **argv)
{
	struct options o = {argc - 2, argv + 2};
	struct rlimit files;
	size_t i;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	for (i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(&o);
	die("usage: load pve|browse|create|churn|cpu --option value ...");
}
