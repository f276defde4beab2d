/* SPDX-License-Identifier: MIT */
/* config.json as a file: how it is found wanting; and that manual and example are true to the table. */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "router/config.h"
#include "tests/unit/config_scene.h"

#define GOOD "{" BASE "}"

enum { FILE_MAX = 1024 * 1024, SOURCE_SIZE = 64 * 1024 };

static int
read_file(const char *name, struct config *out)
{
	char path[TEMP_PATH_SIZE];

	err = (struct err){.code = 0};
	return config_read(temp_path(&dir, name, path), 0, out, &err);
}

static void
a_good_file_is_read(void **state)
{
	struct config c = {0};
	char path[TEMP_PATH_SIZE];

	(void)state;
	temp_text(&dir, "good.json", GOOD "\n");
	assert_int_equal(read_file("good.json", &c), 0);
	assert_string_equal(c.public_ip, "192.0.2.1");
	assert_string_equal(c.novnc_path, temp_path(&dir, "page", path));
	config_done(&c);
}

static void
a_file_that_everybody_can_read_is_noticed(void **state)
{
	struct config c = {0};
	char path[TEMP_PATH_SIZE];

	(void)state;
	temp_text(&dir, "mode.json", GOOD);
	temp_path(&dir, "mode.json", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(read_file("mode.json", &c), 0);
	assert_true(c.readable_by_all);
	config_done(&c);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(read_file("mode.json", &c), 0);
	assert_false(c.readable_by_all);
	config_done(&c);
}

static void
a_file_that_cannot_be_read_says_why(void **state)
{
	struct config c = {0};

	(void)state;
	assert_int_equal(read_file("absent.json", &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(read_file("page", &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "directory"));
	assert_null(c.public_ip);
}

static void
a_file_of_a_mebibyte_is_read_and_a_larger_one_refused(void **state)
{
	char *text = malloc(FILE_MAX + 1);
	struct config c = {0};

	(void)state;
	assert_non_null(text);
	memset(text, ' ', FILE_MAX + 1);
	memcpy(text, GOOD, strlen(GOOD));
	temp_file(&dir, "largest.json", text, FILE_MAX);
	temp_file(&dir, "larger.json", text, FILE_MAX + 1);
	free(text);
	assert_int_equal(read_file("largest.json", &c), 0);
	config_done(&c);
	assert_int_equal(read_file("larger.json", &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "1048576"));
}

static void
a_page_is_found_or_asked_for(void **state)
{
	static const char text[] = "{" AUTH "," IP "}";
	struct config c = {0};
	struct stat st;
	char path[TEMP_PATH_SIZE];

	(void)state;
	temp_text(&dir, "page.json", text);
	/* Whether one is installed is this machine's business. */
	if (read_file("page.json", &c) < 0) {
		assert_int_equal(err.code, ERR_INVALID);
		assert_non_null(strstr(err.text, "novnc_path: "));
		return;
	}
	snprintf(path, sizeof(path), "%s/vnc.html", c.novnc_path);
	assert_int_equal(stat(path, &st), 0);
	config_done(&c);
}

static void
authorities_that_cannot_be_read_are_told_by_key(void **state)
{
	struct config c = {0};
	struct pve_policy *policy = NULL;

	(void)state;
	temp_text(&dir, "ca.json", "{" BASE ",\"proxmox_ca_file\":\"absent.pem\"}");
	assert_int_equal(read_file("ca.json", &c), 0);
	assert_int_equal(config_policy(&c, NULL, &policy, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "proxmox_ca_file: "));
	assert_null(policy);
	config_done(&c);
}

/* ---- what is written about it; tests run in the folder of the repository ---- */

/* A file of the repository; skips the test elsewhere. */
static void
read_source(const char *name, char text[SOURCE_SIZE])
{
	FILE *f = fopen(name, "rb");
	size_t n;

	text[0] = '\0';
	if (f == NULL)
		skip();
	n = fread(text, 1, SOURCE_SIZE - 1, f);
	assert_int_equal(fclose(f), 0);
	assert_in_range(n, 1, SOURCE_SIZE - 2);
	text[n] = '\0';
}

/* The paragraph of the manual that begins ".It Cm KEY\n"; asserts that there is just one. */
static void
manual_entry(const char *manual, const char *key, char out[SOURCE_SIZE])
{
	char head[64];
	const char *start, *end, *next;

	snprintf(head, sizeof(head), "\n.It Cm %s\n", key);
	start = strstr(manual, head);
	if (start == NULL)
		fail_msg("the manual has no entry for %s", key);
	start += strlen(head);
	assert_null(strstr(start, head));
	end = strstr(start, "\n.El");
	next = strstr(start, "\n.It ");
	if (next != NULL && next < end)
		end = next;
	assert_non_null(end);
	snprintf(out, SOURCE_SIZE, "%.*s\n", (int)(end - start), start);
}

static void
assert_says(const char *key, const char *entry, const char *words)
{
	if (strstr(entry, words) == NULL)
		fail_msg("%s: the manual does not say \"%s\"", key, words);
}

static void
the_manual_tells_of_every_option(void **state)
{
	static char manual[SOURCE_SIZE], entry[SOURCE_SIZE];
	size_t n, len;
	const struct config_option *o = config_options(&n);
	char words[64];

	(void)state;
	read_source("proxmoxvnc.8", manual);
	for (; n > 0; n--, o++) {
		manual_entry(manual, o->key, entry);
		if (o->reload != (strstr(entry, ".Em reload") != NULL))
			fail_msg("%s: the manual is wrong about SIGHUP", o->key);
		if (o->fallback == NULL) {
			assert_says(o->key, entry, "Required");
			continue;
		}
		len = strlen(o->fallback);
		if (o->fallback[0] == '"')
			snprintf(words, sizeof(words), "Default: %.*s", (int)len - 2, o->fallback + 1);
		else
			snprintf(words, sizeof(words), "Default: %s", o->fallback);
		assert_says(o->key, entry, strcmp(o->fallback, "null") == 0 ? "Default: " : words);
		if (o->type == CONFIG_NUMBER) {
			snprintf(words, sizeof(words), "range %d to %d", o->min, o->max);
			assert_says(o->key, entry, words);
		}
	}
}

static void
the_manual_tells_of_no_option_that_is_not_there(void **state)
{
	static char manual[SOURCE_SIZE];
	size_t n, known;
	const struct config_option *o = config_options(&n);

	(void)state;
	read_source("proxmoxvnc.8", manual);
	for (const char *at = manual; (at = strstr(at, "\n.It Cm ")) != NULL;) {
		at += strlen("\n.It Cm ");
		for (known = 0; known < n; known++) {
			if (strncmp(at, o[known].key, strlen(o[known].key)) == 0 &&
				at[strlen(o[known].key)] == '\n')
				break;
		}
		if (known == n)
			fail_msg("the manual has a key that is none: %.20s", at);
	}
}

static void
the_example_is_a_good_configuration(void **state)
{
	static char example[SOURCE_SIZE], text[SOURCE_SIZE + 64];
	struct config c = {0};

	(void)state;
	read_source("config.json.example", example);
	assert_int_equal(example[0], '{');
	/* The page need not be installed here. */
	snprintf(text, sizeof(text), "{\"novnc_path\":\"page\",%s", example + 1);
	err = (struct err){.code = 0};
	if (config_parse(text, strlen(text), dir.path, 0, &c, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(c.authorization.len >= 32);
	config_done(&c);
}

static void
the_example_shows_every_default_as_it_is(void **state)
{
	static char example[SOURCE_SIZE];
	size_t n;
	const struct config_option *o = config_options(&n);
	char key[64], pair[128];

	(void)state;
	read_source("config.json.example", example);
	for (; n > 0; n--, o++) {
		snprintf(key, sizeof(key), "\"%s\": ", o->key);
		if (o->fallback == NULL)
			assert_non_null(strstr(example, key));
		/* A secret has no default, but the example shows where it goes. */
		if (o->fallback == NULL || o->type == CONFIG_SECRET || strstr(example, key) == NULL)
			continue;
		snprintf(pair, sizeof(pair), "%s%s", key, o->fallback);
		if (strstr(example, pair) == NULL)
			fail_msg("%s is not %s in config.json.example", o->key, o->fallback);
	}
}

/* ---- where the secret comes from ---- */

static void
the_secret_comes_from_a_file(void **state)
{
	static const char *const texts[] = {SECRET, SECRET "\n", SECRET "\r\nmore\n"};
	struct config c;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		temp_text(&dir, "secret", texts[i]);
		c = good(IP "," PAGE ",\"authorization_file\":\"secret\"");
		assert_string_equal(secret_peek(&c.authorization), SECRET);
		config_done(&c);
	}
}

static void
the_secret_comes_from_the_environment_alone(void **state)
{
	struct config c = {0};

	(void)state;
	assert_int_equal(setenv("PROXMOXVNC_AUTHORIZATION", SECRET, 1), 0);
	c = good(IP "," PAGE);
	assert_string_equal(secret_peek(&c.authorization), SECRET);
	config_done(&c);
	assert_int_equal(read_port(BASE, 0, &c), ERR_INVALID);
	assert_non_null(strstr(err.text, "PROXMOXVNC_AUTHORIZATION"));
	assert_null(strstr(err.text, SECRET));
	assert_int_equal(unsetenv("PROXMOXVNC_AUTHORIZATION"), 0);
}

static void
a_secret_in_a_file_is_held_to_the_same_rules(void **state)
{
	static const char *const texts[] = {"", "\n" SECRET, " " SECRET, SECRET " \n", "a\tb", "\xff"};
	struct config c = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		temp_text(&dir, "secret", texts[i]);
		if (read_port(IP "," PAGE ",\"authorization_file\":\"secret\"", 0, &c) != ERR_INVALID)
			fail_msg("taken: %s", texts[i]);
		assert_non_null(strstr(err.text, "authorization_file: "));
		assert_null(strstr(err.text, SECRET));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read),
		cmocka_unit_test(a_file_that_everybody_can_read_is_noticed),
		cmocka_unit_test(a_file_that_cannot_be_read_says_why),
		cmocka_unit_test(a_file_of_a_mebibyte_is_read_and_a_larger_one_refused),
		cmocka_unit_test(a_page_is_found_or_asked_for),
		cmocka_unit_test(authorities_that_cannot_be_read_are_told_by_key),
		cmocka_unit_test(the_manual_tells_of_every_option),
		cmocka_unit_test(the_manual_tells_of_no_option_that_is_not_there),
		cmocka_unit_test(the_example_is_a_good_configuration),
		cmocka_unit_test(the_example_shows_every_default_as_it_is),
		cmocka_unit_test(the_secret_comes_from_a_file),
		cmocka_unit_test(the_secret_comes_from_the_environment_alone),
		cmocka_unit_test(a_secret_in_a_file_is_held_to_the_same_rules),
	};

	return cmocka_run_group_tests(tests, config_scene_make, config_scene_remove);
}
