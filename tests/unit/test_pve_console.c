/* SPDX-License-Identifier: MIT */
/* What is asked for each console, and what is made of the answer: pve_console_open(). */
#include "base/abandon.h"
#include "tests/unit/pve_fake.h"

#include <jansson.h>
#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { SOON_MS = 60000 };

#define SIG     "lRb/4x+Yz0PqT7c=="
#define ESCAPED "PVEVNC%3A65A1B2C3%3A%3AlRb%2F4x%2BYz0PqT7c%3D%3D"
#define TICKET  "PVEVNC:65A1B2C3::" SIG

/* As hosts answer vncproxy and vncshell, before and since April 2026, and termproxy. */
#define OLD_VNC 200, "{\"data\":{\"port\":\"5900\",\"user\":\"joe@pve\",\"ticket\":\"" TICKET "\"}}"
#define NEW_VNC                                                                                   \
	200, "{\"data\":{\"port\":5901,\"password\":\"ab\\\"%;<`!\",\"ticket\":\"ab\\\"%;<`!:" TICKET \
		 "\"}}"
#define TERMINAL 200, "{\"data\":{\"port\":5902,\"user\":\"joe@pve\",\"ticket\":\"" TICKET "\"}}"

#define NODES "/api2/json/nodes/b/"

static const struct story {
	struct pve_target target;
	struct said said[2];
	const char *path, *form;      /* of the one call */
	const char *request_target;   /* of the websocket */
	const char *password, *login; /* "": none */
} stories[] = {
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_VNC},
		{{"vncproxy", OLD_VNC}}, NODES "qemu/100/vncproxy", "websocket=1",
		NODES "qemu/100/vncwebsocket?port=5900&vncticket=" ESCAPED, "PVEVNC:6", ""},
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_VNC},
		{{"vncproxy", NEW_VNC}}, NODES "qemu/100/vncproxy", "websocket=1",
		NODES "qemu/100/vncwebsocket?port=5901&vncticket=ab%22%25%3B%3C%60%21%3A" ESCAPED,
		"ab\"%;<`!", ""},
	{{.node = "b", .vmid = 200, .type = PVE_GUEST_LXC, .kind = PVE_CONSOLE_VNC},
		{{"vncproxy", OLD_VNC}}, NODES "lxc/200/vncproxy", "websocket=1",
		NODES "lxc/200/vncwebsocket?port=5900&vncticket=" ESCAPED, "PVEVNC:6", ""},
	{{.node = "b", .type = PVE_GUEST_NODE, .kind = PVE_CONSOLE_VNC}, {{"vncshell", NEW_VNC}},
		NODES "vncshell", "websocket=1",
		NODES "vncwebsocket?port=5901&vncticket=ab%22%25%3B%3C%60%21%3A" ESCAPED, "ab\"%;<`!", ""},
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_TERM},
		{{"termproxy", TERMINAL}}, NODES "qemu/100/termproxy", "",
		NODES "qemu/100/vncwebsocket?port=5902&vncticket=" ESCAPED, "", "joe@pve:" TICKET "\n"},
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_TERM, .serial = 1},
		{{"termproxy", TERMINAL}}, NODES "qemu/100/termproxy", "serial=serial0",
		NODES "qemu/100/vncwebsocket?port=5902&vncticket=" ESCAPED, "", "joe@pve:" TICKET "\n"},
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_TERM, .serial = 4},
		{{"termproxy", TERMINAL}}, NODES "qemu/100/termproxy", "serial=serial3",
		NODES "qemu/100/vncwebsocket?port=5902&vncticket=" ESCAPED, "", "joe@pve:" TICKET "\n"},
	/* a screen has no use for the number of a serial port */
	{{.node = "b", .vmid = 100, .type = PVE_GUEST_QEMU, .kind = PVE_CONSOLE_VNC, .serial = 2},
		{{"vncproxy", OLD_VNC}}, NODES "qemu/100/vncproxy", "websocket=1",
		NODES "qemu/100/vncwebsocket?port=5900&vncticket=" ESCAPED, "PVEVNC:6", ""},
	{{.node = "b", .vmid = 200, .type = PVE_GUEST_LXC, .kind = PVE_CONSOLE_TERM},
		{{"termproxy", TERMINAL}}, NODES "lxc/200/termproxy", "",
		NODES "lxc/200/vncwebsocket?port=5902&vncticket=" ESCAPED, "", "joe@pve:" TICKET "\n"},
	{{.node = "b", .type = PVE_GUEST_NODE, .kind = PVE_CONSOLE_TERM}, {{"termproxy", TERMINAL}},
		NODES "termproxy", "", NODES "vncwebsocket?port=5902&vncticket=" ESCAPED, "",
		"joe@pve:" TICKET "\n"},
};

