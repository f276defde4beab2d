/* SPDX-License-Identifier: MIT */
/*
 * guest - what is behind a vncwebsocket: RFB's handshake as the server, then
 * the work that the node's name asks for. As strict about the client's frames as
 * Proxmox, which would die of them: each breach counts as a violation. Also that
 * without websocket, for peers that speak TCP to their target.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <stddef.h>
#include <stdint.h>

#include "tests/bench/conn.h"
#include "tests/bench/util.h"

struct counters {
	uint64_t connections, full_handshakes, resumed_handshakes, requests;
	uint64_t logins, statuses, consoles, websockets, shown, violations;
};

struct guest;

/* The websocket is open on c, or raw: there is none and RFB begins. The password is copied. */
struct guest *guest_new(struct conn *c, bool raw, const struct work *work, const char *password,
	struct counters *counters);
void guest_free(struct guest *g);

void guest_bytes(struct guest *g, unsigned char *data, size_t len);
void guest_room(struct guest *g);

/* Count a breach of Proxmox's rules and hang up. */
void violation(struct conn *c, struct counters *counters, const char *what);

#endif
