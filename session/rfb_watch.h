/* SPDX-License-Identifier: MIT */
/*
 * rfb_watch - where the messages of a VNC client begin and end, pure.
 *
 * A guest's end cuts a console that it takes for idle (docs/proxmox.md), so the gateway has
 * to say something of its own now and then, and may do so only between two messages of the
 * browser's. This follows what goes to the guest after the handshake, message by message:
 * every one that noVNC or QEMU knows. After one that it does not know nothing is certain
 * any more, and it says so for ever.
 *
 * It costs a look at the head of each message; bodies are skipped.
 *
 * Threads: no shared state.
 */
#ifndef SESSION_RFB_WATCH_H
#define SESSION_RFB_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RFB_WATCH_HEAD_MAX = 9, /* the most bytes that tell how long a message is */
	RFB_WATCH_INIT_SIZE = 8 /* of the ServerInit, up to whether it has a colour map */
};

struct rfb_watch_message; /* what is known of a kind of them, see rfb_watch.c */

/* All zero is one before the first byte. */
struct rfb_watch {
	const struct rfb_watch_message *message; /* the one whose head comes */
	unsigned char head[RFB_WATCH_HEAD_MAX];
	unsigned char have, need; /* bytes of head; need 0: between two messages */
	uint64_t skip;            /* bytes of a body still to come */
	unsigned encodings;       /* still to come of a list of them */
	bool extended_pointer;    /* the client has offered the longer PointerEvent */
	bool lost;                /* an unknown message came */
	uint64_t keys;            /* KeyEvents so far; of QEMU's own vncterm knows nothing */
	unsigned char init[RFB_WATCH_INIT_SIZE];
	unsigned char init_len;
};

/* Bytes that go to the guest. */
void rfb_watch_client(struct rfb_watch *w, const void *data, size_t len);

/* Bytes that come from it; only its first ones are looked at. */
void rfb_watch_server(struct rfb_watch *w, const void *data, size_t len);

/* Does the stream to the guest stand between two messages, for certain? */
bool rfb_watch_between(const struct rfb_watch *w);

/* Is the guest's end a vncterm? It begins with a colour map of 8 bits, which QEMU never does. */
bool rfb_watch_is_vncterm(const struct rfb_watch *w);

/* An incremental FramebufferUpdateRequest for one pixel, which asks for nothing new. */
extern const unsigned char rfb_watch_request[10];

/* The left shift key, pressed and released. */
extern const unsigned char rfb_watch_shift[16];

#endif
