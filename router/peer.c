/* SPDX-License-Identifier: MIT */
/* peer - see peer.h */
#include "router/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static void
name_v6(const struct in6_addr *address, char out[PEER_SIZE])
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, &address->s6_addr[12], out, PEER_SIZE);
	else
		inet_ntop(AF_INET6, address, out, PEER_SIZE);
}

void
peer_name(const struct sockaddr *address, char out[PEER_SIZE])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memcpy(out, "?", 2);
	if (address == NULL)
		return;
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		inet_ntop(AF_INET, &v4.sin_addr, out, PEER_SIZE);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		name_v6(&v6.sin6_addr, out);
	}
}
