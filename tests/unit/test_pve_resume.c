/* SPDX-License-Identifier: MIT */
/* Which connections resume a TLS session: calls, logins and consoles; callers at once. */
#include "tests/unit/resume_scene.h"

enum { THREADS = 4, CALLS = 20 };

static const char console_reply[] =
	"{\"data\":{\"port\":\"5900\",\"ticket\":\"PVEVNC:65::one\",\"user\":\"joe@pve\","
	"\"password\":\"abcdefgh\"}}";

/* ---- what is resumed ---- */

static void
a_call_resumes_the_session_of_an_earlier_one(void **state)
{
	static const enum pve_tls_mode modes[] = {PVE_TLS_VERIFY, PVE_TLS_AUTO, PVE_TLS_INSECURE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		open_up(modes[i], TLS1_3_VERSION);
		for (unsigned n = 1; n <= 3; n++) {
			assert_int_equal(call_of(NULL), 0);
			expect(1 + n, n);
		}
		shut();
	}
}

static void
so_do_another_login_and_a_renewal(void **state)
{
	struct pve *other = NULL;
	bool answered;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &other, &answered, NULL),
		0);
	assert_int_equal(pve_renew(other, clock_ms() + SOON_MS, NULL), 0);
	assert_int_equal(pve_login_again(other, &joe, clock_ms() + SOON_MS, &answered, NULL), 0);
	expect(4, 3);
	pve_unref(other);
	shut();
}

static void
a_session_of_tls_1_2_is_not_kept(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_2_VERSION);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	assert_int_equal(drain(), 0);
	shut();
}

static void
each_session_serves_once(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	/* A whole handshake brings two, one that resumes a session another. */
	assert_int_equal(drain(), 2);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	assert_int_equal(call_of(NULL), 0);
	expect(3, 1);
	assert_int_equal(drain(), 2);
	shut();
}

static void
only_so_many_wait_for_a_host(void **state)
{
	struct pve_trial trial;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	trial = next_trial(NULL);
	for (int i = 0; i < 3 * PVE_MET_EACH; i++)
		pve_met_put(&trial, trial.session);
	assert_int_equal(drain(), PVE_MET_EACH);
	pve_trial_done(&trial);
	shut();
}

static void
only_so_many_wait_at_all(void **state)
{
	struct pve_trial trial, other;
	unsigned found = 0;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	trial = next_trial(NULL);
	for (uint16_t port = 1; port <= PVE_MET_MAX + 10; port++) {
		trial.port = port;
		pve_met_put(&trial, trial.session);
	}
	for (uint16_t port = 1; port <= PVE_MET_MAX + 10; port++) {
		pve_trial_init(&other, policy, target.host, port, NULL);
		pve_met_resume(&other);
		found += other.session != NULL;
		/* The oldest have had to go. */
		assert_int_equal(other.session != NULL, port > 10);
		pve_trial_done(&other);
	}
	assert_int_equal(found, PVE_MET_MAX);
	pve_trial_done(&trial);
	shut();
}

static void
what_was_known_of_the_certificate_is_known_after_resuming(void **state)
{
	struct pve_answer answer = {.status = 0};

	(void)state;
	open_up(PVE_TLS_AUTO, TLS1_3_VERSION);
	assert_int_equal(call(&answer, NULL), 0);
	expect(2, 1);
	assert_non_null(answer.trial.leaf);
	assert_int_equal(X509_cmp(answer.trial.leaf, good.x509), 0);
	pve_answer_done(&answer);
	shut();
}

/* ---- consoles ---- */

/* Does a websocket's handshake resume? It must succeed, and leaves what it is given for later ones. */
static bool
console_resumes(const struct pve_way *way)
{
	static const char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(way->port)};
	char byte;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = NULL;
	bool resumed;

	assert_int_equal(inet_pton(AF_INET, way->address, &to.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(pve_way_ssl(way, &ssl, NULL), 0);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	resumed = SSL_session_reused(ssl) == 1;
	assert_int_equal(SSL_write(ssl, request, sizeof(request) - 1), sizeof(request) - 1);
	while (SSL_read(ssl, &byte, 1) != 1)
		assert_int_equal(SSL_get_error(ssl, -1), SSL_ERROR_WANT_READ);
	/* In disorder: the next one is none the worse for it. */
	SSL_free(ssl);
	close(fd);
	return resumed;
}

static void
a_console_resumes_a_session_if_nothing_is_forgotten_since(void **state)
{
	struct pve_console console = {.by_token = false};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	scene_says(host, "200 OK", console_reply);
	for (unsigned more = 0; more <= 1; more++) {
		assert_int_equal(pve_console_open(pve, &target, clock_ms() + SOON_MS, &console, NULL), 0);
		if (more)
			scene_forget(policy, target.host, target.port);
		assert_int_equal(console_resumes(&console.way), more == 0);
		pve_console_done(&console);
	}
	assert_int_equal(call_of(NULL), 0);
	expect(6, 4);
	shut();
}

static void
a_console_whose_call_has_left_none_shows_its_certificate(void **state)
{
	struct pve_console console = {.by_token = false};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_2_VERSION);
	scene_says(host, "200 OK", console_reply);
	assert_int_equal(pve_console_open(pve, &target, clock_ms() + SOON_MS, &console, NULL), 0);
	assert_false(console_resumes(&console.way));
	pve_console_done(&console);
	shut();
}

/* ---- at once ---- */

static void *
call_often(void *arg)
{
	uintptr_t failures = 0;

	(void)arg;
	for (int i = 0; i < CALLS; i++) {
		failures += call_of(NULL) < 0;
		if (i == CALLS / 2)
			scene_forget(policy, target.host, target.port);
	}
	return (void *)failures;
}

static void
of_several_callers_at_once_none_has_anothers_session(void **state)
{
	pthread_t threads[THREADS];
	void *failures;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failures);
		assert_null(failures);
	}
	assert_int_equal(scene_connections(host), 1 + THREADS * CALLS);
	assert_in_range(scene_resumed(host), 1, THREADS * CALLS);
	assert_in_range(drain(), 1, PVE_MET_EACH);
	shut();
}

/* ---- memory ---- */

static void
call_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		int r = call_of(NULL);

		assert_true(r == 0 || (torture_struck() && r < 0));
	}
	scene_forget(policy, target.host, target.port);
}

static void
without_memory_a_call_fails_and_loses_nothing(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	scene_forget(policy, target.host, target.port);
	assert_true(torture(call_twice, NULL) > 4);
	shut();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_resumes_the_session_of_an_earlier_one),
		cmocka_unit_test(so_do_another_login_and_a_renewal),
		cmocka_unit_test(a_session_of_tls_1_2_is_not_kept),
		cmocka_unit_test(each_session_serves_once),
		cmocka_unit_test(only_so_many_wait_for_a_host),
		cmocka_unit_test(only_so_many_wait_at_all),
		cmocka_unit_test(what_was_known_of_the_certificate_is_known_after_resuming),
		cmocka_unit_test(a_console_resumes_a_session_if_nothing_is_forgotten_since),
		cmocka_unit_test(a_console_whose_call_has_left_none_shows_its_certificate),
		cmocka_unit_test(of_several_callers_at_once_none_has_anothers_session),
		cmocka_unit_test(without_memory_a_call_fails_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
