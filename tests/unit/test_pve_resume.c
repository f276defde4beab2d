/* SPDX-License-Identifier: MIT */
/* Which connections resume a TLS session, and which have to show a certificate. */
#include "tests/unit/pve_scene.h"

#include <signal.h>

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_request.h"

enum { SOON_MS = 60000 };

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
what_carries_a_password_or_a_ticket_to_renew_sees_a_certificate(void **state)
{
	bool answered;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	assert_int_equal(pve_renew(pve, clock_ms() + SOON_MS, NULL), 0);
	assert_int_equal(pve_login_again(pve, &joe, clock_ms() + SOON_MS, &answered, NULL), 0);
	expect(3, 0);
	shut();
}

static void
a_session_of_tls_1_2_is_not_kept(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_2_VERSION);
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	assert_null(pve->met.session);
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
	pve->met.begun_ms -= PVE_VERDICT_MS - 2000;
	assert_int_equal(call_of(NULL), 0);
	expect(2, 1);
	/* The new session is as old as the one that it comes from. */
	pve->met.begun_ms -= 2000;
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
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	SSL_CTX_set_client_hello_cb(host->ctx, refuse_session, NULL);
	/* The one that offers the login's session, and the one that does not any more. */
	assert_int_equal(call_of(NULL), 0);
	expect(3, 0);
	assert_int_equal(call_of(NULL), 0);
	expect(4, 0);
	shut();
}

static void
a_session_of_another_certificate_than_was_judged_is_not_offered(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	pve->met.shown.sha256[0] ^= 1;
	assert_int_equal(call_of(NULL), 0);
	expect(2, 0);
	pve->met.shown.set = false;
	assert_int_equal(call_of(NULL), 0);
	expect(3, 0);
	shut();
}

static void
nor_is_one_of_another_host_port_or_pin(void **state)
{
	struct pve_fingerprint pin = {.set = true};
	struct pve_trial trial;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	for (int i = 0; i < 4; i++) {
		pve_trial_init(&trial, policy, i == 1 ? "127.0.0.2" : target.host, i == 2 ? 1 : target.port,
			i == 3 ? &pin : NULL);
		pve_trial_resume(&trial, &pve->met);
		assert_int_equal(trial.session != NULL, i == 0);
		pve_trial_done(&trial);
	}
	shut();
}

/* ---- consoles ---- */

/* Does a websocket's handshake resume? It must succeed. */
static bool
console_resumes(const struct pve_console *console)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(console->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	SSL *ssl = NULL;
	bool resumed;

	assert_int_equal(inet_pton(AF_INET, console->address, &to.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(pve_console_ssl(console, &ssl, NULL), 0);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	resumed = SSL_session_reused(ssl) == 1;
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
		console.forgotten += more;
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

/* ---- memory ---- */

static void
call_twice(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		int r = call_of(NULL);

		assert_true(r == 0 || (torture_struck() && r < 0));
	}
}

static void
without_memory_a_call_fails_and_loses_nothing(void **state)
{
	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	assert_true(torture(call_twice, NULL) > 4);
	shut();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_resumes_the_session_of_an_earlier_one),
		cmocka_unit_test(what_carries_a_password_or_a_ticket_to_renew_sees_a_certificate),
		cmocka_unit_test(a_session_of_tls_1_2_is_not_kept),
		cmocka_unit_test(what_was_known_of_the_certificate_is_known_after_resuming),
		cmocka_unit_test(a_verdict_counts_for_ten_minutes_from_where_the_certificate_was_shown),
		cmocka_unit_test(another_policy_wants_to_see_a_certificate),
		cmocka_unit_test(what_is_known_being_read_again_wants_to_see_one_too),
		cmocka_unit_test(a_host_that_does_not_resume_is_judged),
		cmocka_unit_test(where_resuming_fails_there_are_only_whole_handshakes),
		cmocka_unit_test(a_session_of_another_certificate_than_was_judged_is_not_offered),
		cmocka_unit_test(nor_is_one_of_another_host_port_or_pin),
		cmocka_unit_test(a_console_resumes_the_session_of_its_call_if_nothing_is_forgotten_since),
		cmocka_unit_test(a_console_whose_call_has_left_none_shows_its_certificate),
		cmocka_unit_test(without_memory_a_call_fails_and_loses_nothing),
	};

	/* As the program does: both sides hang up here. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || pve_global_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, begin, end);
}
