/* SPDX-License-Identifier: MIT */
/* http_tls - see http_tls.h */
#include "router/http_tls.h"

#include <gnutls/gnutls.h>
#include <gnutls/abstract.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/lock.h"
#include "session/tls_pair.h"

/*
 * As on the session ports: TLS 1.3, and of 1.2 what has forward secrecy and authenticated
 * encryption. X25519 first: browsers offer a key share of it, and any other costs a second
 * ClientHello. The library enables neither tickets nor a cache, so nothing is resumed.
 */
static char priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
	"-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"
	"%SERVER_PRECEDENCE";

struct http_cred {
	atomic_uint refs;                        /* [a] */
	gnutls_certificate_credentials_t gnutls; /* [i] */
};

struct http_tls {
	struct lock lock;
	struct http_cred *cred; /* [LOCK_SETTINGS] one reference */
};

/* ---- credentials ---- */

static gnutls_datum_t
datum(const struct secret *s)
{
	return (gnutls_datum_t){.data = (unsigned char *)s->data, .size = (unsigned)s->len};
}

int
http_cred_new(const struct tls_pem *pem, struct http_cred **out, struct err *err)
{
	gnutls_datum_t cert = datum(&pem->cert), key = datum(&pem->key);
	struct http_cred *cred = calloc(1, sizeof(*cred));
	int r;

	if (cred == NULL || gnutls_certificate_allocate_credentials(&cred->gnutls) < 0) {
		free(cred);
		return err_set(err, ERR_MEMORY, "no memory for the certificate");
	}
	atomic_init(&cred->refs, 1);
	r = gnutls_certificate_set_x509_key_mem(cred->gnutls, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (r >= 0) {
		*out = cred;
		return 0;
	}
	http_cred_unref(cred);
	if (r == GNUTLS_E_MEMORY_ERROR)
		return err_set(err, ERR_MEMORY, "no memory for the certificate");
	return err_set(err, ERR_INVALID, "tls_cert_file: %s: %s", pem->cert_file, gnutls_strerror(r));
}

struct http_cred *
http_cred_ref(struct http_cred *cred)
{
	if (cred != NULL)
		atomic_fetch_add_explicit(&cred->refs, 1, memory_order_relaxed);
	return cred;
}

void
http_cred_unref(struct http_cred *cred)
{
	if (cred == NULL || atomic_fetch_sub_explicit(&cred->refs, 1, memory_order_acq_rel) > 1)
		return;
	gnutls_certificate_free_credentials(cred->gnutls);
	free(cred);
}

void
http_cred_show(const struct http_cred *cred, void *session)
{
	/* In the place of the library's own, see http_tls_nothing(): that needs no memory. */
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred->gnutls);
}

/* ---- the current ones ---- */

struct http_tls *
http_tls_new(struct http_cred *cred)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return NULL;
	lock_init(&tls->lock, LOCK_SETTINGS);
	tls->cred = http_cred_ref(cred);
	return tls;
}

void
http_tls_free(struct http_tls *tls)
{
	if (tls == NULL)
		return;
	http_cred_unref(tls->cred);
	lock_done(&tls->lock);
	free(tls);
}

void
http_tls_change(struct http_tls *tls, struct http_cred *cred)
{
	struct http_cred *old;

	http_cred_ref(cred);
	lock_take(&tls->lock);
	old = tls->cred;
	tls->cred = cred;
	lock_release(&tls->lock);
	http_cred_unref(old);
}

struct http_cred *
http_tls_current(struct http_tls *tls)
{
	struct http_cred *cred;

	lock_take(&tls->lock);
	cred = http_cred_ref(tls->cred);
	lock_release(&tls->lock);
	return cred;
}

/* ---- for the HTTP library ---- */

void *
http_tls_priorities(void)
{
	return priorities;
}

static int
show_nothing(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
	const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certs,
	unsigned *cert_count, gnutls_privkey_t *key)
{
	(void)session;
	(void)authorities;
	(void)count;
	(void)algorithms;
	(void)algorithm_count;
	(void)certs;
	(void)cert_count;
	(void)key;
	return -1;
}

void *
http_tls_nothing(void)
{
	/* Its type names GnuTLS, and the HTTP library takes it among pointers of all kinds. */
	gnutls_certificate_retrieve_function2 *f = show_nothing;

	return (void *)f;
}
