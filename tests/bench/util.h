/* SPDX-License-Identifier: MIT */
/*
 * util - what every part of the load tool needs: clocks, numbers, giving up,
 * and the bytes that are sent, which the receiver compares one by one.
 *
 * The load tool shares no code with the gateway on purpose: an error that both
 * make would go unseen.
 *
 * Threads: one; the load tool has no others.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Print to stderr and exit(1). */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);

/* calloc(1, size) and realloc that die. */
void *allocate(size_t size);
void *reallocate(void *block, size_t size);

/* CLOCK_MONOTONIC. */
int64_t now_ns(void);

/* A decimal number of at most max; dies naming what. */
uint64_t number(const char *text, uint64_t max, const char *what);

/* Print a string of JSON; '?' for what would need to be escaped. */
void print_text(const char *text);

/* The lines of a file, which is never empty; dies without. Nobody frees them. */
char **links_read(const char *name, size_t *count);

/* What a session does, the same for both of its ends. */
enum what { WORK_IDLE, WORK_STREAM, WORK_SINK, WORK_ECHO, WORK_PACED };

/* "idle", "stream-FRAME-TOTAL", "sink-FRAME-TOTAL", "echo-FRAME-TOTAL" (bytes), "paced-FRAME-TOTAL-RATE". */
struct work {
	enum what what;
	uint32_t frame; /* 1..WORK_FRAME_MAX */
	uint64_t total;
	uint32_t rate; /* paced: frames a second, 1..WORK_RATE_MAX */
};

enum { WORK_FRAME_MAX = 131072, WORK_RATE_MAX = 10000 };

bool work_parse(const char *text, struct work *out);

/* Of the guests behind the raw port, see pve.c. */
#define RAW_PASSWORD "bench-rw"

/* The byte stream that both ends know: len (at most PATTERN_MAX) bytes of it from offset on. */
enum { PATTERN_MAX = 262144 };

const unsigned char *pattern_at(uint64_t offset);
bool pattern_is(uint64_t offset, const unsigned char *data, size_t len);

/*
 * A paced frame begins with the time at which it was sent, and with that time mixed with what the
 * pattern has at the frame's offset, so that every byte can be checked. Shorter frames have none.
 */
enum { STAMP_SIZE = 16 };

void stamp_write(unsigned char out[STAMP_SIZE], uint64_t offset, int64_t ns);

/* False when it is not one for this offset. */
bool stamp_read(const unsigned char in[STAMP_SIZE], uint64_t offset, int64_t *ns);

#endif
