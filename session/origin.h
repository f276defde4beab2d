/* SPDX-License-Identifier: MIT */
/*
 * origin - where a page comes from, as browsers say it (RFC 6454), pure.
 *
 * "https://console.example:22000": scheme, host and port, in lower case, the
 * port left out when it is the scheme's own, an IPv6 address in brackets. Two
 * origins are the same when these texts are. A host that ends in a dot is
 * another one than without: so it is to browsers.
 *
 * Threads: no state.
 */
#ifndef SESSION_ORIGIN_H
#define SESSION_ORIGIN_H

#include <stdbool.h>

#include "base/err.h"

enum {
	ORIGIN_HOST_MAX = 253, /* a name; an address is shorter */
	ORIGIN_SIZE = sizeof("https://*.:65535") + ORIGIN_HOST_MAX,
};

/*
 * Read an origin; out is what it is in the form above. 0, or ERR_INVALID with
 * what is wrong: "null", "*", users, paths and blanks are no part of one.
 */
int origin_parse(const char *text, char out[ORIGIN_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/*
 * Read what a Content-Security-Policy may list: an origin, or one whose host begins with
 * "*.", but no IPv6 address, which no browser takes there. Nothing in out could end a
 * directive.
 */
int origin_parse_source(const char *text, char out[ORIGIN_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* The origin of a page at this Host ("console.example:22000"). False when host is none. */
bool origin_of_host(bool tls, const char *host, char out[ORIGIN_SIZE]);

#endif
