/* SPDX-License-Identifier: MIT */
/* What holds for every reader of Proxmox's answers: junk, nesting, memory, and keeping quiet. */
#include "base/abandon.h"
#include "tests/unit/torture.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SIG "lRb/4x+Yz0PqT7c=="

static const char login_json[] =
	"{\"data\":{\"username\":\"joe@pve\",\"cap\":{\"vms\":{\"VM.Console\":1}},"
	"\"CSRFPreventionToken\":\"65A1B2C3:" SIG "\",\"ticket\":\"PVE:joe@pve:65A1B2C3::" SIG "\"}}";

static const char console_json[] =
	"{\"data\":{\"port\":\"5900\",\"ticket\":\"PVEVNC:65A1B2C3::" SIG "\",\"user\":\"joe@pve\"}}";

static const char list_json[] = "{\"data\":[{\"type\":\"qemu\",\"vmid\":100,\"node\":\"a\"},{"
								"\"type\":\"lxc\",\"node\":\"b\"}]}";

static int
login(const char *json, struct pve_login_reply *out, struct err *err)
{
	return pve_parse_login(json, strlen(json), out, err);
}

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

static int
running(const char *json, struct err *err)
{
	bool serial;

	return pve_parse_running(json, strlen(json), &serial, err);
}

enum { EMPTY_LIST = 0 };

static const struct {
	const char *json;
	size_t len;
} junk[] = {
	{"{\"data\":[]}", 11},
	{"", 0},
	{"\0", 1},
	{" ", 1},
	{"null", 4},
	{"1", 1},
	{"\"data\"", 6},
	{"[]", 2},
	{"{}", 2},
	{"{\"data\":null}", 13},
	{"{\"data\":\"\"}", 11},
	{"{\"data\":{}", 10},
	{"{\"data\":{}}\0", 12},
	{"{\"data\":{}}{}", 13},
	{"{\"data\":{\"a\":\xff}}", 16},
	{"{\"data\":{\"a\":\"\xff\"}}", 18},
	{"{\"data\":{\"a\":1e999}}", 20},
	{"{\"data\":{\"a\":1,}}", 17},
	{"{'data':{}}", 11},
	{"<html>surprise</html>", 21},
	{"\xef\xbb\xbf{\"data\":{}}", 14},
};

static void
what_is_not_an_answer_is_refused_by_every_parser(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(junk); i++) {
		struct pve_login_reply l = {.user = ""};
		struct pve_console_reply v = {.port = 0};
		struct pve_listed g = {.guests = 0};
		struct pve_nodes n;
		struct err err = {.code = 0};
		bool serial;

		assert_int_equal(pve_parse_login(junk[i].json, junk[i].len, &l, &err), ERR_PROTOCOL);
		assert_int_equal(pve_parse_vncproxy(junk[i].json, junk[i].len, &v, &err), ERR_PROTOCOL);
		assert_int_equal(pve_parse_termproxy(junk[i].json, junk[i].len, &v, &err), ERR_PROTOCOL);
		assert_int_equal(pve_parse_running(junk[i].json, junk[i].len, &serial, &err), ERR_PROTOCOL);
		/* the one list among them is an empty one */
		if (i == EMPTY_LIST)
			continue;
		assert_int_equal(pve_parse_guests(junk[i].json, junk[i].len, 100, &g, &err), ERR_PROTOCOL);
		assert_int_equal(pve_parse_nodes(junk[i].json, junk[i].len, &n, &err), ERR_PROTOCOL);
	}
}

static void
an_answer_need_not_end_in_a_nul(void **state)
{
	static const char json[] = "{\"data\":{\"status\":\"running\"}}";
	size_t len = sizeof(json) - 1;
	char *exact = malloc(len);
	bool serial;

	(void)state;
	assert_non_null(exact);
	memcpy(exact, json, len);
	assert_int_equal(pve_parse_running(exact, len, &serial, NULL), 0);
	assert_int_equal(pve_parse_running(exact, len - 1, &serial, NULL), ERR_PROTOCOL);
	free(exact);
}

/* {"data":{"a":[[...]],"status":"running"}} with so many brackets */
static int
nested(int depth)
{
	struct buf json = {.max = 0};
	int r = buf_addf(&json, "{\"data\":{\"a\":");

	for (int i = 0; i < depth && r == 0; i++)
		r = buf_add(&json, "[", 1);
	for (int i = 0; i < depth && r == 0; i++)
		r = buf_add(&json, "]", 1);
	assert_int_equal(r, 0);
	assert_int_equal(buf_addf(&json, ",\"status\":\"running\"}}"), 0);
	r = running(buf_text(&json), NULL);
	buf_done(&json);
	return r;
}

