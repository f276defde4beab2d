/* SPDX-License-Identifier: MIT */
#include "base/lanes.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/torture.h"

enum {
	CAP = 3,
	THREADS = 8,
	HALF = 4,
	QUICK_MS = 100,
	LATELY_MS = 1000,
	ITEMS = 64,
	BUSY = HALF / 2
};

/* Lanes whose clock the test sets; thrown away as they are. */
struct scene {
	struct lanes l;
	struct item items[ITEMS];
	unsigned n_items;
	int64_t now;
};

static void
begin_quiet(struct scene *s)
{
	const struct workers_limits limits = {.max_threads = THREADS,
		.max_waiting = 40,
		.lane_waiting = 10,
		.lane_cap = CAP,
		.max_new = HALF,
		.max_known = 4,
		.quick_ms = QUICK_MS,
		.lately_ms = LATELY_MS};

	memset(s, 0, sizeof(*s));
	s->now = 1;
	lanes_init(&s->l, &limits);
}

/* Whatever still waits is collected, what runs ends, and nothing may be left. */
static void
end(struct scene *s)
{
	struct items out = TAILQ_HEAD_INITIALIZER(out);

	lanes_collect(&s->l, s->now, true, &out);
	for (unsigned i = 0; i < s->n_items; i++) {
		if (s->items[i].started_ms != 0 && s->items[i].lane != NULL)
			lanes_end(&s->l, &s->items[i], true, s->now);
	}
	assert_int_equal(s->l.n_waiting, 0);
	assert_int_equal(s->l.n_running, 0);
	assert_int_equal(s->l.n_running_new, 0);
	lanes_done(&s->l);
	assert_int_equal(s->l.n_known, 0);
}

static int
try_add(struct scene *s, const char *lane, int64_t deadline)
{
	struct item *item = &s->items[s->n_items];
	int r;

	assert_true(s->n_items < ITEMS);
	*item = (struct item){.job = {.lane = lane, .deadline_ms = deadline}};
	r = lanes_add(&s->l, item, s->now, NULL);
	s->n_items += r == 0;
	return r;
}

static void
add(struct scene *s, const char *lane, unsigned n)
{
	while (n-- > 0)
		assert_int_equal(try_add(s, lane, 0), 0);
}

static struct item *
start(struct scene *s)
{
	bool ready = lanes_ready(&s->l);
	struct item *item = lanes_start(&s->l, s->now);

	assert_int_equal(item != NULL, ready);
	return item;
}

/* Start whatever may start; how many that was. */
static unsigned
start_all(struct scene *s)
{
	unsigned n = 0;

	while (start(s) != NULL)
		n++;
	return n;
}

/* The job whose turn it is must be of that lane. */
static struct item *
start_of(struct scene *s, const char *lane)
{
	struct item *item = start(s);

	assert_non_null(item);
	assert_string_equal(item->job.lane, lane);
	return item;
}

/* So many jobs run that new lanes have one each. */
static void
begin(struct scene *s)
{
	begin_quiet(s);
	add(s, NULL, BUSY);
	assert_int_equal(start_all(s), BUSY);
}

/* A job of an idle lane runs for ms. */
static void
run(struct scene *s, const char *lane, bool did_well, int64_t ms)
{
	struct item *item;

	add(s, lane, 1);
	item = start_of(s, lane);
	s->now += ms;
	lanes_end(&s->l, item, did_well, s->now);
}

/* How many of many jobs of an idle lane would start at once. */
static unsigned
places_of(struct scene *s, const char *lane)
{
	struct items out = TAILQ_HEAD_INITIALIZER(out);
	struct item *started[CAP + 1] = {NULL};
	struct lanes before = s->l;
	unsigned n = 0, first = s->n_items;

	add(s, lane, CAP + 1);
	while (n <= CAP && (started[n] = start(s)) != NULL)
		n++;
	assert_int_equal(before.n_running + n, s->l.n_running);
	lanes_collect(&s->l, s->now, true, &out);
	for (unsigned i = 0; i < n; i++)
		lanes_end(&s->l, started[i], false, s->now);
	s->n_items = first;
	return n;
}

static void
of_a_new_lane_one_job_runs_at_a_time_when_others_do(void **state)
{
	struct scene s;
	struct item *item;

	(void)state;
	begin(&s);
	add(&s, "a", 3);
	item = start_of(&s, "a");
	assert_null(start(&s));
	lanes_end(&s.l, item, false, s.now);
	start_of(&s, "a");
	assert_null(start(&s));
	end(&s);
}

