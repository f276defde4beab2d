/* SPDX-License-Identifier: MIT */
/*
 * ws - websocket frames (RFC 6455) for both ends, and the handshake's key.
 */
#ifndef BENCH_WS_H
#define BENCH_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WS_BINARY = 2, WS_CLOSE_OP = 8, WS_PING_OP = 9, WS_PONG_OP = 10 };
enum { WS_HEAD_MAX = 14, WS_CONTROL_MAX = 125, WS_KEY_SIZE = 25, WS_ACCEPT_SIZE = 29 };

/* All zero before the first byte but for the rules. */
struct ws_in {
	bool strict; /* as Proxmox: only whole masked frames of at most 128 KiB, or it would die */
	bool masked; /* the far side is a client */
	unsigned char head[WS_HEAD_MAX];
	unsigned head_len;
	bool in_payload;
	unsigned char opcode;
	unsigned char mask[4];
	unsigned mask_at;
	uint64_t left;
	unsigned char control[WS_CONTROL_MAX];
	unsigned control_len;
};

enum ws_kind { WS_MORE, WS_DATA, WS_PING, WS_PONG, WS_CLOSE, WS_BROKEN };

struct ws_event {
	enum ws_kind kind;
	unsigned char *data; /* inside the input, unmasked there; of a control frame inside ws_in */
	size_t len;
};

/* Read one event; *used says how many bytes that took. WS_MORE always comes with all of them. */
void ws_next(struct ws_in *w, unsigned char *in, size_t len, size_t *used, struct ws_event *event);

/* Write a frame's head; mask NULL: none. Returns its length. */
size_t ws_head(
	unsigned char out[WS_HEAD_MAX], unsigned opcode, size_t len, const unsigned char *mask);

/* XOR, beginning with the mask's byte `at`; out may be data. */
void ws_mask(unsigned char *out, const unsigned char *data, size_t len, const unsigned char mask[4],
	unsigned at);

void ws_key(char out[WS_KEY_SIZE]);
void ws_accept(const char *key, char out[WS_ACCEPT_SIZE]);

#endif
