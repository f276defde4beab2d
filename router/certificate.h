/* SPDX-License-Identifier: MIT */
/*
 * certificate - what tls_cert_file and tls_key_file hold, for the router and the sessions.
 *
 * The files are read once and judged by session/tls_pair.h; then each side's library
 * parses the same bytes, so that both always show the same.
 *
 * Threads: main.
 */
#ifndef ROUTER_CERTIFICATE_H
#define ROUTER_CERTIFICATE_H

#include "base/err.h"

struct config;
struct http_cred;
struct tls_pair;

/* Both, or neither: no TLS. One reference each. */
struct certificate {
	struct tls_pair *pair;  /* for sessions */
	struct http_cred *cred; /* for the router */
};

/*
 * *out becomes the caller's; both are NULL where the configuration names no files.
 * Returns 0, ERR_INVALID (naming the option) or ERR_MEMORY.
 */
int certificate_load(const struct config *config, struct certificate *out, struct err *err)
	__attribute__((warn_unused_result));
void certificate_done(struct certificate *c);

#endif
