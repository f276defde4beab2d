/* SPDX-License-Identifier: MIT */
/* From the body of POST /create to a grant: what is taken, and what is refused by the field's name. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/abandon.h"
#include "tests/unit/create_scene.h"

/* ---- what is taken ---- */

static void
an_object_becomes_a_grant(void **state)
{
	struct grant *g = good(ALL ",\"port\":443");

	(void)state;
	assert_string_equal(g->target.host, "10.0.0.1");
	assert_int_equal(g->target.port, 443);
	assert_string_equal(g->target.node, "pve");
	assert_int_equal(g->target.vmid, 100);
	assert_string_equal(g->credential.user, "root@pam");
	assert_string_equal(secret_peek(&g->credential.secret), SECRET);
	grant_free(g);
}

static void
a_port_that_is_absent_is_8006(void **state)
{
	struct grant *g = good(ALL);

	(void)state;
	assert_int_equal(g->target.port, 8006);
	grant_free(g);
}

static void
a_fingerprint_is_kept_as_what_the_link_must_meet(void **state)
{
	static const char *const spellings[] = {ALL ",\"fingerprint\":\"" LEAF "\"", ALL
		",\"fingerprint\":\"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\""};
	struct grant *g = good(ALL);

	(void)state;
	assert_false(g->target.pin.set);
	grant_free(g);
	for (size_t i = 0; i < 2; i++) {
		g = good(spellings[i]);
		assert_true(g->target.pin.set);
		assert_int_equal(g->target.pin.sha256[1], 0x11);
		assert_int_equal(g->target.pin.sha256[31], 0xff);
		grant_free(g);
	}
}

static void
port_and_vmid_may_be_texts(void **state)
{
	struct grant *g =
		good(HOST "," NODE "," USER "," PASS ",\"port\":\"1\",\"vmid\":\"999999999\"");

	(void)state;
	assert_int_equal(g->target.port, 1);
	assert_int_equal(g->target.vmid, 999999999);
	grant_free(g);
}

static void
a_user_without_realm_is_of_pve(void **state)
{
	struct grant *g = good(HOST "," NODE ",\"username\":\"me\"," PASS "," VMID);

	(void)state;
	assert_string_equal(g->credential.user, "me@pve");
	grant_free(g);
	g = good(HOST "," NODE ",\"username\":\"a@b@ldap\"," PASS "," VMID);
	assert_string_equal(g->credential.user, "a@b@ldap");
	grant_free(g);
}

static void
a_host_is_normalised(void **state)
{
	struct grant *g = good("\"hostname\":\"[2001:DB8::1]\"," NODE "," USER "," PASS "," VMID);

	(void)state;
	assert_string_equal(g->target.host, "2001:db8::1");
	grant_free(g);
}

static void
a_password_may_be_anything_but_a_nul(void **state)
{
	struct grant *g =
		good(HOST "," NODE "," USER ",\"password\":\" \\u0001\xf0\x9f\x94\x91\\n \"," VMID);

	(void)state;
	assert_string_equal(secret_peek(&g->credential.secret), " \x01\xf0\x9f\x94\x91\n ");
	grant_free(g);
}

static void
a_password_of_1024_bytes_is_the_longest(void **state)
{
	char members[2048], password[CREATE_PASSWORD_MAX + 2];
	struct grant *g;
	int n;

	(void)state;
	memset(password, 'x', sizeof(password) - 1);
	password[CREATE_PASSWORD_MAX] = '\0';
	snprintf(
		members, sizeof(members), HOST "," NODE "," USER ",\"password\":\"%s\"," VMID, password);
	g = good(members);
	assert_int_equal(g->credential.secret.len, CREATE_PASSWORD_MAX);
	grant_free(g);
	password[CREATE_PASSWORD_MAX] = 'x';
	password[CREATE_PASSWORD_MAX + 1] = '\0';
	n = snprintf(members, sizeof(members),
		"{" HOST "," NODE "," USER ",\"password\":\"%s\"," VMID "}", password);
	assert_int_equal(read_as(JSON, members, (size_t)n, &g), ERR_INVALID);
	assert_string_equal(err.text, "password: has more than 1024 bytes");
}

