/* SPDX-License-Identifier: MIT */
/* conns - see conns.h */
#include "router/conns.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/lock.h"
#include "router/http_tls.h"

enum {
	MAGIC = 0x436f6e6e, /* "Conn" */
	LIMIT_MIN = 128,
	LIMIT_MAX = 1024,
	FDS_A_CONNECTION = 8, /* of all descriptors: sessions need the others */
};

struct conn {
	unsigned magic;
	int fd;
	struct http_cred *cred; /* [i] one reference; NULL: plain */
	int64_t deadline_ms;    /* [lock] 0: none */
	TAILQ_ENTRY(conn) link;
};

struct conns {
	struct lock lock;
	TAILQ_HEAD(, conn) all; /* [lock] */
};

static const int limits_ms[] = {
#define X(phase, ms) [phase] = (ms),
	CONN_PHASE_TBL(X)
#undef X
};

static int64_t
deadline_of(enum conn_phase phase)
{
	return limits_ms[phase] > 0 ? clock_ms() + limits_ms[phase] : 0;
}

unsigned
conns_limit(void)
{
	struct rlimit limit;
	unsigned long long n;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return LIMIT_MIN;
	n = limit.rlim_cur / FDS_A_CONNECTION;
	if (n < LIMIT_MIN)
		return LIMIT_MIN;
	return n > LIMIT_MAX ? LIMIT_MAX : (unsigned)n;
}

struct conns *
conns_new(void)
{
	struct conns *conns = calloc(1, sizeof(*conns));

	if (conns == NULL)
		return NULL;
	lock_init(&conns->lock, LOCK_HTTP);
	TAILQ_INIT(&conns->all);
	return conns;
}

void
conns_free(struct conns *conns)
{
	if (conns == NULL)
		return;
	assert(TAILQ_EMPTY(&conns->all));
	lock_done(&conns->lock);
	free(conns);
}

struct conn *
conns_add(struct conns *conns, int fd, struct http_cred *cred)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	conn->magic = MAGIC;
	conn->fd = fd;
	conn->cred = http_cred_ref(cred);
	conn->deadline_ms = deadline_of(CONN_HEAD);
	lock_take(&conns->lock);
	TAILQ_INSERT_TAIL(&conns->all, conn, link);
	lock_release(&conns->lock);
	return conn;
}

void
conns_remove(struct conns *conns, struct conn *conn)
{
	if (conn == NULL)
		return;
	assert(conn->magic == MAGIC);
	lock_take(&conns->lock);
	TAILQ_REMOVE(&conns->all, conn, link);
	lock_release(&conns->lock);
	conn->magic = 0;
	http_cred_unref(conn->cred);
	free(conn);
}

void
conns_phase(struct conns *conns, struct conn *conn, enum conn_phase phase)
{
	int64_t deadline = deadline_of(phase);

	if (conn == NULL)
		return;
	assert(conn->magic == MAGIC);
	lock_take(&conns->lock);
	conn->deadline_ms = deadline;
	lock_release(&conns->lock);
}

size_t
conns_reap(struct conns *conns, int64_t now_ms)
{
	struct conn *conn;
	size_t n = 0;

	lock_take(&conns->lock);
	TAILQ_FOREACH(conn, &conns->all, link)
	{
		if (conn->deadline_ms == 0 || conn->deadline_ms > now_ms)
			continue;
		/* A system call under the lock, and on purpose: see conns.h. It does not block. */
		shutdown(conn->fd, SHUT_RDWR);
		conn->deadline_ms = 0;
		n++;
	}
	lock_release(&conns->lock);
	return n;
}
