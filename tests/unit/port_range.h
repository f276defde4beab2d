/* SPDX-License-Identifier: MIT */
/*
 * port_range - a pool of ports for a test, on a range that is free right now, and
 * sockets to try it with.
 *
 * Threads: no state.
 */
#ifndef TESTS_UNIT_PORT_RANGE_H
#define TESTS_UNIT_PORT_RANGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "session/ports.h"
#include "tests/unit/torture.h"

/* Lines about ports that are left out would only disturb. */
static inline int
be_silent(void **state)
{
	const struct log_config silent = {.enabled = false, .file = "stderr"};

	(void)state;
	return log_open(&silent, NULL);
}

struct any_address {
	struct sockaddr_storage sa;
	socklen_t len;
};

static inline struct any_address
address_of(const char *text, uint16_t port)
{
	struct any_address a = {.len = 0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;

	if (strchr(text, ':')) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		inet_pton(AF_INET6, text, &v6->sin6_addr);
		a.len = sizeof(*v6);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		inet_pton(AF_INET, text, &v4->sin_addr);
		a.len = sizeof(*v4);
	}
	return a;
}

/* A connection, or -1 with errno. */
static inline int
connect_to(const char *text, uint16_t port)
{
	struct any_address a = address_of(text, port);
	int fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), saved;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a.sa, a.len) == 0)
		return fd;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static inline bool
accepts(const char *text, uint16_t port)
{
	int fd = connect_to(text, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static inline bool
refuses(const char *text, uint16_t port)
{
	int fd = connect_to(text, port);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ECONNREFUSED;
}

/* A socket bound as another program would, with the option when it is not 0; or -1 with errno. */
static inline int
bind_as_another(const char *text, uint16_t port, int option)
{
	struct any_address a = address_of(text, port);
	int fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, saved;

	if (fd < 0)
		return -1;
	if (option)
		setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a.sa, a.len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * The first of count ports in a row that nothing uses, not even a connection of an
 * earlier test in TIME_WAIT, below what the kernel gives to outgoing connections.
 * Programs side by side begin at different places.
 */
static inline uint16_t
find_range(const char *address, unsigned count)
{
	unsigned tries, first, n;
	int fd;

	for (tries = 0; tries < 1000; tries++) {
		first = 12000 + ((unsigned)getpid() * 97 + tries * 61) % 18000;
		for (n = 0; n < count; n++) {
			fd = bind_as_another(address, (uint16_t)(first + n), 0);
			if (fd < 0)
				break;
			close(fd);
		}
		if (n == count)
			return (uint16_t)first;
	}
	fail_msg("no %u free ports in a row", count);
	return 0;
}

/* A pool of that many ports. */
static inline struct ports *
pool_for_test(const char *address, unsigned count, uint16_t *first)
{
	struct ports *p = NULL;

	*first = find_range(address, count);
	assert_int_equal(
		ports_new(address, *first, (uint16_t)(*first + count - 1), count, &p, NULL), 0);
	assert_int_equal(ports_count(p), count);
	return p;
}

static inline struct port_lease
lease_one(struct ports *p)
{
	struct port_lease lease = {0};

	assert_int_equal(ports_lease(p, &lease, NULL), 0);
	assert_ptr_equal(lease.pool, p);
	return lease;
}

/* The next connection to a leased port, accepted. */
static inline int
accept_one(const struct port_lease *lease)
{
	struct pollfd incoming = {.fd = lease->fd, .events = POLLIN};
	int fd;

	assert_int_equal(poll(&incoming, 1, 10000), 1);
	fd = accept(lease->fd, NULL, NULL);
	assert_true(fd >= 0);
	return fd;
}

/* Do connections to a leased port carry bytes both ways? */
static inline bool
works(const char *text, const struct port_lease *lease)
{
	int client = connect_to(text, lease->port), fd;
	char byte = 0;
	bool ok;

	if (client < 0)
		return false;
	fd = accept_one(lease);
	ok = send(client, "a", 1, MSG_NOSIGNAL) == 1 && read(fd, &byte, 1) == 1 && byte == 'a' &&
		 send(fd, "b", 1, MSG_NOSIGNAL) == 1 && read(client, &byte, 1) == 1 && byte == 'b';
	close(client);
	close(fd);
	return ok;
}

#endif
