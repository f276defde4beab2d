/* SPDX-License-Identifier: MIT */
/* What is trusted because it has been seen before, and what is learned on the way. */
#include "proxmox_api/pve_known.h"

#include <stdio.h>

#include "proxmox_api/pve_known_file.h"
#include "tests/unit/trust_scene.h"

/* ---- first use ---- */

static void
the_first_certificate_is_trusted_and_told_once_with_the_words_to_pin_it(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	char words[256], leaf[PVE_FINGERPRINT_SIZE];

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(told.count, 1);
	text_of_fingerprint(&node, leaf);
	snprintf(
		words, sizeof(words), "\"proxmox_fingerprints\": {\"pve.example:8006\": \"%s\"}", leaf);
	assert_true(told_of(words));
	assert_true(told_of("(self-signed)"));
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

static void
another_one_is_refused_with_what_was_expected_what_came_and_what_to_do(void **state)
{
	const struct cert *others[] = {&renewed, &foreign, &self, &root, &expired};
	struct pve_known *known = known_for_test(file);
	char expected[PVE_FINGERPRINT_SIZE], came[PVE_FINGERPRINT_SIZE];

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	text_of_fingerprint(&node, expected);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(judge(known, others[i]), ERR_UNTRUSTED);
		text_of_fingerprint(others[i], came);
		assert_non_null(strstr(err.text, expected));
		assert_non_null(strstr(err.text, came));
		assert_non_null(strstr(err.text, file));
		assert_non_null(strstr(err.text, "pve.example:8006"));
		assert_non_null(strstr(err.text, "reload"));
		assert_non_null(strstr(err.text, "proxmox_fingerprints"));
	}
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

static void
each_host_and_port_has_a_first_use_of_its_own(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge_at(known, "pve.example", 8006, &node), 0);
	assert_int_equal(judge_at(known, "pve.example", 443, &foreign), 0);
	assert_int_equal(judge_at(known, "2001:db8::1", 8006, &self), 0);
	assert_int_equal(told.count, 3);
	assert_true(told_of("{\"[2001:db8::1]:8006\": "));
	assert_int_equal(judge_at(known, "pve.example", 443, &node), ERR_UNTRUSTED);
	assert_int_equal(judge_at(known, "2001:db8::1", 8006, &node), ERR_UNTRUSTED);
	pve_known_unref(known);
}

static void
an_expired_certificate_is_good_for_a_first_use_and_remains_so(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &expired), 0);
	assert_int_equal(judge(known, &expired), 0);
	assert_int_equal(judge(known, &node), ERR_UNTRUSTED);
	pve_known_unref(known);
}

static void
when_there_is_no_room_a_new_host_is_refused_and_none_is_forgotten(void **state)
{
	struct pve_known *known = known_for_test(NULL);
	char host[32];

	(void)state;
	for (int i = 0; i < PVE_KNOWN_HOSTS_MAX; i++) {
		snprintf(host, sizeof(host), "pve%d", i);
		assert_int_equal(judge_at(known, host, 8006, &node), 0);
	}
	assert_int_equal(judge_at(known, "one.more", 8006, &node), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "no room"));
	assert_non_null(strstr(err.text, "proxmox_ca_file"));
	assert_int_equal(judge_at(known, "pve0", 8006, &foreign), ERR_UNTRUSTED);
	/* who can be verified needs no room */
	pve_known_verified(known, "one.more", 8006);
	pve_known_unref(known);
}

/* ---- the authority ---- */

static void
what_the_remembered_authority_has_signed_is_accepted_and_remembered(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	assert_true(told_of("its cluster's authority signs are accepted too"));
	learn(known, &node, &root);
	assert_int_equal(told.count, 2);
	assert_int_equal(judge(known, &renewed), 0);
	assert_true(told_of("another certificate, signed by its cluster's authority"));
	assert_int_equal(told.count, 3);
	assert_int_equal(judge(known, &renewed), 0);
	assert_int_equal(judge(known, &node), 0);
	/* another node of the cluster, with another name */
	assert_int_equal(judge(known, &second), 0);
	assert_int_equal(told.count, 4);
	pve_known_unref(known);
}

static void
what_it_has_not_signed_is_refused_still(void **state)
{
	const struct cert *others[] = {&foreign, &stranger, &self, &expired, &below};
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(judge(known, others[i]), ERR_UNTRUSTED);
		assert_non_null(strstr(err.text, "or one of its authority"));
		assert_non_null(strstr(err.text, "restart"));
	}
	pve_known_unref(known);
}

static void
an_intermediate_that_comes_along_is_used(void **state)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	sk_X509_push(chain, middle.x509);
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	assert_int_equal(pve_known_judge(known, "pve.example", 8006, below.x509, chain, "", NULL), 0);
	assert_int_equal(
		pve_known_judge(known, "pve.example", 8006, foreign.x509, chain, "", NULL), ERR_UNTRUSTED);
	sk_X509_free(chain);
	pve_known_unref(known);
}

