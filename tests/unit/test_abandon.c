/* SPDX-License-Identifier: MIT */
#include "base/abandon.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/scratch.h"
#include "tests/unit/torture.h"

enum { STRING_MAX = 300, MANY = 500 };

/* The library is jansson, its work to read a text. */
struct loading {
	const char *text;
	json_t *root;
	json_error_t why;
};

static void
load(void *arg)
{
	struct loading *l = arg;

	l->root = json_loads(l->text, JSON_REJECT_DUPLICATES, &l->why);
}

static int
load_text(const char *text, json_t **root)
{
	struct loading l = {.text = text};
	int r = abandon_run(load, &l);

	*root = l.root;
	return r;
}

static void
work_that_is_done_leaves_what_it_made(void **state)
{
	json_t *root;

	(void)state;
	assert_int_equal(load_text("{\"a\": [1, true, \"x\"], \"b\": {\"c\": null}}", &root), 0);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(root, "a"), 0)), 1);
	json_decref(root);
}

static void
work_that_fails_by_itself_is_done_too(void **state)
{
	static const char *const bad[] = {"", "{", "{\"a\":1,\"a\":2}", "[1,", "\"x", "{]"};
	json_t *root;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load_text(bad[i], &root), 0);
		assert_null(root);
	}
}

static void
play(void *text)
{
	json_t *root;
	int r = load_text(text, &root);

	assert_true(r == 0 ? root != NULL : root == NULL && torture_struck() && r == ERR_MEMORY);
	json_decref(root);
}

/* Of one length or another the closing quote is what the buffer has no room for. */
static void
a_string_of_any_length_that_cannot_grow_is_no_string(void **state)
{
	char text[STRING_MAX + 16];

	(void)state;
	for (int len = 0; len < STRING_MAX; len++) {
		snprintf(text, sizeof(text), "[\"%0*d\"]", len + 1, 0);
		assert_true(torture(play, text) >= 4);
	}
}

static void
many_pieces_are_all_freed(void **state)
{
	char text[16 * MANY] = "{", *at = text + 1;

	(void)state;
	for (int i = 0; i < MANY / 5; i++)
		at += snprintf(at, 64, "\"key %d\":[\"value %d\"],", i, i);
	memcpy(at, "\"\":0}", sizeof("\"\":0}"));
	assert_true(torture(play, text) > MANY);
}

static void
within_a_scratch_all_is_given_back(void **state)
{
	static struct scratch scratch;
	char text[SCRATCH_SIZE];
	json_t *root;

	(void)state;
	snprintf(text, sizeof(text), "{\"a\":\"%0*d\"}", SCRATCH_SIZE / 2, 0);
	/* What does not fit is the heap's, and refused. */
	scratch_begin(&scratch);
	torture_refuse("malloc", 1);
	assert_int_equal(load_text(text, &root), ERR_MEMORY);
	torture_refuse(NULL, 0);
	/* It asserts that every piece is freed. */
	scratch_end(&scratch);
	assert_int_equal(load_text(text, &root), 0);
	json_decref(root);
}

static int
set_up(void **state)
{
	(void)state;
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_that_is_done_leaves_what_it_made),
		cmocka_unit_test(work_that_fails_by_itself_is_done_too),
		cmocka_unit_test(a_string_of_any_length_that_cannot_grow_is_no_string),
		cmocka_unit_test(many_pieces_are_all_freed),
		cmocka_unit_test(within_a_scratch_all_is_given_back),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
