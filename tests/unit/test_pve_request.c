/* SPDX-License-Identifier: MIT */
/* Which of several hosts a call goes to: 127.0.0.1 to 127.0.0.3, all on one port. */
#include "tests/unit/pve_scene.h"

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_request.h"

enum { HOSTS = 3, SOON_MS = 60000 };

static const char ticket[] =
	"{\"data\":{\"ticket\":\"PVE:joe@pve:65::one\",\"username\":\"joe@pve\","
	"\"CSRFPreventionToken\":\"65:one\"}}";
static const char *const names[HOSTS] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};

static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
static struct pve_policy *policy;
static struct pve_target target = {.host = "127.0.0.1", .node = "pve", .vmid = 100};
static struct pve_credential joe = {.user = "joe@pve"};
static struct cert root, good, foreign;
static struct scene_host *hosts[HOSTS];
static struct pve_hosts *list;
static char heard[1024];

static int
begin(void **state)
{
	(void)state;
	assert_int_equal(pve_global_init(NULL), 0);
	root = cert_make("cluster", NULL, NULL, 3650);
	good = cert_make("pve", &root, "IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3", 100);
	foreign = cert_make("pve", NULL, "IP:127.0.0.1", 100);
	assert_int_equal(secret_set(&joe.secret, "hunter2", 7), 0);
	assert_int_equal(pve_hosts_new(&list, NULL), 0);
	for (size_t i = 0; i < HOSTS; i++)
		assert_int_equal(pve_hosts_add(list, names[i], NULL), 0);
	return 0;
}

static int
end(void **state)
{
	struct cert *all[] = {&root, &good, &foreign};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cert_free(all[i]);
	pve_credential_done(&joe);
	pve_hosts_unref(list);
	pve_global_done();
	return 0;
}

/* Sockets of all hosts on a port that no other has; where nobody shall be, none listens. */
static void
bind_all(int fds[HOSTS])
{
	for (int tries = 0; tries < 100; tries++) {
		size_t n = 0;

		target.port = 0;
		while (n < HOSTS && (fds[n] = scene_bind(names[n], &target.port)) >= 0)
			n++;
		if (n == HOSTS)
			return;
		while (n > 0)
			close(fds[--n]);
	}
	fail_msg("no port is free on all of them");
}

static int silent[HOSTS]; /* the sockets on which nobody listens, or -1 */

/*
 * A letter for each host: '-' nobody is there, 'a' answers, 'f' answers with a certificate of
 * somebody else, 't' never begins TLS, 'n' accepts nothing.
 */
static void
open_up(const char *manners, const struct pve_policy_config *config)
{
	int fds[HOSTS];

	bind_all(fds);
	heard[0] = '\0';
	assert_int_equal(pve_policy_new(config, &policy, NULL), 0);
	for (size_t i = 0; i < HOSTS; i++) {
		char m = manners[i];

		silent[i] = m == '-' ? fds[i] : -1;
		if (m == '-')
			continue;
		hosts[i] = scene_start(fds[i], m == 'f' ? &foreign : &good,
			m == 't'   ? SCENE_NO_TLS
			: m == 'n' ? SCENE_NO_NOTHING
					   : SCENE_ANSWERS);
		if (m == 'a' || m == 'f')
			scene_says(hosts[i], "200 OK", ticket);
	}
}

static void
shut(void)
{
	for (size_t i = 0; i < HOSTS; i++) {
		scene_stop(hosts[i]);
		hosts[i] = NULL;
		if (silent[i] >= 0)
			close(silent[i]);
	}
	pve_policy_unref(policy);
	policy = NULL;
}

static void
hear(void *arg, const char *host, const char *method, const char *path, int status, int64_t ms)
{
	size_t len = strlen(heard);

	(void)arg;
	assert_true(ms >= 0);
	assert_non_null(strstr(path, "/api2/json/"));
	snprintf(
		heard + len, sizeof(heard) - len, "%s %s %d, ", method, host != NULL ? host : "?", status);
}

