/* SPDX-License-Identifier: MIT */
/*
 * tls_scene - real handshakes between a client of a policy and a server that shows a
 * certificate, both in this process's memory.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_TLS_SCENE_H
#define TESTS_UNIT_TLS_SCENE_H

#include "tests/unit/torture.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "proxmox_api/pve_trust.h"
#include "tests/unit/certs.h"

struct ends {
	SSL_CTX *server_ctx;
	SSL *server, *client;
};

static inline void
tls_join(SSL *server, SSL *client)
{
	BIO *up = NULL, *down = NULL;

	assert_int_equal(BIO_new_bio_pair(&up, 0, &down, 0), 1);
	SSL_set_bio(client, up, up);
	SSL_set_bio(server, down, down);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
}

/*
 * A server that shows who, with above (or NULL) behind it, and this client, as far as they
 * come. Returns the client's last word.
 */
static inline int
tls_handshake(struct ends *e, const struct cert *who, const struct cert *above, SSL *client)
{
	int r = 0;

	e->client = client;
	e->server_ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(e->server_ctx, who->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(e->server_ctx, who->key), 1);
	if (above != NULL)
		assert_int_equal(SSL_CTX_add1_chain_cert(e->server_ctx, above->x509), 1);
	e->server = SSL_new(e->server_ctx);
	tls_join(e->server, client);
	for (int i = 0; i < 10 && r != 1; i++) {
		ERR_clear_error();
		r = SSL_do_handshake(client);
		if (r != 1 && SSL_get_error(client, r) != SSL_ERROR_WANT_READ)
			break;
		if (SSL_do_handshake(e->server) != 1)
			ERR_clear_error();
	}
	return r;
}

static inline void
tls_part(struct ends *e)
{
	SSL_free(e->client);
	SSL_free(e->server);
	SSL_CTX_free(e->server_ctx);
	*e = (struct ends){NULL, NULL, NULL};
}

/* Whom a client of policy thinks to meet; pin may be NULL. */
struct meeting {
	struct pve_policy *policy;
	const char *host;
	const struct pve_fingerprint *pin;
	const struct cert *above; /* sent along by the server; or NULL */
};

/* 0, or what is said, when the websocket's client meets who. */
static inline int
tls_meet(const struct meeting *m, const struct cert *who, struct err *err)
{
	struct ends e = {NULL, NULL, NULL};
	SSL *client = NULL;
	int r;

	assert_int_equal(pve_trust_ssl(m->policy, m->host, PVE_PORT, m->pin, &client, err), 0);
	r = tls_handshake(&e, who, m->above, client) == 1 ? 0 : pve_way_ssl_error(client, err);
	tls_part(&e);
	return r;
}

/*
 * The same for a client of another library's context, with an authority that the library has
 * put into it (or NULL); trial is the caller's to end.
 */
static inline int
tls_meet_by_ctx(const struct meeting *m, const struct cert *who, const struct cert *own_authority,
	struct pve_trial *trial)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct ends e = {NULL, NULL, NULL};
	int r;

	pve_trial_init(trial, m->policy, m->host, PVE_PORT, m->pin);
	SSL_CTX_set_verify(ctx, pve_trial_judges(trial) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	assert_int_equal(pve_trial_apply(trial, ctx), 0);
	if (own_authority != NULL)
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), own_authority->x509);
	r = tls_handshake(&e, who, m->above, SSL_new(ctx)) == 1 ? 0 : trial->refusal.code;
	/* What libcurl asks once more. */
	if (r == 0 && pve_trial_judges(trial))
		assert_int_equal(SSL_get_verify_result(e.client), X509_V_OK);
	tls_part(&e);
	SSL_CTX_free(ctx);
	return r;
}

static inline struct pve_fingerprint
tls_fingerprint(const struct cert *who)
{
	struct pve_fingerprint f = {.set = true};
	unsigned len = sizeof(f.sha256);

	assert_int_equal(X509_digest(who->x509, EVP_sha256(), f.sha256, &len), 1);
	return f;
}

#endif