static void
deep_nesting_is_refused_before_it_costs_stack(void **state)
{
	(void)state;
	assert_int_equal(nested(20), 0);
	assert_int_equal(nested(100), ERR_PROTOCOL);
	assert_int_equal(nested(100000), ERR_PROTOCOL);
}

static void
brackets_in_strings_are_not_nesting(void **state)
{
	(void)state;
	assert_int_equal(
		running(
			"{\"data\":{\"status\":\"running\",\"name\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
			"\\\"{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\"}}",
			NULL),
		0);
}

static void
no_text_of_an_error_quotes_the_answer(void **state)
{
	static const char *const rows[] = {
		"{\"data\":{\"ticket\":\"PVE:hunter2",
		"{\"data\":{\"ticket\":\"PVE:hunter2\" \"hunter2\"",
		"{\"data\":{\"ticket\":\"PVE:hunter2\\u0000\"}}",
		"{\"data\":{\"password\":\"hunter2\",\"ticket\":\"PVE:hunter2\",\"port\":\"hunter2\"}}",
		"{\"data\":{\"hunter2\":1,\"hunter2\":2}}",
		"hunter2",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_login_reply l = {.user = ""};
		struct pve_console_reply v = {.port = 0};
		struct pve_listed g = {.guests = 0};
		struct err err = {.code = 0};

		assert_int_equal(login(rows[i], &l, &err), ERR_PROTOCOL);
		assert_null(strstr(err.text, "hunter2"));
		assert_int_equal(vncproxy(rows[i], &v, &err), ERR_PROTOCOL);
		assert_null(strstr(err.text, "hunter2"));
		assert_int_equal(termproxy(rows[i], &v, &err), ERR_PROTOCOL);
		assert_null(strstr(err.text, "hunter2"));
		assert_int_equal(pve_parse_guests(rows[i], strlen(rows[i]), 100, &g, &err), ERR_PROTOCOL);
		assert_null(strstr(err.text, "hunter2"));
		assert_int_equal(running(rows[i], &err), ERR_PROTOCOL);
		assert_null(strstr(err.text, "hunter2"));
	}
}

/* ---- memory ---- */

/* Jansson takes a string that it has no memory for as one that is wrong; we must not. */
static bool
excusable(int r)
{
	return r == 0 || (torture_struck() && r == ERR_MEMORY);
}

static void
parse_all(void *arg)
{
	struct pve_login_reply l = {.user = ""};
	struct pve_console_reply v = {.port = 0};
	struct pve_listed g = {.guests = 0};
	struct pve_nodes n;
	char text[PVE_MESSAGE_SIZE];
	int r;

	(void)arg;
	r = login(login_json, &l, NULL);
	assert_true(excusable(r));
	assert_int_equal(r == 0, l.ticket.data != NULL);
	pve_login_reply_done(&l);
	r = vncproxy(console_json, &v, NULL);
	assert_true(excusable(r));
	assert_int_equal(r == 0, v.ticket.data != NULL);
	pve_console_reply_done(&v);
	r = termproxy(console_json, &v, NULL);
	assert_true(excusable(r));
	assert_int_equal(r == 0, v.login.data != NULL);
	pve_console_reply_done(&v);
	assert_true(excusable(pve_parse_guests(list_json, strlen(list_json), 100, &g, NULL)));
	assert_true(excusable(pve_parse_nodes(list_json, strlen(list_json), &n, NULL)));
	assert_true(excusable(running("{\"data\":{\"status\":\"running\"}}", NULL)));
	pve_parse_refusal("{\"message\":\"m\"}", 15, text);
}

static void
without_memory_no_parser_succeeds_by_halves_or_loses_anything(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(parse_all, NULL) > 50);
}

static void
nothing_secret_is_left_in_what_we_freed(void **state)
{
	struct pve_login_reply l = {.user = ""};
	struct pve_console_reply v = {.port = 0};

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for(SIG);
	assert_int_equal(login(login_json, &l, NULL), 0);
	pve_login_reply_done(&l);
	assert_int_equal(vncproxy(console_json, &v, NULL), 0);
	pve_console_reply_done(&v);
	assert_int_equal(termproxy(console_json, &v, NULL), 0);
	pve_console_reply_done(&v);
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_an_answer_is_refused_by_every_parser),
		cmocka_unit_test(an_answer_need_not_end_in_a_nul),
		cmocka_unit_test(deep_nesting_is_refused_before_it_costs_stack),
		cmocka_unit_test(brackets_in_strings_are_not_nesting),
		cmocka_unit_test(no_text_of_an_error_quotes_the_answer),
		cmocka_unit_test(without_memory_no_parser_succeeds_by_halves_or_loses_anything),
		cmocka_unit_test(nothing_secret_is_left_in_what_we_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
