/* SPDX-License-Identifier: MIT */
/*
 * clock - time that only goes forward for deadlines, calendar time for people.
 *
 * Threads: any; no state.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { CLOCK_RFC3339_SIZE = 21, CLOCK_DURATION_SIZE = 32 };

/* Milliseconds on the monotonic clock; the unit of every *_ms deadline in the program. */
int64_t clock_ms(void);

/* Microseconds on the same clock, where the order of two things within a millisecond matters. */
int64_t clock_us(void);

/* Milliseconds left until a deadline; 0 when it has passed. */
int64_t clock_left_ms(int64_t deadline_ms);

/* Microseconds of processor time that this thread has had. */
int64_t clock_thread_us(void);

/* Seconds since 1970, UTC. */
int64_t clock_unix(void);

/* "2024-01-10T10:30:45Z" */
void clock_rfc3339(char out[CLOCK_RFC3339_SIZE], int64_t unix_s);

/* As Go prints durations of whole seconds: "45s", "5m30s", "1h0m5s"; "0s" for nothing or less. */
void clock_duration(char out[CLOCK_DURATION_SIZE], int64_t seconds);

#endif
