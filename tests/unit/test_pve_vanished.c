/* SPDX-License-Identifier: MIT */
/* A host that was there a moment ago, and from which nothing comes any more. */
#include "tests/unit/conn_scene.h"

static void
a_host_that_has_vanished_is_not_waited_for(void **state)
{
	struct err err = {.code = 0};
	int64_t start_ms = clock_ms();

	(void)state;
	scene_vanishes(host);
	assert_int_equal(call_of(pve, "websocket=1", &err), ERR_UNREACHABLE);
	assert_non_null(strstr(err.text, "broke before an answer came"));
	assert_in_range(clock_ms() - start_ms, PVE_SILENT_MS - 100, PVE_CALL_MS / 2);
	expect(1, 1);
}

static void
a_question_to_a_host_that_has_vanished_goes_to_the_next(void **state)
{
	int64_t start_ms;
	struct scene_host *next;
	struct pve *other;

	(void)state;
	next = scene_start(scene_bind("127.0.0.2", &target.port), &good, SCENE_ANSWERS);
	scene_keeps(next);
	scene_says(next, "200 OK", "{}");
	other = log_in_at_one_of_two();
	scene_vanishes(host);
	start_ms = clock_ms();
	assert_int_equal(call_of(other, NULL, NULL), 0);
	/* No more time is spent on connecting to where nobody is. */
	assert_in_range(
		clock_ms() - start_ms, PVE_SILENT_MS - 100, PVE_SILENT_MS + PVE_CONNECT_MS - 500);
	assert_int_equal(scene_requests(next, NULL), 1);
	pve_unref(other);
	pve_conn_drop_all();
	scene_stop(next);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_host_that_has_vanished_is_not_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(
			a_question_to_a_host_that_has_vanished_goes_to_the_next, begin, end),
	};

	return prepare() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
