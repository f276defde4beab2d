/* SPDX-License-Identifier: MIT */
/* The store in memory under several threads; the rest is in test_store_memory.c. */
#include "session/store.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/store_scene.h"

enum { TAKERS = 64, ROUNDS = 50 };

static struct scene shared;
static pthread_barrier_t barrier;
static char contested[TOKEN_CHARS + 1];
static atomic_int winners, wrong;

static void *
take_contested(void *arg)
{
	struct grant *g = NULL;
	int i, r;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		r = take(&shared, contested, &g);
		if (r == 0)
			atomic_fetch_add(&winners, 1);
		else if (r != ERR_NOT_FOUND)
			atomic_fetch_add(&wrong, 1);
		grant_free(g);
		g = NULL;
		pthread_barrier_wait(&barrier);
	}
	return arg;
}

static void
of_64_threads_exactly_one_gets_the_grant(void **state)
{
	pthread_t threads[TAKERS];
	int i;

	(void)state;
	shared = scene_for_test(300, 10);
	atomic_store(&wrong, 0);
	pthread_barrier_init(&barrier, NULL, TAKERS + 1);
	for (i = 0; i < TAKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_contested, NULL), 0);
	for (i = 0; i < ROUNDS; i++) {
		put(&shared, 100, contested);
		atomic_store(&winners, 0);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		assert_int_equal(atomic_load(&winners), 1);
	}
	for (i = 0; i < TAKERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(count(&shared), 0);
	scene_done(&shared);
}

static void *
put_take_restore(void *arg)
{
	struct secret token = {0};
	struct grant *g;
	int i;

	for (i = 0; i < 2000; i++) {
		g = grant_new();
		if (!g || shared.store->ops->put(shared.store, &g, &token, NULL) < 0 ||
			take(&shared, secret_peek(&token), &g) < 0) {
			atomic_fetch_add(&wrong, 1);
			continue;
		}
		shared.store->ops->restore(shared.store, secret_peek(&token), &g);
		shared.store->ops->expire(shared.store);
		if (take(&shared, secret_peek(&token), &g) < 0)
			atomic_fetch_add(&wrong, 1);
		grant_free(g);
	}
	secret_wipe(&token);
	return arg;
}

static void
threads_do_not_get_in_each_other_s_way(void **state)
{
	pthread_t threads[4];
	int i;

	(void)state;
	shared = scene_for_test(300, 4);
	atomic_store(&wrong, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_take_restore, NULL), 0);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(count(&shared), 0);
	scene_done(&shared);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_64_threads_exactly_one_gets_the_grant),
		cmocka_unit_test(threads_do_not_get_in_each_other_s_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
