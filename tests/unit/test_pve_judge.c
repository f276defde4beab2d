/* SPDX-License-Identifier: MIT */
/* What an answer that is not 200 comes to, and that no secret stands in its text. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "proxmox_api/pve_judge.h"

static char password[] = "hunter2-and-a-half", otp[] = "493021";
static char token[] = "0f8fad5b-d9cb-469f-a165-70867728950e";
static char ticket[] = "PVE:joe@pve:65A1B2C3::c2lnbmF0dXJlLW9mLXRoZS10aWNrZXQ=";
static char csrf[] = "65A1B2C3:Y3NyZi1wcmV2ZW50aW9uLXRva2Vu";

#define SECRET(text)           \
	{                          \
		text, sizeof(text) - 1 \
	}
static const struct secret password_secret = SECRET(password), otp_secret = SECRET(otp);
static const struct pve_identity by_ticket = {.ticket = SECRET(ticket), .csrf = SECRET(csrf)};
static const struct pve_identity by_token = {.token = SECRET(token)};

static const struct pve_call login = {
	.what = "login", .password = &password_secret, .otp = &otp_secret};
static const struct pve_call with_ticket = {.what = "console", .identity = &by_ticket};
static const struct pve_call with_token = {.what = "console", .identity = &by_token};

/* What is said of an answer with that reason and body (or NULL). */
static int
judge(
	const struct pve_call *call, int status, const char *reason, const char *body, struct err *err)
{
	struct pve_answer answer = {.status = status};
	int r;

	snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
	if (body != NULL)
		assert_int_equal(buf_add(&answer.body, body, strlen(body)), 0);
	r = pve_judge(call, &answer, err);
	buf_done(&answer.body);
	assert_int_equal(r, err->code);
	return r;
}

static void
the_status_line_says_what_happened(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(judge(&login, 401, "authentication failure", NULL, &err), ERR_REFUSED);
	assert_string_equal(err.text, "login: 401 \"authentication failure\"");
	assert_int_equal(judge(&with_ticket, 500, "VM 100 not running", "{\"message\":\"x\"}", &err),
		ERR_NOT_RUNNING);
	assert_string_equal(err.text, "console: 500 \"VM 100 not running\"");
}

static void
the_body_speaks_where_the_status_line_says_nothing(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(judge(&login, 400, "Parameter verification failed.",
						 "{\"errors\":{\"otp\":\"property is not defined\"}}", &err),
		ERR_PROTOCOL);
	assert_string_equal(err.text, "login: 400 \"otp: property is not defined\"");
	assert_int_equal(judge(&login, 500, "", "{\"message\":\"no such VM\"}", &err), ERR_NOT_FOUND);
	assert_string_equal(err.text, "login: 500 \"no such VM\"");
}

static void
an_honest_text_that_names_a_user_or_token_is_told(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(
		judge(&with_token, 401, "no such token 'gw' for user 'joe@pve'", NULL, &err), ERR_REFUSED);
	assert_string_equal(err.text, "console: 401 \"no such token 'gw' for user 'joe@pve'\"");
	judge(&with_ticket, 403, "Permission check failed (joe@pve, VM.Console)", NULL, &err);
	assert_non_null(strstr(err.text, "joe@pve"));
}

static void
no_secret_stands_in_an_error_text(void **state)
{
	const struct {
		const struct pve_call *call;
		const char *reason;
	} rows[] = {
		{&login, "wrong password hunter2-and-a-half"},
		{&login, "wrong password nter2-and"},
		{&login, "wrong code 493021"},
		{&with_token, "invalid token value 0f8fad5b-d9cb-469f-a165-70867728950e"},
		{&with_token, "joe@pve!gw=0f8fad5b-d9"},
		{&with_token, "...867728950e"},
		{&with_ticket, "invalid ticket PVE:joe@pve"},
		{&with_ticket, "invalid ticket c2lnbmF0dXJlLW9mLXRoZS10"},
		{&with_ticket, "invalid csrf token Y3NyZi1wcmV2ZW50aW9uLXRva2Vu"},
		{&with_ticket, "PVEVNC:65A1B2C3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {.code = 0};
		char body[256];

		assert_int_equal(judge(rows[i].call, 401, rows[i].reason, NULL, &err), ERR_REFUSED);
		if (strstr(err.text, "(text withheld: it may hold a secret)") == NULL)
			fail_msg("%s", err.text);
		snprintf(body, sizeof(body), "{\"errors\":{\"x\":\"%s\"}}", rows[i].reason);
		judge(rows[i].call, 400, "Parameter verification failed.", body, &err);
		if (strstr(err.text, "(text withheld: it may hold a secret)") == NULL)
			fail_msg("%s", err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_line_says_what_happened),
		cmocka_unit_test(the_body_speaks_where_the_status_line_says_nothing),
		cmocka_unit_test(an_honest_text_that_names_a_user_or_token_is_told),
		cmocka_unit_test(no_secret_stands_in_an_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
