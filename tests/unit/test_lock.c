/* SPDX-License-Identifier: MIT */
#include "base/lock.h"

#include "base/clock.h"
#include "tests/unit/death.h"
#include "tests/unit/torture.h"

static struct lock one;
static struct lock other;

static int
make_locks(void **state)
{
	(void)state;
	lock_init(&one, LOCK_STORE);
	lock_init(&other, LOCK_PORTS);
	return 0;
}

static int
end_locks(void **state)
{
	(void)state;
	lock_done(&one);
	lock_done(&other);
	return 0;
}

static void *
count_to_ten_thousand(void *arg)
{
	int *counter = arg;

	for (int i = 0; i < 10000; i++) {
		lock_take(&one);
		(*counter)++;
		lock_release(&one);
	}
	return NULL;
}

static void
a_lock_keeps_others_out(void **state)
{
	pthread_t threads[4];
	int counter = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_to_ten_thousand, &counter), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, 40000);
}

static void
one_after_the_other_may_be_taken(void **state)
{
	(void)state;
	lock_take(&one);
	lock_release(&one);
	lock_take(&other);
	lock_release(&other);
}

static void
take_two(void)
{
	lock_take(&one);
	lock_take(&other);
}

static void
take_twice(void)
{
	lock_take(&one);
	lock_take(&one);
}

static void
taking_a_second_lock_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(take_two));
	assert_true(aborts(take_twice));
}

static void
release_unheld(void)
{
	lock_release(&one);
}

static void
release_another(void)
{
	lock_take(&one);
	lock_release(&other);
}

static void
releasing_what_is_not_held_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(release_unheld));
	assert_true(aborts(release_another));
}

static void
destroy_held(void)
{
	lock_take(&one);
	lock_done(&one);
}

static void
destroying_a_held_lock_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(destroy_held));
}

static void
wait_unheld(void)
{
	pthread_cond_t cond;

	lock_cond_init(&cond);
	lock_wait(&one, &cond, 0);
}

static void
waiting_without_the_lock_is_our_mistake(void **state)
{
	(void)state;
	assert_true(aborts(wait_unheld));
}

static void
a_wait_ends_at_its_deadline_on_the_monotonic_clock(void **state)
{
	pthread_cond_t cond;
	int64_t deadline = clock_ms() + 30;

	(void)state;
	lock_cond_init(&cond);
	lock_take(&one);
	while (lock_wait(&one, &cond, deadline))
		; /* a wake-up without a cause is allowed */
	lock_release(&one);
	assert_true(clock_ms() >= deadline);
	pthread_cond_destroy(&cond);
}

static void
a_deadline_in_the_past_has_passed(void **state)
{
	pthread_cond_t cond;

	(void)state;
	lock_cond_init(&cond);
	lock_take(&one);
	assert_false(lock_wait(&one, &cond, 0));
	assert_false(lock_wait(&one, &cond, -5));
	assert_false(lock_wait(&one, &cond, INT64_MIN));
	lock_release(&one);
	pthread_cond_destroy(&cond);
}

struct meeting {
	pthread_cond_t cond;
	bool waiting;
	bool called;
};

static void *
call(void *arg)
{
	struct meeting *m = arg;

	/* That this takes the lock at all shows that the waiting thread has let go of it. */
	lock_take(&one);
	while (!m->waiting)
		lock_wait(&one, &m->cond, INT64_MAX);
	m->called = true;
	pthread_cond_broadcast(&m->cond);
	lock_release(&one);
	return NULL;
}

static void
a_signal_ends_a_wait_however_far_its_deadline(void **state)
{
	struct meeting m = {0};
	pthread_t thread;

	(void)state;
	lock_cond_init(&m.cond);
	assert_int_equal(pthread_create(&thread, NULL, call, &m), 0);
	lock_take(&one);
	m.waiting = true;
	pthread_cond_broadcast(&m.cond);
	while (!m.called)
		assert_true(lock_wait(&one, &m.cond, INT64_MAX));
	lock_release(&one);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&m.cond);
}

static void
take_another_after_a_wait(void)
{
	pthread_cond_t cond;

	lock_cond_init(&cond);
	lock_take(&one);
	lock_wait(&one, &cond, 0);
	lock_take(&other);
}

static void
after_a_wait_the_lock_is_held_again(void **state)
{
	pthread_cond_t cond;

	(void)state;
	lock_cond_init(&cond);
	lock_take(&one);
	lock_wait(&one, &cond, 0);
	lock_release(&one);
	pthread_cond_destroy(&cond);
	assert_true(aborts(take_another_after_a_wait));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_keeps_others_out),
		cmocka_unit_test(one_after_the_other_may_be_taken),
		cmocka_unit_test(taking_a_second_lock_is_our_mistake),
		cmocka_unit_test(releasing_what_is_not_held_is_our_mistake),
		cmocka_unit_test(destroying_a_held_lock_is_our_mistake),
		cmocka_unit_test(waiting_without_the_lock_is_our_mistake),
		cmocka_unit_test(a_wait_ends_at_its_deadline_on_the_monotonic_clock),
		cmocka_unit_test(a_deadline_in_the_past_has_passed),
		cmocka_unit_test(a_signal_ends_a_wait_however_far_its_deadline),
		cmocka_unit_test(after_a_wait_the_lock_is_held_again),
	};

	return cmocka_run_group_tests(tests, make_locks, end_locks);
}
