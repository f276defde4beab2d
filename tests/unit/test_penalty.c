/* SPDX-License-Identifier: MIT */
/* Wrong guesses: counted by address, refused for a while, and never held against a forgotten tab. */
#include "session/penalty.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/access_scene.h"
#include "tests/unit/store_scene.h"

#define KEY       "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "0123456789abcdef0123456789abcdee"

enum { LIMIT = 3, PENALTY_MS = 60000, NOW = 1000000, PATIENCE_S = 60 };

static struct tunables_cell *cell;
static struct penalty_table *table;

/* Rules of a test: LIMIT guesses in PENALTY_MS, and loopback is limited or not. */
static void
set_rules(bool limit_loopback)
{
	const struct access_config config = {.rules = {.guess_limit = LIMIT,
											 .guess_penalty_s = PENALTY_MS / 1000,
											 .limit_loopback = limit_loopback}};
	struct tunables t = {0};

	assert_int_equal(access_new(&config, &t.access, NULL), 0);
	if (cell)
		tunables_set(cell, &t);
	else
		assert_int_equal(tunables_new(&t, &cell, NULL), 0);
	tunables_done(&t);
}

static int
scene_begin(void **state)
{
	const struct log_config quiet = {.enabled = false, .file = "stderr"};

	(void)state;
	cell = NULL;
	table = NULL;
	set_rules(false);
	return log_open(&quiet, NULL) < 0 || penalty_new(cell, &table, NULL) < 0 ? -1 : 0;
}

static int
scene_end(void **state)
{
	(void)state;
	penalty_free(table);
	tunables_free(cell);
	return 0;
}

static enum penalty
guess(const char *client, int64_t now_ms, int *left_s)
{
	struct ip ip = ip_for_test(client);

	return penalty_guess(table, &ip, now_ms, left_s);
}

/* Guess until the next one is refused. */
static void
exhaust(const char *client, int64_t now_ms)
{
	int left;

	for (int i = 0; i < LIMIT; i++) {
		assert_int_equal(guess(client, now_ms, &left), PENALTY_SLOW);
		assert_int_equal(left, 0);
	}
}

static void
after_so_many_guesses_the_next_are_refused_for_a_while(void **state)
{
	int left;

	(void)state;
	exhaust("198.51.100.7", NOW);
	assert_int_equal(guess("198.51.100.7", NOW, &left), PENALTY_REFUSE);
	assert_int_equal(left, PENALTY_MS / 1000);
	assert_int_equal(guess("198.51.100.7", NOW + PENALTY_MS - 1, &left), PENALTY_REFUSE);
	assert_int_equal(left, 1);
	/* And then it begins anew. */
	exhaust("198.51.100.7", NOW + PENALTY_MS);
	assert_int_equal(guess("198.51.100.7", NOW + PENALTY_MS, &left), PENALTY_REFUSE);
}

static void
guesses_that_are_far_apart_are_slow_and_never_refused(void **state)
{
	int64_t now = NOW;
	int left;

	(void)state;
	for (int i = 0; i < 10 * LIMIT; i++, now += PENALTY_MS / (LIMIT - 1))
		assert_int_equal(guess("198.51.100.7", now, &left), PENALTY_SLOW);
}

static void
one_client_s_guesses_are_not_held_against_another(void **state)
{
	int left;

	(void)state;
	exhaust("198.51.100.7", NOW);
	assert_int_equal(guess("198.51.100.8", NOW, &left), PENALTY_SLOW);
	assert_int_equal(guess("2001:db8::1", NOW, &left), PENALTY_SLOW);
	assert_int_equal(guess("198.51.100.7", NOW, &left), PENALTY_REFUSE);
}

static void
an_ipv6_client_is_its_whole_64(void **state)
{
	int left;

	(void)state;
	for (int i = 0; i < LIMIT; i++) {
		char text[32];

		snprintf(text, sizeof(text), "2001:db8:1:2:%d::1", i);
		assert_int_equal(guess(text, NOW, &left), PENALTY_SLOW);
	}
	assert_int_equal(guess("2001:db8:1:2:ffff::", NOW, &left), PENALTY_REFUSE);
	assert_int_equal(guess("2001:db8:1:3::1", NOW, &left), PENALTY_SLOW);
}

static void
an_ipv4_client_is_the_same_through_either_socket(void **state)
{
	int left;

	(void)state;
	exhaust("198.51.100.7", NOW);
	assert_int_equal(guess("::ffff:198.51.100.7", NOW, &left), PENALTY_REFUSE);
}

static void
loopback_is_limited_when_the_rules_say_so(void **state)
{
	int left;

	(void)state;
	for (int i = 0; i < 2 * LIMIT; i++) {
		assert_int_equal(guess("127.0.0.1", NOW, &left), PENALTY_NONE);
		assert_int_equal(left, 0);
	}
	set_rules(true);
	exhaust("127.0.0.1", NOW);
	assert_int_equal(guess("127.0.0.1", NOW, &left), PENALTY_REFUSE);
	assert_int_equal(guess("127.0.0.2", NOW, &left), PENALTY_SLOW);
}

static void
who_guessed_longest_ago_is_forgotten_first(void **state)
{
	char text[32];
	int left;

	(void)state;
	exhaust("198.51.100.7", NOW);
	exhaust("198.51.100.8", NOW);
	for (int i = 0; i < PENALTY_CLIENTS_MAX - 1; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.1", i / 256, i % 256);
		assert_int_equal(guess(text, NOW, &left), PENALTY_SLOW);
	}
	assert_int_equal(guess("198.51.100.8", NOW, &left), PENALTY_REFUSE);
	assert_int_equal(guess("198.51.100.7", NOW, &left), PENALTY_SLOW);
}

