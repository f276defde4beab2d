/* SPDX-License-Identifier: MIT */
/* Which calls share a connection, and what ends one that waits. */
#include "tests/unit/conn_scene.h"

enum { THREADS = 4, CALLS = 20 };

/* The one that waits, still waiting, for a test that changes its past. */
static struct pve_conn *
waiting(void)
{
	struct pve_conn *conn = pve_conn_take(pve, policy, target.host, ""), *same = conn;

	assert_non_null(conn);
	pve_conn_keep(&conn);
	assert_null(conn);
	return same;
}

/* ---- which calls share one ---- */

static void
calls_that_follow_each_other_share_a_connection(void **state)
{
	const char *last;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_of(pve, i == 1 ? "a=b" : NULL, NULL), 0);
	expect(1, 4);
	scene_requests(host, &last);
	/* Nothing of the one before: neither its form nor its headers. */
	assert_int_equal(strncmp(last, "GET /api2/json/version HTTP/1.1\r\n", 33), 0);
	assert_null(strcasestr(last, "\r\nContent-"));
	assert_null(strstr(last, "CSRF"));
	assert_non_null(strstr(last, "\r\nCookie: PVEAuthCookie="));
}

static void
so_do_logins_and_renewals(void **state)
{
	bool answered;
	struct pve *other;

	(void)state;
	assert_int_equal(pve_login_again(pve, &joe, clock_ms() + SOON_MS, &answered, NULL), 0);
	assert_int_equal(pve_renew(pve, clock_ms() + SOON_MS, NULL), 0);
	other = log_in();
	assert_int_equal(call_of(other, NULL, NULL), 0);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 6);
	pve_unref(other);
}

static void
a_link_with_a_fingerprint_shares_only_with_those_that_have_the_same(void **state)
{
	struct pve *other = NULL;
	struct err err = {.code = 0};
	bool answered;

	(void)state;
	assert_true(pve_cert_fingerprint(good.x509, &target.pin));
	target.pin.set = true;
	for (unsigned i = 0; i < 2; i++) {
		other = log_in();
		expect(2, 2 + i);
		pve_unref(other);
	}
	target.pin.sha256[31] ^= 1;
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &other, &answered, &err),
		ERR_UNTRUSTED);
	expect(3, 3);
	target.pin.set = false;
}

/* Where nobody is there another host is asked, and who has a password may not be asked twice. */
static void
a_login_at_one_of_several_hosts_makes_its_own(void **state)
{
	struct pve *other;

	(void)state;
	other = log_in_at_one_of_two();
	expect(2, 2);
	assert_int_equal(scene_resumed(host), 1);
	assert_int_equal(call_of(other, NULL, NULL), 0);
	expect(2, 3);
	pve_unref(other);
}

static void
a_password_is_sent_once(void **state)
{
	struct err err = {.code = 0};
	bool answered;

	(void)state;
	scene_behaves(host, SCENE_NO_ANSWER);
	assert_int_equal(
		pve_login_again(pve, &joe, clock_ms() + SOON_MS, &answered, &err), ERR_UNREACHABLE);
	assert_non_null(strstr(err.text, "broke before an answer came"));
	assert_false(answered);
	expect(1, 2);
}

static void
one_that_is_in_use_is_nobody_elses(void **state)
{
	struct pve_conn *mine = pve_conn_take(pve, policy, target.host, "");

	(void)state;
	assert_non_null(mine);
	assert_null(pve_conn_take(pve, policy, target.host, ""));
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 2);
	pve_conn_free(mine);
}

/* ---- what ends one ---- */

static void
an_answer_that_is_no_200_ends_its_connection(void **state)
{
	static const char *const all[] = {"500 whatever", "403 no", "595 No route to host"};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		scene_says(host, all[i], "");
		assert_true(call_of(pve, NULL, NULL) < 0);
		assert_null(pve_conn_take(pve, policy, target.host, ""));
		scene_says(host, "200 OK", "{}");
		assert_int_equal(call_of(pve, NULL, NULL), 0);
		expect(2 + i, 3 + 2 * i);
	}
}

static void
one_that_the_host_has_closed_is_not_asked(void **state)
{
	static const char *const forms[] = {NULL, "a=b"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		scene_hang_up(host);
		assert_int_equal(call_of(pve, forms[i], NULL), 0);
		expect(2 + i, 2 + i);
	}
}

