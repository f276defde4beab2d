/* SPDX-License-Identifier: MIT */
/*
 * pve_tls - which certificates are accepted, see pve.h and pve_tls.h.
 *
 * One X509_STORE a policy, made once and shared by every connection: parsing the
 * system's authorities costs 24 ms, which libcurl by itself would spend on each
 * call. The system's store is looked up by hash where the system has such a
 * folder: nothing is read until a certificate asks for it.
 */
#include "proxmox_api/pve_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pve_policy {
	atomic_uint refs;       /* [a] */
	enum pve_tls_mode mode; /* [i] */
	X509_STORE *store;      /* [i] */
	SSL_CTX *ctx;           /* [i] for console websockets */
};

static int
no_memory(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_MEMORY, "no memory for TLS");
}

/* ---- authorities ---- */

/* A certificate with a passphrase would make OpenSSL ask the terminal for it. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* Did reading end because there is no further certificate, and not in the middle of one? */
static bool
at_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int
load_certificates(X509_STORE *store, FILE *file, const char *name, struct err *err)
{
	unsigned count = 0;
	bool stored = true;
	X509 *cert;

	while (stored && (cert = PEM_read_X509(file, NULL, no_passphrase, NULL)) != NULL) {
		stored = X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
		count++;
	}
	if (!stored)
		return no_memory(err);
	if (!at_end()) {
		ERR_clear_error();
		return err_set(err, ERR_INVALID, "certificate %u in %s is damaged", count + 1, name);
	}
	ERR_clear_error();
	if (count == 0)
		return err_set(err, ERR_INVALID, "%s holds no certificate (PEM)", name);
	return 0;
}

static int
load_ca_file(X509_STORE *store, const char *name, struct err *err)
{
	FILE *file = fopen(name, "re");
	int r;

	if (file == NULL)
		return err_set(err, ERR_INVALID, "cannot read %s: %s", name, strerror(errno));
	r = load_certificates(store, file, name, err);
	fclose(file);
	return r;
}

static int
load_store(struct pve_policy *policy, const char *ca_file, struct err *err)
{
	policy->store = X509_STORE_new();
	if (policy->store == NULL)
		return no_memory(err);
	if (policy->mode == PVE_TLS_INSECURE)
		return 0;
	/*
	 * Whatever is in the file is an authority, also one that another has signed,
	 * and also a node's own certificate.
	 */
	if (X509_STORE_set_flags(policy->store, X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return no_memory(err);
	if (ca_file != NULL)
		return load_ca_file(policy->store, ca_file, err);
	if (X509_STORE_set_default_paths(policy->store) != 1)
		return no_memory(err);
	ERR_clear_error();
	return 0;
}

/* ---- policies ---- */

static int
make_ctx(struct pve_policy *policy, struct err *err)
{
	policy->ctx = SSL_CTX_new(TLS_client_method());
	if (policy->ctx == NULL || SSL_CTX_set_min_proto_version(policy->ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set1_verify_cert_store(policy->ctx, policy->store) != 1)
		return no_memory(err);
	SSL_CTX_set_options(policy->ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(policy->ctx, SSL_SESS_CACHE_OFF);
	if (pve_policy_verifies(policy))
		SSL_CTX_set_verify(policy->ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

int
pve_policy_new(
	enum pve_tls_mode mode, const char *ca_file, struct pve_policy **out, struct err *err)
{
	struct pve_policy *policy = calloc(1, sizeof(*policy));
	int r;

	if (policy == NULL)
		return no_memory(err);
	atomic_init(&policy->refs, 1);
	policy->mode = mode;
	r = load_store(policy, ca_file, err);
	if (r < 0)
		goto out;
	r = make_ctx(policy, err);
	if (r < 0)
		goto out;
	*out = policy;
	policy = NULL;
out:
	pve_policy_unref(policy);
	return r;
}

struct pve_policy *
pve_policy_ref(struct pve_policy *policy)
{
	atomic_fetch_add_explicit(&policy->refs, 1, memory_order_relaxed);
	return policy;
}

void
pve_policy_unref(struct pve_policy *policy)
{
	if (policy == NULL || atomic_fetch_sub_explicit(&policy->refs, 1, memory_order_acq_rel) > 1)
		return;
	SSL_CTX_free(policy->ctx);
	X509_STORE_free(policy->store);
	free(policy);
}

bool
pve_policy_verifies(const struct pve_policy *policy)
{
	return policy->mode != PVE_TLS_INSECURE;
}

/* ---- connections ---- */

static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* The one place that says whose certificate it must be: API calls and consoles cannot differ. */
static bool
expect_host(X509_VERIFY_PARAM *param, const char *host)
{
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

int
pve_policy_apply(struct pve_policy *policy, struct ssl_ctx_st *ctx, const char *host)
{
	/* Answers hold tickets: OpenSSL shall not keep them in its buffers. */
	SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_RENEGOTIATION);
	/* Not the context's own store: libcurl fills and replaces that one as it likes. */
	if (SSL_CTX_set1_verify_cert_store(ctx, policy->store) != 1)
		return ERR_MEMORY;
	if (pve_policy_verifies(policy) && !expect_host(SSL_CTX_get0_param(ctx), host))
		return ERR_MEMORY;
	return 0;
}

/* OpenSSL's macro forgets const. */
static bool
send_name(SSL *ssl, const char *host)
{
	return SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)host) == 1;
}

int
pve_policy_ssl(struct pve_policy *policy, const char *host, struct ssl_st **out, struct err *err)
{
	SSL *ssl = SSL_new(policy->ctx);

	if (ssl == NULL)
		return no_memory(err);
	if ((pve_policy_verifies(policy) && !expect_host(SSL_get0_param(ssl), host)) ||
		(!is_address(host) && !send_name(ssl, host))) {
		SSL_free(ssl);
		return no_memory(err);
	}
	*out = ssl;
	return 0;
}

int
pve_untrusted(long verify_result, struct err *err)
{
	return err_set(err, ERR_UNTRUSTED,
		"certificate of the hypervisor not accepted (%.72s): set proxmox_ca_file or proxmox_tls",
		verify_result != X509_V_OK ? X509_verify_cert_error_string(verify_result)
								   : "it is for another name");
}

int
pve_policy_ssl_error(struct ssl_st *ssl, struct err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	long verify_result = SSL_get_verify_result(ssl);

	ERR_clear_error();
	/* An insecure connection has a result too, nobody waits for it. */
	if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && verify_result != X509_V_OK)
		return pve_untrusted(verify_result, err);
	return err_set(err, ERR_PROTOCOL, "TLS with the hypervisor failed (%.100s)",
		reason != NULL ? reason : "no reason given");
}
