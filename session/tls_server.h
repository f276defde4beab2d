/* SPDX-License-Identifier: MIT */
/*
 * tls_server - the certificate and key that session ports show, parsed once.
 *
 * Threads: immutable after loading; any thread may read.
 */
#ifndef SESSION_TLS_SERVER_H
#define SESSION_TLS_SERVER_H

#include <stdbool.h>

#include "base/err.h"

struct ssl_ctx_st;
struct tls_server; /* opaque, see tls_server.c */

/* Read both files and check that they belong together. 0, ERR_INVALID (naming the key) or ERR_MEMORY. */
int tls_server_load(const char *cert_file, const char *key_file, struct tls_server **out,
	struct err *err) __attribute__((warn_unused_result));
void tls_server_free(struct tls_server *t);

/* Does the certificate cover this name or address? */
bool tls_server_covers(const struct tls_server *t, const char *host);

/* An empty client context to give to libwebsockets, which would load the system's authorities otherwise. */
struct ssl_ctx_st *tls_server_client_ctx(const struct tls_server *t);

/* Put certificate, chain and key into another context, sharing the parsed objects. 0 or ERR_SYSTEM. */
int tls_server_apply(const struct tls_server *t, struct ssl_ctx_st *ctx)
	__attribute__((warn_unused_result));

#endif