static int
log_in(int64_t within_ms, struct pve **out, struct err *err)
{
	const struct pve_trace trace = {hear, NULL};
	bool answered = false;
	int r =
		pve_login(policy, &trace, &target, list, &joe, clock_ms() + within_ms, out, &answered, err);

	assert_int_equal(r == 0, *out != NULL);
	return r;
}

/* Who has answered a call, "" for nobody. */
static const char *
ask(struct pve *pve)
{
	static char host[PVE_HOST_SIZE];
	struct pve_identity identity = {.made_ms = 0};
	struct pve_answer answer = {.status = 0};
	struct pve_call call = {.what = "call", .path = "/api2/json/version", .identity = &identity};

	assert_int_equal(pve_identity_get(pve, &identity, NULL), 0);
	host[0] = '\0';
	if (pve_request(pve, &call, clock_ms() + SOON_MS, &answer, NULL) == 0) {
		snprintf(host, sizeof(host), "%s", answer.trial.host);
		assert_string_equal(answer.address, host);
	}
	pve_answer_done(&answer);
	pve_identity_done(&identity);
	return host;
}

static void
expect_connections(unsigned first, unsigned second, unsigned third)
{
	const unsigned expected[HOSTS] = {first, second, third};

	for (size_t i = 0; i < HOSTS; i++)
		assert_int_equal(hosts[i] != NULL ? scene_connections(hosts[i]) : 0, expected[i]);
}

/* ---- in turn ---- */

static void
the_first_host_is_called_first(void **state)
{
	struct pve *pve = NULL;

	(void)state;
	open_up("aaa", &insecure);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), 0);
	assert_ptr_equal(pve_hosts_of(pve), list);
	expect_connections(1, 0, 0);
	assert_string_equal(heard, "POST 127.0.0.1 200, ");
	pve_unref(pve);
	shut();
}

static void
where_nobody_is_the_next_one_is_called_and_kept(void **state)
{
	struct pve *pve = NULL;

	(void)state;
	open_up("-aa", &insecure);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), 0);
	assert_string_equal(ask(pve), "127.0.0.2");
	expect_connections(0, 2, 0);
	assert_string_equal(heard, "POST 127.0.0.1 0, POST 127.0.0.2 200, GET 127.0.0.2 200, ");
	pve_unref(pve);
	shut();
}

static void
a_host_that_never_begins_tls_is_not_there(void **state)
{
	struct pve *pve = NULL;

	(void)state;
	open_up("t-a", &insecure);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), 0);
	expect_connections(1, 0, 1);
	pve_unref(pve);
	shut();
}

static void
when_the_one_that_answered_goes_the_list_is_gone_round(void **state)
{
	struct pve *pve = NULL;

	(void)state;
	open_up("--a", &insecure);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), 0);
	assert_string_equal(ask(pve), "127.0.0.3");
	scene_stop(hosts[2]);
	hosts[2] = NULL;
	assert_string_equal(ask(pve), "");
	hosts[0] = scene_start(silent[0], &good, SCENE_ANSWERS);
	silent[0] = -1;
	scene_says(hosts[0], "200 OK", "{}");
	assert_string_equal(ask(pve), "127.0.0.1");
	assert_string_equal(ask(pve), "127.0.0.1");
	pve_unref(pve);
	shut();
}

static void
where_none_is_there_each_is_named(void **state)
{
	struct err err = {.code = 0};
	struct pve *pve = NULL;

	(void)state;
	open_up("---", &insecure);
	assert_int_equal(log_in(SOON_MS, &pve, &err), ERR_UNREACHABLE);
	assert_int_equal(err.code, ERR_UNREACHABLE);
	for (size_t i = 0; i < HOSTS; i++)
		assert_non_null(strstr(err.text, names[i]));
	assert_non_null(strstr(err.text, "; before that: login: "));
	shut();
}

static void
a_host_that_is_silent_leaves_time_for_the_others(void **state)
{
	struct pve *pve = NULL;

	(void)state;
	open_up("na-", &insecure);
	assert_int_equal(log_in(6000, &pve, NULL), 0);
	expect_connections(0, 1, 0);
	pve_unref(pve);
	shut();
}

