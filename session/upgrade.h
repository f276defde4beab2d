/* SPDX-License-Identifier: MIT */
/*
 * upgrade - the websocket opening handshake as a client (RFC 6455, section 4), pure.
 *
 * Threads: no shared state.
 */
#ifndef SESSION_UPGRADE_H
#define SESSION_UPGRADE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "proxmox_api/pve.h"

enum {
	UPGRADE_KEY_SIZE = 25, /* 24 base64 characters and a NUL */
	UPGRADE_ACCEPT_SIZE = 29,
	UPGRADE_RESPONSE_MAX = 8192,
};

enum { UPGRADE_MORE = 0, UPGRADE_DONE = 1 };

/* A fresh Sec-WebSocket-Key. 0 or ERR_SYSTEM. */
int upgrade_key(char out[UPGRADE_KEY_SIZE]) __attribute__((warn_unused_result));

/* The Sec-WebSocket-Accept that belongs to a key. */
int upgrade_accept(const char key[UPGRADE_KEY_SIZE], char out[UPGRADE_ACCEPT_SIZE])
	__attribute__((warn_unused_result));

/* Append the request that opens a console's websocket. It holds secrets. 0, ERR_LIMIT or ERR_MEMORY. */
int upgrade_request(struct buf *out, const struct pve_console *console,
	const char key[UPGRADE_KEY_SIZE]) __attribute__((warn_unused_result));

/*
 * Read the answer from data[0..len), which begins at its first byte and grows
 * from call to call. UPGRADE_MORE; UPGRADE_DONE with *used set to the size of
 * the head (what follows are frames); or
 *   ERR_REFUSED      401 or 403
 *   ERR_UNREACHABLE  595..599
 *   ERR_PROTOCOL     any other status, or not the answer to this request
 */
int upgrade_response(const char *data, size_t len, const char key[UPGRADE_KEY_SIZE], size_t *used,
	struct err *err) __attribute__((warn_unused_result));

#endif
