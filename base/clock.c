/* SPDX-License-Identifier: MIT */
/* clock - see clock.h */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* 9999-12-31T23:59:59Z: a fifth digit of the year would not fit. */
static const int64_t last_second = 253402300799;

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_thread_us(void)
{
	struct timespec spent;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
	return (int64_t)spent.tv_sec * 1000000 + spent.tv_nsec / 1000;
}

int64_t
clock_left_ms(int64_t deadline_ms)
{
	int64_t now = clock_ms();

	return deadline_ms > now ? deadline_ms - now : 0;
}

int64_t
clock_unix(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec;
}

void
clock_rfc3339(char out[CLOCK_RFC3339_SIZE], int64_t unix_s)
{
	struct tm utc = {0};
	time_t when;

	if (unix_s < 0)
		unix_s = 0;
	if (unix_s > last_second)
		unix_s = last_second;
	when = (time_t)unix_s;
	gmtime_r(&when, &utc);
	if (strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		out[0] = '\0';
}

void
clock_duration(char out[CLOCK_DURATION_SIZE], int64_t seconds)
{
	int64_t s, m, h;

	if (seconds < 0)
		seconds = 0;
	s = seconds % 60;
	m = seconds / 60 % 60;
	h = seconds / 3600;
	if (h > 0)
		snprintf(out, CLOCK_DURATION_SIZE, "%" PRId64 "h%" PRId64 "m%" PRId64 "s", h, m, s);
	else if (m > 0)
		snprintf(out, CLOCK_DURATION_SIZE, "%" PRId64 "m%" PRId64 "s", m, s);
	else
		snprintf(out, CLOCK_DURATION_SIZE, "%" PRId64 "s", s);
}
