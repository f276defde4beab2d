/* SPDX-License-Identifier: MIT */
/* Answers to vncproxy and termproxy, and what must not be taken for one. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SIG "lRb/4x+Yz0PqT7c=="

static int
vncproxy(const char *json, struct pve_console_reply *out, struct err *err)
{
	return pve_parse_vncproxy(json, strlen(json), out, err);
}

static int
termproxy(const char *json, struct pve_console_reply *out, struct err *err)
{
	return pve_parse_termproxy(json, strlen(json), out, err);
}

/* ---- screens ---- */

#define VNC "PVEVNC:65A1B2C3::" SIG

static const struct {
	const char *json;
	unsigned port;
	const char *ticket, *password;
} consoles[] = {
	/* 7.4 */
	{"{\"data\":{\"user\":\"joe@pve\",\"ticket\":\"" VNC "\",\"port\":\"5900\",\"cert\":\"-----\\n"
	 "\",\"upid\":\"UPID:pve:0000A1B2:00C3D4E5:65A1B2C3:vncproxy:100:joe@pve:\"}}",
		5900, VNC, "PVEVNC:6"},
	/* 8.4: the same with a number */
	{"{\"data\":{\"port\":5901,\"ticket\":\"" VNC "\",\"user\":\"joe@pve\",\"upid\":\"UPID:\"}}",
		5901, VNC, "PVEVNC:6"},
	/* 9.2: a password, from its whole alphabet, in front of the ticket */
	{"{\"data\":{\"password\":\"a\\\"\\\\&%+;`\",\"port\":5999,\"ticket\":\"a\\\"\\\\&%+;`:" VNC
	 "\",\"cert\":\"\"}}",
		5999, "a\"\\&%+;`:" VNC, "a\"\\&%+;`"},
	{"{\"data\":{\"password\":null,\"port\":\"5902\",\"ticket\":\"" VNC "\"}}", 5902, VNC,
		"PVEVNC:6"},
	{"{\"data\":{\"password\":\"\",\"port\":\"5902\",\"ticket\":\"" VNC "\"}}", 5902, VNC,
		"PVEVNC:6"},
	/* VNC takes eight bytes of any password */
	{"{\"data\":{\"password\":\"0123456789\",\"port\":5903,\"ticket\":\"" VNC "\"}}", 5903, VNC,
		"01234567"},
	{"{\"data\":{\"password\":\"x\",\"port\":5903.0,\"ticket\":\"t\"}}", 5903, "t", "x"},
	{"{\"data\":{\"port\":5903,\"ticket\":\"t\"}}", 5903, "t", "t"},
};

