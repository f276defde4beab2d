/* SPDX-License-Identifier: MIT */
/* tls_server - see tls_server.h */
#include "session/tls_server.h"

#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/lock.h"
#include "session/tls_pair.h"

enum { RESUME_S = 600 /* from the last handshake, resumed or not; a ticket is used once */ };

struct tls_server {
	struct lock lock;
	struct tls_pair *pair; /* [LOCK_SETTINGS] one reference */
	uint64_t number;       /* [LOCK_SETTINGS] how many pairs there have been */
	SSL_CTX *ctx;          /* [i] */
};

/* Of TLS 1.2 what has forward secrecy and authenticated encryption; TLS 1.3 has nothing else. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
/*
 * The first is the one that browsers bring a share of; another costs a second ClientHello.
 * Not const: OpenSSL's macro forgets that.
 */
static char groups[] = "X25519:P-256:P-384:P-521";
/* What is spoken within TLS, as ALPN lists it. */
static const unsigned char spoken[] = "\x08http/1.1";

/* A handshake that is not resumed: 1 goes on, 0 ends it. The connection takes references of its own. */
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
	/* The key that tickets are made with would open what was recorded of TLS 1.2. */
	if (SSL_version(ssl) < TLS1_3_VERSION)
		SSL_set_options(ssl, SSL_OP_NO_TICKET);
	return r == 0;
}

/* Who asks for nothing that we speak is served all the same: it may not mean it. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
	unsigned in_len, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, spoken, sizeof(spoken) - 1, in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int
prepare(struct tls_server *t)
{
	SSL_CTX *ctx = t->ctx;

	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ctx, ciphers) != 1 || SSL_CTX_set1_groups_list(ctx, groups) != 1)
		return ERR_SYSTEM;
	/*
	 * A page and its websocket come within minutes, by several connections. With TLS 1.3 the first
	 * one's ticket saves the others a signature; each has a key exchange of its own all the same.
	 */
	SSL_CTX_set_timeout(ctx, RESUME_S);
	SSL_CTX_set_options(
		ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (SSL_CTX_set_num_tickets(ctx, 1) != 1)
		return ERR_SYSTEM;
	SSL_CTX_set_cert_cb(ctx, on_handshake, t);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return 0;
}

int
tls_server_new(struct tls_pair *pair, struct tls_server **out, struct err *err)
{
	struct tls_server *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	lock_init(&t->lock, LOCK_SETTINGS);
	t->pair = tls_pair_ref(pair);
	t->ctx = SSL_CTX_new(TLS_server_method());
	r = t->ctx ? prepare(t) : ERR_MEMORY;
	if (r < 0) {
		tls_server_free(t);
		return err_set(err, r, "TLS for session ports does not start");
	}
	*out = t;
	return 0;
}

void
tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
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
	t->number++;
	lock_release(&t->lock);
	tls_pair_unref(old);
}

int
tls_server_ssl(struct tls_server *t, SSL **out, struct err *err)
{
	SSL *ssl = SSL_new(t->ctx);
	uint64_t number;

	if (!ssl)
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	lock_take(&t->lock);
	number = t->number;
	lock_release(&t->lock);
	/* Who resumes is shown no certificate, so that a change ends what was begun before it. */
	(void)SSL_set_session_id_context(ssl, (const unsigned char *)&number, sizeof(number));
	SSL_set_accept_state(ssl);
	*out = ssl;
	return 0;
}