static bool
is_ended(const char *key, int64_t now_ms)
{
	return penalty_is_ended_key(table, key, strlen(key), now_ms);
}

static void
the_key_of_an_ended_session_is_known_for_a_day(void **state)
{
	(void)state;
	assert_false(is_ended(KEY, NOW));
	penalty_key_ended(table, KEY, strlen(KEY), NOW);
	assert_true(is_ended(KEY, NOW));
	assert_true(is_ended(KEY, NOW + PENALTY_KEY_MS - 1));
	assert_false(is_ended(KEY, NOW + PENALTY_KEY_MS));
	assert_false(is_ended(OTHER_KEY, NOW));
	assert_false(penalty_is_ended_key(table, KEY, strlen(KEY) - 1, NOW));
}

static void
the_oldest_keys_are_forgotten_first(void **state)
{
	char key[40];

	(void)state;
	penalty_key_ended(table, KEY, strlen(KEY), NOW);
	penalty_key_ended(table, OTHER_KEY, strlen(OTHER_KEY), NOW);
	for (int i = 0; i < PENALTY_KEYS_MAX - 1; i++) {
		snprintf(key, sizeof(key), "%032d", i);
		penalty_key_ended(table, key, strlen(key), NOW);
	}
	assert_false(is_ended(KEY, NOW));
	assert_true(is_ended(OTHER_KEY, NOW));
	assert_true(is_ended(key, NOW));
}

/* Keys by number, each as it would come. */
static void
end_keys(int first, int end)
{
	char key[40];

	for (int i = first; i < end; i++) {
		snprintf(key, sizeof(key), "%032d", i);
		penalty_key_ended(table, key, strlen(key), NOW);
	}
}

static void
the_youngest_keys_are_known_however_many_came_before(void **state)
{
	enum { ALL = 2 * PENALTY_KEYS_MAX + 1000 };
	char key[40];

	(void)state;
	end_keys(0, ALL);
	for (int i = 0; i < ALL; i++) {
		snprintf(key, sizeof(key), "%032d", i);
		assert_int_equal(is_ended(key, NOW), i >= ALL - PENALTY_KEYS_MAX);
	}
}

/* Each row goes back to the bucket that it was in, which must not become a circle. */
static void
a_key_that_ended_twice_is_known_and_others_are_not(void **state)
{
	enum { OTHERS = 1000 };
	char key[40];

	(void)state;
	end_keys(0, PENALTY_KEYS_MAX);
	end_keys(0, PENALTY_KEYS_MAX);
	alarm(PATIENCE_S);
	for (int i = 0; i < PENALTY_KEYS_MAX + OTHERS; i++) {
		snprintf(key, sizeof(key), "%032d", i);
		assert_int_equal(is_ended(key, NOW), i < PENALTY_KEYS_MAX);
	}
	alarm(0);
}

static size_t
handed_out(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void
all_it_remembers_takes_two_mebibytes_at_most(void **state)
{
	enum { MOST = 2 * 1024 * 1024 };
	size_t before = handed_out(), table_size;

	(void)state;
	/* The allocators of sanitizers do not say. */
	if (before == 0)
		skip();
	penalty_free(table);
	table_size = before - handed_out();
	assert_int_equal(penalty_new(cell, &table, NULL), 0);
	assert_in_range(table_size, PENALTY_KEYS_MAX, MOST);
	/* OpenSSL has its own beginnings. */
	end_keys(0, 1);
	before = handed_out();
	end_keys(1, PENALTY_KEYS_MAX + 1000);
	assert_int_equal(handed_out(), before);
}

/* The table is searched as memory: the key itself must not be in it. */
static void
keys_are_not_kept_as_they_are(void **state)
{
	(void)state;
	penalty_key_ended(table, KEY, strlen(KEY), NOW);
	torture_look_for(KEY);
	penalty_free(table);
	table = NULL;
	torture_look_for(NULL);
	assert_int_equal(torture_found(), 0);
}

static void
make(void *arg)
{
	struct penalty_table *p = NULL;
	int r = penalty_new(cell, &p, NULL);

	(void)arg;
	assert_true(r == 0 || r == ERR_MEMORY || r == ERR_SYSTEM);
	assert_int_equal(r < 0, torture_struck());
	penalty_free(p);
}

static void
without_memory_or_random_numbers_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(torture(make, NULL), 4 + 4);
	penalty_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_so_many_guesses_the_next_are_refused_for_a_while),
		TEST(guesses_that_are_far_apart_are_slow_and_never_refused),
		TEST(one_client_s_guesses_are_not_held_against_another),
		TEST(an_ipv6_client_is_its_whole_64),
		TEST(an_ipv4_client_is_the_same_through_either_socket),
		TEST(loopback_is_limited_when_the_rules_say_so),
		TEST(who_guessed_longest_ago_is_forgotten_first),
		TEST(the_key_of_an_ended_session_is_known_for_a_day),
		TEST(the_oldest_keys_are_forgotten_first),
		TEST(the_youngest_keys_are_known_however_many_came_before),
		TEST(a_key_that_ended_twice_is_known_and_others_are_not),
		TEST(all_it_remembers_takes_two_mebibytes_at_most),
		TEST(keys_are_not_kept_as_they_are),
		TEST(without_memory_or_random_numbers_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
