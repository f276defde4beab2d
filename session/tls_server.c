/* SPDX-License-Identifier: MIT */
#include "session/tls_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls_server {
	SSL_CTX *ctx;
	SSL_CTX *client; /* holds nothing, verifies nothing, connects nowhere */
};

static int
openssl_error(struct err *err, const char *key, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	/* Of a file that can't be opened OpenSSL only says "system lib". */
	if (access(file, R_OK) < 0)
		reason = strerror(errno);

	err_set(err, ERR_INVALID, "%s: %s: %s", key, file, reason ? reason : "cannot be read");
	ERR_clear_error();
	return ERR_INVALID;
}

/* A key that is encrypted cannot be used without somebody to ask. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

int
tls_server_load(
	const char *cert_file, const char *key_file, struct tls_server **out, struct err *err)
{
	struct tls_server *t = calloc(1, sizeof(*t));
	int r = 0;

	ERR_clear_error();
	if (t)
		t->ctx = SSL_CTX_new(TLS_server_method());
	if (t)
		t->client = SSL_CTX_new(TLS_client_method());
	if (!t || !t->ctx || !t->client) {
		tls_server_free(t);
		return err_set(err, ERR_MEMORY, "no memory for the certificate");
	}
	SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(t->ctx, cert_file) != 1)
		r = openssl_error(err, "tls_cert_file", cert_file);
	else if (SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
			 SSL_CTX_check_private_key(t->ctx) != 1)
		r = openssl_error(err, "tls_key_file", key_file);
	if (r < 0) {
		tls_server_free(t);
		return r;
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
	SSL_CTX_free(t->client);
	free(t);
}

bool
tls_server_covers(const struct tls_server *t, const char *host)
{
	X509 *cert = SSL_CTX_get0_certificate(t->ctx);

	return X509_check_host(cert, host, 0, 0, NULL) == 1 || X509_check_ip_asc(cert, host, 0) == 1;
}

struct ssl_ctx_st *
tls_server_client_ctx(const struct tls_server *t)
{
	return t->client;
}

int
tls_server_apply(const struct tls_server *t, struct ssl_ctx_st *ctx)
{
	STACK_OF(X509) *chain = NULL;
	int i;

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (SSL_CTX_use_certificate(ctx, SSL_CTX_get0_certificate(t->ctx)) != 1 ||
		SSL_CTX_use_PrivateKey(ctx, SSL_CTX_get0_privatekey(t->ctx)) != 1)
		return ERR_SYSTEM;
	SSL_CTX_get0_chain_certs(t->ctx, &chain);
	for (i = 0; i < sk_X509_num(chain); i++)
		if (SSL_CTX_add1_chain_cert(ctx, sk_X509_value(chain, i)) != 1)
			return ERR_SYSTEM;
	return 0;
}