static void
what_came_unasked_is_no_answer_to_the_next_call(void **state)
{
	const char *last;

	(void)state;
	scene_behaves(host, SCENE_EXCESS);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 2);
	scene_behaves(host, SCENE_ANSWERS);
	assert_int_equal(call_of(pve, "a=b", NULL), 0);
	expect(2, 3);
	scene_requests(host, &last);
	assert_non_null(strstr(last, "a=b"));
}

static void
a_question_that_got_no_byte_is_put_once_more(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	scene_behaves(host, SCENE_NO_ANSWER);
	assert_int_equal(call_of(pve, NULL, &err), ERR_UNREACHABLE);
	expect(2, 3);
	/* Over a new connection it is not. */
	assert_int_equal(call_of(pve, NULL, &err), ERR_UNREACHABLE);
	expect(3, 4);
}

static void
a_console_is_asked_for_once(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	scene_behaves(host, SCENE_NO_ANSWER);
	assert_int_equal(call_of(pve, "websocket=1", &err), ERR_UNREACHABLE);
	assert_non_null(strstr(err.text, "broke before an answer came"));
	expect(1, 2);
	assert_int_equal(call_of(pve, "websocket=1", &err), ERR_UNREACHABLE);
	expect(2, 3);
}

static void
one_that_has_waited_for_three_and_a_half_seconds_is_left(void **state)
{
	(void)state;
	waiting()->idle_ms -= 3499;
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 2);
	waiting()->idle_ms -= 3500;
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 3);
	scene_await_open(host, 1);
}

static void
a_tick_hangs_up_where_nobody_has_called(void **state)
{
	struct pve_conn *conn = waiting();

	(void)state;
	pve_tick();
	conn = waiting();
	conn->idle_ms -= 3500;
	pve_tick();
	scene_await_open(host, 0);
	assert_null(pve_conn_take(pve, policy, target.host, ""));
}

static void
after_fifty_calls_another_one_is_made(void **state)
{
	(void)state;
	for (int i = 1; i < 50; i++)
		assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 50);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 51);
	scene_await_open(host, 1);
}

static void
after_ten_minutes_its_certificate_is_judged_anew(void **state)
{
	(void)state;
	waiting()->trial.begun_ms -= PVE_VERDICT_MS - 1000;
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 2);
	waiting()->trial.begun_ms -= 1000;
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 3);
}

static void
another_policy_ends_it(void **state)
{
	struct pve_policy *other = NULL;

	(void)state;
	assert_int_equal(pve_policy_new(&insecure, &other, NULL), 0);
	pve_use_policy(pve, other);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 2);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 3);
	pve_policy_unref(other);
}

static void
what_is_known_being_read_again_ends_it(void **state)
{
	struct pve_policy_config trusting = {.mode = PVE_TLS_AUTO};
	struct pve_policy *other = NULL;
	struct pve_known *known = NULL;
	char file[] = "/tmp/test_pve_conn.XXXXXX";
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pve_known_new(file, NULL, &known, NULL), 0);
	trusting.known = known;
	assert_int_equal(pve_policy_new(&trusting, &other, NULL), 0);
	pve_use_policy(pve, other);
	for (int i = 0; i < 2; i++)
		assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(2, 3);
	pve_known_reload(known);
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(3, 4);
	pve_policy_unref(other);
	pve_known_unref(known);
	close(fd);
	unlink(file);
}

static void
it_is_for_no_other_address_host_or_port(void **state)
{
	struct pve other = {.port = (uint16_t)(target.port + 1)};

	(void)state;
	assert_null(pve_conn_take(pve, policy, target.host, "127.0.0.2"));
	assert_null(pve_conn_take(pve, policy, "127.0.0.2", ""));
	assert_null(pve_conn_take(&other, policy, target.host, ""));
	assert_int_equal(call_of(pve, NULL, NULL), 0);
	expect(1, 2);
}

static void
it_outlives_its_login(void **state)
{
	(void)state;
	pve_unref(pve);
	pve = log_in();
	expect(1, 2);
}

/* ---- how many ---- */

/* So many connections with the host that target names, held by the caller. */
static void
hold(struct pve_conn *conns[], int n)
{
	struct pve *who = log_in();

	for (int i = 0; i < n; i++) {
		if (i > 0)
			assert_int_equal(call_of(who, NULL, NULL), 0);
		conns[i] = pve_conn_take(who, policy, target.host, "");
		assert_non_null(conns[i]);
	}
	pve_unref(who);
}