/* Somebody in between, at the first contact, may pass on all that the true host says. */
static void
an_authority_is_learned_only_from_a_certificate_that_it_has_signed(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &self), 0);
	learn(known, &self, &root);
	assert_int_equal(judge(known, &node), ERR_UNTRUSTED);
	learn(known, &self, &stranger);
	learn(known, &self, &node);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

static void
an_authority_is_learned_only_by_a_host_that_is_known_by_that_certificate(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	learn(known, &node, &root);
	assert_int_equal(judge(known, &self), 0);
	learn(known, &node, &root);
	assert_int_equal(judge(known, &node), ERR_UNTRUSTED);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

static void
an_expired_leaf_teaches_its_authority_too(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &expired), 0);
	learn(known, &expired, &root);
	assert_int_equal(judge(known, &node), 0);
	pve_known_unref(known);
}

static void
what_is_no_authority_is_not_learned(void **state)
{
	static const char encrypted[] =
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
		"AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nTm8=\n-----END CERTIFICATE-----\n";
	struct pve_known *known = known_for_test(NULL);
	char *huge = calloc(1, 20000);

	(void)state;
	memset(huge, 'A', 19999);
	assert_int_equal(judge(known, &node), 0);
	pve_known_learn(known, "pve.example", 8006, node.x509, "");
	pve_known_learn(known, "pve.example", 8006, node.x509, "words");
	pve_known_learn(known, "pve.example", 8006, node.x509, encrypted);
	pve_known_learn(known, "pve.example", 8006, node.x509, huge);
	learn(known, &node, &node);
	assert_int_equal(told.count, 1);
	assert_int_equal(judge(known, &renewed), ERR_UNTRUSTED);
	free(huge);
	pve_known_unref(known);
}

/* As those are that sign for everybody: a hostile host could name its own to let all in. */
static void
an_authority_below_another_is_not_learned(void **state)
{
	const struct cert *issuers[] = {&middle, &root};
	struct cert other = cert_make("elsewhere", &middle, "DNS:elsewhere.example", 730);
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &below), 0);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++)
		learn(known, &below, issuers[i]);
	assert_int_equal(told.count, 1);
	assert_int_equal(judge(known, &other), ERR_UNTRUSTED);
	cert_free(&other);
	pve_known_unref(known);
}

static void
another_authority_that_has_signed_a_known_leaf_takes_the_place(void **state)
{
	struct cert again = {.key = root.key, .x509 = X509_dup(root.x509)};
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	/* the same key, a certificate of later date */
	X509_gmtime_adj(X509_getm_notAfter(again.x509), 86400 * 9999L);
	assert_true(X509_sign(again.x509, root.key, EVP_sha256()) > 0);
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	learn(known, &node, &again);
	assert_int_equal(told.count, 3);
	assert_int_equal(judge(known, &renewed), 0);
	X509_free(again.x509);
	pve_known_unref(known);
}

/* ---- verified ---- */

static void
who_was_verified_once_has_no_first_use_any_more(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	pve_known_verified(known, "pve.example", 8006);
	pve_known_verified(known, "pve.example", 8006);
	assert_int_equal(told.count, 0);
	assert_int_equal(judge(known, &self), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "an authority verifies"));
	pve_known_unref(known);
}

static void
an_authority_s_word_ends_what_first_use_has_taught(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	pve_known_verified(known, "pve.example", 8006);
	assert_true(told_of("pve.example:8006 is verified by an authority now"));
	assert_int_equal(judge(known, &node), ERR_UNTRUSTED);
	assert_int_equal(judge(known, &renewed), ERR_UNTRUSTED);
	pve_known_unref(known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_first_certificate_is_trusted_and_told_once_with_the_words_to_pin_it),
		test(another_one_is_refused_with_what_was_expected_what_came_and_what_to_do),
		test(each_host_and_port_has_a_first_use_of_its_own),
		test(an_expired_certificate_is_good_for_a_first_use_and_remains_so),
		test(when_there_is_no_room_a_new_host_is_refused_and_none_is_forgotten),
		test(what_the_remembered_authority_has_signed_is_accepted_and_remembered),
		test(what_it_has_not_signed_is_refused_still),
		test(an_intermediate_that_comes_along_is_used),
		test(an_authority_is_learned_only_from_a_certificate_that_it_has_signed),
		test(an_authority_is_learned_only_by_a_host_that_is_known_by_that_certificate),
		test(an_expired_leaf_teaches_its_authority_too),
		test(what_is_no_authority_is_not_learned),
		test(an_authority_below_another_is_not_learned),
		test(another_authority_that_has_signed_a_known_leaf_takes_the_place),
		test(who_was_verified_once_has_no_first_use_any_more),
		test(an_authority_s_word_ends_what_first_use_has_taught),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
