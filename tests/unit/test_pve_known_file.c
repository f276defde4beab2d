/* SPDX-License-Identifier: MIT */
/* What is remembered as text and on disk: read, damaged, written, read again. */
#include "tests/unit/torture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proxmox_api/pve_known_file.h"
#include "tests/unit/certs.h"
#include "tests/unit/temp_dir.h"

#define A                                                                                        \
	"AA:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:23:45:67:89:AB:CD:EF:10:32:54:76:98:BA:" \
	"DC:FE"
#define B                                                                                        \
	"BB:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:01:23:45:67:89:AB:CD:EF:10:32:54:76:98:BA:" \
	"DC:FE"

static struct cert authority, leaf;
static struct temp_dir dir;

static int
begin(void **state)
{
	(void)state;
	authority = cert_make("cluster", NULL, NULL, 3650);
	leaf = cert_make("pve", &authority, "DNS:pve", 730);
	dir = temp_dir_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	cert_free(&authority);
	cert_free(&leaf);
	temp_dir_free(&dir);
	return 0;
}

/* The line of an authority, by the code that is tested elsewhere in here. */
static void
authority_line(const char *host, const struct cert *cert, struct buf *out)
{
	struct known_list list = {.count = 0};
	struct known_host *h = known_add(&list, host, 8006);
	struct buf text = {.max = 0};
	const char *line;

	h->authority = cert->x509;
	assert_int_equal(known_write_text(&list, &text), 0);
	line = strstr(buf_text(&text), host);
	assert_non_null(line);
	assert_int_equal(buf_addf(out, "%s", line), 0);
	h->authority = NULL;
	buf_done(&text);
	known_free(&list);
}

struct complaints {
	size_t count;
	size_t line;
	char why[80];
};

static void
complain(void *arg, size_t line, const char *why)
{
	struct complaints *c = arg;

	c->count++;
	c->line = line;
	snprintf(c->why, sizeof(c->why), "%s", why);
}

static void
what_is_written_is_read_again(void **state)
{
	struct known_list list = {.count = 0}, again = {.count = 0};
	struct buf text = {.max = 0}, once_more = {.max = 0};
	struct complaints c = {.count = 0};
	struct pve_fingerprint f = {.set = true};
	struct known_host *h;

	(void)state;
	known_add(&list, "verified.example", 443)->verified = true;
	h = known_add(&list, "2001:db8::1", 8006);
	for (unsigned char i = 0; i < PVE_KNOWN_LEAVES_MAX; i++) {
		f.sha256[0] = i;
		known_add_leaf(h, &f);
	}
	h = known_add(&list, "pve", 8006);
	known_add_leaf(h, &f);
	h->authority = authority.x509;
	assert_int_equal(known_write_text(&list, &text), 0);
	assert_int_equal(known_read_text(text.data, text.len, &again, complain, &c), 0);
	assert_int_equal(c.count, 0);
	assert_int_equal(again.count, 3);
	assert_true(known_find(&again, "verified.example", 443)->verified);
	h = known_find(&again, "2001:db8::1", 8006);
	assert_false(h->verified);
	assert_int_equal(h->count, PVE_KNOWN_LEAVES_MAX);
	for (unsigned char i = 0; i < PVE_KNOWN_LEAVES_MAX; i++)
		assert_int_equal(h->leaves[i].sha256[0], i);
	assert_int_equal(X509_cmp(known_find(&again, "pve", 8006)->authority, authority.x509), 0);
	assert_null(known_find(&again, "pve", 8007));
	assert_null(known_find(&again, "pve2", 8006));
	assert_int_equal(known_write_text(&again, &once_more), 0);
	assert_string_equal(buf_text(&text), buf_text(&once_more));
	known_find(&list, "pve", 8006)->authority = NULL;
	buf_done(&text);
	buf_done(&once_more);
	known_free(&list);
	known_free(&again);
}

