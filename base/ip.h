/* SPDX-License-Identifier: MIT */
/*
 * ip - IP addresses and networks as values, pure.
 *
 * An IPv4 address is kept as IPv6 has it (::ffff:a.b.c.d, RFC 4291, 2.5.5.2), so
 * that the same peer compares equal whichever socket it came through.
 *
 * Threads: no state.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>

#include "base/err.h"

struct sockaddr;

enum { IP_TEXT_SIZE = 48, IP_BITS = 128, IP_V4_BITS = 96 /* where an IPv4 address begins */ };

struct ip {
	unsigned char bytes[16];
};

struct ip_net {
	struct ip ip;
	unsigned bits; /* 0..IP_BITS */
};

/* An address in its usual form, without brackets, zone and port. False when text is none. */
bool ip_parse(const char *text, struct ip *out);

/* The address of a socket; false when it is neither IPv4 nor IPv6. */
bool ip_of_sockaddr(const struct sockaddr *address, struct ip *out);

/* "198.51.100.7", "2001:db8::1". */
void ip_format(const struct ip *ip, char out[IP_TEXT_SIZE]);

bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_v4(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8, ::1 */

/*
 * Whom limits and penalties are for: an IPv4 address itself, of an IPv6 address its
 * /64, since one customer has all of that.
 */
struct ip ip_group(const struct ip *ip);

/* "10.0.0.0/8", "2001:db8::/32", or an address alone. 0, or ERR_INVALID with what is wrong. */
int ip_net_parse(const char *text, struct ip_net *out, struct err *err)
	__attribute__((warn_unused_result));

bool ip_net_has(const struct ip_net *net, const struct ip *ip);

#endif
