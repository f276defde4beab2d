/* SPDX-License-Identifier: MIT */
/* Which connections resume a TLS session, and which have to show a certificate. */
#include "tests/unit/pve_scene.h"

#include <signal.h>

#include "base/clock.h"
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_met.h"
#include "proxmox_api/pve_request.h"

enum { SOON_MS = 60000, THREADS = 4, CALLS = 20 };

static const char ticket[] =
	"{\"data\":{\"ticket\":\"PVE:joe@pve:65::one\",\"username\":\"joe@pve\","
	"\"CSRFPreventionToken\":\"65:one\"}}";
static const char console_reply[] =
	"{\"data\":{\"port\":\"5900\",\"ticket\":\"PVEVNC:65::one\",\"user\":\"joe@pve\","
	"\"password\":\"abcdefgh\"}}";

static struct pve_target target = {.host = "127.0.0.1",
	.node = "pve",
	.vmid = 100,
	.type = PVE_GUEST_QEMU,
	.kind = PVE_CONSOLE_VNC};
static struct pve_credential joe = {.user = "joe@pve"};
static struct cert root, good, foreign;
static char ca_file[CERT_PATH_SIZE], known_file[] = "/tmp/test_pve_resume.XXXXXX";
static int ca_fd, known_fd;
static struct pve_known *known;
static struct scene_host *host;
static struct pve_policy *policy;
static struct pve *pve;

/* ---- the scene ---- */

static struct pve_policy *
policy_of(enum pve_tls_mode mode)
{
	const struct pve_policy_config config = {
		.mode = mode, .ca_file = mode == PVE_TLS_VERIFY ? ca_file : NULL, .known = known};
	struct pve_policy *out = NULL;

	assert_int_equal(pve_policy_new(&config, &out, NULL), 0);
	return out;
}

/* From now on the host has that certificate, and the same keys for its tickets. */
static void
show(const struct cert *cert)
{
	assert_int_equal(SSL_CTX_use_certificate(host->ctx, cert->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(host->ctx, cert->key), 1);
}

/* A host that hangs up after each answer, and a login there by a policy of that mode. */
static void
open_up(enum pve_tls_mode mode, int tls)
{
	bool answered = false;

	target.port = 0;
	host = scene_start(scene_bind("127.0.0.1", &target.port), &good, SCENE_NO_ANSWER);
	SSL_CTX_set_max_proto_version(host->ctx, tls);
	scene_says(host, "200 OK", ticket);
	policy = policy_of(mode);
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, NULL),
		0);
}

static void
shut(void)
{
	pve_unref(pve);
	pve_policy_unref(policy);
	scene_stop(host);
}

static int
call(struct pve_answer *answer, struct err *err)
{
	struct pve_identity identity = {.made_ms = 0};
	struct pve_call c = {.what = "call", .path = "/api2/json/version", .identity = &identity};
	int r = pve_identity_get(pve, &identity, err);

	if (r == 0)
		r = pve_request(pve, &c, clock_ms() + SOON_MS, answer, err);
	pve_identity_done(&identity);
	return r;
}

static int
call_of(struct err *err)
{
	struct pve_answer answer = {.status = 0};
	int r = call(&answer, err);

	pve_answer_done(&answer);
	return r;
}

/* A handshake with the host that is to begin, which has a session to resume if one waits. */
static struct pve_trial
next_trial(const struct pve_fingerprint *pin)
{
	struct pve_trial trial;

	pve_trial_init(&trial, policy, target.host, target.port, pin);
	pve_met_resume(&trial);
	return trial;
}

/* How many sessions wait for the host? Afterwards none do. */
static unsigned
drain(void)
{
	struct pve_trial trial;
	unsigned n = 0;

	for (bool more = true; more; n += more) {
		trial = next_trial(NULL);
		more = trial.session != NULL;
		pve_trial_done(&trial);
	}
	return n;
}

/* The verdict of the sessions that wait is so much older. */
static void
age(int64_t ms)
{
	struct pve_trial all[PVE_MET_EACH];
	unsigned n = 0;

	while (n < PVE_MET_EACH && (all[n] = next_trial(NULL)).session != NULL)
		n++;
	if (n < PVE_MET_EACH)
		pve_trial_done(&all[n]);
	for (unsigned i = 0; i < n; i++) {
		all[i].begun_ms -= ms;
		pve_met_put(&all[i], all[i].session);
		pve_trial_done(&all[i]);
	}
}

/* So many connections, of which so many have resumed a session. */
static void
expect(unsigned connections, unsigned resumed)
{
	assert_int_equal(scene_connections(host), connections);
	assert_int_equal(scene_resumed(host), resumed);
}

