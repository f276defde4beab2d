/* SPDX-License-Identifier: MIT */
/*
 * http_tls - how the router speaks TLS: versions, ciphers, and the certificate of today.
 *
 * The HTTP library brings GnuTLS, and this is the only file that names it. Each
 * connection gets its credentials when it begins, and whoever holds the connection
 * keeps them alive until its TLS session is gone, so that a change disturbs nobody.
 *
 * Threads: any; the current credentials are guarded by LOCK_SETTINGS.
 */
#ifndef ROUTER_HTTP_TLS_H
#define ROUTER_HTTP_TLS_H

#include "base/err.h"

struct tls_pem;
struct http_cred; /* a certificate and its key, immutable, shared by counting */
struct http_tls;  /* opaque, see http_tls.c */

/* Parse what tls_pair_new() has judged. 0, ERR_INVALID (naming the option) or ERR_MEMORY. */
int http_cred_new(const struct tls_pem *pem, struct http_cred **out, struct err *err)
	__attribute__((warn_unused_result));
struct http_cred *http_cred_ref(struct http_cred *cred); /* NULL is fine, and stays NULL */
void http_cred_unref(struct http_cred *cred);

/* A connection's TLS session (a gnutls_session_t) begins: it shows these, which must outlive it. */
void http_cred_show(const struct http_cred *cred, void *session);

/* It keeps a reference to cred. NULL without memory. */
struct http_tls *http_tls_new(struct http_cred *cred);
void http_tls_free(struct http_tls *tls); /* NULL is fine */

/* From now on new connections show these, to which it keeps a reference. */
void http_tls_change(struct http_tls *tls, struct http_cred *cred);

/* What a new connection shows: a reference of the caller's. */
struct http_cred *http_tls_current(struct http_tls *tls);

/* For MHD_OPTION_HTTPS_PRIORITIES. */
void *http_tls_priorities(void);

/*
 * For MHD_OPTION_HTTPS_CERT_CALLBACK: the library does not start without a certificate
 * or one to ask. A connection without credentials of its own gets none.
 */
void *http_tls_nothing(void);

#endif
