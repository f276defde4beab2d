/* SPDX-License-Identifier: MIT */
/* conns - see conns.h */
#include "router/conns.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ip.h"
#include "base/lock.h"
#include "router/http_tls.h"
#include "router/reply.h"

enum {
	MAGIC = 0x436f6e6e, /* "Conn" */
	LIMIT_MIN = 128,
	LIMIT_MAX = 1024,
	FDS_A_CONNECTION = 8, /* of all descriptors: sessions need the others */
	BUCKETS = 256,
};

/* A client that has connections. */
struct client {
	struct ip ip;   /* [i] its group, see ip.h */
	unsigned count; /* [lock] */
	LIST_ENTRY(client) link;
};

LIST_HEAD(bucket, client);

struct conn {
	unsigned magic;
	int fd;
	struct http_cred *cred;      /* [i] one reference; NULL: plain */
	struct client *client;       /* [i] NULL: not counted */
	bool crowded;                /* [i] */
	struct reply_kept kept;      /* the HTTP thread's */
	struct exchange *exchange;   /* the HTTP thread's; NULL: none is under way */
	_Atomic int64_t deadline_ms; /* [a] 0: none */
	TAILQ_ENTRY(conn) link;
};

struct conns {
	struct lock lock;
	atomic_int head_ms, body_ms;    /* [a] see struct conns_limits */
	unsigned per_client;            /* [lock] */
	struct bucket buckets[BUCKETS]; /* [lock] */
	TAILQ_HEAD(, conn) all;         /* [lock] */
};

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

/* With the lock, or before anybody else knows of them. */
static void
set_limits(struct conns *conns, const struct conns_limits *limits)
{
	unsigned most = conns_limit() / 2;

	atomic_store(&conns->head_ms, limits->head_ms);
	atomic_store(&conns->body_ms, limits->body_ms);
	/* One client never gets all that there are, however few. */
	conns->per_client = limits->per_client < most ? limits->per_client : most;
}

struct conns *
conns_new(const struct conns_limits *limits)
{
	struct conns *conns = calloc(1, sizeof(*conns));

	if (conns == NULL)
		return NULL;
	lock_init(&conns->lock, LOCK_HTTP);
	TAILQ_INIT(&conns->all);
	set_limits(conns, limits);
	return conns;
}