static int
begin(void **state)
{
	(void)state;
	root = cert_make("cluster", NULL, NULL, 3650);
	good = cert_make("pve", &root, "IP:127.0.0.1", 100);
	foreign = cert_make("pve", NULL, "IP:127.0.0.1", 100);
	ca_fd = cert_file(ca_file, "", &root, NULL);
	known_fd = mkstemp(known_file);
	assert_true(known_fd >= 0);
	assert_int_equal(pve_known_new(known_file, NULL, &known, NULL), 0);
	return secret_set(&joe.secret, "hunter2", 7);
}

static int
end(void **state)
{
	(void)state;
	pve_known_unref(known);
	close(known_fd);
	close(ca_fd);
	unlink(known_file);
	cert_free(&root);
	cert_free(&good);
	cert_free(&foreign);
	pve_credential_done(&joe);
	return 0;
}

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

/* ---- what is not ---- */

static void
a_verdict_counts_for_ten_minutes_from_where_the_certificate_was_shown(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	age(PVE_VERDICT_MS - 5000);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 1);
	/* The new session is as old as the one that it comes from. */
	age(5000);
	assert_int_equal(call_of(NULL), 0);
	expect(3, 1);
	assert_int_equal(call_of(NULL), 0);
	expect(4, 2);
	assert_in_range(PVE_VERDICT_MS, 1, 10 * 60 * 1000 - PVE_CONSOLE_FRESH_MS);
	shut();
}

static void
another_policy_wants_to_see_a_certificate(void **state)
{
	struct pve_policy *other;
	struct err err = {.code = 0};
	const char *last;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	show(&foreign);
	/* The host is the one that was judged: it has the secret of the session. */
	assert_int_equal(call_of(NULL), 0);
	expect(2, 1);
	other = policy_of(PVE_TLS_VERIFY);
	pve_use_policy(pve, other);
	assert_int_equal(call_of(&err), ERR_UNTRUSTED);
	expect(3, 1);
	assert_int_equal(scene_requests(host, &last), 2);
	pve_policy_unref(other);
	shut();
}

static void
what_is_known_being_read_again_wants_to_see_one_too(void **state)
{
	(void)state;
	open_up(PVE_TLS_AUTO, TLS1_3_VERSION);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 1);
	pve_known_save(known);
	pve_known_reload(known);
	assert_int_equal(call_of(NULL), 0);
	expect(3, 1);
	show(&foreign);
	pve_known_reload(known);
	assert_int_equal(call_of(NULL), ERR_UNTRUSTED);
	show(&good);
	shut();
}

static void
a_host_that_does_not_resume_is_judged(void **state)
{
	struct err err = {.code = 0};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	SSL_CTX_set_options(host->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(host->ctx, SSL_SESS_CACHE_OFF);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	show(&foreign);
	assert_int_equal(call_of(&err), ERR_UNTRUSTED);
	assert_non_null(strstr(err.text, "not accepted"));
	expect(3, 0);
	shut();
}

/* A host that has no patience with who offers a session. */
static int
refuse_session(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *offer;
	size_t len;

	(void)arg;
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &offer, &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_HANDSHAKE_FAILURE;
	return SSL_CLIENT_HELLO_ERROR;
}

static void
where_resuming_fails_there_are_only_whole_handshakes(void **state)
{
	struct pve *other = NULL;
	bool answered;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	SSL_CTX_set_client_hello_cb(host->ctx, refuse_session, NULL);
	/* The one that offers a session, and the one that does not any more. */
	assert_int_equal(call_of(NULL), 0);
	expect(3, 0);
	assert_int_equal(call_of(NULL), 0);
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &other, &answered, NULL),
		0);
	expect(5, 0);
	pve_unref(other);
	shut();
}

static void
nor_are_there_others_after_a_websocket_has_failed_to_resume(void **state)
{
	struct pve_trial trial;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	trial = next_trial(NULL);
	assert_non_null(trial.session);
	pve_resume_failed(pve);
	assert_int_equal(drain(), 0);
	/* What came meanwhile is not for later. */
	pve_met_put(&trial, trial.session);
	assert_int_equal(drain(), 0);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	pve_trial_done(&trial);
	shut();
}

