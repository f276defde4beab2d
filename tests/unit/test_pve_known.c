/* SPDX-License-Identifier: MIT */
/* What is trusted because it has been seen before, and what is learned on the way. */
#include "tests/unit/torture.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/err.h"
#include "proxmox_api/pve_known_file.h"
#include "tests/unit/known_scene.h"
#include "tests/unit/temp_dir.h"

static struct temp_dir dir;
static char file[TEMP_PATH_SIZE];
static struct err err;

static int
begin(void **state)
{
	dir = temp_dir_new();
	temp_path(&dir, "known_hosts", file);
	return scene_begin(state);
}

static int
end(void **state)
{
	temp_dir_free(&dir);
	return scene_end(state);
}

static int
remove_file(void **state)
{
	(void)state;
	(void)unlink(file);
	return 0;
}

static int
judge_at(struct pve_known *known, const char *host, uint16_t port, const struct cert *who)
{
	err = (struct err){.code = 0};
	return pve_known_judge(known, host, port, who->x509, NULL, "self-signed", &err);
}

static int
judge(struct pve_known *known, const struct cert *who)
{
	return judge_at(known, "pve.example", 8006, who);
}

static void
learn(struct pve_known *known, const struct cert *from, const struct cert *authority)
{
	pve_known_learn(known, "pve.example", 8006, from->x509, pem_of(authority));
}

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

/* ---- the file ---- */

static void
what_is_learned_survives_in_the_file(void **state)
{
	struct pve_known *known = known_for_test(file);
	struct stat st;

	(void)state;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	pve_known_verified(known, "verified.example", 443);
	pve_known_save(known);
	pve_known_unref(known);

	known = known_for_test(file);
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge(known, &renewed), 0);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	assert_int_equal(judge_at(known, "verified.example", 443, &self), ERR_UNTRUSTED);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

static void
nothing_is_written_when_nothing_is_new(void **state)
{
	struct pve_known *known = known_for_test(file);
	struct stat before, after;

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	pve_known_save(known);
	assert_int_equal(stat(file, &before), 0);
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	pve_known_save(known);
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	pve_known_unref(known);
}

static void
a_line_that_is_removed_is_forgotten_when_the_file_is_read_again(void **state)
{
	struct pve_known *known = known_for_test(file);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge_at(known, "other.example", 8006, &node), 0);
	pve_known_save(known);
	temp_text(&dir, "known_hosts", "other.example verified\n");
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	pve_known_reload(known);
	assert_int_equal(judge(known, &foreign), 0);
	assert_int_equal(judge_at(known, "other.example", 8006, &node), ERR_UNTRUSTED);
	pve_known_save(known);
	/* and so is everything with the file */
	assert_int_equal(unlink(file), 0);
	pve_known_reload(known);
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge_at(known, "other.example", 8006, &self), 0);
	pve_known_unref(known);
}

static void
a_line_that_is_removed_does_not_come_back_with_the_next_writing(void **state)
{
	struct pve_known *known = known_for_test(file);
	struct buf text = {.max = 0};
	struct known_stamp stamp;

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	pve_known_save(known);
	temp_text(&dir, "known_hosts", "# empty\n");
	assert_int_equal(judge_at(known, "other.example", 8006, &node), 0);
	pve_known_save(known);
	assert_int_equal(known_read_file(file, &text, &stamp, NULL), 0);
	assert_null(strstr(buf_text(&text), "pve.example:8006"));
	assert_non_null(strstr(buf_text(&text), "other.example:8006"));
	assert_int_equal(judge(known, &foreign), 0);
	buf_done(&text);
	pve_known_unref(known);
}

static void
what_was_not_written_yet_is_not_forgotten_by_reading(void **state)
{
	struct pve_known *known = known_for_test(file);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	learn(known, &node, &root);
	pve_known_reload(known);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	assert_int_equal(judge(known, &renewed), 0);
	pve_known_save(known);
	pve_known_unref(known);
	known = known_for_test(file);
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(told.count, 0);
	pve_known_unref(known);
}

static void
a_damaged_line_is_told_and_the_rest_counts(void **state)
{
	char text[4096], leaf[PVE_FINGERPRINT_SIZE];
	struct pve_known *known;
	size_t len = 0;

	(void)state;
	text_of_fingerprint(&node, leaf);
	for (int i = 0; i < 12; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "pve%d rubbish\n", i);
	snprintf(text + len, sizeof(text) - len, "pve.example leaf %s\n", leaf);
	temp_text(&dir, "known_hosts", text);
	known = known_for_test(file);
	assert_int_equal(told.count, 8 + 1);
	assert_true(told_of("known_hosts: line 1 is left out: "));
	assert_true(told_of("known_hosts: 4 more lines are left out"));
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	/* what is damaged stays out */
	assert_int_equal(judge_at(known, "other.example", 8006, &node), 0);
	pve_known_save(known);
	pve_known_unref(known);
	known = known_for_test(file);
	assert_int_equal(told.count, 0);
	pve_known_unref(known);
}

