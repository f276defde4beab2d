/* SPDX-License-Identifier: MIT */
/* pve_cert - see pve_cert.h */
#include "proxmox_api/pve_cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum {
	PEM_MAX = 2 * PVE_AUTHORITY_MAX,
	STRENGTH = 1, /* OpenSSL's security level: no MD5, no SHA-1, no tiny keys */
};

bool
pve_cert_fingerprint(struct x509_st *cert, struct pve_fingerprint *out)
{
	unsigned len = sizeof(out->sha256);

	out->set = true;
	return X509_digest(cert, EVP_sha256(), out->sha256, &len) == 1;
}

bool
pve_cert_is_authority(struct x509_st *cert)
{
	bool is = X509_check_ca(cert) == 1 && i2d_X509(cert, NULL) <= PVE_AUTHORITY_MAX &&
			  X509_self_signed(cert, 1) == 1;

	ERR_clear_error();
	return is;
}

int
pve_cert_no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

struct x509_st *
pve_cert_read_authority(const char *pem)
{
	size_t len = strlen(pem);
	BIO *bio = len <= PEM_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, pve_cert_no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (cert != NULL && !pve_cert_is_authority(cert)) {
		X509_free(cert);
		cert = NULL;
	}
	return cert;
}

bool
pve_cert_signed_by(
	struct x509_st *authority, struct x509_st *leaf, struct stack_st_X509 *chain, bool any_time)
{
	STACK_OF(X509) *trusted = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool yes = false;

	if (trusted != NULL && ctx != NULL && sk_X509_push(trusted, authority) > 0 &&
		X509_STORE_CTX_init(ctx, NULL, leaf, chain) == 1 &&
		X509_STORE_CTX_set_default(ctx, "ssl_server") == 1) {
		X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
		X509_STORE_CTX_set_flags(
			ctx, X509_V_FLAG_PARTIAL_CHAIN | (any_time ? X509_V_FLAG_NO_CHECK_TIME : 0));
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), STRENGTH);
		yes = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	sk_X509_free(trusted);
	ERR_clear_error();
	return yes;
}
