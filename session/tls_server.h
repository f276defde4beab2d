/* SPDX-License-Identifier: MIT */
/*
 * tls_server - how session ports speak TLS: versions, ciphers, and the certificate of today.
 *
 * One context for the connections of all sessions. The certificate is asked for at each
 * handshake, so that a change needs no session to end. With TLS 1.3 a handshake may be resumed,
 * by who began it with the same certificate.
 *
 * Threads: any; the current pair is guarded by LOCK_SETTINGS.
 */
#ifndef SESSION_TLS_SERVER_H
#define SESSION_TLS_SERVER_H

#include <openssl/types.h>

#include "base/err.h"

struct tls_pair;
struct tls_server; /* opaque, see tls_server.c */

/* It keeps a reference to the pair. 0, ERR_MEMORY or ERR_SYSTEM. */
int tls_server_new(struct tls_pair *pair, struct tls_server **out, struct err *err)
	__attribute__((warn_unused_result));

/* When no connection that was made with it has handshakes any more. NULL is fine. */
void tls_server_free(struct tls_server *t);

/* From now on new connections are shown this pair, to which it keeps a reference. */
void tls_server_change(struct tls_server *t, struct tls_pair *pair);

/* The server's side of a new connection, the caller's; t must outlive its handshake. 0 or ERR_MEMORY. */
int tls_server_ssl(struct tls_server *t, SSL **out, struct err *err)
	__attribute__((warn_unused_result));

#endif
