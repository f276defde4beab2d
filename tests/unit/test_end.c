/* SPDX-License-Identifier: MIT */
#include "session/end.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/death.h"
#include "tests/unit/torture.h"

/* Every code, and the reason that it is for a customer. */
static const struct {
	int code;
	enum end end;
} reasons[] = {
	{ERR_MEMORY, END_INTERNAL},
	{ERR_SYSTEM, END_INTERNAL},
	{ERR_INVALID, END_INTERNAL},
	{ERR_BUSY, END_LIMIT},
	{ERR_LIMIT, END_LIMIT},
	{ERR_GONE, END_INTERNAL},
	{ERR_NOT_FOUND, END_GUEST_NONE},
	{ERR_NOT_RUNNING, END_GUEST_OFF},
	{ERR_UNREACHABLE, END_UNREACHABLE},
	{ERR_TIMEOUT, END_TIMEOUT},
	{ERR_UNTRUSTED, END_UNTRUSTED},
	{ERR_REFUSED, END_REFUSED},
	{ERR_PROTOCOL, END_GARBLED},
	{ERR_STOPPING, END_STOPPING},
	{ERR_FORBIDDEN, END_FORBIDDEN},
	{ERR_NEEDS_OTP, END_NEEDS_OTP},
	{ERR_NEEDS_NODE, END_NEEDS_NODE},
	{ERR_NEEDS_PASSWORD, END_NEEDS_PASSWORD},
	{ERR_NO_DEVICE, END_NO_DEVICE},
};

static const struct end_row *
row_at(int i)
{
	return end_row((enum end)i);
}

static bool
is_viewer_s_own(const struct end_row *row)
{
	return strncmp(row->name, "END_VIEWER_", 11) == 0;
}

static void
every_error_has_its_reason(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(sizeof(reasons) / sizeof(reasons[0]), ERR_COUNT);
	for (i = 0; i < ERR_COUNT; i++) {
		assert_int_equal(reasons[i].code, -(int)i - 1);
		assert_int_equal(end_of_err(reasons[i].code), reasons[i].end);
	}
}

static void
a_code_that_is_none_is_our_own_problem(void **state)
{
	(void)state;
	assert_int_equal(end_of_err(-999), END_INTERNAL);
	assert_int_equal(end_of_err(ERR_OK), END_INTERNAL);
	assert_int_equal(end_of_err(1), END_INTERNAL);
}

static void
every_failure_is_a_page_with_a_reason_and_a_close_code(void **state)
{
	const struct end_row *row;
	size_t i;

	(void)state;
	for (i = 0; i < ERR_COUNT; i++) {
		row = end_row(end_of_err(reasons[i].code));
		assert_true(row->http_status == 502 || row->http_status == 503 || row->http_status == 504);
		assert_true(*row->customer);
		assert_int_not_equal(row->close_code, 0);
	}
}

static void
rows_are_named_and_in_order(void **state)
{
	(void)state;
	assert_string_equal(end_row(END_NONE)->name, "END_NONE");
	assert_string_equal(end_row(END_KILLED)->name, "END_KILLED");
	assert_string_equal(row_at(END_COUNT - 1)->name, "END_VIEWER_GARBLED");
}

static void
every_reason_has_its_own_words_for_the_log(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < END_COUNT; i++) {
		assert_true(*row_at(i)->log);
		for (j = 0; j < i; j++)
			assert_string_not_equal(row_at(i)->log, row_at(j)->log);
	}
}

static void
no_customer_reads_what_runs_behind_the_gateway(void **state)
{
	static const char *const words[] = {"proxmox", "pve", "node", "ticket", "cookie", "token",
		"qemu", "kvm", "lxc", "host ", "port", "user", "root", "@", "/", "\\", "\"", "tls", "ssl",
		"curl", "websocket", "errno", "memory", "rfb", "vnc", "novnc", "%"};
	int i;
	size_t j;

	(void)state;
	for (i = 0; i < END_COUNT; i++)
		for (j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (strcasestr(row_at(i)->customer, words[j]))
				fail_msg("%s says \"%s\"", row_at(i)->name, words[j]);
}

static void
every_text_is_a_sentence_that_fits_a_close_frame(void **state)
{
	const struct end_row *row;
	size_t n;
	int i;

	(void)state;
	for (i = 0; i < END_COUNT; i++) {
		row = row_at(i);
		n = strlen(row->customer);
		assert_int_equal(n > 0, row->close_code != 0);
		if (n == 0)
			continue;
		assert_true(n <= 123);
		assert_true(row->customer[0] >= 'A' && row->customer[0] <= 'Z');
		assert_int_equal(row->customer[n - 1], '.');
	}
}

/* Codes that the console page can explain; a browser that breaks rules hears the standard's own. */
static void
every_close_code_is_one_that_the_page_knows(void **state)
{
	const struct end_row *row;
	int i, code;

	(void)state;
	for (i = 0; i < END_COUNT; i++) {
		row = row_at(i);
		code = row->close_code;
		if (is_viewer_s_own(row))
			assert_true(code == 0 || code == 1002 || code == 1008);
		else if (i != END_NONE)
			assert_true(code == 1001 || (code >= 4000 && code <= 4005));
	}
}

static void
the_codes_are_the_product_s(void **state)
{
	(void)state;
	assert_int_equal(end_row(END_NONE)->close_code, 0);
	assert_int_equal(end_row(END_CONNECT_TIMEOUT)->close_code, 4000);
	assert_int_equal(end_row(END_RECONNECT_TIMEOUT)->close_code, 4000);
	assert_int_equal(end_row(END_MAX_DURATION)->close_code, 4000);
	assert_int_equal(end_row(END_GUEST_OFF)->close_code, 4001);
	assert_int_equal(end_row(END_UNREACHABLE)->close_code, 4002);
	assert_int_equal(end_row(END_REFUSED)->close_code, 4003);
	assert_int_equal(end_row(END_FORBIDDEN)->close_code, 4003);
	assert_int_equal(end_row(END_LIMIT)->close_code, 4004);
	assert_int_equal(end_row(END_KILLED)->close_code, 4005);
	assert_int_equal(end_row(END_STOPPING)->close_code, 1001);
}

static void
ask_beyond_the_table(void)
{
	(void)end_row(END_COUNT);
}

static void
there_is_no_row_beyond_the_last(void **state)
{
	(void)state;
	assert_true(aborts(ask_beyond_the_table));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_its_reason),
		cmocka_unit_test(a_code_that_is_none_is_our_own_problem),
		cmocka_unit_test(every_failure_is_a_page_with_a_reason_and_a_close_code),
		cmocka_unit_test(rows_are_named_and_in_order),
		cmocka_unit_test(every_reason_has_its_own_words_for_the_log),
		cmocka_unit_test(no_customer_reads_what_runs_behind_the_gateway),
		cmocka_unit_test(every_text_is_a_sentence_that_fits_a_close_frame),
		cmocka_unit_test(every_close_code_is_one_that_the_page_knows),
		cmocka_unit_test(the_codes_are_the_product_s),
		cmocka_unit_test(there_is_no_row_beyond_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