static void
a_console_has_a_port_a_ticket_and_a_password_whatever_the_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(consoles); i++) {
		struct pve_console_reply reply = {.port = 0};
		struct err err = {.code = 0};

		if (vncproxy(consoles[i].json, &reply, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(reply.port, consoles[i].port);
		assert_string_equal(secret_peek(&reply.ticket), consoles[i].ticket);
		assert_string_equal(secret_peek(&reply.password), consoles[i].password);
		pve_console_reply_done(&reply);
	}
}

static void
a_port_outside_the_consoles_range_is_refused(void **state)
{
	static const char *const ports[] = {"5899", "6000", "0", "-5900", "5900.5", "1e9", "5.9e99",
		"\"5899\"", "\"6000\"", "\"05900\"", "\" 5900\"", "\"5900x\"", "\"\"", "\"71436\"", "71436",
		"null", "true", "[5900]", "{}", "\"5900\\u0000\""};

	(void)state;
	for (size_t i = 0; i < COUNT(ports); i++) {
		struct pve_console_reply reply = {.port = 7};
		char json[128];

		snprintf(json, sizeof(json), "{\"data\":{\"port\":%s,\"ticket\":\"" VNC "\"}}", ports[i]);
		if (vncproxy(json, &reply, NULL) != ERR_PROTOCOL)
			fail_msg("port %s is taken", ports[i]);
		assert_int_equal(reply.port, 7);
		assert_null(reply.ticket.data);
	}
}

static void
a_console_without_ticket_or_with_a_strange_password_is_refused(void **state)
{
	static const char *const rows[] = {
		"{\"data\":{\"port\":5900}}",
		"{\"data\":{\"port\":5900,\"ticket\":\"\"}}",
		"{\"data\":{\"port\":5900,\"ticket\":null}}",
		"{\"data\":{\"port\":5900,\"ticket\":12345678}}",
		"{\"data\":{\"ticket\":\"" VNC "\"}}",
		"{\"data\":{\"port\":5900,\"ticket\":\"" VNC "\",\"password\":12345678}}",
		"{\"data\":{\"port\":5900,\"ticket\":\"" VNC "\",\"password\":[]}}",
		"{\"data\":{\"port\":5900,\"ticket\":\"" VNC "\",\"password\":\"ab\\u0000cdef\"}}",
		"{\"data\":{\"port\":5900,\"port\":5901,\"ticket\":\"" VNC "\"}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_console_reply reply = {.port = 0};

		if (vncproxy(rows[i], &reply, NULL) != ERR_PROTOCOL)
			fail_msg("row %zu is taken: %s", i, rows[i]);
		assert_null(reply.ticket.data);
		assert_null(reply.password.data);
	}
}

/* ---- terminals ---- */

#define TERM_OF(user, ticket)                                                                      \
	"{\"data\":{\"port\":5900,\"upid\":\"UPID:\",\"user\":\"" user "\",\"ticket\":\"" ticket "\"}" \
	"}"

static void
a_terminal_is_greeted_by_user_and_ticket_as_they_came(void **state)
{
	static const struct {
		const char *json, *login;
	} rows[] = {
		{TERM_OF("joe@pve", VNC), "joe@pve:" VNC "\n"},
		/* a token's, since 9.1.9; a user part may have nearly anything in it */
		{TERM_OF("joe@pve!gw", VNC), "joe@pve!gw:" VNC "\n"},
		{TERM_OF("j%40o=e+\xc3\xa9@ad.example", VNC), "j%40o=e+\xc3\xa9@ad.example:" VNC "\n"},
		{TERM_OF("a\\u0040b@pve", "PVEVNC:%2F::x"), "a@b@pve:PVEVNC:%2F::x\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_console_reply reply = {.port = 0};
		struct err err = {.code = 0};

		if (termproxy(rows[i].json, &reply, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(reply.port, 5900);
		assert_string_equal(secret_peek(&reply.login), rows[i].login);
		assert_null(reply.password.data);
		assert_null(reply.authority);
		pve_console_reply_done(&reply);
		assert_null(reply.login.data);
	}
}

static void
a_terminal_whose_greeting_would_be_another_is_refused(void **state)
{
	static const char *const rows[] = {
		"{\"data\":{\"port\":5900,\"ticket\":\"" VNC "\"}}",
		"{\"data\":{\"port\":5900,\"user\":\"joe@pve\"}}",
		"{\"data\":{\"ticket\":\"" VNC "\",\"user\":\"joe@pve\"}}",
		"{\"data\":{\"port\":5900,\"user\":17,\"ticket\":\"" VNC "\"}}",
		TERM_OF("", VNC),
		TERM_OF("joe", VNC),
		TERM_OF("joe@pve:x", VNC),
		TERM_OF("jo e@pve", VNC),
		TERM_OF("joe@pve\\n", VNC),
		TERM_OF("joe@pve\\u0000", VNC),
		TERM_OF("joe@pve\\u007f", VNC),
		TERM_OF("joe@pve", "PVEVNC\\n0:3:cat"),
		TERM_OF("joe@pve", "PVEVNC\\r"),
		TERM_OF("joe@pve", "PVEVNC \\t"),
		TERM_OF("joe@pve", ""),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_console_reply reply = {.port = 7};
		struct err err = {.code = 0};

		if (termproxy(rows[i], &reply, &err) != ERR_PROTOCOL)
			fail_msg("row %zu is taken: %s", i, rows[i]);
		assert_null(strstr(err.text, SIG));
		assert_int_equal(reply.port, 7);
		assert_null(reply.ticket.data);
		assert_null(reply.login.data);
	}
}

static void
a_user_of_any_length_is_not_taken(void **state)
{
	struct pve_console_reply reply = {.port = 0};
	char json[512];

	(void)state;
	snprintf(json, sizeof(json),
		"{\"data\":{\"port\":5900,\"user\":\"%0*d@pve\",\"ticket\":\"t\"}}", PVE_IDENTITY_SIZE - 5,
		0);
	assert_int_equal(termproxy(json, &reply, NULL), 0);
	pve_console_reply_done(&reply);
	snprintf(json, sizeof(json),
		"{\"data\":{\"port\":5900,\"user\":\"%0*d@pve\",\"ticket\":\"t\"}}", PVE_IDENTITY_SIZE - 4,
		0);
	assert_int_equal(termproxy(json, &reply, NULL), ERR_PROTOCOL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_console_has_a_port_a_ticket_and_a_password_whatever_the_version),
		cmocka_unit_test(a_port_outside_the_consoles_range_is_refused),
		cmocka_unit_test(a_console_without_ticket_or_with_a_strange_password_is_refused),
		cmocka_unit_test(a_terminal_is_greeted_by_user_and_ticket_as_they_came),
		cmocka_unit_test(a_terminal_whose_greeting_would_be_another_is_refused),
		cmocka_unit_test(a_user_of_any_length_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
