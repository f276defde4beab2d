/* SPDX-License-Identifier: MIT */
/*
 * vnc - the parts of RFB 3.8 (RFC 6143) that both ends need.
 */
#ifndef BENCH_VNC_H
#define BENCH_VNC_H

#include <stddef.h>

#define VNC_VERSION "RFB 003.008\n"

enum {
	VNC_VERSION_LEN = 12,
	VNC_CHALLENGE = 16,
	VNC_AUTH = 2,
	VNC_SERVER_INIT = 24, /* followed by the name */
	VNC_REQUEST = 10,     /* FramebufferUpdateRequest */
};

/* The answer to a challenge: DES under the password's first eight bytes, mirrored bit by bit. */
void vnc_answer(const char *password, const unsigned char challenge[VNC_CHALLENGE],
	unsigned char out[VNC_CHALLENGE]);

/* What a viewer says when it wants to see the screen. */
extern const unsigned char vnc_request[VNC_REQUEST];

#endif