static void
three_wait_for_a_host_at_most(void **state)
{
	struct pve_conn *conns[PVE_IDLE_EACH + 1];

	(void)state;
	hold(conns, PVE_IDLE_EACH + 1);
	expect(4, 5);
	for (int i = 0; i < PVE_IDLE_EACH + 1; i++)
		pve_conn_keep(&conns[i]);
	scene_await_open(host, 3);
}

static void
sixteen_wait_at_most(void **state)
{
	static const char *const names[] = {
		"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7"};
	enum { HOSTS = sizeof(names) / sizeof(names[0]) };
	struct scene_host *hosts[HOSTS];
	struct pve_conn *conns[HOSTS][PVE_IDLE_EACH];
	char first[PVE_HOST_SIZE];
	uint16_t port = target.port;

	(void)state;
	memcpy(first, target.host, sizeof(first));
	for (int i = 0; i < HOSTS; i++) {
		snprintf(target.host, sizeof(target.host), "%s", names[i]);
		target.port = 0;
		hosts[i] = scene_start(scene_bind(names[i], &target.port), &good, SCENE_ANSWERS);
		scene_keeps(hosts[i]);
		scene_says(hosts[i], "200 OK", ticket);
		hold(conns[i], PVE_IDLE_EACH);
	}
	for (int i = 0; i < HOSTS * PVE_IDLE_EACH; i++)
		pve_conn_keep(&conns[i / PVE_IDLE_EACH][i % PVE_IDLE_EACH]);
	/* Those who were first have had to go. */
	scene_await_open(host, 0);
	scene_await_open(hosts[0], PVE_IDLE_MAX - 5 * PVE_IDLE_EACH);
	pve_conn_drop_all();
	for (int i = 0; i < HOSTS; i++) {
		scene_await_open(hosts[i], 0);
		scene_stop(hosts[i]);
	}
	memcpy(target.host, first, sizeof(first));
	target.port = port;
}

static void *
call_often(void *arg)
{
	uintptr_t failures = 0;

	(void)arg;
	for (int i = 0; i < CALLS; i++)
		failures += call_of(pve, i % 2 ? "a=b" : NULL, NULL) < 0;
	return (void *)failures;
}

static void
of_several_callers_at_once_each_has_its_own(void **state)
{
	pthread_t threads[THREADS];
	void *failures;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &failures);
		assert_null(failures);
	}
	assert_int_equal(scene_requests(host, NULL), 1 + THREADS * CALLS);
	assert_in_range(scene_connections(host), 1, SCENE_KEPT - 1);
}

/* ---- memory ---- */

static void
call_twice(void *arg)
{
	struct pve *who = arg;

	for (int i = 0; i < 2; i++) {
		int r = call_of(who, i == 0 ? NULL : "a=b", NULL);

		assert_true(r == 0 || (torture_struck() && r < 0));
	}
	scene_forget(policy, target.host, target.port);
}

static void
without_memory_a_call_fails_and_loses_nothing(void **state)
{
	(void)state;
	scene_forget(policy, target.host, target.port);
	assert_true(torture(call_twice, pve) > 4);
	scene_await_open(host, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(calls_that_follow_each_other_share_a_connection),
		TEST(so_do_logins_and_renewals),
		TEST(a_link_with_a_fingerprint_shares_only_with_those_that_have_the_same),
		TEST(one_that_is_in_use_is_nobody_elses),
		TEST(an_answer_that_is_no_200_ends_its_connection),
		TEST(one_that_the_host_has_closed_is_not_asked),
		TEST(what_came_unasked_is_no_answer_to_the_next_call),
		TEST(a_question_that_got_no_byte_is_put_once_more),
		TEST(a_console_is_asked_for_once),
		TEST(a_login_at_one_of_several_hosts_makes_its_own),
		TEST(a_password_is_sent_once),
		TEST(one_that_has_waited_for_three_and_a_half_seconds_is_left),
		TEST(a_tick_hangs_up_where_nobody_has_called),
		TEST(after_fifty_calls_another_one_is_made),
		TEST(after_ten_minutes_its_certificate_is_judged_anew),
		TEST(another_policy_ends_it),
		TEST(what_is_known_being_read_again_ends_it),
		TEST(it_is_for_no_other_address_host_or_port),
		TEST(it_outlives_its_login),
		TEST(three_wait_for_a_host_at_most),
		TEST(sixteen_wait_at_most),
		TEST(of_several_callers_at_once_each_has_its_own),
		TEST(without_memory_a_call_fails_and_loses_nothing),
	};

	return prepare() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
