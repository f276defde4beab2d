/* SPDX-License-Identifier: MIT */
/*
 * tls_pair - a certificate chain and its key: read, judged and parsed once.
 *
 * This is the only place that reads tls_cert_file and tls_key_file, and that decides
 * whether they may be used. The router's TLS library is given the same bytes.
 *
 * Threads: a pair is immutable and shared by counting; any thread may use it. A
 * struct tls_pem belongs to its holder.
 */
#ifndef SESSION_TLS_PAIR_H
#define SESSION_TLS_PAIR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

struct ssl_st;
struct tls_pair; /* opaque, see tls_pair.c */

/* What the two files held. */
struct tls_pem {
	const char *cert_file, *key_file; /* borrowed, for error texts */
	struct secret cert, key;
};

/* Read both files. 0, ERR_INVALID (naming option and file) or ERR_MEMORY. */
int tls_pem_read(const char *cert_file, const char *key_file, struct tls_pem *out, struct err *err)
	__attribute__((warn_unused_result));
void tls_pem_done(struct tls_pem *pem);

/*
 * Parse them; *out is one reference of the caller's. They must belong together, be strong
 * enough for OpenSSL, and the certificate must be valid today.
 * Returns 0, ERR_INVALID (naming option and file) or ERR_MEMORY.
 */
int tls_pair_new(const struct tls_pem *pem, struct tls_pair **out, struct err *err)
	__attribute__((warn_unused_result));
struct tls_pair *tls_pair_ref(struct tls_pair *pair);
void tls_pair_unref(struct tls_pair *pair); /* NULL is fine */

/* Does the certificate cover this name or address? */
bool tls_pair_covers(const struct tls_pair *pair, const char *host);

/* Show it in this connection's handshake, sharing what was parsed. 0 or ERR_SYSTEM. */
int tls_pair_show(const struct tls_pair *pair, struct ssl_st *ssl)
	__attribute__((warn_unused_result));

#endif