/* ---- what is refused ---- */

/* the object's members (or, when they begin with '!', the whole text), words of the message */
static const struct {
	const char *members, *words;
} bad[] = {
	/* hostname */
	{NODE "," USER "," PASS "," VMID, "hostname: is missing"},
	{"\"hostname\":\"\"," NODE "," USER "," PASS "," VMID, "hostname: must not be empty"},
	{"\"hostname\":\"https://x\"," NODE "," USER "," PASS "," VMID, "hostname: must not be a URL"},
	{"\"hostname\":\"x/y\"," NODE "," USER "," PASS "," VMID, "hostname: must not be a URL"},
	{"\"hostname\":\"u@x\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"x:8006\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"x?y\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"[::1\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"[::1]:8006\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"a b\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"a\\r\\nX: y\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"a\\u0000b\"," NODE "," USER "," PASS "," VMID,
		"hostname: must not contain a NUL"},
	{"\"hostname\":\"" A64 ".x\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"-a\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":\"h\xc3\xb6st\"," NODE "," USER "," PASS "," VMID, "hostname: "},
	{"\"hostname\":1," NODE "," USER "," PASS "," VMID, "hostname: must be a text"},
	{"\"hostname\":null," NODE "," USER "," PASS "," VMID, "hostname: must be a text"},
	{"\"hostname\":{}," NODE "," USER "," PASS "," VMID, "hostname: must be a text"},
	/* port */
	{ALL ",\"port\":0", "port: "},
	{ALL ",\"port\":65536", "port: "},
	{ALL ",\"port\":-1", "port: "},
	{ALL ",\"port\":80.5", "port: must be a whole number"},
	{ALL ",\"port\":8006.0", "port: must be a whole number"},
	{ALL ",\"port\":1e3", "port: must be a whole number"},
	{ALL ",\"port\":true", "port: must be a whole number"},
	{ALL ",\"port\":null", "port: must be a whole number"},
	{ALL ",\"port\":[8006]", "port: must be a whole number"},
	{ALL ",\"port\":\"\"", "port: "},
	{ALL ",\"port\":\"8006 \"", "port: "},
	{ALL ",\"port\":\"+80\"", "port: "},
	{ALL ",\"port\":\"0x50\"", "port: "},
	{ALL ",\"port\":\"8006\\u0000\"", "port: must not contain a NUL"},
	{ALL ",\"port\":9223372036854775807", "port: "},
	{ALL ",\"port\":9223372036854775808", "port: line 1"},
	/* node */
	{HOST ",\"node\":\"\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"..\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"../qemu\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"a/b\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"a%2fb\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"a b\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"a.b\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"" A64 "\"," USER "," PASS "," VMID, "node: "},
	{HOST ",\"node\":\"a\\u0000\"," USER "," PASS "," VMID, "node: must not contain a NUL"},
	{HOST ",\"node\":7," USER "," PASS "," VMID, "node: must be a text"},
	/* username */
	{HOST "," NODE "," PASS "," VMID, "username: is missing"},
	{HOST "," NODE ",\"username\":\"\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"@pam\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"a@\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"a b@pam\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"a:b@pam\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"a/b@pam\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"a@p m\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":\"" A64 "@pam\"," PASS "," VMID, "username: "},
	{HOST "," NODE ",\"username\":false," PASS "," VMID, "username: must be a text"},
	/* password */
	{HOST "," NODE "," USER "," VMID, "password: is missing"},
	{HOST "," NODE "," USER ",\"password\":\"\"," VMID, "password: must not be empty"},
	{HOST "," NODE "," USER ",\"password\":12345," VMID, "password: must be a text"},
	{HOST "," NODE "," USER ",\"password\":null," VMID, "password: must be a text"},
	{HOST "," NODE "," USER ",\"password\":[\"" PASSWORD "\"]," VMID, "password: must be a text"},
	{HOST "," NODE "," USER ",\"password\":\"a\\u0000b\"," VMID,
		"password: must not contain a NUL"},
	/* vmid */
	{HOST "," NODE "," USER "," PASS, "vmid: is missing"},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":99", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":1000000000", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":4294967396", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":-100", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":100.5", "vmid: must be a whole number"},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":\"\"", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":\"1e2\"", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":\" 100\"", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":\"100/../101\"", "vmid: "},
	{HOST "," NODE "," USER "," PASS ",\"vmid\":{\"id\":100}", "vmid: must be a whole number"},
	/* fingerprint */
	{ALL ",\"fingerprint\":\"\"", "fingerprint: must be a SHA-256"},
	{ALL ",\"fingerprint\":\"AA:BB\"", "fingerprint: must be a SHA-256"},
	{ALL ",\"fingerprint\":\"" LEAF ":00\"", "fingerprint: must be a SHA-256"},
	{ALL ",\"fingerprint\":\" " LEAF "\"", "fingerprint: must be a SHA-256"},
	{ALL ",\"fingerprint\":null", "fingerprint: must be a text"},
	{ALL ",\"fingerprint\":[\"" LEAF "\"]", "fingerprint: must be a text"},
	{ALL ",\"Fingerprint\":\"" LEAF "\"", "unknown field"},
	/* names */
	{ALL ",\"hostnme\":\"x\"", "\"hostnme\": unknown field"},
	{ALL ",\"Password\":\"x\"", "\"Password\": unknown field"},
	{ALL ",\"\":\"x\"", "\"\": unknown field"},
	{ALL ",\"realm\":\"pam\"", "\"realm\": unknown field"},
	{ALL ",\"a\\nb\":1", "\"a\\x0ab\": unknown field"},
	{ALL "," NODE, "\"node\" is there twice"},
	{ALL "," PASS, "\"password\" is there twice"},
	/* what is not UTF-8, in the field where it is */
	{"\"hostname\":\"\xff\"," NODE "," USER "," PASS "," VMID, "hostname: line 1"},
	{HOST "," NODE "," USER ",\"password\":\"\xc0\xaf\"," VMID, "password: line 1"},
	{HOST ",\"node\":\"\xed\xa0\x80\"," USER "," PASS "," VMID, "node: line 1"},
	{HOST "," NODE ",\"username\":\"x\\ud800\"," PASS "," VMID, "username: line 1"},
	/* what is no object, or not JSON */
	{"!", "params: line 1: the JSON ends too early"},
	{"!{", "params: line 1: the JSON ends too early"},
	{"![]", "params: must be a JSON object"},
	{"![{}]", "params: must be a JSON object"},
	{"!\"x\"", "params: line 1"},
	{"!null", "params: line 1"},
	{"!{}{}", "params: line 1"},
	{"!{'node':1}", "params: line 1"},
	{"!{\"node\" \"x\"}", "params: line 1"},
	{"!{\"node\":\"x\"", "line 1: the JSON ends too early"},
	{"!\xef\xbb\xbf{}", "params: line 1"},
	{"!{\"node\":\n\"x\n\"}", "node: line 2"},
};

