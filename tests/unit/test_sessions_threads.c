/* SPDX-License-Identifier: MIT */
/* The registry with sessions in threads of their own: joining, twins, ends. The rest is in test_sessions.c. */
#include "session/sessions.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/session_scene.h"

enum { OPENERS = 4, TURNS = 60, GUESTS = 3, THREADS_MAX = 1024 };

static struct sessions *r;
static struct pve login = {.user = "u@pve"};
static const struct tunables usual = {.connect_timeout_s = 300, .reconnect_timeout_s = 3600};
static atomic_int started, joined, ended, wrong;
static atomic_bool stop;
static pthread_t serving[THREADS_MAX];

/* Who serves a session: two browsers come and go, then it waits to be told to end. */
static void *
run_session(void *arg)
{
	struct session *s = arg;
	struct pollfd p = {.fd = mailbox_fd(s->mailbox), .events = POLLIN};
	struct mail *mail, *next;
	bool over = false;

	sessions_viewer_up(s);
	sessions_viewer_up(s);
	sessions_viewer_down(s);
	sessions_viewer_down(s);
	while (!over && poll(&p, 1, 60000) == 1) {
		for (mail = mailbox_take(s->mailbox); mail; mail = next) {
			next = mail->next;
			over |= mail->kind == MAIL_END;
			mail->discard(mail);
		}
	}
	atomic_fetch_add(&ended, 1);
	mailbox_close(s->mailbox);
	sessions_ended(s);
	session_unref(s);
	return NULL;
}

/* Nobody uses a session or the registry any more. */
static void
assert_all_end(void)
{
	sessions_end_all(r, END_STOPPING);
	assert_int_equal(sessions_wait_all(r, clock_ms() + 60000), 0);
	for (int i = 0; i < atomic_load(&started); i++)
		pthread_join(serving[i], NULL);
	assert_int_equal(login.refs, 0);
	sessions_free(r);
}

/* Start a session and enter it, or join the one that was faster; a reference, or NULL. */
static struct session *
start(const struct pve_target *target)
{
	struct pve *mine = &login;
	struct port_lease none = {0};
	struct place *nowhere = NULL;
	struct session *s = NULL, *other;
	int i;

	atomic_fetch_add(&login.refs, 1);
	if (session_new(r, target, &mine, &none, &nowhere, &s, NULL) < 0)
		return NULL;
	i = atomic_fetch_add(&started, 1);
	assert_true(i < THREADS_MAX);
	assert_int_equal(pthread_create(&serving[i], NULL, run_session, session_ref(s)), 0);
	other = sessions_add(r, s);
	if (!other)
		return s;
	atomic_fetch_add(&joined, 1);
	if (session_end(s, END_NONE) < 0)
		atomic_fetch_add(&wrong, 1);
	session_unref(s);
	return other;
}

/* What launching a link does, over and over, on several threads. */
static void *
open_links(void *arg)
{
	struct pve_target target;
	struct secret key = {0};
	struct session *s;
	int i;

	for (i = 0; i < TURNS; i++) {
		target = guest(100 + (uint32_t)(i % GUESTS));
		s = sessions_find(r, &target, NULL, "u@pve");
		if (!s)
			s = start(&target);
		if (!s) {
			atomic_fetch_add(&wrong, 1);
			continue;
		}
		if (session_add_link(s, &opener, &key, NULL) < 0 && !s->mailbox)
			atomic_fetch_add(&wrong, 1);
		if (i % 5 == 0 && session_end(s, END_KILLED) < 0)
			atomic_fetch_add(&wrong, 1);
		session_unref(s);
	}
	secret_wipe(&key);
	return arg;
}

/* Main's part, and what /status does. */
static void *
reap(void *arg)
{
	struct core_status status;
	size_t i, j;

	while (!atomic_load(&stop)) {
		sessions_tick(r, &usual);
		if (sessions_snapshot(r, &status, NULL) < 0)
			continue;
		for (i = 0; i < status.total; i++)
			for (j = 0; j < i; j++)
				if (strcmp(status.sessions[i].id, status.sessions[j].id) == 0)
					atomic_fetch_add(&wrong, 1);
		free(status.sessions);
	}
	return arg;
}

static int
make_registry(void **state)
{
	(void)state;
	r = registry_for_test();
	atomic_store(&started, 0);
	atomic_store(&joined, 0);
	atomic_store(&ended, 0);
	atomic_store(&wrong, 0);
	atomic_store(&stop, false);
	return 0;
}

static void
finding_and_entering_race_without_losing_anybody(void **state)
{
	pthread_t openers[OPENERS], reaper;
	int i;

	(void)state;
	assert_int_equal(pthread_create(&reaper, NULL, reap, NULL), 0);
	for (i = 0; i < OPENERS; i++)
		assert_int_equal(pthread_create(&openers[i], NULL, open_links, NULL), 0);
	for (i = 0; i < OPENERS; i++)
		pthread_join(openers[i], NULL);
	atomic_store(&stop, true);
	pthread_join(reaper, NULL);
	assert_all_end();
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(atomic_load(&ended), atomic_load(&started));
}

enum { AT_ONCE = 8 };

static pthread_barrier_t barrier;
static struct session *got[AT_ONCE];

static void *
start_at_once(void *arg)
{
	const struct pve_target target = guest(100);

	pthread_barrier_wait(&barrier);
	*(struct session **)arg = start(&target);
	return NULL;
}

static void
of_several_that_start_at_once_one_is_everybody_s(void **state)
{
	pthread_t threads[AT_ONCE];
	int i;

	(void)state;
	pthread_barrier_init(&barrier, NULL, AT_ONCE);
	for (i = 0; i < AT_ONCE; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, start_at_once, &got[i]), 0);
	for (i = 0; i < AT_ONCE; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < AT_ONCE; i++) {
		assert_ptr_equal(got[i], got[0]);
		session_unref(got[i]);
	}
	assert_int_equal(atomic_load(&joined), AT_ONCE - 1);
	assert_all_end();
	pthread_barrier_destroy(&barrier);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finding_and_entering_race_without_losing_anybody, make_registry),
		cmocka_unit_test_setup(of_several_that_start_at_once_one_is_everybody_s, make_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
