/* SPDX-License-Identifier: MIT */
/* Fingerprints, endpoints, and both together. */
#include "tests/unit/torture.h"

#include <string.h>

#include "proxmox_api/pve.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define COLONS                                      \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:" \
	"FF:01:23:45:67:89:AB:CD:EF:10:32:54:76:98:BA:DC:FE"
#define BARE "00112233445566778899aabbccddeeff0123456789abcdef1032547698badcfe"

static void
a_fingerprint_is_taken_with_and_without_colons_in_any_case(void **state)
{
	static const char *const spellings[] = {COLONS, BARE,
		"00112233445566778899AABBCCDDEEFF0123456789ABCDEF1032547698BADCFE",
		"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:"
		"ff:01:23:45:67:89:aB:Cd:eF:10:32:54:76:98:ba:dc:fe"};
	char text[PVE_FINGERPRINT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct pve_fingerprint f = {.set = false};

		assert_int_equal(pve_parse_fingerprint(spellings[i], &f, NULL), 0);
		assert_true(f.set);
		assert_int_equal(f.sha256[0], 0x00);
		assert_int_equal(f.sha256[15], 0xff);
		assert_int_equal(f.sha256[31], 0xfe);
		pve_format_fingerprint(&f, text);
		assert_string_equal(text, COLONS);
	}
}

static void
anything_else_is_refused_with_an_example_and_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", ":", "AA:BB", BARE "0", BARE "00", "0" BARE,
		"0x112233445566778899aabbccddeeff0123456789abcdef1032547698badcfe0", " " BARE, BARE " ",
		COLONS ":", COLONS ":00", ":" COLONS,
		/* SHA-1 */
		"00112233445566778899aabbccddeeff01234567",
		/* one colon is not there, another is in its place */
		"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:"
		"FF:01:23:45:67:89:AB:CD:EF:10:32:54:76:98:BA:DC-FE",
		"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:"
		"FF:01:23:45:67:89:AB:CD:EF:10:32:54:76:98:BA:DC:F:",
		"00112233445566778899aabbccddeeff0123456789abcdef1032547698badcfg",
		"sha256:00112233445566778899aabbccddeeff0123456789abcdef1032547698badcfe"};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct pve_fingerprint f = {.set = false};
		struct err err = {.code = 0};

		if (pve_parse_fingerprint(wrong[i], &f, &err) != ERR_INVALID)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_false(f.set);
		assert_non_null(strstr(err.text, "AA:BB:"));
	}
}

static void
an_endpoint_is_a_host_with_or_without_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		const char *again;
	} rows[] = {
		{"pve1", "pve1", 8006, "pve1:8006"},
		{"PVE1.Example:443", "pve1.example", 443, "pve1.example:443"},
		{"192.0.2.5", "192.0.2.5", 8006, "192.0.2.5:8006"},
		{"192.0.2.5:1", "192.0.2.5", 1, "192.0.2.5:1"},
		{"[2001:DB8::1]", "2001:db8::1", 8006, "[2001:db8::1]:8006"},
		{"[2001:db8:0::1]:65535", "2001:db8::1", 65535, "[2001:db8::1]:65535"},
		{"2001:db8::1", "2001:db8::1", 8006, "[2001:db8::1]:8006"},
		/* no port: nobody could say which colon parts it */
		{"2001:db8::1:443", "2001:db8::1:443", 8006, "[2001:db8::1:443]:8006"},
	};
	char host[PVE_HOST_SIZE], text[PVE_ENDPOINT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint16_t port = 0;

		assert_int_equal(pve_parse_endpoint(rows[i].text, host, &port, NULL), 0);
		assert_string_equal(host, rows[i].host);
		assert_int_equal(port, rows[i].port);
		pve_format_endpoint(host, port, text);
		assert_string_equal(text, rows[i].again);
	}
}

static void
what_is_no_endpoint_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "empty"},
		{":8006", "empty"},
		{"pve1:", "port"},
		{"pve1:0", "port"},
		{"pve1:65536", "port"},
		{"pve1: 8006", "port"},
		{"pve1:8006:1", "port"},
		{"[::1", "bracket"},
		{"[::1]8006", "bracket"},
		{"[::1]:", "port"},
		{"[pve1]:8006", "brackets"},
		{"https://pve1:8006", "URL"},
		{"a pve1", "letters"},
	};
	char host[PVE_HOST_SIZE], longest[2 * PVE_ENDPOINT_SIZE];
	struct err err = {.code = 0};
	uint16_t port;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pve_parse_endpoint(rows[i].text, host, &port, &err), ERR_INVALID);
		if (strstr(err.text, rows[i].says) == NULL)
			fail_msg("%s: \"%s\" lacks %s", rows[i].text, err.text, rows[i].says);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(pve_parse_endpoint(longest, host, &port, NULL), ERR_INVALID);
}

static void
a_pin_is_both_with_a_blank_between(void **state)
{
	static const char *const wrong[] = {"", " ", "pve1", "pve1 ", " " BARE, "pve1  " BARE,
		"pve1 " BARE " ", "pve1\t" BARE, BARE, "pve1:x " BARE};
	struct pve_pin pin = {.port = 0};

	(void)state;
	assert_int_equal(pve_parse_pin("[::1]:443 " COLONS, &pin, NULL), 0);
	assert_string_equal(pin.host, "::1");
	assert_int_equal(pin.port, 443);
	assert_int_equal(pin.fingerprint.sha256[1], 0x11);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct pve_pin none = {.port = 0};

		if (pve_parse_pin(wrong[i], &none, NULL) != ERR_INVALID)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(none.port, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fingerprint_is_taken_with_and_without_colons_in_any_case),
		cmocka_unit_test(anything_else_is_refused_with_an_example_and_changes_nothing),
		cmocka_unit_test(an_endpoint_is_a_host_with_or_without_a_port),
		cmocka_unit_test(what_is_no_endpoint_is_refused_with_the_reason),
		cmocka_unit_test(a_pin_is_both_with_a_blank_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
