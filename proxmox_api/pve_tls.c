/* SPDX-License-Identifier: MIT */
/*
 * pve_tls - policies: which certificates are accepted, see pve.h; pve_trust.c goes by them.
 *
 * One X509_STORE a policy, made once and shared by every connection: parsing the
 * system's authorities costs 24 ms, which libcurl by itself would spend on each
 * call. The system's store is looked up by hash where the system has such a
 * folder: nothing is read until a certificate asks for it.
 */
#include "proxmox_api/pve_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_guard.h"
#include "proxmox_api/pve_met.h"
#include "proxmox_api/pve_trust.h"

static int
no_memory(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_MEMORY, "no memory for TLS");
}

/* ---- authorities ---- */

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

	while (stored && (cert = PEM_read_X509(file, NULL, pve_cert_no_passphrase, NULL)) != NULL) {
		stored = X509_STORE_add_cert(store, cert) == 1;
		X509_free(cert);
		count++;
	}
	if (!stored)
		return no_memory(err);
	if (!at_end()) {
		ERR_clear_error();
		return err_set(
			err, ERR_INVALID, "proxmox_ca_file: certificate %u in %s is damaged", count + 1, name);
	}
	ERR_clear_error();
	if (count == 0)
		return err_set(err, ERR_INVALID, "proxmox_ca_file: %s holds no certificate (PEM)", name);
	return 0;
}

static int
load_ca_file(X509_STORE *store, const char *name, struct err *err)
{
	FILE *file = fopen(name, "re");
	int r;

	if (file == NULL)
		return err_set(
			err, ERR_INVALID, "proxmox_ca_file: cannot read %s: %s", name, strerror(errno));
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
load_pins(struct pve_policy *policy, const struct pve_policy_config *config, struct err *err)
{
	struct err why = {.code = 0};

	if (config->pin_count == 0)
		return 0;
	policy->pins = calloc(config->pin_count, sizeof(policy->pins[0]));
	if (policy->pins == NULL)
		return no_memory(err);
	for (size_t i = 0; i < config->pin_count; i++) {
		if (pve_parse_pin(config->pins[i], &policy->pins[i], &why) < 0)
			return err_set(
				err, ERR_INVALID, "proxmox_fingerprints: %.100s %s", config->pins[i], why.text);
	}
	policy->pin_count = config->pin_count;
	return 0;
}

static int
load_guard(struct pve_policy *policy, const struct pve_policy_config *config, struct err *err)
{
	struct err why = {.code = 0};
	int r = pve_guard_new(config->allowed_hosts, config->allowed_host_count, &policy->guard, &why);

	return r < 0 ? err_set(err, r, "allowed_hosts: %s", why.text) : 0;
}

/*
 * Without those of finite fields, in which a handshake takes five times as long. Not const:
 * OpenSSL's macro forgets that.
 */
static char groups[] = "X25519:P-256:P-384:P-521";

int
pve_tls_settle(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	/* Of TLS 1.2 what has forward secrecy, in no group of the host's own: it could take a second. */
	if (SSL_CTX_set_cipher_list(ctx, "ECDHE:!aNULL:!eNULL:!PSK") != 1 ||
		SSL_CTX_set1_groups_list(ctx, groups) != 1)
		return ERR_MEMORY;
	/*
	 * Otherwise OpenSSL reads on within one call for as long as only messages of TLS itself
	 * come, and whoever sends new keys without an end holds the thread beyond any deadline.
	 */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	return 0;
}

static int
make_ctx(struct pve_policy *policy, struct err *err)
{
	policy->ctx = SSL_CTX_new(TLS_client_method());
	if (policy->ctx == NULL || SSL_CTX_set_min_proto_version(policy->ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set1_verify_cert_store(policy->ctx, policy->store) != 1 ||
		pve_tls_settle(policy->ctx) < 0)
		return no_memory(err);
	/* Whether it is asked at all is each connection's own: see pve_trust_ssl(). */
	pve_trust_prepare(policy->ctx);
	return 0;
}

int
pve_policy_new(const struct pve_policy_config *config, struct pve_policy **out, struct err *err)
{
	struct pve_policy *policy = calloc(1, sizeof(*policy));
	int r;

	if (policy == NULL)
		return no_memory(err);
	atomic_init(&policy->refs, 1);
	policy->mode = config->mode;
	if (config->known != NULL)
		policy->known = pve_known_ref(config->known);
	policy->met = pve_met_new();
	r = policy->met != NULL ? load_guard(policy, config, err) : no_memory(err);
	if (r == 0)
		r = load_store(policy, config->ca_file, err);
	if (r == 0)
		r = load_pins(policy, config, err);
	if (r == 0)
		r = make_ctx(policy, err);
	if (r < 0) {
		pve_policy_unref(policy);
		return r;
	}
	*out = policy;
	return 0;
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
	pve_met_free(policy->met);
	SSL_CTX_free(policy->ctx);
	X509_STORE_free(policy->store);
	pve_known_unref(policy->known);
	pve_guard_free(policy->guard);
	free(policy->pins);
	free(policy);
}
