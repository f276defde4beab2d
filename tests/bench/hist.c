/* SPDX-License-Identifier: MIT */
#include "tests/bench/hist.h"

#include <string.h>

enum { SUB = 1 << HIST_BITS, SECOND_NS = 1000000000 };

/* Values below SUB have a bucket each; then each power of two has SUB of them. */
static size_t
bucket(uint64_t value)
{
	unsigned shift;

	if (value < SUB)
		return value;
	shift = 63U - (unsigned)__builtin_clzll(value) - HIST_BITS;
	return ((size_t)(shift + 1) << HIST_BITS) + (value >> shift) - SUB;
}

/* The middle of a bucket. */
static double
middle(size_t at)
{
	size_t power = at >> HIST_BITS, sub = at & (SUB - 1);
	double width;

	if (power == 0)
		return (double)sub;
	width = (double)(UINT64_C(1) << (power - 1));
	return ((double)(SUB + sub) + 0.5) * width;
}

void
hist_add(struct hist *h, int64_t ns)
{
	h->counts[bucket(ns > 0 ? (uint64_t)ns : 0)]++;
	if (h->total < HIST_FIRST)
		h->first_ns[h->total] = ns;
	h->total++;
	h->max_ns = ns > h->max_ns ? ns : h->max_ns;
}

double
hist_us(const struct hist *h, double share)
{
	uint64_t wanted = (uint64_t)((double)h->total * share), seen = 0;
	size_t i;

	if (h->total == 0)
		return 0;
	for (i = 0; i + 1 < HIST_BUCKETS; i++) {
		seen += h->counts[i];
		if (seen > wanted)
			break;
	}
	/* A bucket's middle may lie above all that is in it. */
	return (middle(i) < (double)h->max_ns ? middle(i) : (double)h->max_ns) / 1000.0;
}

void
hist_seconds_add(struct hist_seconds *s, int64_t at_ns, int64_t ns)
{
	if (s->end_ns == 0)
		s->end_ns = at_ns + SECOND_NS;
	if (at_ns >= s->end_ns) {
		if (s->over < HIST_SECONDS)
			s->p99_us[s->over++] = hist_us(&s->now, 0.99);
		memset(&s->now, 0, sizeof(s->now));
		s->end_ns = at_ns + SECOND_NS;
	}
	hist_add(&s->now, ns);
}
