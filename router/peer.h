/* SPDX-License-Identifier: MIT */
/*
 * peer - who is at the other end of a connection, for the log.
 *
 * Threads: no state.
 */
#ifndef ROUTER_PEER_H
#define ROUTER_PEER_H

struct sockaddr;

enum { PEER_SIZE = 48 };

/* "198.51.100.7", "2001:db8::1"; an IPv4 address that came over IPv6 as IPv4; "?" for anything else. */
void peer_name(const struct sockaddr *address, char out[PEER_SIZE]);

#endif
