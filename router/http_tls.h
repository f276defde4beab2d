/* SPDX-License-Identifier: MIT */
/*
 * http_tls - certificate and key for the HTTP library, which wants their text.
 *
 * It copies what it parses, so the text is wiped as soon as the server runs.
 *
 * Threads: no state; a struct http_tls belongs to its holder.
 */
#ifndef ROUTER_HTTP_TLS_H
#define ROUTER_HTTP_TLS_H

#include "base/err.h"
#include "base/secret.h"

struct http_tls {
	struct secret cert, key; /* PEM; empty: no TLS */
	char *priorities;        /* for GnuTLS */
};

/* Read both files; nothing when cert_file is NULL. 0, ERR_INVALID (naming the key) or ERR_MEMORY. */
int http_tls_read(const char *cert_file, const char *key_file, struct http_tls *out,
	struct err *err) __attribute__((warn_unused_result));
void http_tls_done(struct http_tls *tls);

#endif
