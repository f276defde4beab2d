/* SPDX-License-Identifier: MIT */
/* pve_trust - see pve_trust.h */
#include "proxmox_api/pve_trust.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_known.h"
#include "proxmox_api/pve_met.h"
#include "proxmox_api/pve_tls.h"

/* ---- trials ---- */

static unsigned
forgotten(const struct pve_policy *policy)
{
	return policy->known != NULL ? pve_known_forgotten(policy->known) : 0;
}

/* Another handshake, of which nothing is known. */
static void
begin(struct pve_trial *trial)
{
	X509_free(trial->leaf);
	SSL_SESSION_free(trial->session);
	trial->leaf = NULL;
	trial->session = NULL;
	trial->verified = trial->shown.set = false;
	trial->refusal.code = 0;
	trial->begun_ms = clock_ms();
	trial->forgotten = forgotten(trial->policy);
}

void
pve_trial_init(struct pve_trial *trial, struct pve_policy *policy, const char *host, uint16_t port,
	const struct pve_fingerprint *pin)
{
	*trial = (struct pve_trial){.policy = pve_policy_ref(policy), .port = port};
	snprintf(trial->host, sizeof(trial->host), "%s", host);
	if (pin != NULL)
		trial->pin = *pin;
	begin(trial);
}

void
pve_trial_copy(struct pve_trial *to, const struct pve_trial *from)
{
	*to = *from;
	to->ssl = NULL;
	(void)pve_policy_ref(to->policy);
	if (to->leaf != NULL && X509_up_ref(to->leaf) != 1)
		to->leaf = NULL;
	if (to->session != NULL && SSL_SESSION_up_ref(to->session) != 1)
		to->session = NULL;
}

void
pve_trial_done(struct pve_trial *trial)
{
	X509_free(trial->leaf);
	SSL_SESSION_free(trial->session);
	pve_policy_unref(trial->policy);
	*trial = (struct pve_trial){.policy = NULL};
}

bool
pve_trial_judges(const struct pve_trial *trial)
{
	return trial->policy->mode != PVE_TLS_INSECURE || trial->pin.set;
}

bool
pve_trial_holds(const struct pve_trial *trial, const struct pve_policy *policy)
{
	return trial->policy == policy && trial->refusal.code == 0 &&
		   clock_ms() - trial->begun_ms < PVE_VERDICT_MS && trial->forgotten == forgotten(policy);
}

void
pve_trial_met(const struct pve_trial *trial)
{
	/* Not what has been forgotten meanwhile. */
	if (trial->verified && pve_trial_holds(trial, trial->policy))
		pve_known_verified(trial->policy->known, trial->host, trial->port);
}

void
pve_trial_learn(const struct pve_trial *trial, const char *authority)
{
	if (trial->leaf != NULL && authority != NULL)
		pve_known_learn(trial->policy->known, trial->host, trial->port, trial->leaf, authority);
}

static bool
same(const struct pve_fingerprint *a, const struct pve_fingerprint *b)
{
	return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0;
}

bool
pve_trial_alike(const struct pve_trial *a, const struct pve_trial *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0 && a->pin.set == b->pin.set &&
		   (!a->pin.set || same(&a->pin, &b->pin));
}

/* ---- the verdict ---- */

/* A certificate that has come, and how it and its sender are called. */
struct shown {
	X509 *leaf;
	struct pve_fingerprint fingerprint;
	char text[PVE_FINGERPRINT_SIZE];
	char endpoint[PVE_ENDPOINT_SIZE];
};

static int
judge_by_target(struct pve_trial *t, const struct shown *s)
{
	char expected[PVE_FINGERPRINT_SIZE];

	if (same(&t->pin, &s->fingerprint))
		return 0;
	pve_format_fingerprint(&t->pin, expected);
	return err_set(&t->refusal, ERR_UNTRUSTED,
		"certificate of %.80s not accepted: the link's fingerprint is %s, came SHA-256 %s; if that "
		"is right, send it as fingerprint",
		s->endpoint, expected, s->text);
}

