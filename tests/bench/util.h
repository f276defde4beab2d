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
#include <sys/types.h>

/* Print to stderr and exit(1). */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *fmt, ...);

/* calloc(1, size) and realloc that die. */
void *allocate(size_t size);
void *reallocate(void *block, size_t size);

/* CLOCK_MONOTONIC. */
int64_t now_ns(void);

/* CPU time that a process has used in all its threads, also those that ended; -1 when there is none. */
int64_t cpu_ns(pid_t pid);

/* A decimal number of at most max; dies naming what. */
uint64_t number(const char *text, uint64_t max, const char *what);

/* What a session does, the same for both of its ends. */
enum what { WORK_IDLE, WORK_STREAM, WORK_SINK, WORK_ECHO };

/* "idle", "stream-FRAME-TOTAL", "sink-FRAME-TOTAL", "echo-FRAME-TOTAL"; bytes. */
struct work {
	enum what what;
	uint32_t frame; /* 1..WORK_FRAME_MAX */
	uint64_t total;
};

enum { WORK_FRAME_MAX = 131072 };

bool work_parse(const char *text, struct work *out);

/* The byte stream that both ends know: len (at most PATTERN_MAX) bytes of it from offset on. */
enum { PATTERN_MAX = 262144 };

const unsigned char *pattern_at(uint64_t offset);
bool pattern_is(uint64_t offset, const unsigned char *data, size_t len);

#endif
