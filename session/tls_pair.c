/* SPDX-License-Identifier: MIT */
/* tls_pair - see tls_pair.h */
#include "session/tls_pair.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/file.h"

enum { FILE_MAX = 256 * 1024 };

static const char cert_option[] = "tls_cert_file", key_option[] = "tls_key_file";

struct tls_pair {
	atomic_uint refs;       /* [a] */
	X509 *leaf;             /* [i] */
	STACK_OF(X509) * chain; /* [i] what follows it in the file */
	EVP_PKEY *key;          /* [i] */
};

/* ---- files ---- */

static int
read_one(const char *option, const char *path, struct secret *out, struct err *err)
{
	struct err why = {0};
	int r = file_read(path, FILE_MAX, out, NULL, &why);

	return r < 0 ? err_set(err, r, "%s: %s: %s", option, path, why.text) : 0;
}

int
tls_pem_read(const char *cert_file, const char *key_file, struct tls_pem *out, struct err *err)
{
	struct tls_pem pem = {.cert_file = cert_file, .key_file = key_file};
	int r;

	r = read_one(cert_option, cert_file, &pem.cert, err);
	if (r == 0)
		r = read_one(key_option, key_file, &pem.key, err);
	if (r < 0)
		tls_pem_done(&pem);
	else
		*out = pem;
	return r;
}

void
tls_pem_done(struct tls_pem *pem)
{
	secret_wipe(&pem->cert);
	secret_wipe(&pem->key);
}

/* ---- parsing ---- */

static int
no_memory(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_MEMORY, "no memory for the certificate");
}

/* OpenSSL's own reason, or ours. */
static int
bad(struct err *err, const char *option, const char *file, const char *reason)
{
	if (reason == NULL)
		reason = ERR_reason_error_string(ERR_peek_last_error());
	err_set(err, ERR_INVALID, "%s: %s: %s", option, file, reason != NULL ? reason : "is damaged");
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

/* Did reading end because nothing like that follows, and not in the middle of something? */
static bool
at_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int
parse_certs(struct tls_pair *pair, const struct tls_pem *pem, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem->cert.data, (int)pem->cert.len);
	bool stored = true;
	X509 *cert;

	pair->chain = sk_X509_new_null();
	stored = bio != NULL && pair->chain != NULL;
	while (stored && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		stored = sk_X509_push(pair->chain, cert) > 0;
		if (!stored)
			X509_free(cert);
	}
	BIO_free(bio);
	if (!stored)
		return no_memory(err);
	if (!at_end())
		return bad(err, cert_option, pem->cert_file, NULL);
	ERR_clear_error();
	pair->leaf = sk_X509_shift(pair->chain);
	if (pair->leaf == NULL)
		return bad(err, cert_option, pem->cert_file, "holds no certificate (PEM)");
	return 0;
}

static int
parse_key(struct tls_pair *pair, const struct tls_pem *pem, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(pem->key.data, (int)pem->key.len);

	if (bio == NULL)
		return no_memory(err);
	pair->key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (pair->key != NULL)
		return 0;
	/* Of what is no key at all OpenSSL only says "unsupported". */
	if (at_end() || ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED)
		return bad(err, key_option, pem->key_file, "holds no usable key (PEM)");
	return bad(err, key_option, pem->key_file, NULL);
}

/* ---- judging ---- */

/* May a server show them? What OpenSSL would refuse at each handshake it refuses now. */
static int
judge_together(const struct tls_pair *pair, const struct tls_pem *pem, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int r = 0;

	if (ctx == NULL)
		return no_memory(err);
	if (SSL_CTX_use_certificate(ctx, pair->leaf) != 1 || SSL_CTX_set1_chain(ctx, pair->chain) != 1)
		r = bad(err, cert_option, pem->cert_file, NULL);
	else if (SSL_CTX_use_PrivateKey(ctx, pair->key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		r = bad(err, key_option, pem->key_file, "is not the key of the certificate");
	SSL_CTX_free(ctx);
	return r;
}

/* The leaf's days only: what is behind it browsers may not need. */
static int
judge_dates(const struct tls_pair *pair, const struct tls_pem *pem, struct err *err)
{
	if (X509_cmp_current_time(X509_get0_notBefore(pair->leaf)) != -1)
		return bad(err, cert_option, pem->cert_file, "is not valid yet");
	if (X509_cmp_current_time(X509_get0_notAfter(pair->leaf)) != 1)
		return bad(err, cert_option, pem->cert_file, "has expired");
	return 0;
}

int
tls_pair_new(const struct tls_pem *pem, struct tls_pair **out, struct err *err)
{
	struct tls_pair *pair = calloc(1, sizeof(*pair));
	int r;

	if (pair == NULL)
		return no_memory(err);
	atomic_init(&pair->refs, 1);
	ERR_clear_error();
	r = parse_certs(pair, pem, err);
	if (r == 0)
		r = parse_key(pair, pem, err);
	if (r == 0)
		r = judge_together(pair, pem, err);
	if (r == 0)
		r = judge_dates(pair, pem, err);
	if (r < 0)
		tls_pair_unref(pair);
	else
		*out = pair;
	return r;
}

/* ---- sharing ---- */

struct tls_pair *
tls_pair_ref(struct tls_pair *pair)
{
	atomic_fetch_add_explicit(&pair->refs, 1, memory_order_relaxed);
	return pair;
}

void
tls_pair_unref(struct tls_pair *pair)
{
	if (pair == NULL || atomic_fetch_sub_explicit(&pair->refs, 1, memory_order_acq_rel) > 1)
		return;
	X509_free(pair->leaf);
	sk_X509_pop_free(pair->chain, X509_free);
	EVP_PKEY_free(pair->key);
	free(pair);
}

bool
tls_pair_covers(const struct tls_pair *pair, const char *host)
{
	return X509_check_host(pair->leaf, host, 0, 0, NULL) == 1 ||
		   X509_check_ip_asc(pair->leaf, host, 0) == 1;
}

int
tls_pair_show(const struct tls_pair *pair, struct ssl_st *ssl)
{
	return SSL_use_cert_and_key(ssl, pair->leaf, pair->key, pair->chain, 1) == 1 ? 0 : ERR_SYSTEM;
}
