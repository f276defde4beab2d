/* SPDX-License-Identifier: MIT */
/* Answers about a login and a guest, and what must not be taken for one. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SIG    "lRb/4x+Yz0PqT7c=="
#define TICKET "PVE:joe@pve:65A1B2C3::" SIG
#define CSRF   "65A1B2C3:q83vEjRWeJCrze8SNFZ4kA+/x"

static int
login(const char *json, struct pve_login_reply *out, struct err *err)
{
	return pve_parse_login(json, strlen(json), out, err);
}

static int
running(const char *json, struct err *err)
{
	bool serial;

	return pve_parse_running(json, strlen(json), &serial, err);
}

/* ---- login ---- */

static const char *const logins[] = {
	/* 7.4 */
	"{\"data\":{\"CSRFPreventionToken\":\"" CSRF "\",\"ticket\":\"" TICKET "\","
	"\"cap\":{\"vms\":{\"VM.Console\":1,\"VM.Audit\":1},\"nodes\":{},\"dc\":{}},"
	"\"username\":\"joe@pve\"}}",
	/* 8.4, in a cluster */
	"{\"data\":{\"clustername\":\"lab\",\"username\":\"joe@pve\",\"cap\":{\"sdn\":{},\"mapping\":"
	"{},\"access\":{},\"vms\":{\"VM.Console\":1}},\"CSRFPreventionToken\":\"" CSRF
	"\",\"ticket\":\"" TICKET "\"}}",
	/* 9.2, with a second factor that was not asked for */
	"{\"data\":{\"username\":\"joe@pve\",\"NeedTFA\":0,\"CSRFPreventionToken\":\"" CSRF
	"\",\"ticket\":\"" TICKET "\",\"cap\":{\"vms\":{\"VM.Console\":\"1\"}}}}\n",
};

