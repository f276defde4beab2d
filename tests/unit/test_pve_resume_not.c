/* SPDX-License-Identifier: MIT */
/* Which connections resume no TLS session, and have to show a certificate. */
#include "tests/unit/resume_scene.h"

#include "proxmox_api/pve_cert.h"

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
	assert_in_range(PVE_VERDICT_MS, 1, 10 * 60 * 1000);
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
	struct pve_way way;
	SSL *ssl = NULL;

	(void)state;
	open_up(PVE_TLS_VERIFY, TLS1_3_VERSION);
	trial = next_trial(NULL);
	assert_non_null(trial.session);
	pve_met_put(&trial, trial.session);
	assert_int_equal(pve_way_get(pve, &way, NULL), 0);
	assert_int_equal(pve_way_ssl(&way, &ssl, NULL), 0);
	pve_way_ssl_failed(ssl);
	SSL_free(ssl);
	pve_way_done(&way);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, begin, end);
}
