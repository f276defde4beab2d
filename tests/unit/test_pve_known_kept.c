/* SPDX-License-Identifier: MIT */
/* What is known is kept in a file; how a line of one reads is told by test_pve_known_file.c. */
#include "proxmox_api/pve_known.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "proxmox_api/pve_known_file.h"
#include "tests/unit/trust_scene.h"

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
	const struct CMUnitTest tests[] = {
		test(what_is_learned_survives_in_the_file),
		test(nothing_is_written_when_nothing_is_new),
		test(a_line_that_is_removed_is_forgotten_when_the_file_is_read_again),
		test(a_line_that_is_removed_does_not_come_back_with_the_next_writing),
		test(what_was_not_written_yet_is_not_forgotten_by_reading),
		test(a_damaged_line_is_told_and_the_rest_counts),
		test(a_file_that_cannot_be_written_is_told_once_and_memory_goes_on),
		test(a_file_that_cannot_be_read_is_told_once_and_never_written),
		test(without_a_file_nothing_is_forgotten_by_reading),
		test(without_memory_and_files_nobody_is_trusted_by_mistake),
		test(of_many_first_contacts_at_once_one_wins),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