static void
what_is_wrong_is_refused_by_the_name_of_its_field(void **state)
{
	char text[1024];
	int n;

	(void)state;
	assert_true(COUNT(bad) >= 60);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (bad[i].members[0] == '!')
			n = snprintf(text, sizeof(text), "%s", bad[i].members + 1);
		else
			n = snprintf(text, sizeof(text), "{%s}", bad[i].members);
		refused(JSON, text, (size_t)n, bad[i].words);
	}
}

static void
a_nul_byte_is_refused_wherever_it_is(void **state)
{
	static const char inside[] = "{\"node\":\"a\0b\"}", behind[] = "{" ALL "}\0";

	(void)state;
	refused(JSON, inside, sizeof(inside) - 1, "node: line 1");
	refused(JSON, behind, sizeof(behind) - 1, "line 1");
}

static void
deep_nesting_is_refused_and_harms_nobody(void **state)
{
	enum { DEPTH = 30000 };
	char *text = malloc(2 * DEPTH);

	(void)state;
	assert_non_null(text);
	memset(text, '[', 2 * DEPTH - 1);
	text[2 * DEPTH - 1] = '\0';
	refused(JSON, text, 2 * DEPTH - 1, "params: line 1");
	for (size_t i = 0; i + 5 < 2 * DEPTH; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	refused(JSON, text, 2 * DEPTH - 1, "line 1");
	free(text);
}

/* ---- the three forms ---- */

#define PART(name) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* type, body */
static const struct {
	const char *type, *body;
} forms[] = {
	{JSON, "{" ALL "}"},
	{JSON, " \r\n{" ALL "}\r\n\t "},
	{"Application/JSON; charset=UTF-8", "{" ALL "}"},
	{"application/json;charset=\"utf-8\"", "{" ALL "}"},
	{"application/json;", "{" ALL "}"},
	{"application/json; x=\"a;b\\\"c\"; charset=utf8", "{" ALL "}"},
	{FORM, "params={" ALL "}"},
	{FORM, "params=%7b" ALL "%7D"},
	{FORM, "&&params=+{" ALL "}+&"},
	{FORM, "p%61rams={" ALL "}"},
	{FORM "; charset=utf-8", "params={" ALL "}"},
	{MULTIPART, PART("params") "{" ALL "}\r\n--b--\r\n"},
	{MULTIPART, PART("params") "{" ALL "}\r\n--b--"},
	{MULTIPART, "preamble\r\n" PART("params") "{" ALL "}\r\n--b--\r\nepilogue"},
	{"multipart/form-data; boundary=\"b\"", PART("params") "{" ALL "}\r\n--b--\r\n"},
	{"Multipart/Form-Data;Boundary=b", PART("params") "{" ALL "}\r\n--b--\r\n"},
	{MULTIPART, "--b \t\r\nCONTENT-disposition: Form-Data; filename=\"x.json\"; name=params\r\n"
				"Content-Type: application/json\r\n\r\n{" ALL "}\r\n--b--\r\n"},
	{MULTIPART, "--b\r\nContent-Transfer-Encoding: 8bit\r\nContent-Disposition: form-data;"
				" name=\"params\"\r\n\r\n{" ALL "}\r\n--b--\r\n"},
};

static void
every_form_gives_the_same_grant(void **state)
{
	struct grant *g = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (read_as(forms[i].type, forms[i].body, strlen(forms[i].body), &g) != 0)
			fail_msg("%s, %s: %s", forms[i].type, forms[i].body, err.text);
		assert_string_equal(g->target.host, "10.0.0.1");
		assert_string_equal(secret_peek(&g->credential.secret), SECRET);
		grant_free(g);
		g = NULL;
	}
}

