/* SPDX-License-Identifier: MIT */
/*
 * Whose certificate is accepted: real handshakes, with certificates made here,
 * between two ends that share this process's memory.
 */
#include "tests/unit/torture.h"

#include <string.h>
#include <unistd.h>

#include "proxmox_api/pve_tls.h"
#include "tests/unit/tls_scene.h"

/* root signs middle, middle signs below; root signs the others; stranger is another root. */
static struct cert root, middle, stranger, good, below, expired, foreign;

static int
make_all(void **state)
{
	static const char names[] =
		"DNS:pve.example,DNS:*.wild.example,DNS:p*.part.example,IP:10.0.0.1,IP:2001:db8::1";

	(void)state;
	/* The names differ, as Proxmox's do: OpenSSL looks an issuer up by name and tries but one. */
	root = cert_make("first cluster", NULL, NULL, 3650);
	stranger = cert_make("second cluster", NULL, NULL, 3650);
	middle = cert_make("middle", &root, NULL, 3650);
	good = cert_make("cn.example", &root, names, 730);
	below = cert_make("cn.example", &middle, names, 730);
	expired = cert_make("cn.example", &root, names, -1);
	foreign = cert_make("cn.example", &stranger, names, 730);
	return 0;
}

static int
unmake_all(void **state)
{
	struct cert *all[] = {&root, &middle, &stranger, &good, &below, &expired, &foreign};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cert_free(all[i]);
	return 0;
}

static int
new_policy(enum pve_tls_mode mode, const char *ca_file, struct pve_policy **out, struct err *err)
{
	struct pve_policy_config config = {.mode = mode, .ca_file = ca_file};

	return pve_policy_new(&config, out, err);
}