static void
while_it_is_quiet_a_new_lane_has_its_cap(void **state)
{
	struct scene s;

	(void)state;
	begin_quiet(&s);
	s.l.limits.max_new = THREADS;
	add(&s, "a", 5);
	add(&s, "b", 5);
	assert_int_equal(start_all(&s), CAP + 1);
	assert_int_equal(s.l.n_running_new, 2);
	end(&s);
}

static void
a_job_that_did_well_gives_its_lane_the_whole_cap(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	run(&s, "a", true, QUICK_MS - 1);
	assert_int_equal(places_of(&s, "a"), CAP);
	end(&s);
}

static void
one_that_did_well_and_took_long_gives_nothing(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	run(&s, "a", true, QUICK_MS);
	assert_int_equal(places_of(&s, "a"), 1);
	end(&s);
}

static void
each_job_that_did_not_takes_a_place_away_and_the_next_good_one_gives_all_back(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	for (unsigned bad = 0; bad <= CAP + 1; bad++) {
		run(&s, "a", true, 1);
		for (unsigned i = 0; i < bad; i++)
			run(&s, "a", false, 1);
		assert_int_equal(places_of(&s, "a"), bad < CAP - 1 ? CAP - bad : 1);
	}
	/* With no credit left it counts among the new. */
	add(&s, "a", 1);
	assert_true(start_of(&s, "a")->as_new);
	end(&s);
}

static void
what_was_long_ago_does_not_count(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	run(&s, "a", true, 1);
	s.now += LATELY_MS - 1;
	add(&s, "a", 1);
	assert_false(start_of(&s, "a")->as_new);
	end(&s);
	begin(&s);
	run(&s, "a", true, 1);
	s.now += LATELY_MS;
	add(&s, "a", 1);
	assert_true(start_of(&s, "a")->as_new);
	end(&s);
}

static void
of_new_lanes_so_many_have_their_turn_and_the_others_are_not_held_up(void **state)
{
	char names[20][16];
	struct scene s;
	unsigned first;

	(void)state;
	begin(&s);
	run(&s, "good", true, 1);
	first = s.n_items;
	for (int i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		add(&s, names[i], 1);
	}
	assert_int_equal(start_all(&s), HALF);
	add(&s, "good", 1);
	add(&s, NULL, 1);
	start_of(&s, "good");
	assert_null(start(&s)->job.lane);
	assert_null(start(&s));
	/* One that ends makes room for the one that waits longest. */
	for (unsigned i = 0; i < 3; i++) {
		lanes_end(&s.l, &s.items[first + i], false, s.now);
		start_of(&s, names[HALF + i]);
		assert_null(start(&s));
	}
	end(&s);
}

static void
new_lanes_with_many_jobs_do_not_come_before_those_with_one(void **state)
{
	struct scene s;
	struct item *item;

	(void)state;
	begin(&s);
	s.l.limits.max_new = 1;
	add(&s, "a", 3);
	add(&s, "b", 2);
	add(&s, "c", 1);
	for (const char *lane = "abcaba"; *lane != '\0'; lane++) {
		item = start(&s);
		assert_non_null(item);
		assert_int_equal(item->job.lane[0], *lane);
		assert_null(start(&s));
		lanes_end(&s.l, item, false, s.now);
	}
	end(&s);
}

static void
a_second_job_of_a_proven_lane_needs_a_quarter_of_the_threads_to_be_free(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct scene s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < 4; i++)
		run(&s, names[i], true, 1);
	add(&s, "a", 3);
	add(&s, "b", 3);
	add(&s, "c", 3);
	assert_int_equal(start_all(&s), THREADS * 3 / 4 - BUSY);
	/* The first of another is not held up. */
	add(&s, "d", 2);
	start_of(&s, "d");
	assert_null(start(&s));
	end(&s);
}

static void
a_lane_that_is_full_is_busy_and_the_others_are_not(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	add(&s, "a", 10);
	assert_int_equal(try_add(&s, "a", 0), ERR_BUSY);
	start_of(&s, "a");
	add(&s, "a", 1);
	assert_int_equal(try_add(&s, "a", 0), ERR_BUSY);
	add(&s, "b", 10);
	/* Jobs of no lane have only the bound of all. */
	add(&s, NULL, 20);
	assert_int_equal(try_add(&s, "c", 0), ERR_BUSY);
	assert_int_equal(try_add(&s, NULL, 0), ERR_BUSY);
	end(&s);
}