/* type, body, words */
static const struct {
	const char *type, *body, *words;
} bad_forms[] = {
	{"text/plain", "{}", "Content-Type \"text/plain\" is none of"},
	{"application/jsonx", "{}", "Content-Type"},
	{"json", "{}", "Content-Type"},
	{"", "{}", "Content-Type is missing"},
	{NULL, "{}", "Content-Type is missing"},
	{"application/json; charset=latin1", "{}", "charset"},
	{"application/json; charset", "{}", "malformed"},
	{"application/json; charset=utf-8; charset=utf-8", "{}", "malformed"},
	{FORM "; charset=iso-8859-1", "params={}", "charset"},
	{FORM, "", "params: is missing"},
	{FORM, "&&", "params: is missing"},
	{FORM, "{" ALL "}", "unknown field"},
	{FORM, "parms={}", "\"parms\": unknown field"},
	{FORM, "node=x&params={" ALL "}", "\"node\": unknown field"},
	{FORM, "params={" ALL "}&node=x", "%26"},
	{FORM, "params={" ALL "}&params={" ALL "}", "params: is there twice"},
	{FORM, "params", "params: line 1"},
	{FORM, "params=", "params: line 1"},
	{FORM, "params={%}", "params: has a '%'"},
	{FORM, "params={%2", "params: has a '%'"},
	{FORM, "params={%zz}", "params: has a '%'"},
	{FORM, "params%=1", "name has a '%'"},
	{FORM, "params={%00}", "params: line 1"},
	{FORM, "params%00=1", "unknown field"},
	{"multipart/form-data", "", "boundary is missing"},
	{"multipart/form-data; boundary=", "", "malformed"},
	{"multipart/form-data; boundary=\"\"", "", "boundary must have 1..70"},
	{"multipart/form-data; boundary=" A64 "1234567", "", "boundary must have 1..70"},
	{"multipart/form-data; boundary=a; boundary=b", "", "boundary is missing"},
	{"application/json; charset=utf-7", "{" ALL "}", "charset"},
	{"application/json; charset=utf-16", "{" ALL "}", "charset"},
	{"application/json; charset=\"utf-8,utf-16\"", "{" ALL "}", "charset"},
	{"application/json; charset=\"utf-8\"x", "{" ALL "}", "malformed"},
	{"application/json; charset*=utf-8''utf-16; charset=utf-16", "{" ALL "}", "charset"},
	{MULTIPART, "", "lacks its boundary"},
	{MULTIPART, "{" ALL "}", "lacks its boundary"},
	{MULTIPART, "--b--\r\n", "params: is missing"},
	{MULTIPART, "--b\r\n", "ends inside a part's head"},
	{MULTIPART, "--b\r\n\r\n\r\n--b--", "no field name"},
	{MULTIPART, "--b\r\nX: y\r\n\r\n{}\r\n--b--", "no field name"},
	{MULTIPART, "--b\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--b--", "no field name"},
	{MULTIPART, "--b\r\nContent-Disposition: attachment; name=params\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART, "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART, PART("params") "{" ALL "}", "ends inside a part"},
	{MULTIPART, PART("params") "{" ALL "}\r\n--b", "ends inside a part"},
	{MULTIPART, PART("params") "{" ALL "}\n--b--", "ends inside a part"},
	{MULTIPART, PART("params") "{" ALL "}\r\n" PART("params") "{}\r\n--b--",
		"params: is there twice"},
	{MULTIPART, PART("params") "{" ALL "}\r\n" PART("node") "x\r\n--b--",
		"\"node\": unknown field"},
	{MULTIPART, PART("parms") "{" ALL "}\r\n--b--", "\"parms\": unknown field"},
	{MULTIPART, PART("params") "\r\n--b--", "params: line 1"},
	{MULTIPART, "--b\r\nContent-Disposition: form-data; name=params\r\n\r\n--b--",
		"params: line 1"},
	{MULTIPART,
		"--b\r\nContent-Disposition: form-data; name=params; name=params\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART,
		"--b\r\nContent-Disposition: form-data; name=params\r\n"
		"Content-Disposition: form-data; name=params\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART, "--b\r\nContent-Disposition: form-data; name*=utf-8''params\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART, "--b\r\nContent-Disposition: form-data;\r\n name=params\r\n\r\n{}\r\n--b--",
		"no field name"},
	{MULTIPART,
		"--b\r\nContent-Disposition: form-data; name=params\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\ne30=\r\n--b--",
		"Content-Transfer-Encoding"},
};

