/* SPDX-License-Identifier: MIT */
/* What a backend is told of an order that was tried in vain. */
#include "router/create_verdict.h"

#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CREDENTIAL "username, password"

static const struct pve_target guest = {.vmid = 100, .type = PVE_GUEST_QEMU},
							   node = {.type = PVE_GUEST_NODE},
							   terminal = {.vmid = 100, .kind = PVE_CONSOLE_TERM},
							   serial = {.vmid = 100, .kind = PVE_CONSOLE_TERM, .serial = 1};

/* why not, of what, status, field */
static const struct {
	enum end end;
	const struct pve_target *target;
	int status;
	const char *field;
} rows[] = {
	{END_REFUSED, &guest, 400, CREDENTIAL},
	{END_NEEDS_OTP, &guest, 400, "otp"},
	{END_NEEDS_NODE, &guest, 400, "node"},
	{END_NEEDS_PASSWORD, &terminal, 400, CREDENTIAL},
	{END_GUEST_NONE, &guest, 400, "vmid"},
	{END_GUEST_NONE, &node, 400, "node"},
	{END_GUEST_OFF, &guest, 400, "vmid"},
	{END_NO_DEVICE, &terminal, 400, "console"},
	{END_NO_DEVICE, &serial, 400, "serial"},
	{END_FORBIDDEN, &guest, 400, "hostname"},
	{END_UNREACHABLE, &guest, 502, NULL},
	{END_TIMEOUT, &guest, 502, NULL},
	{END_UNTRUSTED, &guest, 502, NULL},
	{END_GARBLED, &guest, 502, NULL},
	{END_LIMIT, &guest, 503, NULL},
	{END_STOPPING, &guest, 503, NULL},
	{END_INTERNAL, &guest, 503, NULL},
};

static void
each_reason_has_its_status_and_the_field_to_look_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct create_verdict v = create_verdict_of(rows[i].end, rows[i].target, CREDENTIAL);

		assert_int_equal(v.status, rows[i].status);
		if (rows[i].field == NULL)
			assert_null(v.field);
		else
			assert_string_equal(v.field, rows[i].field);
	}
}

static bool
has_a_row(enum end end)
{
	static const enum end ends[] = {
#define X(id, status, blame) id,
		CREATE_VERDICT_TBL(X)
#undef X
	};

	for (size_t i = 0; i < COUNT(ends); i++) {
		if (ends[i] == end)
			return true;
	}
	return false;
}

static void
every_failure_of_a_call_has_a_row(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_COUNT; i++) {
		enum end end = end_of_err(-(i + 1));

		if (!has_a_row(end))
			fail_msg("%s has none", end_row(end)->name);
	}
}

static void
any_other_reason_is_a_failure_of_ours(void **state)
{
	(void)state;
	assert_int_equal(create_verdict_of(END_KILLED, &guest, CREDENTIAL).status, 503);
	assert_null(create_verdict_of(END_KILLED, &guest, CREDENTIAL).field);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_has_its_status_and_the_field_to_look_at),
		cmocka_unit_test(every_failure_of_a_call_has_a_row),
		cmocka_unit_test(any_other_reason_is_a_failure_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
