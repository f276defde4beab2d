/* SPDX-License-Identifier: MIT */
/*
 * pair_scene - certificates and keys in files: good ones, and all kinds of bad ones.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_PAIR_SCENE_H
#define TESTS_UNIT_PAIR_SCENE_H

#include "session/tls_pair.h"
#include "tests/unit/certs.h"
#include "tests/unit/temp_dir.h"

static struct temp_dir dir;
static struct cert authority, good, other;
static char cert_path[TEMP_PATH_SIZE], chain_path[TEMP_PATH_SIZE], key_path[TEMP_PATH_SIZE],
	both_path[TEMP_PATH_SIZE], other_path[TEMP_PATH_SIZE], other_key_path[TEMP_PATH_SIZE],
	rsa_key_path[TEMP_PATH_SIZE], weak_path[TEMP_PATH_SIZE], weak_key_path[TEMP_PATH_SIZE],
	encrypted_path[TEMP_PATH_SIZE], expired_path[TEMP_PATH_SIZE], future_path[TEMP_PATH_SIZE],
	junk_path[TEMP_PATH_SIZE], empty_path[TEMP_PATH_SIZE], missing_path[TEMP_PATH_SIZE];

/* Write what is not NULL of a key and two certificates. */
static inline void
pair_write(const char *path, EVP_PKEY *key, const struct cert *a, const struct cert *b)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (key != NULL)
		assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	if (a != NULL)
		assert_int_equal(PEM_write_X509(f, a->x509), 1);
	if (b != NULL)
		assert_int_equal(PEM_write_X509(f, b->x509), 1);
	assert_int_equal(fclose(f), 0);
}

static inline void
pair_write_encrypted(const char *path, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(
		PEM_write_PKCS8PrivateKey(f, key, EVP_aes_128_cbc(), "passphrase", 10, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
}

/* The good certificate with other days or another key, for the same key file. */
static inline void
pair_write_variant(const char *path, long from_days, long to_days, EVP_PKEY *key)
{
	enum { DAY_S = 86400 };
	struct cert c = {.x509 = X509_dup(good.x509)};

	assert_non_null(c.x509);
	X509_gmtime_adj(X509_getm_notBefore(c.x509), from_days * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), to_days * DAY_S);
	X509_set_pubkey(c.x509, key);
	assert_true(X509_sign(c.x509, authority.key, EVP_sha256()) > 0);
	pair_write(path, NULL, &c, NULL);
	X509_free(c.x509);
}

static inline void
pair_write_rsa(const char *path, unsigned bits, const char *its_cert)
{
	EVP_PKEY *rsa = EVP_RSA_gen(bits);

	assert_non_null(rsa);
	pair_write(path, rsa, NULL, NULL);
	if (its_cert != NULL)
		pair_write_variant(its_cert, -30, 30, rsa);
	EVP_PKEY_free(rsa);
}

static inline int
pair_scene(void **state)
{
	(void)state;
	dir = temp_dir_new();
	authority = cert_make("authority", NULL, NULL, 30);
	good = cert_make("common-name.example", &authority,
		"DNS:console.example,DNS:*.wild.example,IP:192.0.2.7,IP:2001:db8::7", 30);
	other = cert_make("other", &authority, "DNS:other.example", 30);
	pair_write(temp_path(&dir, "cert.pem", cert_path), NULL, &good, NULL);
	pair_write(temp_path(&dir, "chain.pem", chain_path), NULL, &good, &authority);
	pair_write(temp_path(&dir, "key.pem", key_path), good.key, NULL, NULL);
	pair_write(temp_path(&dir, "both.pem", both_path), good.key, &good, NULL);
	pair_write(temp_path(&dir, "other.pem", other_path), NULL, &other, NULL);
	pair_write(temp_path(&dir, "other_key.pem", other_key_path), other.key, NULL, NULL);
	pair_write_rsa(temp_path(&dir, "rsa.pem", rsa_key_path), 2048, NULL);
	temp_path(&dir, "weak.pem", weak_path);
	pair_write_rsa(temp_path(&dir, "weak_key.pem", weak_key_path), 1024, weak_path);
	pair_write_encrypted(temp_path(&dir, "encrypted.pem", encrypted_path), good.key);
	pair_write_variant(temp_path(&dir, "expired.pem", expired_path), -30, -1, good.key);
	pair_write_variant(temp_path(&dir, "future.pem", future_path), 1, 30, good.key);
	temp_text(&dir, "junk.pem", "-----BEGIN CERTIFICATE-----\nnot base64!\n");
	temp_path(&dir, "junk.pem", junk_path);
	temp_text(&dir, "empty.pem", "");
	temp_path(&dir, "empty.pem", empty_path);
	temp_path(&dir, "missing.pem", missing_path);
	return 0;
}

static inline int
pair_scene_done(void **state)
{
	(void)state;
	cert_free(&authority);
	cert_free(&good);
	cert_free(&other);
	temp_dir_free(&dir);
	return 0;
}

static inline struct tls_pem
pair_read(const char *cert, const char *key)
{
	struct tls_pem pem = {NULL, NULL, {NULL, 0}, {NULL, 0}};

	assert_int_equal(tls_pem_read(cert, key, &pem, NULL), 0);
	return pem;
}

static inline struct tls_pair *
pair_load(const char *cert, const char *key)
{
	struct tls_pem pem = pair_read(cert, key);
	struct tls_pair *pair = NULL;

	assert_int_equal(tls_pair_new(&pem, &pair, NULL), 0);
	tls_pem_done(&pem);
	return pair;
}

#endif
