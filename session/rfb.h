/* SPDX-License-Identifier: MIT */
/*
 * rfb - the VNC handshake (RFC 6143, sections 7.1 to 7.3.1) on both sides, pure.
 *
 * The gateway is a client towards Proxmox, with the password of the console
 * ticket, and a server towards the browser, with the password it minted. Each
 * side is a state machine that is fed bytes and leaves its answers in out.
 * After RFB_DONE the bytes belong to the relay: towards Proxmox the ClientInit
 * (always shared=1) has been sent, from the browser it has been received and
 * dropped, and what follows from Proxmox is the ServerInit.
 *
 * Threads: no shared state.
 */
#ifndef SESSION_RFB_H
#define SESSION_RFB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RFB_MORE = 0, RFB_DONE = 1 };

enum {
	RFB_PASSWORD_MAX = 8, /* VNC authentication uses no more */
	RFB_CHALLENGE_SIZE = 16,
	RFB_VERSION_SIZE = 12,
};

/* One side's handshake. Treat as opaque but for out and out_len: bytes to send, to be emptied by the caller. */
struct rfb {
	int step;
	int minor; /* protocol 3.x as agreed */
	unsigned char password[RFB_PASSWORD_MAX];
	unsigned char challenge[RFB_CHALLENGE_SIZE];
	unsigned char in[256];
	unsigned in_len, need;
	unsigned char out[96];
	unsigned out_len;
	uint32_t reason_left;
};

/* Towards Proxmox: nothing to send until it has spoken. password has 1..8 bytes that count. */
void rfb_client_init(struct rfb *r, const char *password, size_t len);

/* Towards the browser: the version is in out at once. Returns 0 or ERR_SYSTEM (no random challenge). */
int rfb_server_init(struct rfb *r, const char *password, size_t len, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Feed bytes; *used says how many were taken (all of them unless RFB_DONE).
 * RFB_MORE, RFB_DONE, or
 *   ERR_REFUSED   the password is wrong, or the server refuses this client
 *   ERR_PROTOCOL  not RFB, or no common version or security type
 *   ERR_SYSTEM    the cipher failed
 * After an error out may hold a last answer that should still be sent.
 */
int rfb_client_feed(struct rfb *r, const unsigned char *data, size_t len, size_t *used,
	struct err *err) __attribute__((warn_unused_result));
int rfb_server_feed(struct rfb *r, const unsigned char *data, size_t len, size_t *used,
	struct err *err) __attribute__((warn_unused_result));

/* Wipe the password. */
void rfb_done(struct rfb *r);

/* VNC authentication: the challenge, DES-encrypted under the password's mirrored bits. 0 or ERR_SYSTEM. */
int rfb_des(const unsigned char password[RFB_PASSWORD_MAX],
	const unsigned char challenge[RFB_CHALLENGE_SIZE], unsigned char response[RFB_CHALLENGE_SIZE])
	__attribute__((warn_unused_result));

#endif