static void
of_too_many_idle_lanes_the_one_that_was_idle_longest_is_forgotten(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d", "e"};
	struct scene s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < 4; i++)
		run(&s, names[i], true, 1);
	assert_int_equal(s.l.n_known, 4);
	run(&s, "a", true, 1);
	run(&s, "e", true, 1);
	assert_int_equal(s.l.n_known, 4);
	assert_int_equal(places_of(&s, "b"), 1);
	assert_int_equal(places_of(&s, "a"), CAP);
	end(&s);
}

static void
known_lanes_are_forgotten_in_time(void **state)
{
	struct items out = TAILQ_HEAD_INITIALIZER(out);
	struct scene s;

	(void)state;
	begin(&s);
	run(&s, "a", true, 1);
	s.now += 10;
	run(&s, "b", true, 1);
	lanes_collect(&s.l, s.now + LATELY_MS - 11, false, &out);
	assert_int_equal(s.l.n_known, 1);
	lanes_collect(&s.l, s.now + LATELY_MS - 1, false, &out);
	assert_int_equal(s.l.n_known, 1);
	lanes_collect(&s.l, s.now + LATELY_MS, false, &out);
	assert_int_equal(s.l.n_known, 0);
	assert_true(TAILQ_EMPTY(&out));
	end(&s);
}

/* Each lane that loses its late job becomes known just then, and there is room for one. */
static void
collecting_may_forget_lanes(void **state)
{
	struct items out = TAILQ_HEAD_INITIALIZER(out);
	char names[10][16];
	struct scene s;
	struct item *item;
	unsigned n = 0;

	(void)state;
	begin(&s);
	s.l.limits.max_known = 10;
	for (int i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		run(&s, names[i], true, 1);
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(try_add(&s, names[i], s.now + 1), 0);
	assert_int_equal(s.l.n_known, 0);
	s.l.limits.max_known = 1;
	lanes_collect(&s.l, s.now + 1, false, &out);
	TAILQ_FOREACH(item, &out, link)
	n++;
	assert_int_equal(n, 10);
	assert_int_equal(s.l.n_known, 1);
	end(&s);
}

static void
jobs_of_no_lane_start_whatever_the_earlier_ones_did(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	for (int i = 0; i < 5; i++) {
		add(&s, NULL, 1);
		lanes_end(&s.l, start(&s), false, s.now);
	}
	assert_int_equal(s.l.n_known, 0);
	add(&s, NULL, THREADS);
	assert_int_equal(start_all(&s), THREADS);
	assert_int_equal(s.l.n_running_new, 0);
	end(&s);
}

static void
add_run_and_end(void *arg)
{
	static const char *const names[] = {"a", "b", NULL};
	struct scene s;
	struct item *item;
	unsigned added = 0;

	(void)arg;
	begin_quiet(&s);
	for (size_t i = 0; i < 3; i++) {
		int r = try_add(&s, names[i], 0);

		assert_true(r == 0 || (r == ERR_MEMORY && torture_struck()));
		added += r == 0;
	}
	assert_int_equal(s.l.n_waiting, added);
	while ((item = start(&s)) != NULL) {
		lanes_end(&s.l, item, true, s.now);
		added--;
	}
	assert_int_equal(added, 0);
	end(&s);
}

static void
without_memory_a_job_is_refused_and_nothing_else_changes(void **state)
{
	(void)state;
	assert_int_equal(torture(add_run_and_end, NULL), 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_new_lane_one_job_runs_at_a_time_when_others_do),
		cmocka_unit_test(while_it_is_quiet_a_new_lane_has_its_cap),
		cmocka_unit_test(a_job_that_did_well_gives_its_lane_the_whole_cap),
		cmocka_unit_test(one_that_did_well_and_took_long_gives_nothing),
		cmocka_unit_test(
			each_job_that_did_not_takes_a_place_away_and_the_next_good_one_gives_all_back),
		cmocka_unit_test(what_was_long_ago_does_not_count),
		cmocka_unit_test(of_new_lanes_so_many_have_their_turn_and_the_others_are_not_held_up),
		cmocka_unit_test(new_lanes_with_many_jobs_do_not_come_before_those_with_one),
		cmocka_unit_test(a_second_job_of_a_proven_lane_needs_a_quarter_of_the_threads_to_be_free),
		cmocka_unit_test(a_lane_that_is_full_is_busy_and_the_others_are_not),
		cmocka_unit_test(of_too_many_idle_lanes_the_one_that_was_idle_longest_is_forgotten),
		cmocka_unit_test(known_lanes_are_forgotten_in_time),
		cmocka_unit_test(collecting_may_forget_lanes),
		cmocka_unit_test(jobs_of_no_lane_start_whatever_the_earlier_ones_did),
		cmocka_unit_test(without_memory_a_job_is_refused_and_nothing_else_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