static void
what_is_wrong_with_a_form_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_forms); i++)
		refused(
			bad_forms[i].type, bad_forms[i].body, strlen(bad_forms[i].body), bad_forms[i].words);
}

static void
what_may_be_a_piece_of_a_password_is_not_told(void **state)
{
	static const char *const bodies[][2] = {
		{FORM, "params={\"password\":\"a&hunter\",\"vmid\":101}"},
		{FORM, "{\"password\":\"hunter\",\"vmid\":101}"},
		{FORM, "hunter2=1"},
		{MULTIPART, PART("{'password':'hunter") "x\r\n--b--"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct grant *grant = NULL;

		assert_int_equal(
			read_as(bodies[i][0], bodies[i][1], strlen(bodies[i][1]), &grant), ERR_INVALID);
		assert_non_null(strstr(err.text, "params"));
		assert_null(strstr(err.text, "hunter"));
	}
}

static void
what_only_looks_like_a_boundary_is_data(void **state)
{
	static const char body[] = PART("params") "{\"node\":\"a\r\n--bx\"}\r\n--b--\r\n";

	(void)state;
	/* It is no JSON, but it came through whole: the fault is in the second line's text. */
	refused(MULTIPART, body, sizeof(body) - 1, "node: line");
}

static void
a_nul_inside_a_multipart_head_is_refused(void **state)
{
	static const char body[] =
		"--b\r\nContent-Disposition: form-data; name=params\0\r\n\r\n{}\r\n--b--";

	(void)state;
	refused(MULTIPART, body, sizeof(body) - 1, "malformed head");
}

/* ---- memory ---- */

static void
play_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(forms); i += 5) {
		struct grant *g = NULL;
		int r = read_as(forms[i].type, forms[i].body, strlen(forms[i].body), &g);

		/* The client is not to blame, and no part of a text is missing. */
		assert_true(r == 0 || (torture_struck() && r == ERR_MEMORY));
		assert_true((r == 0) == (g != NULL));
		if (g != NULL)
			assert_string_equal(secret_peek(&g->credential.secret), SECRET);
		grant_free(g);
	}
}

