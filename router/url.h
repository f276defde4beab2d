/* SPDX-License-Identifier: MIT */
/*
 * url - the little that the router has to know of URLs, pure.
 *
 * Threads: no state.
 */
#ifndef ROUTER_URL_H
#define ROUTER_URL_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Can links begin with this? An http or https URL of host, port and path, without
 * user, query and fragment. 0, or ERR_INVALID with a text like "has a query".
 */
int url_check_base(const char *text, struct err *err) __attribute__((warn_unused_result));

/* Append a host as URLs have it: an IPv6 address in brackets. 0, ERR_LIMIT or ERR_MEMORY. */
int url_add_host(struct buf *out, const char *host) __attribute__((warn_unused_result));

#endif
