/* SPDX-License-Identifier: MIT */
/*
 * measure - what the budget counts: a way through our own code, with fixed input.
 *
 * The same instructions run each time: no clock, no socket, no thread, random numbers that
 * are none (see main.c). A measure plays what the event loop does around the pure modules
 * in a few lines, which count like the rest, so they should be as few as there.
 *
 * To add one: a row in a table below, then `make budget-record`.
 *
 * Threads: one.
 */
#ifndef TESTS_BUDGET_MEASURE_H
#define TESTS_BUDGET_MEASURE_H

struct measure {
	const char *name;
	void (*prepare)(void); /* what has to be there; not counted */
	void (*run)(void);     /* counted; aborts unless all has been done */
};

/* Each ends with a row without a name. */
extern const struct measure relay_measures[], create_measures[], open_measures[];

/* Each is one of the others and a waste, so that the check is known to see it. Run by name only. */
extern const struct measure wasteful_measures[];

/* What must hold, and stays on: a measure that does less than it should is none. */
#define MUST(condition) ((condition) ? (void)0 : measure_failed(#condition, __FILE__, __LINE__))

void measure_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