static void
where_another_certificate_was_refused_none_is_offered(void **state)
{
	struct pve_trial trial = {.policy = NULL};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	show(&foreign);
	/* One handshake that has none to offer, beside those who do. */
	trial = next_trial(NULL);
	assert_non_null(trial.session);
	assert_int_equal(drain(), 1);
	assert_int_equal(call_of(NULL), ERR_UNTRUSTED);
	pve_met_put(&trial, trial.session);
	SSL_CTX_set_options(host->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(host->ctx, SSL_SESS_CACHE_OFF);
	pve_met_put(&trial, trial.session);
	assert_int_equal(call_of(NULL), ERR_UNTRUSTED);
	assert_int_equal(drain(), 0);
	pve_trial_done(&trial);
	expect(3, 0);
	shut();
}

static void
a_session_of_another_certificate_than_was_judged_is_not_kept(void **state)
{
	struct pve_trial trial;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	trial = next_trial(NULL);
	assert_int_equal(drain(), 1);
	trial.shown.sha256[0] ^= 1;
	pve_met_put(&trial, trial.session);
	assert_int_equal(drain(), 0);
	trial.shown.sha256[0] ^= 1;
	trial.shown.set = false;
	pve_met_put(&trial, trial.session);
	assert_int_equal(drain(), 0);
	pve_trial_done(&trial);
	shut();
}

static void
a_host_another_port_or_a_fingerprint_of_a_link_has_none_of_anothers(void **state)
{
	struct pve_fingerprint pin = {.set = true};
	struct pve_trial trial;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	for (int i = 3; i >= 0; i--) {
		pve_trial_init(&trial, policy, i == 1 ? "127.0.0.2" : target.host, i == 2 ? 1 : target.port,
			i == 3 ? &pin : NULL);
		pve_met_resume(&trial);
		assert_int_equal(trial.session != NULL, i == 0);
		pve_trial_done(&trial);
	}
	shut();
}

static void
a_link_with_a_fingerprint_shares_with_those_that_have_the_same(void **state)
{
	struct pve_fingerprint pin = {.set = true};
	struct pve *other = NULL;
	bool answered;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	assert_true(pve_cert_fingerprint(good.x509, &pin));
	for (unsigned i = 0; i < 3; i++) {
		int r;

		/* The last one has another, and the host could still resume all that it has given out. */
		target.pin = pin;
		target.pin.sha256[0] ^= i == 2;
		r = pve_login(
			policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &other, &answered, NULL);
		assert_int_equal(r, i == 2 ? ERR_UNTRUSTED : 0);
		expect(2 + i, i > 0);
		if (r == 0)
			pve_unref(other);
	}
	target.pin.set = false;
	shut();
}

/* ---- consoles ---- */

/* Does a websocket's handshake resume? It must succeed, and leaves what it is given for later ones. */
static bool
console_resumes(const struct pve_console *console)
{
	static const char request[] = "GET / HTTP/1.1\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(console->port)};
	char byte;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = NULL;
	bool resumed;

	assert_int_equal(inet_pton(AF_INET, console->address, &to.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(pve_console_ssl(console, &ssl, NULL), 0);
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
a_console_resumes_the_session_of_its_call_if_nothing_is_forgotten_since(void **state)
{
	struct pve_console console = {.port = 0};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	scene_says(host, "200 OK", console_reply);
	for (unsigned more = 0; more <= 1; more++) {
		assert_int_equal(pve_console_open(pve, &target, clock_ms() + SOON_MS, &console, NULL), 0);
		console.session->forgotten += more;
		assert_int_equal(console_resumes(&console), more == 0);
		pve_console_done(&console);
	}
	assert_int_equal(call_of(NULL), 0);
	expect(6, 4);
	shut();
}

static void
a_console_whose_call_has_left_none_shows_its_certificate(void **state)
{
	struct pve_console console = {.port = 0};

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_2_VERSION);
	scene_says(host, "200 OK", console_reply);
	assert_int_equal(pve_console_open(pve, &target, clock_ms() + SOON_MS, &console, NULL), 0);
	assert_null(console.session);
	assert_false(console_resumes(&console));
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
		cmocka_unit_test(a_verdict_counts_for_ten_minutes_from_where_the_certificate_was_shown),
		cmocka_unit_test(another_policy_wants_to_see_a_certificate),
		cmocka_unit_test(what_is_known_being_read_again_wants_to_see_one_too),
		cmocka_unit_test(a_host_that_does_not_resume_is_judged),
		cmocka_unit_test(where_resuming_fails_there_are_only_whole_handshakes),
		cmocka_unit_test(nor_are_there_others_after_a_websocket_has_failed_to_resume),
		cmocka_unit_test(where_another_certificate_was_refused_none_is_offered),
		cmocka_unit_test(a_session_of_another_certificate_than_was_judged_is_not_kept),
		cmocka_unit_test(a_host_another_port_or_a_fingerprint_of_a_link_has_none_of_anothers),
		cmocka_unit_test(a_link_with_a_fingerprint_shares_with_those_that_have_the_same),
		cmocka_unit_test(a_console_resumes_the_session_of_its_call_if_nothing_is_forgotten_since),
		cmocka_unit_test(a_console_whose_call_has_left_none_shows_its_certificate),
		cmocka_unit_test(of_several_callers_at_once_none_has_anothers_session),
		cmocka_unit_test(without_memory_a_call_fails_and_loses_nothing),
	};

	/* As the program does: both sides hang up here. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || pve_global_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, begin, end);
}
