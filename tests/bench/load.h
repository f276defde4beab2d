/* SPDX-License-Identifier: MIT */
/*
 * load - the load tool's commands and their options ("--name value").
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdint.h>

#include "tests/bench/util.h"

/* What is left of the command line: options found are taken out. */
struct options {
	int count;
	char **words;
};

/* An option's value, or fallback; dies when it is missing and fallback is NULL. */
const char *option(struct options *o, const char *name, const char *fallback);
uint64_t option_number(struct options *o, const char *name, uint64_t max, uint64_t fallback);

/* Die when something is left that nobody asked for. */
void options_end(const struct options *o);

/*
 * Processes whose CPU time is reported, "gateway=123,pve=456": of all their threads, also those that
 * ended, and of their children, as far as they live at the end or were waited for.
 */
struct watched;

struct watched *watched_parse(const char *list);
void watched_start(struct watched *w);
/* Print "cpu_ns":{"gateway":N,...,"self":N},"wall_ns":N of what was used since watched_start(). */
void watched_stop(struct watched *w);
void watched_print(const struct watched *w);

/* The commands; each returns the exit code. */
int load_pve(struct options *o);
int load_browse(struct options *o);
int load_create(struct options *o);
int load_churn(struct options *o);

#endif
