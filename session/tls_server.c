/* SPDX-License-Identifier: MIT */
/* tls_server - see tls_server.h */
#include "session/tls_server.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/lock.h"
#include "session/tls_pair.h"

struct tls_server {
	struct lock lock;
	struct tls_pair *pair; /* [LOCK_SETTINGS] one reference */
	SSL_CTX *client;       /* [i] holds nothing, verifies nothing, connects nowhere */
};

/* Of TLS 1.2 what has forward secrecy and authenticated encryption; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
/*
 * The first is the one that browsers bring a share of; another costs a second ClientHello.
 * Not const: OpenSSL's macro forgets that.
 */
static char groups[] = "X25519:P-256:P-384:P-521";

int
tls_server_new(struct tls_pair *pair, struct tls_server **out, struct err *err)
{
	struct tls_server *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	lock_init(&t->lock, LOCK_SETTINGS);
	t->pair = tls_pair_ref(pair);
	t->client = SSL_CTX_new(TLS_client_method());
	if (!t->client) {
		tls_server_free(t);
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	}
	*out = t;
	return 0;
}

void
tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->client);
	tls_pair_unref(t->pair);
	lock_done(&t->lock);
	free(t);
}

void
tls_server_change(struct tls_server *t, struct tls_pair *pair)
{
	struct tls_pair *old;

	tls_pair_ref(pair);
	lock_take(&t->lock);
	old = t->pair;
	t->pair = pair;
	lock_release(&t->lock);
	tls_pair_unref(old);
}

struct ssl_ctx_st *
tls_server_client_ctx(const struct tls_server *t)
{
	return t->client;
}

/* A handshake begins: 1 goes on, 0 ends it. The connection takes references of its own. */
static int
on_handshake(SSL *ssl, void *arg)
{
	struct tls_server *t = arg;
	struct tls_pair *pair;
	int r;

	lock_take(&t->lock);
	pair = tls_pair_ref(t->pair);
	lock_release(&t->lock);
	r = tls_pair_show(pair, ssl);
	tls_pair_unref(pair);
	return r == 0;
}

int
tls_server_apply(struct tls_server *t, struct ssl_ctx_st *ctx)
{
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ctx, ciphers) != 1 || SSL_CTX_set1_groups_list(ctx, groups) != 1)
		return ERR_SYSTEM;
	/*
	 * No handshake is resumed: it would show no certificate, and so hide a new one, and the
	 * key that tickets are made with would open what was recorded of TLS 1.2.
	 */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
								 SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/*
	 * Otherwise OpenSSL reads on within one call for as long as only messages of TLS itself
	 * come: whoever sends new keys without an end would hold the session's thread.
	 */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	if (SSL_CTX_set_num_tickets(ctx, 0) != 1)
		return ERR_SYSTEM;
	SSL_CTX_set_cert_cb(ctx, on_handshake, t);
	return 0;
}
