/* SPDX-License-Identifier: MIT */
/* listen - see listen.h */
#include "router/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* An address as the socket calls want it; its length, or 0 when the text is none. */
static socklen_t
make_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	return 0;
}

int
listen_open(const char *address, uint16_t port, int *out, struct err *err)
{
	struct sockaddr_storage where = {0};
	socklen_t len = make_address(address, port, &where);
	int on = 1, off = 0;
	int fd;

	if (len == 0)
		return err_set(err, ERR_SYSTEM, "router_ip: not an address");
	fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "router_ip: no socket for %s", address);
	/* Without the first, a restart would have to wait for old connections to be forgotten. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		(where.ss_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
		bind(fd, (const struct sockaddr *)&where, len) < 0 || listen(fd, BACKLOG) < 0) {
		err_errno(err, "router_ip, router_port: cannot listen on %s port %u", address, port);
		close(fd);
		return ERR_SYSTEM;
	}
	*out = fd;
	return 0;
}
