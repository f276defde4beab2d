/* SPDX-License-Identifier: MIT */
/*
 * tls_server - how session ports speak TLS: versions, ciphers, and the certificate of today.
 *
 * Every session has a context of its own, which libwebsockets makes; all of them ask
 * here for the certificate at each handshake, so that a change needs no session to end.
 *
 * Threads: any; the current pair is guarded by LOCK_SETTINGS.
 */
#ifndef SESSION_TLS_SERVER_H
#define SESSION_TLS_SERVER_H

#include "base/err.h"

struct ssl_ctx_st;
struct tls_pair;
struct tls_server; /* opaque, see tls_server.c */

/* It keeps a reference to the pair. 0 or ERR_MEMORY. */
int tls_server_new(struct tls_pair *pair, struct tls_server **out, struct err *err)
	__attribute__((warn_unused_result));

/* When no context that was prepared with it has handshakes any more. NULL is fine. */
void tls_server_free(struct tls_server *t);

/* From now on new handshakes show this pair, to which it keeps a reference. */
void tls_server_change(struct tls_server *t, struct tls_pair *pair);

/* An empty client context to give to libwebsockets, which would load the system's authorities otherwise. */
struct ssl_ctx_st *tls_server_client_ctx(const struct tls_server *t);

/* Prepare a server's context; t must outlive its handshakes. 0 or ERR_SYSTEM. */
int tls_server_apply(struct tls_server *t, struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));

#endif
