/* SPDX-License-Identifier: MIT */
/*
 * assets - the console page's files, read once into memory: path → bytes, type, ETag.
 *
 * No path of a request ever reaches the file system. Read at start are the
 * regular files below the page's folder whose type is in the table of
 * assets.c. Left out, with one log line for all of them, are links that lead out
 * of it or nowhere, devices, pipes, sockets and what may not be read; none of
 * them is opened.
 *
 * Threads: immutable after assets_load(); any thread may read.
 */
#ifndef SESSION_ASSETS_H
#define SESSION_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ASSET_ETAG_SIZE = 35 };

struct asset {
	char *path;       /* "core/rfb.js", relative to the page */
	const char *type; /* Content-Type */
	unsigned char *data;
	size_t len;
	char etag[ASSET_ETAG_SIZE]; /* with its quotes */
	char *csp; /* HTML only: what its inline scripts and styles need, see csp.h; else NULL */
};

struct assets; /* opaque, see assets.c */

/*
 * Read the folder. Returns 0, ERR_INVALID (no such folder, no vnc.html in it,
 * too many or too large files), ERR_SYSTEM or ERR_MEMORY.
 */
int assets_load(const char *dir, struct assets **out, struct err *err)
	__attribute__((warn_unused_result));
void assets_free(struct assets *a);

/* The page itself: vnc.html, or term.html for terminals, which may be missing: NULL. */
const struct asset *assets_page(const struct assets *a, bool terminal);

/* The file of a path, or NULL. */
const struct asset *assets_find(const struct assets *a, const char *path, size_t len);

#endif