/* ---- where it ends ---- */

static void
once_it_may_have_been_sent_nobody_else_is_asked(void **state)
{
	static const char *const others[] = {"595 No route to host", "401 authentication failure",
		"503 Service Unavailable", "500 whatever"};
	struct err err = {.code = 0};
	struct pve *pve = NULL;

	(void)state;
	open_up("-aa", &insecure);
	for (unsigned i = 0; i < 4; i++) {
		scene_says(hosts[1], others[i], "");
		assert_true(log_in(SOON_MS, &pve, &err) < 0);
		expect_connections(0, i + 1, 0);
		/* Who was not there is told as well. */
		assert_non_null(strstr(err.text, "; before that: login: "));
	}
	scene_behaves(hosts[1], SCENE_NO_ANSWER);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), ERR_UNREACHABLE);
	expect_connections(0, 5, 0);
	shut();
}

static void
a_certificate_that_is_not_accepted_is_not_passed_over(void **state)
{
	struct pve_policy_config verify = {.mode = PVE_TLS_VERIFY};
	char path[CERT_PATH_SIZE];
	int fd = cert_file(path, "", &root, NULL);
	struct err err = {.code = 0};
	struct pve *pve = NULL;

	(void)state;
	verify.ca_file = path;
	open_up("-fa", &verify);
	assert_int_equal(log_in(SOON_MS, &pve, &err), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "certificate of 127.0.0.2:"));
	expect_connections(0, 1, 0);
	shut();
	open_up("-af", &verify);
	assert_int_equal(log_in(SOON_MS, &pve, NULL), 0);
	expect_connections(0, 1, 0);
	pve_unref(pve);
	shut();
	close(fd);
}

static void
a_host_that_must_not_be_called_is_not_passed_over(void **state)
{
	static const char *const allowed[] = {"127.0.0.1", "127.0.0.3"};
	const struct pve_policy_config config = {
		.mode = PVE_TLS_INSECURE, .allowed_hosts = allowed, .allowed_host_count = 2};
	struct err err = {.code = 0};
	struct pve *pve = NULL;

	(void)state;
	open_up("-aa", &config);
	assert_int_equal(log_in(SOON_MS, &pve, &err), ERR_FORBIDDEN);
	if (strstr(err.text, "login: 127.0.0.2 ") == NULL)
		fail_msg("%s", err.text);
	expect_connections(0, 0, 0);
	shut();
}

/* ---- memory ---- */

static void
log_in_at_the_third(void *arg)
{
	struct err err = {.code = 0};
	struct pve *pve = NULL;
	int r = log_in(SOON_MS, &pve, &err);

	(void)arg;
	assert_true(r == 0 || (torture_struck() && r < 0));
	assert_int_equal(err.code, r);
	pve_unref(pve);
	scene_forget(policy, names[2], target.port);
	heard[0] = '\0';
}

static void
without_memory_a_call_fails_and_loses_nothing(void **state)
{
	(void)state;
	open_up("--a", &insecure);
	assert_true(torture(log_in_at_the_third, NULL) > 10);
	shut();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_host_is_called_first),
		cmocka_unit_test(where_nobody_is_the_next_one_is_called_and_kept),
		cmocka_unit_test(a_host_that_never_begins_tls_is_not_there),
		cmocka_unit_test(when_the_one_that_answered_goes_the_list_is_gone_round),
		cmocka_unit_test(where_none_is_there_each_is_named),
		cmocka_unit_test(a_host_that_is_silent_leaves_time_for_the_others),
		cmocka_unit_test(once_it_may_have_been_sent_nobody_else_is_asked),
		cmocka_unit_test(a_certificate_that_is_not_accepted_is_not_passed_over),
		cmocka_unit_test(a_host_that_must_not_be_called_is_not_passed_over),
		cmocka_unit_test(without_memory_a_call_fails_and_loses_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
