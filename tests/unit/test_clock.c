/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "tests/unit/torture.h"

static void
the_clock_only_goes_forward(void **state)
{
	int64_t last = clock_ms();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t now = clock_ms();

		assert_true(now >= last);
		last = now;
	}
}

static void
the_clock_is_the_monotonic_one_in_milliseconds(void **state)
{
	struct timespec now;
	int64_t before = clock_ms();
	int64_t between;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &now);
	between = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	assert_true(before <= between);
	assert_true(between <= clock_ms());
}

static void
microseconds_are_on_the_same_clock(void **state)
{
	int64_t before_ms = clock_ms(), between_us = clock_us();

	(void)state;
	assert_true(before_ms <= between_us / 1000);
	assert_true(between_us / 1000 <= clock_ms());
}

static void
processor_time_passes_for_who_works_and_not_for_who_sleeps(void **state)
{
	const struct timespec rest = {.tv_nsec = 50000000};
	int64_t before = clock_thread_us();

	(void)state;
	nanosleep(&rest, NULL);
	assert_in_range(clock_thread_us() - before, 0, 40000);
	before = clock_thread_us();
	while (clock_thread_us() - before < 1000)
		;
}

static void
a_deadline_to_come_has_time_left(void **state)
{
	int64_t left = clock_left_ms(clock_ms() + 60000);

	(void)state;
	assert_true(left > 50000 && left <= 60000);
}

static void
a_deadline_that_has_passed_has_none_left(void **state)
{
	(void)state;
	assert_int_equal(clock_left_ms(clock_ms()), 0);
	assert_int_equal(clock_left_ms(0), 0);
	assert_int_equal(clock_left_ms(INT64_MIN), 0);
	assert_true(clock_left_ms(INT64_MAX) > 0);
}

static void
unix_time_is_the_calendar_s(void **state)
{
	int64_t before = (int64_t)time(NULL);
	int64_t now = clock_unix();

	(void)state;
	/* time() may be served from a coarser clock. */
	assert_true(now >= before && now <= (int64_t)time(NULL) + 1);
}

static void
rfc3339_is_utc_with_a_z(void **state)
{
	char out[CLOCK_RFC3339_SIZE];

	(void)state;
	clock_rfc3339(out, 1704882645);
	assert_string_equal(out, "2024-01-10T10:30:45Z");
	clock_rfc3339(out, 0);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
}

static void
rfc3339_stays_within_its_size(void **state)
{
	char out[CLOCK_RFC3339_SIZE];

	(void)state;
	clock_rfc3339(out, 253402300799);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	clock_rfc3339(out, INT64_MAX);
	assert_string_equal(out, "9999-12-31T23:59:59Z");
	clock_rfc3339(out, INT64_MIN);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
}

static void
durations_read_as_go_prints_them(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{INT64_MIN, "0s"},
		{-1, "0s"},
		{0, "0s"},
		{1, "1s"},
		{45, "45s"},
		{59, "59s"},
		{60, "1m0s"},
		{330, "5m30s"},
		{3599, "59m59s"},
		{3600, "1h0m0s"},
		{3605, "1h0m5s"},
		{90000, "25h0m0s"},
		{INT64_MAX, "2562047788015215h30m7s"},
	};
	char out[CLOCK_DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clock_duration(out, rows[i].seconds);
		assert_string_equal(out, rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_only_goes_forward),
		cmocka_unit_test(the_clock_is_the_monotonic_one_in_milliseconds),
		cmocka_unit_test(microseconds_are_on_the_same_clock),
		cmocka_unit_test(processor_time_passes_for_who_works_and_not_for_who_sleeps),
		cmocka_unit_test(a_deadline_to_come_has_time_left),
		cmocka_unit_test(a_deadline_that_has_passed_has_none_left),
		cmocka_unit_test(unix_time_is_the_calendar_s),
		cmocka_unit_test(rfc3339_is_utc_with_a_z),
		cmocka_unit_test(rfc3339_stays_within_its_size),
		cmocka_unit_test(durations_read_as_go_prints_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