static void
each_console_is_asked_for_in_its_way_and_opened_in_one(void **state)
{
	struct pve *pve = fake_login("joe@pve");

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		const struct story *story = &stories[i];
		struct pve_console c = {.way.port = 0};
		struct err err = {.code = 0};

		fake_says(story->said);
		if (pve_console_open(pve, &story->target, clock_ms() + SOON_MS, &c, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(fake.count, 1);
		assert_true(fake.post);
		assert_string_equal(fake.path, story->path);
		assert_string_equal(fake.form, story->form);
		assert_string_equal(secret_peek(&c.request_target), story->request_target);
		assert_int_equal(c.kind, story->target.kind);
		assert_string_equal(secret_peek(&c.password), story->password);
		assert_string_equal(secret_peek(&c.login), story->login);
		assert_string_equal(c.way.address, "192.0.2.7");
		assert_string_equal(c.way.host, "pve.example");
		assert_string_equal(secret_peek(&c.auth_header), "Cookie: PVEAuthCookie=PVE%3Ajoe");
		assert_int_equal(c.way.port, 8006);
		assert_true(c.made_ms <= clock_ms() && c.made_ms > clock_ms() - SOON_MS);
		assert_non_null(c.way.policy);
		assert_false(c.by_token);
		pve_console_done(&c);
		assert_null(c.login.data);
	}
	pve_unref(pve);
}

static void
a_tokens_console_says_that_it_is_one(void **state)
{
	static const struct said said[] = {{"termproxy", TERMINAL}, {NULL, 0, NULL}};
	static const struct pve_target target = {
		.node = "b", .vmid = 100, .type = PVE_GUEST_LXC, .kind = PVE_CONSOLE_TERM};
	struct pve *pve = fake_login("joe@pve!gw");
	struct pve_console c = {.way.port = 0};

	(void)state;
	fake_says(said);
	assert_int_equal(pve_console_open(pve, &target, clock_ms() + SOON_MS, &c, NULL), 0);
	assert_true(c.by_token);
	assert_string_equal(
		secret_peek(&c.auth_header), "Authorization: PVEAPIToken=joe@pve!gw=0000-1111");
	pve_console_done(&c);
	pve_unref(pve);
}

static void
a_console_that_is_refused_says_why(void **state)
{
	static const struct {
		struct said said[2];
		int code;
		const char *says;
	} rows[] = {
		{{{"vncshell", 500, "value 'root@pam!gw' does not look like a valid user name"}},
			ERR_NEEDS_PASSWORD, "console: this Proxmox needs a password user for shells of nodes"},
		{{{"vncshell", 403, "Permission check failed (realm != pam)"}}, ERR_REFUSED,
			"console: 403 \"Permission check failed (realm != pam)\""},
		{{{"vncshell", 403, "Permission check failed (/nodes/b, Sys.Console)"}}, ERR_REFUSED,
			"Sys.Console"},
		{{{"vncshell", 500, "unable to find free port (5900-6000)"}}, ERR_LIMIT, "free port"},
		{{{"vncshell", 500, "Timeout while waiting for port '5900' to get ready!"}}, ERR_TIMEOUT,
			"to get ready"},
		{{{"vncshell", 595, "Connection refused"}}, ERR_UNREACHABLE, "Connection refused"},
		{{{"vncshell", 200, "{\"data\":{\"ticket\":\"t\"}}"}}, ERR_PROTOCOL, "no port"},
		{{{"vncshell", LATE, NULL}}, ERR_TIMEOUT, "no answer"},
	};
	static const struct pve_target target = {
		.node = "b", .type = PVE_GUEST_NODE, .kind = PVE_CONSOLE_VNC};
	struct pve *pve = fake_login("root@pam");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pve_console c = {.way.port = 7};
		struct err err = {.code = 0};

		fake_says(rows[i].said);
		assert_int_equal(
			pve_console_open(pve, &target, clock_ms() + SOON_MS, &c, &err), rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_non_null(strstr(err.text, rows[i].says));
		assert_int_equal(c.way.port, 7);
		assert_null(c.request_target.data);
	}
	pve_unref(pve);
}

/* ---- memory ---- */

static struct pve *shared;

static void
open_one(void *arg)
{
	const struct story *story = arg;
	struct pve_console c = {.way.port = 0};
	struct err err = {.code = 0};
	int r;

	fake_says(story->said);
	r = pve_console_open(shared, &story->target, clock_ms() + SOON_MS, &c, &err);
	assert_true(r == 0 || (torture_struck() && r == ERR_MEMORY));
	assert_int_equal(r == 0, c.request_target.data != NULL);
	pve_console_done(&c);
}

static void
without_memory_no_console_is_opened_by_halves(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	shared = fake_login("joe@pve");
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct story story = stories[i];

		assert_true(torture(open_one, &story) > 20);
	}
	pve_unref(shared);
}

static void
nothing_secret_is_left_of_a_console(void **state)
{
	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	shared = fake_login("joe@pve");
	torture_look_for(SIG);
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct story story = stories[i];

		open_one(&story);
	}
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
	pve_unref(shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_console_is_asked_for_in_its_way_and_opened_in_one),
		cmocka_unit_test(a_tokens_console_says_that_it_is_one),
		cmocka_unit_test(a_console_that_is_refused_says_why),
		cmocka_unit_test(without_memory_no_console_is_opened_by_halves),
		cmocka_unit_test(nothing_secret_is_left_of_a_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
