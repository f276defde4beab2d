/* SPDX-License-Identifier: MIT */
/* More descriptors that are ready than one wait tells of. */
#include "tests/unit/poller_scene.h"

enum { MANY = 3 * POLLER_BATCH, ROUNDS = 10 };

static struct ear crowd[MANY];
static int pairs[MANY][2];

/* Each of them is ready in every turn. */
static int
gather(void **state)
{
	assert_int_equal(set_up(state), 0);
	for (int i = 0; i < MANY; i++) {
		crowd[i] = (struct ear){.name = (char)(' ' + i)};
		connect_pair(pairs[i]);
		watch(&crowd[i], pairs[i][0], POLLER_OUT);
	}
	return 0;
}

static int
leave(void **state)
{
	for (int i = 0; i < MANY; i++) {
		poller_unwatch(&poller, &crowd[i].watch);
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	return tear_down(state);
}

static void
all_are_told_within_a_few_turns(void **state)
{
	(void)state;
	for (int i = 0; i < MANY / POLLER_BATCH; i++)
		turn();
	assert_int_equal(heard_len, MANY);
	for (int i = 0; i < MANY; i++)
		assert_non_null(strchr(heard, ' ' + i));
}

static void
queue_own(struct ear *ear)
{
	queue(ear);
}

/* Whoever else is ready always, and whatever is queued again and again. */
static void
so_is_another_that_becomes_ready(void **state)
{
	struct ear late = {.name = 'l'}, task = {.name = 't', .also = queue_own};
	int pair[2], turns, i;
	char byte;

	(void)state;
	connect_pair(pair);
	watch(&late, pair[0], POLLER_IN);
	queue(&task);
	for (i = 0; i < ROUNDS; i++) {
		say(pair[1]);
		late.what = 0;
		for (turns = 0; late.what == 0; turns++) {
			assert_true(turns <= MANY / POLLER_BATCH);
			heard[heard_len = 0] = '\0';
			turn();
			assert_int_equal(heard_len, POLLER_BATCH + 1);
		}
		assert_int_equal(read(pair[0], &byte, 1), 1);
	}
	poller_drop(&poller, &task.task);
	poller_unwatch(&poller, &late.watch);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_told_within_a_few_turns, gather, leave),
		cmocka_unit_test_setup_teardown(so_is_another_that_becomes_ready, gather, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