/* By the pins of that host and port. ERR_NOT_FOUND when there are none. */
static int
judge_by_pins(struct pve_trial *t, const struct shown *s)
{
	const struct pve_policy *p = t->policy;
	const struct pve_pin *first = NULL;
	char expected[PVE_FINGERPRINT_SIZE];
	size_t others = 0;

	for (size_t i = 0; i < p->pin_count; i++) {
		const struct pve_pin *pin = &p->pins[i];

		if (pin->port != t->port || strcmp(pin->host, t->host) != 0)
			continue;
		if (same(&pin->fingerprint, &s->fingerprint))
			return 0;
		others += first != NULL;
		first = first != NULL ? first : pin;
	}
	if (first == NULL)
		return ERR_NOT_FOUND;
	pve_format_fingerprint(&first->fingerprint, expected);
	return err_set(&t->refusal, ERR_UNTRUSTED,
		"certificate of %.80s not accepted: proxmox_fingerprints has %s%s, came SHA-256 %s; if "
		"that "
		"is right, correct it there",
		s->endpoint, expected, others > 0 ? " and others" : "", s->text);
}

static int
refuse_unpinned(struct pve_trial *t, const struct shown *s)
{
	return err_set(&t->refusal, ERR_UNTRUSTED,
		"certificate of %.80s not accepted: proxmox_fingerprints has none of it, came SHA-256 %s; "
		"if that is right, set it there, or send it as fingerprint",
		s->endpoint, s->text);
}

static int
refuse_unverified(struct pve_trial *t, const struct shown *s, const char *reason)
{
	return err_set(&t->refusal, ERR_UNTRUSTED,
		"certificate of %.80s not accepted (%.48s), came SHA-256 %s: set proxmox_ca_file or "
		"proxmox_tls, or pin it in proxmox_fingerprints",
		s->endpoint, reason, s->text);
}

/* By its chain, its name, and what is remembered. */
static int
judge_by_authority(struct pve_trial *t, const struct shown *s, X509_STORE_CTX *ctx)
{
	struct pve_known *known = t->policy->mode == PVE_TLS_AUTO ? t->policy->known : NULL;
	const char *reason;
	int r;

	if (X509_verify_cert(ctx) == 1) {
		t->verified = known != NULL;
		return 0;
	}
	reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	if (known == NULL)
		return refuse_unverified(t, s, reason);
	r = pve_known_judge(
		known, t->host, t->port, s->leaf, X509_STORE_CTX_get0_untrusted(ctx), reason, &t->refusal);
	if (r == 0 && t->leaf == NULL && X509_up_ref(s->leaf) == 1)
		t->leaf = s->leaf;
	return r;
}

static int
judge(struct pve_trial *t, X509_STORE_CTX *ctx)
{
	struct shown s = {.leaf = X509_STORE_CTX_get0_cert(ctx)};
	int r;

	if (!pve_cert_fingerprint(s.leaf, &s.fingerprint))
		return err_set(&t->refusal, ERR_MEMORY, "no memory for a fingerprint");
	t->shown = s.fingerprint;
	pve_format_fingerprint(&s.fingerprint, s.text);
	pve_format_endpoint(t->host, t->port, s.endpoint);
	if (t->pin.set)
		return judge_by_target(t, &s);
	r = judge_by_pins(t, &s);
	if (r != ERR_NOT_FOUND)
		return r;
	if (t->policy->mode == PVE_TLS_PIN)
		return refuse_unpinned(t, &s);
	return judge_by_authority(t, &s, ctx);
}

/* ---- OpenSSL's side of it ---- */

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int trial_index, ctx_trial_index;

static void
free_trial(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long number, void *arg)
{
	struct pve_trial *trial = data;

	(void)parent;
	(void)ad;
	(void)index;
	(void)number;
	(void)arg;
	if (trial == NULL)
		return;
	pve_trial_done(trial);
	free(trial);
}

static void
make_index(void)
{
	trial_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_trial);
	ctx_trial_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static struct pve_trial *
trial_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, trial_index);
}

/* In place of OpenSSL's own verification, of which it is a part. arg: see pve_trial_apply(). */
static int
on_certificate(X509_STORE_CTX *ctx, void *arg)
{
	struct pve_trial *t = arg;
	int r;

	if (t == NULL)
		t = trial_of(X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx()));
	/* Whatever was offered, this is a handshake of its own. */
	begin(t);
	r = pve_trial_judges(t) ? judge(t, ctx) : 0;
	if (r < 0)
		pve_met_forget(t);
	ERR_clear_error();
	/* Whoever asks for the result later shall hear ours, not that of the chain. */
	X509_STORE_CTX_set_error(ctx, r == 0 ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
	return r == 0;
}

static bool
is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* The one place that says whose certificate it must be. */
static bool
expect_host(X509_VERIFY_PARAM *param, const char *host)
{
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

static struct pve_trial *
trial_of_ctx(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_trial_index);
}