static struct pve_policy *
trusting(const struct cert *a, const struct cert *b)
{
	struct pve_policy *policy = NULL;
	struct err err = {.code = 0};
	char path[CERT_PATH_SIZE];
	int fd = cert_file(path, "some words first\n", a, b);

	if (new_policy(PVE_TLS_VERIFY, path, &policy, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	return policy;
}

/* ---- handshakes ---- */

/* 0, or what is said, when a client of policy meets who as host. */
static int
meet(struct pve_policy *policy, const char *host, const struct cert *who, struct err *err)
{
	return tls_meet(&(struct meeting){.policy = policy, .host = host}, who, err);
}

static void
a_certificate_is_accepted_for_every_name_and_address_in_it(void **state)
{
	static const char *const hosts[] = {
		"pve.example", "PVE.example", "a.wild.example", "10.0.0.1", "2001:db8::1"};
	struct pve_policy *policy = trusting(&root, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct err err = {.code = 0};

		if (meet(policy, hosts[i], &good, &err) < 0)
			fail_msg("%s: %s", hosts[i], err.text);
	}
	pve_policy_unref(policy);
}

static void
a_certificate_is_refused_for_any_other_name_or_address(void **state)
{
	static const char *const hosts[] = {"pve2.example", "x.pve.example", "example", "wild.example",
		"a.b.wild.example", "pve.part.example", "cn.example", "10.0.0.2", "2001:db8::2",
		"::ffff:10.0.0.1"};
	struct pve_policy *policy = trusting(&root, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct err err = {.code = 0};

		if (meet(policy, hosts[i], &good, &err) != ERR_UNTRUSTED)
			fail_msg("%s is taken", hosts[i]);
		assert_non_null(strstr(err.text, "mismatch"));
	}
	pve_policy_unref(policy);
}

static void
a_refusal_names_the_reason_and_both_configuration_keys(void **state)
{
	const struct {
		const struct cert *who;
		const char *reason;
	} rows[] = {
		{&foreign, "(unable to get local issuer certificate)"},
		{&stranger, "(self-signed certificate)"},
		{&expired, "(certificate has expired)"},
		{&below, "(unable to get local issuer certificate)"},
	};
	struct pve_policy *policy = trusting(&root, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = {.code = 0};

		assert_int_equal(meet(policy, "pve.example", rows[i].who, &err), ERR_UNTRUSTED);
		assert_int_equal(err.code, ERR_UNTRUSTED);
		if (strstr(err.text, rows[i].reason) == NULL)
			fail_msg("\"%s\" lacks %s", err.text, rows[i].reason);
		assert_non_null(strstr(err.text, "proxmox_ca_file"));
		assert_non_null(strstr(err.text, "proxmox_tls"));
	}
	pve_policy_unref(policy);
}

static void
every_certificate_of_the_file_is_an_authority(void **state)
{
	struct pve_policy *two = trusting(&stranger, &root);
	struct pve_policy *one = trusting(&middle, NULL);
	struct pve_policy *leaf = trusting(&good, NULL);

	(void)state;
	assert_int_equal(meet(two, "pve.example", &good, NULL), 0);
	assert_int_equal(meet(two, "pve.example", &foreign, NULL), 0);
	assert_int_equal(meet(one, "pve.example", &below, NULL), 0);
	assert_int_equal(meet(one, "pve.example", &good, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet(leaf, "pve.example", &good, NULL), 0);
	assert_int_equal(meet(leaf, "pve2.example", &good, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet(leaf, "pve.example", &below, NULL), ERR_UNTRUSTED);
	pve_policy_unref(two);
	pve_policy_unref(one);
	pve_policy_unref(leaf);
}

static void
the_systems_authorities_know_no_proxmox(void **state)
{
	struct pve_policy *policy = NULL;

	(void)state;
	assert_int_equal(new_policy(PVE_TLS_VERIFY, NULL, &policy, NULL), 0);
	assert_int_equal(meet(policy, "pve.example", &good, NULL), ERR_UNTRUSTED);
	pve_policy_unref(policy);
}

static void
an_insecure_policy_accepts_anything(void **state)
{
	struct pve_policy *policy = NULL;

	(void)state;
	assert_int_equal(new_policy(PVE_TLS_INSECURE, NULL, &policy, NULL), 0);
	assert_int_equal(meet(policy, "pve.example", &good, NULL), 0);
	assert_int_equal(meet(policy, "other.example", &foreign, NULL), 0);
	assert_int_equal(meet(policy, "10.9.9.9", &expired, NULL), 0);
	pve_policy_unref(policy);
}

static void
a_name_is_told_to_the_server_and_an_address_is_not(void **state)
{
	struct pve_policy *policy = trusting(&root, NULL);
	struct ends e = {NULL, NULL, NULL};
	SSL *client = NULL;

	(void)state;
	assert_int_equal(pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &client, NULL), 0);
	assert_int_equal(tls_handshake(&e, &good, NULL, client), 1);
	assert_string_equal(SSL_get_servername(e.server, TLSEXT_NAMETYPE_host_name), "pve.example");
	tls_part(&e);
	assert_int_equal(pve_trust_ssl(policy, "10.0.0.1", PVE_PORT, NULL, &client, NULL), 0);
	assert_int_equal(tls_handshake(&e, &good, NULL, client), 1);
	assert_null(SSL_get_servername(e.server, TLSEXT_NAMETYPE_host_name));
	tls_part(&e);
	pve_policy_unref(policy);
}

static void
a_connection_outlives_its_policy(void **state)
{
	struct pve_policy *policy = trusting(&root, NULL);
	struct ends e = {NULL, NULL, NULL};
	SSL *client = NULL;

	(void)state;
	assert_ptr_equal(pve_policy_ref(policy), policy);
	pve_policy_unref(policy);
	assert_int_equal(pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &client, NULL), 0);
	pve_policy_unref(policy);
	assert_int_equal(tls_handshake(&e, &good, NULL, client), 1);
	tls_part(&e);
}

/* New keys and no data: a read takes some of them, and comes back for the rest. */
static void
assert_read_comes_back(struct ends *e)
{
	char byte;
	int n;

	for (int i = 0; i < 4; i++) {
		assert_int_equal(SSL_key_update(e->server, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(e->server), 1);
	}
	n = SSL_read(e->client, &byte, 1);
	assert_int_equal(SSL_get_error(e->client, n), SSL_ERROR_WANT_READ);
	assert_true(BIO_ctrl_pending(SSL_get_rbio(e->client)) > 0);
}

static void
messages_without_data_hold_no_thread(void **state)
{
	struct pve_policy *policy = trusting(&root, NULL);
	struct ends e = {NULL, NULL, NULL};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct pve_trial trial;
	SSL *client = NULL;

	(void)state;
	assert_int_equal(pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &client, NULL), 0);
	assert_int_equal(tls_handshake(&e, &good, NULL, client), 1);
	assert_read_comes_back(&e);
	tls_part(&e);
	/* And where libcurl makes the connection. */
	pve_trial_init(&trial, policy, "pve.example", PVE_PORT, NULL);
	assert_int_equal(pve_trial_apply(&trial, ctx), 0);
	assert_int_equal(tls_handshake(&e, &good, NULL, SSL_new(ctx)), 1);
	assert_read_comes_back(&e);
	tls_part(&e);
	pve_trial_done(&trial);
	SSL_CTX_free(ctx);
	pve_policy_unref(policy);
}

/* A host chooses its group: in one of 10000 bits a key exchange takes a second. */
static void
no_group_of_the_far_sides_own_is_calculated_in(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	STACK_OF(SSL_CIPHER) * all;
	int i, kx;

	(void)state;
	assert_non_null(ctx);
	assert_int_equal(pve_tls_settle(ctx), 0);
	all = SSL_CTX_get_ciphers(ctx);
	assert_true(sk_SSL_CIPHER_num(all) > 5);
	for (i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		kx = SSL_CIPHER_get_kx_nid(sk_SSL_CIPHER_value(all, i));
		assert_true(kx != NID_kx_dhe && kx != NID_kx_dhe_psk);
	}
	SSL_CTX_free(ctx);
}

static void
what_is_not_tls_is_a_broken_protocol_and_no_matter_of_trust(void **state)
{
	struct pve_policy *policies[] = {trusting(&root, NULL), NULL};

	(void)state;
	assert_int_equal(new_policy(PVE_TLS_INSECURE, NULL, &policies[1], NULL), 0);
	for (int i = 0; i < 2; i++) {
		static const char words[] = "HTTP/1.0 400 Bad Request\r\n\r\n";
		BIO *up = NULL, *down = NULL;
		struct err err = {.code = 0};
		SSL *client = NULL;

		assert_int_equal(
			pve_trust_ssl(policies[i], "pve.example", PVE_PORT, NULL, &client, NULL), 0);
		assert_int_equal(BIO_new_bio_pair(&up, 0, &down, 0), 1);
		SSL_set_bio(client, up, up);
		SSL_set_connect_state(client);
		assert_int_equal(BIO_write(down, words, sizeof(words) - 1), sizeof(words) - 1);
		assert_int_equal(SSL_do_handshake(client), -1);
		assert_int_equal(pve_way_ssl_error(client, &err), ERR_PROTOCOL);
		assert_non_null(strstr(err.text, "wrong version number"));
		SSL_free(client);
		BIO_free(down);
		pve_policy_unref(policies[i]);
	}
}

static void
old_tls_is_refused(void **state)
{
	struct pve_policy *policy = trusting(&root, NULL);
	SSL *client = NULL;

	(void)state;
	assert_int_equal(pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &client, NULL), 0);
	assert_int_equal(SSL_get_min_proto_version(client), TLS1_2_VERSION);
	SSL_free(client);
	pve_policy_unref(policy);
}

/* ---- another library's contexts ---- */

static int
meet_by_ctx(struct pve_policy *policy, const char *host, const struct cert *who,
	const struct cert *own_authority)
{
	struct meeting m = {.policy = policy, .host = host};
	struct pve_trial trial;
	int r = tls_meet_by_ctx(&m, who, own_authority, &trial);

	pve_trial_done(&trial);
	return r;
}

static void
api_calls_trust_exactly_what_consoles_trust(void **state)
{
	struct pve_policy *policy = trusting(&root, NULL);

	(void)state;
	assert_int_equal(meet_by_ctx(policy, "pve.example", &good, NULL), 0);
	assert_int_equal(meet_by_ctx(policy, "10.0.0.1", &good, NULL), 0);
	assert_int_equal(meet_by_ctx(policy, "pve2.example", &good, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet_by_ctx(policy, "pve.example", &expired, NULL), ERR_UNTRUSTED);
	assert_int_equal(meet_by_ctx(policy, "pve.example", &foreign, NULL), ERR_UNTRUSTED);
	/* whatever that library puts into its own store */
	assert_int_equal(meet_by_ctx(policy, "pve.example", &foreign, &stranger), ERR_UNTRUSTED);
	pve_policy_unref(policy);
	assert_int_equal(new_policy(PVE_TLS_INSECURE, NULL, &policy, NULL), 0);
	assert_int_equal(meet_by_ctx(policy, "pve2.example", &foreign, NULL), 0);
	pve_policy_unref(policy);
}

/* ---- files ---- */

static void
refused_file(const char *path, const char *says)
{
	struct pve_policy *policy = NULL;
	struct err err = {.code = 0};

	assert_int_equal(new_policy(PVE_TLS_VERIFY, path, &policy, &err), ERR_INVALID);
	assert_null(policy);
	if (strstr(err.text, says) == NULL || strstr(err.text, path) == NULL)
		fail_msg("\"%s\" lacks \"%s\" or %s", err.text, says, path);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
a_file_that_is_no_list_of_certificates_is_refused_with_the_reason(void **state)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nTm8gY2VydGlmaWNhdGU=\n"
								 "-----END CERTIFICATE-----\n";
	char path[CERT_PATH_SIZE];
	int fd;

	(void)state;
	refused_file("/nonexistent/ca.pem", "No such file");
	refused_file("/", "no certificate");
	fd = cert_file(path, "", NULL, NULL);
	refused_file(path, "no certificate");
	close(fd);
	fd = cert_file(path, "just words\n", NULL, NULL);
	refused_file(path, "no certificate");
	close(fd);
	fd = cert_file(path, broken, &root, NULL);
	refused_file(path, "certificate 1");
	close(fd);
	fd = cert_file(path,
		"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
		"AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nTm8=\n"
		"-----END CERTIFICATE-----\n",
		NULL, NULL);
	refused_file(path, "certificate 1");
	close(fd);
}

static void
make_policy(void *arg)
{
	struct pve_policy *policy = NULL;
	SSL *ssl = NULL;
	struct err err = {.code = 0};

	(void)arg;
	if (new_policy(PVE_TLS_VERIFY, NULL, &policy, &err) < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, ERR_MEMORY);
		return;
	}
	if (pve_trust_ssl(policy, "pve.example", PVE_PORT, NULL, &ssl, &err) < 0) {
		assert_true(torture_struck());
		assert_int_equal(err.code, ERR_MEMORY);
	}
	SSL_free(ssl);
	pve_policy_unref(policy);
}

static void
without_memory_there_is_no_policy(void **state)
{
	(void)state;
	assert_true(torture(make_policy, NULL) >= 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_accepted_for_every_name_and_address_in_it),
		cmocka_unit_test(a_certificate_is_refused_for_any_other_name_or_address),
		cmocka_unit_test(a_refusal_names_the_reason_and_both_configuration_keys),
		cmocka_unit_test(every_certificate_of_the_file_is_an_authority),
		cmocka_unit_test(the_systems_authorities_know_no_proxmox),
		cmocka_unit_test(an_insecure_policy_accepts_anything),
		cmocka_unit_test(a_name_is_told_to_the_server_and_an_address_is_not),
		cmocka_unit_test(a_connection_outlives_its_policy),
		cmocka_unit_test(messages_without_data_hold_no_thread),
		cmocka_unit_test(no_group_of_the_far_sides_own_is_calculated_in),
		cmocka_unit_test(what_is_not_tls_is_a_broken_protocol_and_no_matter_of_trust),
		cmocka_unit_test(old_tls_is_refused),
		cmocka_unit_test(api_calls_trust_exactly_what_consoles_trust),
		cmocka_unit_test(a_file_that_is_no_list_of_certificates_is_refused_with_the_reason),
		cmocka_unit_test(without_memory_there_is_no_policy),
	};

	return cmocka_run_group_tests(tests, make_all, unmake_all);
}
