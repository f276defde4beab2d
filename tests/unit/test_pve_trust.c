/* SPDX-License-Identifier: MIT */
/* The verdict on a certificate: every mode, both ways to connect, real handshakes. */
#include "tests/unit/torture.h"

#include <stdio.h>

#include "tests/unit/known_scene.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct err err;

/* A policy of mode; authority (or NULL) is its ca_file, pins are "pve.example <fingerprint>". */
struct made {
	enum pve_tls_mode mode;
	const struct cert *authority;
	const struct cert *pins[3];
	struct pve_known *known;
};

static struct pve_policy *
make(const struct made *made)
{
	char path[CERT_PATH_SIZE], texts[3][PVE_ENDPOINT_SIZE + PVE_FINGERPRINT_SIZE];
	const char *pins[3];
	struct pve_policy_config config = {.mode = made->mode, .known = made->known, .pins = pins};
	struct pve_policy *policy = NULL;
	/* An empty list of authorities is none: a stranger's stands in. */
	int fd = cert_file(path, "", made->authority != NULL ? made->authority : &middle, NULL);

	config.ca_file = path;
	for (; config.pin_count < 3 && made->pins[config.pin_count] != NULL; config.pin_count++) {
		size_t i = config.pin_count;
		char leaf[PVE_FINGERPRINT_SIZE];

		text_of_fingerprint(made->pins[i], leaf);
		snprintf(texts[i], sizeof(texts[i]), "pve.example %s", leaf);
		pins[i] = texts[i];
	}
	if (pve_policy_new(&config, &policy, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	return policy;
}

/* Both ways, which must agree; the first may change what is known, so that the order matters little. */
static int
meet(struct pve_policy *policy, const char *host, const struct cert *who,
	const struct pve_fingerprint *pin)
{
	struct meeting m = {.policy = policy, .host = host, .pin = pin};
	struct pve_trial trial;
	int r, by_ctx;

	err = (struct err){.code = 0};
	r = tls_meet(&m, who, &err);
	by_ctx = tls_meet_by_ctx(&m, who, NULL, &trial);
	assert_int_equal(r, by_ctx);
	assert_string_equal(trial.refusal.text, err.text);
	pve_trial_done(&trial);
	return r;
}

/* ---- pins ---- */

static void
a_pinned_certificate_is_accepted_whatever_else_is_wrong_with_it(void **state)
{
	const struct cert *pinned[] = {&self, &expired, &foreign};

	(void)state;
	for (int mode = PVE_TLS_AUTO; mode <= PVE_TLS_INSECURE; mode++) {
		for (size_t i = 0; i < COUNT(pinned); i++) {
			struct pve_policy *policy =
				make(&(struct made){.mode = (enum pve_tls_mode)mode, .pins = {pinned[i]}});

			assert_int_equal(meet(policy, "pve.example", pinned[i], NULL), 0);
			pve_policy_unref(policy);
		}
	}
}

static void
where_pins_are_set_nothing_else_counts(void **state)
{
	char came[PVE_FINGERPRINT_SIZE], expected[PVE_FINGERPRINT_SIZE];

	(void)state;
	text_of_fingerprint(&node, came);
	text_of_fingerprint(&self, expected);
	for (int mode = PVE_TLS_AUTO; mode <= PVE_TLS_PIN; mode++) {
		struct pve_known *known = known_for_test(NULL);
		struct pve_policy *policy = make(&(struct made){.mode = (enum pve_tls_mode)mode,
			.authority = &root,
			.pins = {&self, &second},
			.known = known});

		/* It could be verified, and it could be the first; it is not the pinned one. */
		assert_int_equal(meet(policy, "pve.example", &node, NULL), ERR_UNTRUSTED);
		assert_non_null(strstr(err.text, came));
		assert_non_null(strstr(err.text, expected));
		assert_non_null(strstr(err.text, "and others"));
		assert_non_null(strstr(err.text, "pve.example:8006"));
		assert_int_equal(meet(policy, "pve.example", &second, NULL), 0);
		assert_int_equal(told.count, 0);
		pve_policy_unref(policy);
		pve_known_unref(known);
	}
}

static void
in_pin_mode_who_has_no_pin_is_refused(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy = make(
		&(struct made){.mode = PVE_TLS_PIN, .authority = &root, .pins = {&node}, .known = known});

	(void)state;
	assert_int_equal(meet(policy, "pve.example", &node, NULL), 0);
	/* The pin is of another host, though the certificate names both. */
	assert_int_equal(meet(policy, "10.0.0.1", &node, NULL), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "proxmox_fingerprints has none"));
	assert_int_equal(told.count, 0);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

static void
a_pin_counts_for_its_port_only(void **state)
{
	struct pve_policy *policy = make(&(struct made){.mode = PVE_TLS_PIN, .pins = {&node}});
	SSL *client = NULL;
	struct ends e = {NULL, NULL, NULL};

	(void)state;
	assert_int_equal(pve_trust_ssl(policy, "pve.example", 443, NULL, &client, NULL), 0);
	assert_int_not_equal(tls_handshake(&e, &node, NULL, client), 1);
	assert_int_equal(pve_way_ssl_error(client, &err), ERR_UNTRUSTED);
	tls_part(&e);
	pve_policy_unref(policy);
}

static void
the_target_s_own_fingerprint_decides_in_every_mode(void **state)
{
	struct pve_fingerprint pin = tls_fingerprint(&self);
	char came[PVE_FINGERPRINT_SIZE], expected[PVE_FINGERPRINT_SIZE];

	(void)state;
	text_of_fingerprint(&node, came);
	text_of_fingerprint(&self, expected);
	for (int mode = PVE_TLS_AUTO; mode <= PVE_TLS_PIN; mode++) {
		struct pve_known *known = known_for_test(NULL);
		struct pve_policy *policy = make(&(struct made){
			.mode = (enum pve_tls_mode)mode, .authority = &root, .pins = {&node}, .known = known});

		assert_int_equal(meet(policy, "pve.example", &self, &pin), 0);
		assert_int_equal(meet(policy, "pve.example", &node, &pin), ERR_UNTRUSTED);
		assert_non_null(strstr(err.text, came));
		assert_non_null(strstr(err.text, expected));
		assert_non_null(strstr(err.text, "the link's fingerprint"));
		/* It is one link's word, and nothing to remember. */
		assert_int_equal(told.count, 0);
		pve_policy_unref(policy);
		pve_known_unref(known);
	}
}

/* ---- auto ---- */

static void
in_auto_mode_an_authority_s_word_is_enough_and_ends_first_use(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy =
		make(&(struct made){.mode = PVE_TLS_AUTO, .authority = &root, .known = known});
	struct meeting m = {.policy = policy, .host = "pve.example"};
	struct pve_trial trial;

	(void)state;
	assert_int_equal(tls_meet_by_ctx(&m, &node, NULL, &trial), 0);
	pve_trial_met(&trial);
	pve_trial_done(&trial);
	assert_int_equal(meet(policy, "pve.example", &node, NULL), 0);
	assert_int_equal(meet(policy, "pve.example", &renewed, NULL), 0);
	assert_int_equal(told.count, 0);
	/* Who comes without an authority now is no first contact. */
	assert_int_equal(meet(policy, "pve.example", &self, NULL), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "(self-signed certificate)"));
	assert_int_equal(meet(policy, "pve.example", &expired, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

/* Everybody can show a certificate; who has its key is known when the handshake is over. */
static void
in_auto_mode_an_authority_s_word_counts_when_the_key_has_been_shown(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy =
		make(&(struct made){.mode = PVE_TLS_AUTO, .authority = &root, .known = known});
	struct meeting m = {.policy = policy, .host = "pve.example"};
	struct pve_trial trial;

	(void)state;
	assert_int_equal(meet(policy, "pve.example", &self, NULL), 0);
	assert_int_equal(tls_meet_by_ctx(&m, &node, NULL, &trial), 0);
	assert_int_equal(meet(policy, "pve.example", &self, NULL), 0);
	assert_int_equal(told.count, 1);
	pve_trial_met(&trial);
	pve_trial_done(&trial);
	assert_true(told_of("is verified by an authority now"));
	assert_int_equal(meet(policy, "pve.example", &self, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

static void
in_auto_mode_the_name_counts_for_authorities(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy =
		make(&(struct made){.mode = PVE_TLS_AUTO, .authority = &root, .known = known});

	(void)state;
	/* Signed by an authority, for another name: that is a first contact, as with anybody. */
	assert_int_equal(meet(policy, "other.example", &node, NULL), 0);
	assert_true(told_of("(hostname mismatch)"));
	assert_int_equal(meet(policy, "other.example", &second, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

static void
in_auto_mode_a_stranger_is_trusted_on_first_use_and_no_other_after_it(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy = make(&(struct made){.mode = PVE_TLS_AUTO, .known = known});

	(void)state;
	assert_int_equal(meet(policy, "pve.example", &node, NULL), 0);
	assert_int_equal(told.count, 1);
	assert_int_equal(meet(policy, "pve.example", &foreign, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet(policy, "pve.example", &renewed, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	/* What is known is known to the next policy too. */
	policy = make(&(struct made){.mode = PVE_TLS_AUTO, .known = known});
	assert_int_equal(meet(policy, "pve.example", &renewed, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet(policy, "pve.example", &node, NULL), 0);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

static void
what_a_console_s_answer_says_of_its_authority_is_learned(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policy = make(&(struct made){.mode = PVE_TLS_AUTO, .known = known});
	struct meeting m = {.policy = policy, .host = "pve.example"};
	struct pve_trial trial;

	(void)state;
	assert_int_equal(tls_meet_by_ctx(&m, &node, NULL, &trial), 0);
	pve_trial_learn(&trial, NULL);
	pve_trial_learn(&trial, pem_of(&root));
	pve_trial_done(&trial);
	assert_int_equal(meet(policy, "pve.example", &renewed, NULL), 0);
	assert_int_equal(meet(policy, "pve.example", &second, NULL), 0);
	m.above = &middle;
	assert_int_equal(tls_meet(&m, &below, &err), 0);
	assert_int_equal(meet(policy, "pve.example", &foreign, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	pve_known_unref(known);
}

static void
nothing_is_learned_where_nothing_was_remembered(void **state)
{
	struct pve_fingerprint pin = tls_fingerprint(&node);
	struct pve_known *known = known_for_test(NULL);
	const struct made makes[] = {
		{.mode = PVE_TLS_AUTO, .authority = &root, .known = known},
		{.mode = PVE_TLS_VERIFY, .authority = &root, .known = known},
		{.mode = PVE_TLS_PIN, .pins = {&node}, .known = known},
		{.mode = PVE_TLS_AUTO, .pins = {&node}, .known = known},
		{.mode = PVE_TLS_INSECURE, .known = known},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(makes) + 1; i++) {
		struct pve_policy *policy = make(&makes[i % COUNT(makes)]);
		struct meeting m = {
			.policy = policy, .host = "pve.example", .pin = i == COUNT(makes) ? &pin : NULL};
		struct pve_trial trial;

		assert_int_equal(tls_meet_by_ctx(&m, &node, NULL, &trial), 0);
		assert_null(trial.leaf);
		pve_trial_learn(&trial, pem_of(&root));
		pve_trial_done(&trial);
		pve_policy_unref(policy);
	}
	assert_int_equal(told.count, 0);
	pve_known_unref(known);
}

static void
verify_mode_knows_no_first_use(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_policy *policies[] = {
		make(&(struct made){.mode = PVE_TLS_VERIFY, .known = known}),
		make(&(struct made){.mode = PVE_TLS_AUTO, .known = NULL}),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(policies); i++) {
		assert_int_equal(meet(policies[i], "pve.example", &node, NULL), ERR_UNTRUSTED);
		assert_non_null(strstr(err.text, "proxmox_fingerprints"));
		pve_policy_unref(policies[i]);
	}
	assert_int_equal(told.count, 0);
	pve_known_unref(known);
}

/* ---- what is sent ---- */

static void
who_is_refused_gets_an_alert_and_not_one_byte_more(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct pve_policy *policy = make(&(struct made){.mode = PVE_TLS_PIN, .pins = {&node}});
		struct ends e = {NULL, NULL, NULL};
		SSL *client = NULL;
		char byte;

		assert_int_equal(pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &client, NULL), 0);
		SSL_set_max_proto_version(client, versions[i]);
		assert_int_not_equal(tls_handshake(&e, &foreign, NULL, client), 1);
		assert_int_not_equal(SSL_write(client, "secret", 6), 6);
		ERR_clear_error();
		assert_int_not_equal(SSL_do_handshake(e.server), 1);
		assert_false(SSL_is_init_finished(e.server));
		assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
		assert_true(SSL_read(e.server, &byte, 1) <= 0);
		ERR_clear_error();
		tls_part(&e);
		pve_policy_unref(policy);
	}
}

static void
the_longest_names_leave_room_for_what_to_do(void **state)
{
	char host[PVE_HOST_SIZE], path[400];
	struct pve_fingerprint pin = tls_fingerprint(&self);
	struct pve_known *known;
	struct pve_policy *policy;

	(void)state;
	for (size_t i = 0; i < sizeof(host) - 1; i++)
		host[i] = i % 60 == 59 ? '.' : 'h';
	host[sizeof(host) - 1] = '\0';
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	memcpy(path, "/no/", 4);
	known = known_for_test(path);
	policy = make(&(struct made){.mode = PVE_TLS_AUTO, .known = known});
	assert_int_equal(meet(policy, host, &node, NULL), 0);
	assert_int_equal(meet(policy, host, &foreign, NULL), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "and reload, or pin it in proxmox_fingerprints"));
	assert_int_equal(meet(policy, host, &node, &pin), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "send it as fingerprint"));
	pve_policy_unref(policy);
	policy = make(&(struct made){.mode = PVE_TLS_VERIFY});
	assert_int_equal(meet(policy, host, &node, NULL), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "or pin it in proxmox_fingerprints"));
	pve_policy_unref(policy);
	pve_known_unref(known);
}

/* ---- consoles and policies ---- */

static void
a_console_s_connection_goes_by_its_policy_and_outlives_it(void **state)
{
	struct pve_way way = {.host = "pve.example", .port = PVE_PORT};
	struct ends e = {NULL, NULL, NULL};
	SSL *client = NULL;

	(void)state;
	way.policy = make(&(struct made){.mode = PVE_TLS_VERIFY, .authority = &root});
	way.pin = tls_fingerprint(&node);
	assert_int_equal(pve_way_ssl(&way, &client, NULL), 0);
	pve_way_done(&way);
	assert_null(way.policy);
	assert_int_not_equal(tls_handshake(&e, &renewed, NULL, client), 1);
	assert_int_equal(pve_way_ssl_error(client, &err), ERR_UNTRUSTED);
	tls_part(&e);
}

static void
a_connection_holds_until_what_was_known_is_forgotten(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	struct pve_way way = {.host = "pve.example", .port = PVE_PORT};
	struct ends e = {NULL, NULL, NULL};
	SSL *client = NULL;

	(void)state;
	way.policy = make(&(struct made){.mode = PVE_TLS_AUTO, .known = known});
	assert_int_equal(pve_way_ssl(&way, &client, NULL), 0);
	assert_int_equal(tls_handshake(&e, &node, NULL, client), 1);
	assert_true(pve_way_ssl_holds(client));
	pve_known_verified(known, way.host, way.port);
	assert_false(pve_way_ssl_holds(client));
	tls_part(&e);
	pve_way_done(&way);
	pve_known_unref(known);
}

static void
a_pin_that_is_none_makes_no_policy(void **state)
{
	const char *pins[] = {"pve.example AA:BB"};
	struct pve_policy_config config = {.mode = PVE_TLS_PIN, .pins = pins, .pin_count = 1};
	struct pve_policy *policy = NULL;

	(void)state;
	assert_int_equal(pve_policy_new(&config, &policy, &err), ERR_INVALID);
	assert_null(policy);
	assert_non_null(strstr(err.text, "proxmox_fingerprints: pve.example AA:BB must be a SHA-256"));
}

static void
make_all(void *arg)
{
	const char *pins[] = {
		"pve.example 00112233445566778899aabbccddeeff0123456789abcdef1032547698badcfe"};
	struct pve_policy_config config = {
		.mode = PVE_TLS_AUTO, .pins = pins, .pin_count = 1, .known = arg};
	struct pve_policy *policy = NULL;

	if (pve_policy_new(&config, &policy, &err) < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, ERR_MEMORY);
		return;
	}
	pve_policy_unref(policy);
}

static void
without_memory_there_is_no_policy(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_true(torture(make_all, known) >= 2);
	pve_known_unref(known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pinned_certificate_is_accepted_whatever_else_is_wrong_with_it),
		cmocka_unit_test(where_pins_are_set_nothing_else_counts),
		cmocka_unit_test(in_pin_mode_who_has_no_pin_is_refused),
		cmocka_unit_test(a_pin_counts_for_its_port_only),
		cmocka_unit_test(the_target_s_own_fingerprint_decides_in_every_mode),
		cmocka_unit_test(in_auto_mode_an_authority_s_word_is_enough_and_ends_first_use),
		cmocka_unit_test(in_auto_mode_an_authority_s_word_counts_when_the_key_has_been_shown),
		cmocka_unit_test(in_auto_mode_the_name_counts_for_authorities),
		cmocka_unit_test(in_auto_mode_a_stranger_is_trusted_on_first_use_and_no_other_after_it),
		cmocka_unit_test(what_a_console_s_answer_says_of_its_authority_is_learned),
		cmocka_unit_test(nothing_is_learned_where_nothing_was_remembered),
		cmocka_unit_test(verify_mode_knows_no_first_use),
		cmocka_unit_test(who_is_refused_gets_an_alert_and_not_one_byte_more),
		cmocka_unit_test(the_longest_names_leave_room_for_what_to_do),
		cmocka_unit_test(a_console_s_connection_goes_by_its_policy_and_outlives_it),
		cmocka_unit_test(a_connection_holds_until_what_was_known_is_forgotten),
		cmocka_unit_test(a_pin_that_is_none_makes_no_policy),
		cmocka_unit_test(without_memory_there_is_no_policy),
	};

	return cmocka_run_group_tests(tests, scene_begin, scene_end);
}