/* The connection is another library's, and this the one moment when a session can be given to it. */
static void
on_handshake(const SSL *ssl, int where, int ret)
{
	struct pve_trial *trial = trial_of_ctx(ssl);

	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) == 0)
		return;
	trial->ssl = ssl;
	if (trial->session != NULL)
		SSL_set_session((SSL *)(uintptr_t)ssl, trial->session);
}

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	const struct pve_trial *trial = trial_of(ssl);

	pve_met_put(trial != NULL ? trial : trial_of_ctx(ssl), session);
	return 0;
}

/* Which sessions may be resumed is not for OpenSSL to say: see pve_met.h. */
static void
pass_on_sessions(SSL_CTX *ctx)
{
	pthread_once(&index_once, make_index);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
}

int
pve_trial_apply(struct pve_trial *trial, struct ssl_ctx_st *ctx)
{
	begin(trial);
	if (!trial->whole)
		pve_met_resume(trial);
	pass_on_sessions(ctx);
	SSL_CTX_set_info_callback(ctx, on_handshake);
	if (SSL_CTX_set_ex_data(ctx, ctx_trial_index, trial) != 1)
		return ERR_MEMORY;
	/* Answers hold tickets: OpenSSL shall not keep them in its buffers. */
	SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT);
	if (pve_tls_settle(ctx) < 0)
		return ERR_MEMORY;
	if (!pve_trial_judges(trial))
		return 0;
	/* Not the context's own store: libcurl fills and replaces that one as it likes. */
	if (SSL_CTX_set1_verify_cert_store(ctx, trial->policy->store) != 1 ||
		!expect_host(SSL_CTX_get0_param(ctx), trial->host))
		return ERR_MEMORY;
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, trial);
	return 0;
}

bool
pve_trial_is_read(const struct pve_trial *trial)
{
	return trial->ssl != NULL && SSL_has_pending(trial->ssl) == 0;
}

void
pve_trust_prepare(struct ssl_ctx_st *ctx)
{
	pass_on_sessions(ctx);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, NULL);
}

/* OpenSSL's macro forgets const. */
static bool
send_name(SSL *ssl, const char *host)
{
	return SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)host) == 1;
}

int
pve_trust_ssl(struct pve_policy *policy, const char *host, uint16_t port,
	const struct pve_fingerprint *pin, struct ssl_st **out, struct err *err)
{
	struct pve_trial *trial = calloc(1, sizeof(*trial));
	SSL *ssl = SSL_new(policy->ctx);

	if (trial == NULL || ssl == NULL || SSL_set_ex_data(ssl, trial_index, trial) != 1) {
		free(trial);
		goto no_memory;
	}
	pve_trial_init(trial, policy, host, port, pin); /* and now it is the SSL's */
	SSL_set_verify(ssl, pve_trial_judges(trial) ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if ((!pve_trial_judges(trial) || expect_host(SSL_get0_param(ssl), host)) &&
		(is_address(host) || send_name(ssl, host))) {
		*out = ssl;
		return 0;
	}
no_memory:
	SSL_free(ssl);
	ERR_clear_error();
	return err_set(err, ERR_MEMORY, "no memory for TLS");
}

int
pve_way_ssl(const struct pve_way *way, struct ssl_st **out, struct err *err)
{
	int r = pve_trust_ssl(way->policy, way->host, way->port, &way->pin, out, err);
	struct pve_trial *trial;

	if (r < 0)
		return r;
	trial = trial_of(*out);
	pve_met_resume(trial);
	if (trial->session != NULL)
		SSL_set_session(*out, trial->session);
	return 0;
}

int
pve_way_ssl_error(struct ssl_st *ssl, struct err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	const struct pve_trial *trial = trial_of(ssl);

	ERR_clear_error();
	if (trial->refusal.code != 0)
		return err_set(err, trial->refusal.code, "%s", trial->refusal.text);
	return err_set(err, ERR_PROTOCOL, "TLS with the hypervisor failed (%.100s)",
		reason != NULL ? reason : "no reason given");
}

bool
pve_way_ssl_holds(const struct ssl_st *ssl)
{
	const struct pve_trial *trial = trial_of(ssl);

	return pve_trial_holds(trial, trial->policy);
}

void
pve_way_ssl_failed(struct ssl_st *ssl)
{
	const struct pve_trial *trial = trial_of(ssl);

	if (trial->session != NULL)
		pve_met_avoid(trial);
}
