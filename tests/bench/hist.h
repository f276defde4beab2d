/* SPDX-License-Identifier: MIT */
/*
 * hist - how long things took, however many they are: counts in buckets that
 * are never wider than 1 % of their value, so that percentiles need no list.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stddef.h>
#include <stdint.h>

enum {
	HIST_BITS = 7,
	HIST_BUCKETS = (64 - HIST_BITS + 1) << HIST_BITS,
	HIST_FIRST = 10000,
	HIST_SECONDS = 600
};

/* All zero before the first value. */
struct hist {
	uint64_t counts[HIST_BUCKETS];
	uint64_t total;
	int64_t max_ns;
	int64_t first_ns[HIST_FIRST]; /* as they came; later ones are only counted */
};

/* The same, second by second: what goes wrong in one of them is seen in no other. All zero first. */
struct hist_seconds {
	struct hist now;
	int64_t end_ns;              /* of this second; 0: none has begun */
	double p99_us[HIST_SECONDS]; /* of those that are over */
	size_t over;
};

/* Negative values count as 0. */
void hist_add(struct hist *h, int64_t ns);

/* A value of the moment at_ns, which never goes back. Of HIST_SECONDS the p99 are kept, no more. */
void hist_seconds_add(struct hist_seconds *s, int64_t at_ns, int64_t ns);

/* The value below which that share (0..1) of all values is, in microseconds; 0 without values. */
double hist_us(const struct hist *h, double share);

#endif