static void
a_login_gives_ticket_csrf_token_and_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(logins); i++) {
		struct pve_login_reply reply = {.user = ""};
		struct err err = {.code = 0};

		if (login(logins[i], &reply, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_string_equal(reply.user, "joe@pve");
		assert_string_equal(secret_peek(&reply.ticket), TICKET);
		assert_string_equal(secret_peek(&reply.csrf), CSRF);
		pve_login_reply_done(&reply);
		assert_null(reply.ticket.data);
	}
}

static void
a_login_with_a_second_factor_due_is_refused_and_says_so(void **state)
{
	static const char *const rows[] = {
		/* as new-format=1 gets it */
		"{\"data\":{\"NeedTFA\":1,\"username\":\"tfa@pve\",\"CSRFPreventionToken\":\"" CSRF
		"\",\"ticket\":\"PVE:!tfa!{\\\"totp\\\"%3Atrue}:65A1B2C3::" SIG "\"}}",
		"{\"data\":{\"NeedTFA\":\"1\",\"username\":\"tfa@pve\",\"ticket\":\"" TICKET "\"}}",
		"{\"data\":{\"NeedTFA\":true,\"ticket\":\"" TICKET "\"}}",
		"{\"data\":{\"NeedTFA\":1.0}}",
		/* the ticket alone gives it away */
		"{\"data\":{\"username\":\"tfa@pve\",\"CSRFPreventionToken\":\"" CSRF
		"\",\"ticket\":\"PVE:!tfa!{}:65A1B2C3::" SIG "\"}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_login_reply reply = {.user = "untouched"};
		struct err err = {.code = 0};

		assert_int_equal(login(rows[i], &reply, &err), ERR_NEEDS_OTP);
		assert_non_null(strstr(err.text, "second factor"));
		assert_string_equal(reply.user, "untouched");
		assert_null(reply.ticket.data);
	}
}

#define LOGIN(user, ticket, csrf) \
	"{\"data\":{\"username\":" user ",\"ticket\":" ticket ",\"CSRFPreventionToken\":" csrf "}}"
#define OK_USER   "\"joe@pve\""
#define OK_TICKET "\"" TICKET "\""
#define OK_CSRF   "\"" CSRF "\""

static void
a_login_that_lacks_something_or_has_it_wrong_is_refused(void **state)
{
	static const char *const rows[] = {
		LOGIN("null", OK_TICKET, OK_CSRF),
		LOGIN("\"\"", OK_TICKET, OK_CSRF),
		LOGIN("\"joe\"", OK_TICKET, OK_CSRF),
		LOGIN("\"jo e@pve\"", OK_TICKET, OK_CSRF),
		LOGIN("\"joe@pve\\n[x]\"", OK_TICKET, OK_CSRF),
		LOGIN("\"0123456789012345678901234567890123456789012345678901234567890123@pve\"", OK_TICKET,
			OK_CSRF),
		LOGIN("17", OK_TICKET, OK_CSRF),
		LOGIN(OK_USER, "null", OK_CSRF),
		LOGIN(OK_USER, "\"\"", OK_CSRF),
		LOGIN(OK_USER, "\"PVEVNC:65A1B2C3::" SIG "\"", OK_CSRF),
		LOGIN(OK_USER, "1", OK_CSRF),
		LOGIN(OK_USER, "[" OK_TICKET "]", OK_CSRF),
		LOGIN(OK_USER, OK_TICKET, "null"),
		LOGIN(OK_USER, OK_TICKET, "\"\""),
		LOGIN(OK_USER, OK_TICKET, "\"65A1B2C3:x\\r\\nHost: evil\""),
		LOGIN(OK_USER, OK_TICKET, "\"65A1B2C3: x\""),
		LOGIN(OK_USER, OK_TICKET, "\"65A1B2C3:\xc3\xa9\""),
		LOGIN(OK_USER, OK_TICKET, "\"65A1B2C3:\\u007f\""),
		"{\"data\":{}}",
		"{\"data\":{\"ticket\":" OK_TICKET "}}",
		LOGIN(OK_USER, OK_TICKET, OK_CSRF) "x",
		/* a name twice: which one is meant? */
		"{\"data\":{\"username\":\"joe@pve\",\"username\":\"root@pam\",\"ticket\":" OK_TICKET
		",\"CSRFPreventionToken\":" OK_CSRF "}}",
		/* a NUL would cut what we read */
		LOGIN("\"joe@pve\\u0000x\"", OK_TICKET, OK_CSRF),
		LOGIN(OK_USER, "\"PVE:\\u0000x\"", OK_CSRF),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_login_reply reply = {.user = "untouched"};
		struct err err = {.code = 0};

		if (login(rows[i], &reply, &err) != ERR_PROTOCOL)
			fail_msg("row %zu is taken: %s", i, rows[i]);
		assert_int_equal(err.code, ERR_PROTOCOL);
		assert_string_equal(reply.user, "untouched");
		assert_null(reply.ticket.data);
		assert_null(reply.csrf.data);
	}
}

static void
a_ticket_of_any_length_is_not_taken(void **state)
{
	struct buf json = {.max = 0};
	struct pve_login_reply reply = {.user = ""};

	(void)state;
	assert_int_equal(buf_addf(&json, "{\"data\":{\"username\":\"joe@pve\",\"ticket\":\"PVE:"), 0);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(buf_add(&json, "x", 1), 0);
	assert_int_equal(buf_addf(&json, "\",\"CSRFPreventionToken\":\"x\"}}"), 0);
	assert_int_equal(login(buf_text(&json), &reply, NULL), ERR_PROTOCOL);
	buf_done(&json);
}

/* ---- status ---- */

static void
a_guest_runs_when_its_status_is_running(void **state)
{
	static const char *const rows[] = {
		/* QEMU 7.4, 9.2; a counter beyond 2^63; paused; LXC */
		"{\"data\":{\"vmid\":100,\"status\":\"running\",\"qmpstatus\":\"running\",\"ha\":"
		"{\"managed\":0},\"cpus\":2,\"cpu\":0.0123,\"uptime\":4711,\"name\":\"web\"}}",
		"{\"data\":{\"vmid\":\"100\",\"status\":\"running\",\"clipboard\":null,"
		"\"running-machine\":\"pc-i440fx-9.2+pve1\",\"pressurecpusome\":\"0.00\",\"serial\":1}}",
		"{\"data\":{\"status\":\"running\",\"diskread\":18446744073709551615,\"mem\":1e20}}",
		"{\"data\":{\"status\":\"running\",\"qmpstatus\":\"paused\"}}",
		"{\"data\":{\"type\":\"lxc\",\"vmid\":200,\"status\":\"running\",\"swap\":0}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {.code = 0};

		if (running(rows[i], &err) != 0)
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void
a_guest_with_a_serial_port_says_so(void **state)
{
	static const struct {
		const char *json;
		bool serial;
	} rows[] = {
		{"{\"data\":{\"status\":\"running\",\"serial\":1}}", true},
		{"{\"data\":{\"status\":\"running\",\"serial\":\"1\"}}", true},
		{"{\"data\":{\"status\":\"running\",\"serial\":0}}", false},
		{"{\"data\":{\"status\":\"running\",\"serial\":\"\"}}", false},
		{"{\"data\":{\"status\":\"running\",\"serial\":null}}", false},
		{"{\"data\":{\"status\":\"running\"}}", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool serial = !rows[i].serial;

		assert_int_equal(pve_parse_running(rows[i].json, strlen(rows[i].json), &serial, NULL), 0);
		assert_int_equal(serial, rows[i].serial);
	}
}

static void
a_guest_does_not_run_whatever_else_its_status_is(void **state)
{
	static const char *const rows[] = {
		"{\"data\":{\"vmid\":100,\"status\":\"stopped\",\"qmpstatus\":\"stopped\"}}",
		"{\"data\":{\"vmid\":100,\"status\":\"stopped\",\"template\":1}}",
		"{\"data\":{\"status\":\"unknown\"}}",
		"{\"data\":{\"status\":\"Running\"}}",
		"{\"data\":{\"status\":\"runnin\"}}",
		"{\"data\":{\"status\":\"running\\n\"}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {.code = 0};

		assert_int_equal(running(rows[i], &err), ERR_NOT_RUNNING);
		assert_int_equal(err.code, ERR_NOT_RUNNING);
	}
}

static void
a_status_is_told_only_when_it_is_a_word(void **state)
{
	static const char *const rows[][2] = {
		{"{\"data\":{\"status\":\"stopped\"}}", "the guest is stopped"},
		{"{\"data\":{\"status\":\"prelaunch\"}}", "the guest is prelaunch"},
		{"{\"data\":{\"status\":\"fine (all is well)\"}}", "the guest is not running"},
		{"{\"data\":{\"status\":\"x: PVE:ticket\"}}", "the guest is not running"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(running(rows[i][0], &err), ERR_NOT_RUNNING);
		assert_string_equal(err.text, rows[i][1]);
	}
}

static void
a_status_that_is_none_is_refused(void **state)
{
	static const char *const rows[] = {
		"{\"data\":{}}",
		"{\"data\":{\"status\":1}}",
		"{\"data\":{\"status\":null}}",
		"{\"data\":{\"status\":\"\"}}",
		"{\"data\":{\"status\":{\"status\":\"running\"}}}",
		"{\"data\":{\"status\":\"running\",\"status\":\"stopped\"}}",
		"{\"data\":{\"status\":\"running\\u0000\"}}",
		"{\"data\":{\"status\":\"running running running running running running\"}}",
		"{\"status\":\"running\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (running(rows[i], NULL) != ERR_PROTOCOL)
			fail_msg("row %zu is taken: %s", i, rows[i]);
	}
}

/* ---- configuration ---- */

static void
a_terminal_has_a_serial_port_that_is_a_socket(void **state)
{
	static const struct {
		const char *json;
		unsigned serial;
		int code;
	} rows[] = {
		{"{\"data\":{\"serial0\":\"socket\"}}", PVE_SERIAL_ANY, 0},
		{"{\"data\":{\"serial3\":\"socket\",\"serial0\":\"/dev/ttyS0\"}}", PVE_SERIAL_ANY, 0},
		{"{\"data\":{\"serial0\":\"/dev/ttyS0\"}}", PVE_SERIAL_ANY, ERR_NO_DEVICE},
		{"{\"data\":{\"serial4\":\"socket\"}}", PVE_SERIAL_ANY, ERR_NO_DEVICE},
		{"{\"data\":{}}", PVE_SERIAL_ANY, ERR_NO_DEVICE},
		{"{\"data\":{\"serial0\":\"socket\"}}", 1, 0},
		{"{\"data\":{\"serial0\":\"socket\"}}", 2, ERR_NO_DEVICE},
		{"{\"data\":{\"serial3\":\"socket\"}}", 4, 0},
		{"{\"data\":{\"serial1\":\"sockets\"}}", 2, ERR_NO_DEVICE},
		{"{\"data\":{\"serial1\":1}}", 2, ERR_NO_DEVICE},
		{"{\"data\":[]}", 1, ERR_PROTOCOL},
		{"{\"data\":{\"serial0\":\"socket\",\"serial0\":\"socket\"}}", 1, ERR_PROTOCOL},
		{"", 1, ERR_PROTOCOL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {.code = 0};
		int r = pve_parse_serial(rows[i].json, strlen(rows[i].json), rows[i].serial, &err);

		if (r != rows[i].code || (r < 0 && err.code != r))
			fail_msg("row %zu: %s: %s", i, err_name(r), err.text);
	}
}

/* ---- refusals ---- */

static void
a_refusal_says_what_it_can(void **state)
{
	static const struct {
		const char *json, *says;
	} rows[] = {
		{"{\"data\":null,\"message\":\"Parameter verification failed.\\n\",\"errors\":"
		 "{\"websocket\":\"type check ('boolean') failed\"}}",
			"websocket: type check ('boolean') failed"},
		{"{\"data\":null,\"message\":\"VM 100 not running\\nmore\"}", "VM 100 not running"},
		{"{\"data\":null,\"errors\":{\"x\":1},\"message\":\"m\"}", "m"},
		{"{\"data\":null}", ""},
		{"{\"message\":17}", ""},
		{"{\"errors\":[\"x\"]}", ""},
		{"<html>", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[PVE_MESSAGE_SIZE] = "before";

		pve_parse_refusal(rows[i].json, strlen(rows[i].json), out);
		assert_string_equal(out, rows[i].says);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_gives_ticket_csrf_token_and_name),
		cmocka_unit_test(a_login_with_a_second_factor_due_is_refused_and_says_so),
		cmocka_unit_test(a_login_that_lacks_something_or_has_it_wrong_is_refused),
		cmocka_unit_test(a_ticket_of_any_length_is_not_taken),
		cmocka_unit_test(a_guest_runs_when_its_status_is_running),
		cmocka_unit_test(a_guest_with_a_serial_port_says_so),
		cmocka_unit_test(a_guest_does_not_run_whatever_else_its_status_is),
		cmocka_unit_test(a_status_is_told_only_when_it_is_a_word),
		cmocka_unit_test(a_status_that_is_none_is_refused),
		cmocka_unit_test(a_terminal_has_a_serial_port_that_is_a_socket),
		cmocka_unit_test(a_refusal_says_what_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