static void
comments_blanks_and_other_line_ends_are_taken(void **state)
{
	static const char text[] = "# a comment\n\n  \t\r\n   # another\npve  \t leaf\t" A "\r\n"
							   "PVE:8006 leaf " B "\n[::1] verified";
	struct known_list list = {.count = 0};
	struct complaints c = {.count = 0};

	(void)state;
	assert_int_equal(known_read_text(text, sizeof(text) - 1, &list, complain, &c), 0);
	assert_int_equal(c.count, 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(known_find(&list, "pve", 8006)->count, 2);
	assert_true(known_find(&list, "::1", 8006)->verified);
	known_free(&list);
}

static void
a_damaged_line_is_left_out_and_named_and_the_others_count(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{"pve2", "neither"},
		{"pve2 lief " A, "neither"},
		{"pve2 LEAF " A, "neither"},
		{"pve2 leaf", "fingerprint"},
		{"pve2 leaf AA:BB", "fingerprint"},
		{"pve2 leaf " A "0", "fingerprint"},
		{"pve2 leaf " A " " B, "too many words"},
		{"pve2 verified yes", "follows"},
		{"pve2 authority", "authority"},
		{"pve2 authority AAAA", "authority"},
		{"pve2 authority ====", "authority"},
		{"pve2 authority !!!!", "authority"},
		{"pve2:0 leaf " A, "host and a port"},
		{"https://pve2 leaf " A, "host and a port"},
		{"-- leaf " A, "host and a port"},
		{"\x01\xff", "host and a port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct known_list list = {.count = 0};
		struct complaints c = {.count = 0};
		struct buf text = {.max = 0};

		assert_int_equal(
			buf_addf(&text, "pve1 leaf " A "\n%s\npve3 leaf " B "\n", rows[i].line), 0);
		assert_int_equal(known_read_text(text.data, text.len, &list, complain, &c), 0);
		if (c.count != 1 || c.line != 2 || strstr(c.why, rows[i].why) == NULL)
			fail_msg("%s: %zu, line %zu: %s", rows[i].line, c.count, c.line, c.why);
		assert_int_equal(list.count, 2);
		assert_non_null(known_find(&list, "pve3", 8006));
		known_free(&list);
		buf_done(&text);
	}
}

static void
a_certificate_that_is_no_authority_is_left_out(void **state)
{
	struct known_list list = {.count = 0};
	struct complaints c = {.count = 0};
	struct buf text = {.max = 0};

	(void)state;
	authority_line("pve", &leaf, &text);
	assert_int_equal(known_read_text(text.data, text.len, &list, complain, &c), 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(list.count, 0);
	buf_done(&text);
	authority_line("pve", &authority, &text);
	/* cut by four characters it is base64 still */
	assert_int_equal(known_read_text(text.data, text.len - 5, &list, complain, &c), 0);
	assert_int_equal(c.count, 2);
	assert_int_equal(list.count, 0);
	/* twice is once too often */
	authority_line("pve", &authority, &text);
	assert_int_equal(known_read_text(text.data, text.len, &list, complain, &c), 0);
	assert_int_equal(c.count, 3);
	assert_int_equal(c.line, 2);
	assert_non_null(known_find(&list, "pve", 8006)->authority);
	known_free(&list);
	buf_done(&text);
}

static void
bytes_that_are_no_text_are_left_out(void **state)
{
	static const char nul[] = "pve1 leaf " A "\0\npve2 leaf " B;
	struct known_list list = {.count = 0};
	struct complaints c = {.count = 0};
	struct buf text = {.max = 0};

	(void)state;
	assert_int_equal(known_read_text(nul, sizeof(nul) - 1, &list, complain, &c), 0);
	assert_int_equal(c.count, 1);
	assert_string_equal(c.why, "it has a NUL in it");
	assert_int_equal(list.count, 1);
	known_free(&list);
	assert_int_equal(buf_addf(&text, "pve1 authority "), 0);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(buf_add(&text, "A", 1), 0);
	assert_int_equal(known_read_text(text.data, text.len, &list, complain, &c), 0);
	assert_string_equal(c.why, "it is too long");
	assert_int_equal(list.count, 0);
	buf_done(&text);
}

static void
the_number_of_hosts_and_leaves_is_bounded(void **state)
{
	struct known_list list = {.count = 0};
	struct complaints c = {.count = 0};
	struct buf text = {.max = 0};

	(void)state;
	for (int i = 0; i < PVE_KNOWN_HOSTS_MAX + 3; i++)
		assert_int_equal(buf_addf(&text, "pve%d verified\n", i), 0);
	for (int i = 0; i < PVE_KNOWN_LEAVES_MAX + 2; i++)
		assert_int_equal(buf_addf(&text, "pve7 leaf %02d%s\n", i, &A[2]), 0);
	assert_int_equal(known_read_text(text.data, text.len, &list, complain, &c), 0);
	assert_int_equal(c.count, 3 + 2);
	assert_int_equal(list.count, PVE_KNOWN_HOSTS_MAX);
	assert_int_equal(known_find(&list, "pve7", 8006)->count, PVE_KNOWN_LEAVES_MAX);
	assert_null(known_add(&list, "one.more", 8006));
	known_free(&list);
	buf_done(&text);
}

static void
the_oldest_leaf_gives_way(void **state)
{
	struct known_list list = {.count = 0};
	struct known_host *h = known_add(&list, "pve", 8006);
	struct pve_fingerprint f = {.set = true};

	(void)state;
	for (unsigned char i = 0; i <= PVE_KNOWN_LEAVES_MAX; i++) {
		f.sha256[0] = i;
		known_add_leaf(h, &f);
	}
	assert_int_equal(h->count, PVE_KNOWN_LEAVES_MAX);
	assert_int_equal(h->leaves[0].sha256[0], 1);
	assert_true(known_has_leaf(h, &f));
	f.sha256[0] = 0;
	assert_false(known_has_leaf(h, &f));
	known_free(&list);
}

/* ---- on disk ---- */

static void
a_file_is_written_for_its_owner_only_and_read_again(void **state)
{
	struct buf text = {.max = 0}, got = {.max = 0};
	struct known_stamp written, read_back, now;
	char path[TEMP_PATH_SIZE], fresh[TEMP_PATH_SIZE];
	struct stat st;

	(void)state;
	temp_path(&dir, "state/known", path);
	temp_path(&dir, "state/known.new", fresh);
	assert_int_equal(known_read_file(path, &got, &read_back, NULL), 0);
	assert_false(read_back.there);
	assert_int_equal(buf_addf(&text, "one\n"), 0);
	assert_int_equal(known_write_file(path, &text, &written, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(temp_path(&dir, "state", fresh), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	temp_path(&dir, "state/known.new", fresh);
	assert_int_equal(stat(fresh, &st), -1);
	assert_int_equal(known_read_file(path, &got, &read_back, NULL), 0);
	assert_string_equal(buf_text(&got), "one\n");
	assert_true(known_stamp_same(&written, &read_back));
	assert_int_equal(known_stamp_file(path, &now, NULL), 0);
	assert_true(known_stamp_same(&written, &now));
	/* whoever replaces it is noticed */
	assert_int_equal(known_write_file(path, &text, &now, NULL), 0);
	assert_false(known_stamp_same(&written, &now));
	buf_done(&text);
	buf_done(&got);
}

static void
what_an_earlier_try_left_is_neither_followed_nor_kept(void **state)
{
	struct buf text = {.max = 0};
	struct known_stamp stamp;
	char path[TEMP_PATH_SIZE], victim[TEMP_PATH_SIZE];
	struct stat st;

	(void)state;
	temp_path(&dir, "linked", path);
	temp_text(&dir, "victim", "precious\n");
	temp_link(&dir, temp_path(&dir, "victim", victim), "linked.new");
	assert_int_equal(buf_addf(&text, "x"), 0);
	assert_int_equal(known_write_file(path, &text, &stamp, NULL), 0);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 9);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	buf_done(&text);
}

static void
what_cannot_be_read_or_written_is_told_with_its_name(void **state)
{
	struct buf text = {.max = 0};
	struct known_stamp stamp;
	struct err err = {.code = 0};
	char path[TEMP_PATH_SIZE], deep[TEMP_PATH_SIZE];
	char *longest = calloc(1, 8192);

	(void)state;
	assert_int_equal(buf_addf(&text, "x"), 0);
	temp_folder(&dir, "folder");
	temp_path(&dir, "folder", path);
	assert_int_equal(known_read_file(path, &text, &stamp, &err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(known_write_file(path, &text, &stamp, &err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, path));
	temp_text(&dir, "plain", "x");
	temp_path(&dir, "plain/known", deep);
	assert_int_equal(known_read_file(deep, &text, &stamp, &err), ERR_SYSTEM);
	assert_int_equal(known_write_file(deep, &text, &stamp, &err), ERR_SYSTEM);
	temp_path(&dir, "no/such/known", deep);
	assert_int_equal(known_write_file(deep, &text, &stamp, &err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, "no/such"));
	memset(longest, 'a', 8191);
	assert_int_equal(known_write_file(longest, &text, &stamp, &err), ERR_SYSTEM);
	torture_refuse("open", 1);
	assert_int_equal(known_write_file(path, &text, &stamp, &err), ERR_SYSTEM);
	torture_refuse(NULL, 0);
	free(longest);
	buf_done(&text);
}

static void
a_file_beyond_all_measure_is_not_read(void **state)
{
	struct buf got = {.max = 0};
	struct known_stamp stamp;
	char path[TEMP_PATH_SIZE];
	struct err err = {.code = 0};
	FILE *f = fopen(temp_path(&dir, "huge", path), "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), PVE_KNOWN_FILE_MAX + 1), 0);
	fclose(f);
	assert_int_equal(known_read_file(path, &got, &stamp, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "too large"));
	buf_done(&got);
}

static void
read_without_memory(void *arg)
{
	struct buf *text = arg;
	struct known_list list = {.count = 0};

	if (known_read_text(text->data, text->len, &list, NULL, NULL) < 0)
		assert_true(torture_struck());
	else
		assert_int_equal(list.count, 2);
	known_free(&list);
}

static void
without_memory_nothing_is_half_read(void **state)
{
	struct buf text = {.max = 0};

	(void)state;
	authority_line("pve", &authority, &text);
	assert_int_equal(buf_addf(&text, "pve leaf " A "\npve2 leaf " B "\n"), 0);
	assert_true(torture(read_without_memory, &text) >= 4);
	buf_done(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(comments_blanks_and_other_line_ends_are_taken),
		cmocka_unit_test(a_damaged_line_is_left_out_and_named_and_the_others_count),
		cmocka_unit_test(a_certificate_that_is_no_authority_is_left_out),
		cmocka_unit_test(bytes_that_are_no_text_are_left_out),
		cmocka_unit_test(the_number_of_hosts_and_leaves_is_bounded),
		cmocka_unit_test(the_oldest_leaf_gives_way),
		cmocka_unit_test(a_file_is_written_for_its_owner_only_and_read_again),
		cmocka_unit_test(what_an_earlier_try_left_is_neither_followed_nor_kept),
		cmocka_unit_test(what_cannot_be_read_or_written_is_told_with_its_name),
		cmocka_unit_test(a_file_beyond_all_measure_is_not_read),
		cmocka_unit_test(without_memory_nothing_is_half_read),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