void
conns_change(struct conns *conns, const struct conns_limits *limits)
{
	lock_take(&conns->lock);
	set_limits(conns, limits);
	lock_release(&conns->lock);
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

/* ---- clients ---- */

static struct bucket *
bucket_of(struct conns *conns, const struct ip *group)
{
	unsigned h = 0;

	for (size_t i = 0; i < sizeof(group->bytes); i++)
		h = h * 31 + group->bytes[i];
	return &conns->buckets[h % BUCKETS];
}

/* With the lock. */
static struct client *
find_client(struct conns *conns, const struct ip *group)
{
	struct client *client;

	LIST_FOREACH(client, bucket_of(conns, group), link)
	{
		if (ip_equal(&client->ip, group))
			return client;
	}
	return NULL;
}

bool
conns_room(struct conns *conns, const struct ip *ip)
{
	struct ip group = ip_group(ip);
	const struct client *client;
	bool room;

	lock_take(&conns->lock);
	client = find_client(conns, &group);
	room = client == NULL || client->count < conns->per_client + CONN_CROWD;
	lock_release(&conns->lock);
	return room;
}

/* With the lock. Count one more of a client; fresh becomes NULL when it is needed for that. */
static void
count_in(struct conns *conns, struct conn *conn, struct client **fresh)
{
	struct client *client = find_client(conns, &(*fresh)->ip);

	if (client == NULL) {
		client = *fresh;
		*fresh = NULL;
		LIST_INSERT_HEAD(bucket_of(conns, &client->ip), client, link);
	}
	client->count++;
	conn->client = client;
	conn->crowded = client->count > conns->per_client;
}

/* With the lock. Returns what is to be freed. */
static struct client *
count_out(struct client *client)
{
	if (client == NULL || --client->count > 0)
		return NULL;
	LIST_REMOVE(client, link);
	return client;
}

/* ---- connections ---- */

static int64_t
deadline_of(struct conns *conns, enum conn_phase phase)
{
	switch (phase) {
	case CONN_HEAD:
		return clock_ms() + atomic_load_explicit(&conns->head_ms, memory_order_relaxed);
	case CONN_BODY:
		return clock_ms() + atomic_load_explicit(&conns->body_ms, memory_order_relaxed);
	case CONN_ANSWER:
		return clock_ms() + CONN_ANSWER_MS;
	default:
		return 0;
	}
}

struct conn *
conns_add(struct conns *conns, int fd, struct http_cred *cred, const struct ip *ip)
{
	struct conn *conn = calloc(1, sizeof(*conn));
	struct client *fresh = ip != NULL ? calloc(1, sizeof(*fresh)) : NULL;

	if (conn == NULL || (ip != NULL && fresh == NULL)) {
		free(fresh);
		free(conn);
		shutdown(fd, SHUT_RDWR);
		return NULL;
	}
	conn->magic = MAGIC;
	conn->fd = fd;
	conn->cred = http_cred_ref(cred);
	if (ip != NULL)
		fresh->ip = ip_group(ip);
	atomic_init(&conn->deadline_ms, deadline_of(conns, CONN_HEAD));
	lock_take(&conns->lock);
	if (ip != NULL)
		count_in(conns, conn, &fresh);
	TAILQ_INSERT_TAIL(&conns->all, conn, link);
	lock_release(&conns->lock);
	free(fresh);
	return conn;
}

bool
conn_crowded(const struct conn *conn)
{
	return conn != NULL && conn->crowded;
}

struct reply_kept *
conn_kept(struct conn *conn)
{
	return conn != NULL ? &conn->kept : NULL;
}

void
conn_set_exchange(struct conn *conn, struct exchange *x)
{
	if (conn != NULL)
		conn->exchange = x;
}

struct exchange *
conn_exchange(const struct conn *conn)
{
	return conn != NULL ? conn->exchange : NULL;
}

void
conns_remove(struct conns *conns, struct conn *conn)
{
	struct client *gone;

	if (conn == NULL)
		return;
	assert(conn->magic == MAGIC);
	assert(conn->exchange == NULL);
	lock_take(&conns->lock);
	TAILQ_REMOVE(&conns->all, conn, link);
	gone = count_out(conn->client);
	lock_release(&conns->lock);
	free(gone);
	conn->magic = 0;
	http_cred_unref(conn->cred);
	reply_kept_done(&conn->kept);
	free(conn);
}

void
conns_phase(struct conns *conns, struct conn *conn, enum conn_phase phase)
{
	if (conn == NULL)
		return;
	assert(conn->magic == MAGIC);
	/* Several times a request, by all HTTP threads: no lock. */
	atomic_store_explicit(&conn->deadline_ms, deadline_of(conns, phase), memory_order_relaxed);
}

size_t
conns_reap(struct conns *conns, int64_t now_ms)
{
	struct conn *conn;
	int64_t deadline;
	size_t n = 0;

	lock_take(&conns->lock);
	TAILQ_FOREACH(conn, &conns->all, link)
	{
		deadline = atomic_load_explicit(&conn->deadline_ms, memory_order_relaxed);
		if (deadline == 0 || deadline > now_ms)
			continue;
		/* Unless its next phase begins just now. */
		if (!atomic_compare_exchange_strong(&conn->deadline_ms, &deadline, 0))
			continue;
		/* A system call under the lock, and on purpose: see conns.h. It does not block. */
		shutdown(conn->fd, SHUT_RDWR);
		n++;
	}
	lock_release(&conns->lock);
	return n;
}
