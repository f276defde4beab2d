/* SPDX-License-Identifier: MIT */
/* Logins that several threads ask for at once; the rules one by one are in test_logins.c. */
#include "session/logins.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

#include "tests/unit/logins_scene.h"

enum { AT_ONCE = 8, TURNS = 400, USERS = 3 };

#define USER "u@pve"

static sem_t asked, go;
static struct got got[AT_ONCE];
static atomic_bool stop;
static atomic_int wrong;

static void
hang(void)
{
	sem_post(&asked);
	sem_wait(&go);
}

static int
make_scene(void **state)
{
	sem_init(&asked, 0, 0);
	sem_init(&go, 0, 0);
	memset(got, 0, sizeof(got));
	atomic_store(&stop, false);
	atomic_store(&wrong, 0);
	return make_logins(state);
}

static int
free_scene(void **state)
{
	sem_destroy(&asked);
	sem_destroy(&go);
	return free_logins(state);
}

static void *
log_in(void *arg)
{
	*(struct got *)arg = get(USER, "right");
	return NULL;
}

/* One is on the way to Proxmox, the others come, and then it answers. */
static void
log_in_at_once(void)
{
	pthread_t threads[AT_ONCE];
	int i;

	proxmox.meanwhile = hang;
	for (i = 0; i < AT_ONCE; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, log_in, &got[i]), 0);
		if (i == 0)
			sem_wait(&asked);
	}
	sem_post(&go);
	for (i = 0; i < AT_ONCE; i++)
		pthread_join(threads[i], NULL);
}

static void
of_many_at_once_one_logs_in_for_all(void **state)
{
	(void)state;
	log_in_at_once();
	assert_int_equal(proxmox.logins, 1);
	for (int i = 0; i < AT_ONCE; i++) {
		assert_int_equal(got[i].code, 0);
		assert_ptr_equal(got[i].pve, got[0].pve);
		assert_int_equal(got[i].cached, i > 0);
		pve_unref(got[i].pve);
	}
}

static void
who_waits_for_another_has_a_deadline_of_its_own(void **state)
{
	pthread_t thread;
	struct asking a;
	struct got late;

	(void)state;
	proxmox.meanwhile = hang;
	assert_int_equal(pthread_create(&thread, NULL, log_in, &got[0]), 0);
	sem_wait(&asked);
	ask_as(&a, USER, "right");
	a.ask.deadline_ms = clock_ms() + 20;
	late = get_by(&a);
	assert_int_equal(late.code, ERR_TIMEOUT);
	assert_false(late.answered);
	assert_int_equal(proxmox.logins, 1);
	/* Neither a tick nor a full cache takes it from under the one that is on the way. */
	later(2 * LOGIN_IDLE_MS);
	logins_tick(&env);
	sem_post(&go);
	pthread_join(thread, NULL);
	assert_int_equal(got[0].code, 0);
	pve_unref(got[0].pve);
}

static void
another_user_does_not_wait(void **state)
{
	pthread_t thread;
	struct got other;

	(void)state;
	proxmox.meanwhile = hang;
	assert_int_equal(pthread_create(&thread, NULL, log_in, &got[0]), 0);
	sem_wait(&asked);
	proxmox.meanwhile = NULL;
	other = get("other@pve", "right");
	assert_int_equal(other.code, 0);
	sem_post(&go);
	pthread_join(thread, NULL);
	assert_ptr_not_equal(other.pve, got[0].pve);
	pve_unref(other.pve);
	pve_unref(got[0].pve);
}

/* Links of a few users whose logins fail, lapse and grow old. */
static void *
open_links(void *arg)
{
	static const int codes[] = {0, 0, 0, ERR_REFUSED, ERR_TIMEOUT, ERR_UNREACHABLE};
	char user[16];
	struct got g;

	for (int i = 0; i < TURNS; i++) {
		snprintf(user, sizeof(user), "u%d@pve%s", i % USERS, i % 5 == 0 ? "!gw" : "");
		atomic_store(&proxmox.code, codes[i % 6]);
		g = get(user, i % 7 == 0 ? "wrong" : "right");
		if ((g.code == 0) != (g.pve != NULL))
			atomic_fetch_add(&wrong, 1);
		if (g.pve && i % 11 == 0)
			atomic_store(&g.pve->lapsed, true);
		pve_unref(g.pve);
	}
	return arg;
}

/* Main's part. */
static void *
tick(void *arg)
{
	posted.at_once = true;
	while (!atomic_load(&stop)) {
		later(LOGIN_IDLE_MS / 4);
		logins_tick(&env);
	}
	return arg;
}

static void
logging_in_renewing_and_forgetting_race_without_losing_anything(void **state)
{
	pthread_t openers[AT_ONCE], ticker;
	int i;

	(void)state;
	assert_int_equal(pthread_create(&ticker, NULL, tick, NULL), 0);
	for (i = 0; i < AT_ONCE; i++)
		assert_int_equal(pthread_create(&openers[i], NULL, open_links, NULL), 0);
	for (i = 0; i < AT_ONCE; i++)
		pthread_join(openers[i], NULL);
	atomic_store(&stop, true);
	pthread_join(ticker, NULL);
	assert_int_equal(wrong, 0);
	later(2 * LOGIN_IDLE_MS);
	logins_tick(&env);
	assert_int_equal(proxmox.living, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_scene, free_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_many_at_once_one_logs_in_for_all),
		TEST(who_waits_for_another_has_a_deadline_of_its_own),
		TEST(another_user_does_not_wait),
		TEST(logging_in_renewing_and_forgetting_race_without_losing_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