static void
without_memory_it_fails_and_leaks_nothing(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	assert_true(torture(play_all, NULL) > 20);
}

static void
no_copy_of_the_password_is_left_behind(void **state)
{
	struct grant *g = NULL;

	(void)state;
	json_set_alloc_funcs(malloc, torture_wipe);
	torture_look_for("Un-common");
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (read_as(forms[i].type, forms[i].body, strlen(forms[i].body), &g) == 0)
			grant_free(g);
		g = NULL;
	}
	assert_int_equal(torture_found(), 0);
	torture_look_for(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_becomes_a_grant),
		cmocka_unit_test(a_port_that_is_absent_is_8006),
		cmocka_unit_test(a_fingerprint_is_kept_as_what_the_link_must_meet),
		cmocka_unit_test(port_and_vmid_may_be_texts),
		cmocka_unit_test(a_user_without_realm_is_of_pve),
		cmocka_unit_test(a_host_is_normalised),
		cmocka_unit_test(a_password_may_be_anything_but_a_nul),
		cmocka_unit_test(a_password_of_1024_bytes_is_the_longest),
		cmocka_unit_test(what_is_wrong_is_refused_by_the_name_of_its_field),
		cmocka_unit_test(a_nul_byte_is_refused_wherever_it_is),
		cmocka_unit_test(deep_nesting_is_refused_and_harms_nobody),
		cmocka_unit_test(every_form_gives_the_same_grant),
		cmocka_unit_test(what_is_wrong_with_a_form_is_told),
		cmocka_unit_test(what_may_be_a_piece_of_a_password_is_not_told),
		cmocka_unit_test(what_only_looks_like_a_boundary_is_data),
		cmocka_unit_test(a_nul_inside_a_multipart_head_is_refused),
		cmocka_unit_test(without_memory_it_fails_and_leaks_nothing),
		cmocka_unit_test(no_copy_of_the_password_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
