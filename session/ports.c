/* SPDX-License-Identifier: MIT */
#include "session/ports.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"

enum { BACKLOG = 64 };

struct slot {
	int fd;        /* [i] bound */
	uint16_t port; /* [i] */
	size_t next;   /* [LOCK_PORTS] in the list of free ones */
};

static const size_t none = (size_t)-1;

struct ports {
	struct lock lock;
	struct slot *slots; /* [i] */
	size_t count;       /* [i] */
	size_t first, last; /* [LOCK_PORTS] free ones, the longest unused first */
	size_t leased;      /* [LOCK_PORTS] */
};

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

static int
parse_address(const char *text, struct address *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&out->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->sa;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		out->len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		out->len = sizeof(*v6);
		return 0;
	}
	return ERR_INVALID;
}

/*
 * SO_REUSEADDR is on at two times only: for the bind, and from just before a
 * listen() to its end. Both fail otherwise while a connection of an earlier run,
 * or of an earlier lease, is in TIME_WAIT; and a connection inherits the option,
 * without which it would hold the port even so. At other times it must be off,
 * or another program could bind the port too.
 */
static int
set_reuse(int fd, int on)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

/* What connections inherit when they are accepted. */
static void
prepare(int fd)
{
	int on = 1;

	/* Handshakes are small answers in turn: Nagle would hold each for 40 ms. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* One that is not read would never be found to be gone. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

/* A bound socket, or -1 with errno. */
static int
bind_port(struct address *address, uint16_t port)
{
	int fd, off = 0, saved;

	if (address->sa.ss_family == AF_INET)
		((struct sockaddr_in *)&address->sa)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)&address->sa)->sin6_port = htons(port);
	fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (address->sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	prepare(fd);
	if (set_reuse(fd, 1) < 0 || bind(fd, (struct sockaddr *)&address->sa, address->len) < 0 ||
		set_reuse(fd, 0) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void
push_free(struct ports *p, size_t slot)
{
	p->slots[slot].next = none;
	if (p->last == none)
		p->first = slot;
	else
		p->slots[p->last].next = slot;
	p->last = slot;
}

static int
bind_all(
	struct ports *p, const char *text, uint16_t min, uint16_t max, size_t limit, struct err *err)
{
	struct address address;
	unsigned port;
	int fd;

	if (parse_address(text, &address) < 0)
		return err_set(err, ERR_INVALID, "session_ip: \"%s\" is not an address", text);
	for (port = min; port <= max && p->count < limit; port++) {
		fd = bind_port(&address, (uint16_t)port);
		if (fd < 0 && errno == EADDRNOTAVAIL)
			return err_set(
				err, ERR_INVALID, "session_ip: %s is not an address of this machine", text);
		if (fd < 0 && errno != EADDRINUSE && errno != EACCES)
			return err_errno(err, "session port %u", port);
		if (fd < 0) {
			log_info(LOG_SESSION_MGR, "warning: session port %u is left out: %s", port,
				errno == EACCES ? "not permitted" : "another program holds it");
			continue;
		}
		p->slots[p->count] = (struct slot){.fd = fd, .port = (uint16_t)port};
		push_free(p, p->count);
		p->count++;
	}
	if (p->count == 0)
		return err_set(err, ERR_BUSY,
			"session_port_min, session_port_max: no port of %u..%u is free", min, max);
	return 0;
}

int
ports_new(const char *address, uint16_t min, uint16_t max, size_t limit, struct ports **out,
	struct err *err)
{
	struct ports *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return err_set(err, ERR_MEMORY, "no memory for the port pool");
	lock_init(&p->lock, LOCK_PORTS);
	p->first = p->last = none;
	p->slots = calloc((size_t)(max - min) + 1, sizeof(*p->slots));
	r = p->slots ? bind_all(p, address, min, max, limit, err)
				 : err_set(err, ERR_MEMORY, "no memory for the port pool");
	if (r < 0) {
		ports_free(p);
		return r;
	}
	*out = p;
	return 0;
}

void
ports_free(struct ports *p)
{
	size_t i;

	if (!p)
		return;
	assert(p->leased == 0);
	for (i = 0; i < p->count; i++)
		close(p->slots[i].fd);
	free(p->slots);
	lock_done(&p->lock);
	free(p);
}

size_t
ports_count(const struct ports *p)
{
	return p->count;
}

bool
ports_any_free(struct ports *p)
{
	bool any;

	lock_take(&p->lock);
	any = p->first != none;
	lock_release(&p->lock);
	return any;
}

/* Take the first free slot off the list; false when there is none. */
static bool
pop_free(struct ports *p, size_t *slot)
{
	bool found;

	lock_take(&p->lock);
	found = p->first != none;
	if (found) {
		*slot = p->first;
		p->first = p->slots[*slot].next;
		if (p->first == none)
			p->last = none;
		p->leased++;
	}
	lock_release(&p->lock);
	return found;
}

int
ports_lease(struct ports *p, struct port_lease *out, struct err *err)
{
	struct port_lease lease = {.pool = p};
	int r;

	if (!pop_free(p, &lease.slot))
		return err_set(err, ERR_BUSY, "all %zu session ports are in use", p->count);
	lease.port = p->slots[lease.slot].port;
	lease.fd = p->slots[lease.slot].fd;
	if (set_reuse(lease.fd, 1) < 0 || listen(lease.fd, BACKLOG) < 0) {
		r = err_errno(err, "listen on session port %u", lease.port);
		(void)set_reuse(lease.fd, 0);
		lease.silent = true; /* it does not listen, so it must not be shut down */
		ports_return(&lease);
		return r;
	}
	*out = lease;
	return 0;
}

/*
 * shutdown() ends listening and keeps the binding: connections are refused, and
 * listen() works again. It must be called once only. On a socket that does not
 * listen any more Linux answers ENOTCONN but marks it as shut down all the same;
 * that mark survives the next listen(), and every connection accepted then
 * inherits it: it reads EOF at once and is of no use.
 */
void
ports_silence(struct port_lease *lease)
{
	if (lease->pool && !lease->silent) {
		(void)set_reuse(lease->fd, 0);
		shutdown(lease->fd, SHUT_RDWR);
	}
	lease->silent = true;
}

void
ports_return(struct port_lease *lease)
{
	struct ports *p = lease->pool;

	if (!p)
		return;
	ports_silence(lease);
	lock_take(&p->lock);
	push_free(p, lease->slot);
	p->leased--;
	lock_release(&p->lock);
	*lease = (struct port_lease){0};
}