static void
a_file_that_cannot_be_written_is_told_once_and_memory_goes_on(void **state)
{
	char absent[TEMP_PATH_SIZE];
	struct pve_known *known;

	(void)state;
	known = known_for_test(temp_path(&dir, "no/such/known_hosts", absent));
	assert_int_equal(told.count, 1);
	assert_true(told_of("warning: "));
	assert_true(told_of("no/such"));
	assert_int_equal(judge(known, &node), 0);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	pve_known_save(known);
	pve_known_save(known);
	assert_int_equal(told.count, 2); /* and the first contact */
	/* once more when asked to look again, and then it is good */
	pve_known_reload(known);
	pve_known_save(known);
	assert_int_equal(told.count, 3);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	temp_folder(&dir, "no");
	pve_known_reload(known);
	pve_known_save(known);
	assert_int_equal(told.count, 3);
	pve_known_unref(known);
	known = known_for_test(absent);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	pve_known_unref(known);
}

static void
a_file_that_cannot_be_read_is_told_once_and_never_written(void **state)
{
	struct pve_known *known;
	struct stat st;

	(void)state;
	temp_folder(&dir, "known_hosts");
	known = known_for_test(file);
	assert_int_equal(told.count, 1);
	assert_true(told_of("cannot be read"));
	assert_int_equal(judge(known, &node), 0);
	pve_known_save(known);
	assert_int_equal(told.count, 2);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	assert_int_equal(stat(file, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	pve_known_unref(known);
	assert_int_equal(rmdir(file), 0);
}

static void
without_a_file_nothing_is_forgotten_by_reading(void **state)
{
	struct pve_known *known = known_for_test(NULL);

	(void)state;
	assert_int_equal(judge(known, &node), 0);
	pve_known_reload(known);
	pve_known_save(known);
	assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	pve_known_unref(known);
}

/* ---- memory and threads ---- */

static void
live(void *arg)
{
	struct pve_known *known = NULL;
	const char *path = arg;

	if (path != NULL)
		(void)unlink(path);
	if (pve_known_new(path, NULL, &known, &err) < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, ERR_MEMORY);
		return;
	}
	if (judge(known, &node) == 0) {
		learn(known, &node, &root);
		/* whatever failed: it is never what it is not */
		assert_int_equal(judge(known, &foreign), ERR_UNTRUSTED);
	} else {
		assert_true(torture_struck());
	}
	pve_known_save(known);
	pve_known_reload(known);
	pve_known_unref(known);
}

static void
without_memory_and_files_nobody_is_trusted_by_mistake(void **state)
{
	(void)state;
	assert_true(torture(live, file) >= 20);
	assert_true(torture(live, NULL) >= 2);
}

enum { THREADS = 4, ROUNDS = 300 };

struct crowd {
	struct pve_known *known;
	const struct cert *who;
	unsigned accepted;
};

static void *
meet_often(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		int r = pve_known_judge(c->known, "pve.example", 8006, c->who->x509, NULL, "", NULL);

		c->accepted += r == 0;
	}
	return NULL;
}

static void
of_many_first_contacts_at_once_one_wins(void **state)
{
	const struct cert *who[THREADS] = {&node, &foreign, &self, &below};
	struct crowd crowd[THREADS];
	pthread_t threads[THREADS];
	struct pve_known *known = known_for_test(file);
	unsigned winners = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){.known = known, .who = who[i]};
		assert_int_equal(pthread_create(&threads[i], NULL, meet_often, &crowd[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++)
		pve_known_save(known);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(crowd[i].accepted == 0 || crowd[i].accepted == ROUNDS);
		winners += crowd[i].accepted > 0;
	}
	assert_int_equal(winners, 1);
	assert_int_equal(told.count, 1);
	pve_known_unref(known);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, remove_file)
	const struct CMUnitTest tests[] = {
		TEST(the_first_certificate_is_trusted_and_told_once_with_the_words_to_pin_it),
		TEST(another_one_is_refused_with_what_was_expected_what_came_and_what_to_do),
		TEST(each_host_and_port_has_a_first_use_of_its_own),
		TEST(an_expired_certificate_is_good_for_a_first_use_and_remains_so),
		TEST(when_there_is_no_room_a_new_host_is_refused_and_none_is_forgotten),
		TEST(what_the_remembered_authority_has_signed_is_accepted_and_remembered),
		TEST(what_it_has_not_signed_is_refused_still),
		TEST(an_intermediate_that_comes_along_is_used),
		TEST(an_authority_is_learned_only_from_a_certificate_that_it_has_signed),
		TEST(an_authority_is_learned_only_by_a_host_that_is_known_by_that_certificate),
		TEST(an_expired_leaf_teaches_its_authority_too),
		TEST(what_is_no_authority_is_not_learned),
		TEST(an_authority_below_another_is_not_learned),
		TEST(another_authority_that_has_signed_a_known_leaf_takes_the_place),
		TEST(who_was_verified_once_has_no_first_use_any_more),
		TEST(an_authority_s_word_ends_what_first_use_has_taught),
		TEST(what_is_learned_survives_in_the_file),
		TEST(nothing_is_written_when_nothing_is_new),
		TEST(a_line_that_is_removed_is_forgotten_when_the_file_is_read_again),
		TEST(a_line_that_is_removed_does_not_come_back_with_the_next_writing),
		TEST(what_was_not_written_yet_is_not_forgotten_by_reading),
		TEST(a_damaged_line_is_told_and_the_rest_counts),
		TEST(a_file_that_cannot_be_written_is_told_once_and_memory_goes_on),
		TEST(a_file_that_cannot_be_read_is_told_once_and_never_written),
		TEST(without_a_file_nothing_is_forgotten_by_reading),
		TEST(without_memory_and_files_nobody_is_trusted_by_mistake),
		TEST(of_many_first_contacts_at_once_one_wins),
	};
#undef TEST

	return cmocka_run_group_tests(tests, begin, end);
}
