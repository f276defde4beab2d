/* SPDX-License-Identifier: MIT */
/*
 * csp - the Content-Security-Policy of a page, pure.
 *
 * Our own page has no inline script or style. A noVNC of another origin has:
 * its scripts are allowed by their hashes (CSP level 2), which are computed
 * when the page is read; style attributes can only be allowed as such.
 *
 * Threads: no state.
 */
#ifndef SESSION_CSP_H
#define SESSION_CSP_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* What csp_for_html() may add up to, some 27 inline scripts; the rest of a head needs room too, see page.h. */
enum { CSP_HTML_MAX = 1536 };

/*
 * Append the script-src and style-src directives that an HTML file needs. 0, ERR_LIMIT, ERR_MEMORY or
 * ERR_SYSTEM.
 */
int csp_for_html(struct buf *out, const char *html, size_t len) __attribute__((warn_unused_result));

#endif
