/* SPDX-License-Identifier: MIT */
/*
 * certs - certificates made on the spot, for tests about trust.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_CERTS_H
#define TESTS_UNIT_CERTS_H

#include "tests/unit/torture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CERT_PATH_SIZE = 32 };

struct cert {
	EVP_PKEY *key;
	X509 *x509;
};

static inline void
cert_extend(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x509, e, -1), 1);
	X509_EXTENSION_free(e);
}

/*
 * For the names in san ("DNS:a,IP:10.0.0.1"; NULL: an authority), signed by issuer
 * (NULL: by itself), valid from a month ago for so many days from now.
 */
static inline struct cert
cert_make(const char *cn, const struct cert *issuer, const char *san, long days)
{
	enum { DAY_S = 86400 };
	static long serial;
	struct cert c = {EVP_EC_gen("P-256"), X509_new()};
	X509_NAME *name = X509_get_subject_name(c.x509);

	assert_non_null(c.key);
	X509_set_version(c.x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c.x509), -30 * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(c.x509), days * DAY_S);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(c.x509, issuer != NULL ? X509_get_subject_name(issuer->x509) : name);
	X509_set_pubkey(c.x509, c.key);
	cert_extend(c.x509, NID_basic_constraints, san == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (san != NULL)
		cert_extend(c.x509, NID_subject_alt_name, san);
	assert_true(X509_sign(c.x509, issuer != NULL ? issuer->key : c.key, EVP_sha256()) > 0);
	return c;
}

static inline void
cert_free(struct cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x509);
	*c = (struct cert){NULL, NULL};
}

/*
 * A file in memory that holds text, then the certificates that are not NULL. Its
 * path goes to path and is good until the returned descriptor is closed.
 */
static inline int
cert_file(char path[CERT_PATH_SIZE], const char *text, const struct cert *a, const struct cert *b)
{
	int fd = memfd_create("certs", MFD_CLOEXEC);
	FILE *file = fdopen(dup(fd), "w");

	assert_non_null(file);
	fputs(text, file);
	if (a != NULL)
		PEM_write_X509(file, a->x509);
	if (b != NULL)
		PEM_write_X509(file, b->x509);
	fclose(file);
	snprintf(path, CERT_PATH_SIZE, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
