/* SPDX-License-Identifier: MIT */
/*
 * http - see http.h
 *
 * The library calls handle() for each request: once when the head is there, once
 * for each piece of the body, once at its end, and again after each resume. An
 * answer that is queued at the first call makes it close the connection, and one
 * in the middle of a body is not possible; so refusals wait for the body's end
 * where that is near, and what comes meanwhile is thrown away.
 */
#include "router/http.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "router/conns.h"
#include "router/http_head.h"
#include "router/http_log.h"
#include "router/http_tls.h"
#include "router/peer.h"
#include "router/routes.h"
#include "router/slow.h"

enum {
	THREADS = 2,
	/* More than 32 KiB makes the library map a connection's memory instead of taking it from
	 * the heap, so that the passwords in it are gone when the connection is. */
	CONNECTION_MEMORY = 40 * 1024,
	DRAIN_MAX = 1024 * 1024, /* of a refused body, so that the client gets to read its answer */
	STOP_MS = 1000,
};

enum stage {
	STAGE_NEW,
	STAGE_BODY,   /* admitted: its body is kept */
	STAGE_DRAIN,  /* refused: its body is not */
	STAGE_OPEN,   /* suspended by its route */
	STAGE_ANSWER, /* the reply is ready */
	STAGE_SENT,
};

/* One request and its answer. */
struct exchange {
	struct request request;
	struct http *http;
	struct MHD_Connection *connection;
	struct conn *conn;
	enum stage stage;
	size_t drained;
	struct reply reply;
	int64_t began_ms;
	struct slow_item waits; /* a slow answer */
};

struct http {
	struct MHD_Daemon *daemon;
	struct site *site;
	struct conns *conns;
	struct slow *slow;
	struct http_tls *tls; /* NULL: plain */
	atomic_bool stopping;
	struct http_log log;
	struct lock lock;
	pthread_cond_t idle; /* active has become 0 */
	unsigned active;     /* [lock] exchanges */
};

/* ---- what a request can do ---- */

static const char *
op_header(const struct request *request, const char *name)
{
	const struct exchange *x = request->server;
	const char *value = NULL;
	size_t len = 0;

	if (MHD_lookup_connection_value_n(
			x->connection, MHD_HEADER_KIND, name, strlen(name), &value, &len) != MHD_YES)
		return NULL;
	return value != NULL ? value : "";
}

static void
op_suspend(struct request *request)
{
	struct exchange *x = request->server;

	x->stage = STAGE_OPEN;
	conns_phase(x->http->conns, x->conn, CONN_WORK);
	MHD_suspend_connection(x->connection);
}

static void
op_resume(struct request *request)
{
	struct exchange *x = request->server;

	MHD_resume_connection(x->connection);
}

static const struct request_ops ops = {op_header, op_suspend, op_resume};

/* ---- an exchange's life ---- */

static struct conn *
conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static const struct sockaddr *
address_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL ? info->client_addr : NULL;
}

static enum MHD_Result
see_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	http_head_see(cls, name, value);
	return MHD_YES;
}

static struct exchange *
exchange_new(
	struct http *http, struct MHD_Connection *connection, const char *url, const char *method)
{
	const struct sockaddr *address = address_of(connection);
	struct exchange *x = calloc(1, sizeof(*x));
	struct http_head head = {0};

	if (x == NULL)
		return NULL;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, see_header, &head);
	x->http = http;
	x->connection = connection;
	x->conn = conn_of(connection);
	x->began_ms = clock_ms();
	x->request = (struct request){.magic = REQUEST_MAGIC,
		.ops = &ops,
		.server = x,
		.site = http->site,
		.method = method,
		.path = url,
		.head_fault = http_head_fault(&head),
		.length = head.length,
		.body = {.max = REQUEST_BODY_MAX}};
	if (address != NULL)
		(void)ip_of_sockaddr(address, &x->request.client);
	peer_name(address, x->request.peer);
	lock_take(&http->lock);
	http->active++;
	lock_release(&http->lock);
	return x;
}

static void
exchange_free(struct exchange *x)
{
	struct http *http = x->http;

	if (x->request.state_free != NULL)
		x->request.state_free(x->request.state);
	buf_done(&x->request.body);
	reply_done(&x->reply);
	x->request.magic = 0;
	free(x);
	lock_take(&http->lock);
	http->active--;
	if (http->active == 0)
		pthread_cond_signal(&http->idle);
	lock_release(&http->lock);
}

/* ---- from head to answer ---- */

/* A token in the path is a secret: only the route is named. */
static void
log_exchange(const struct exchange *x)
{
	const struct route *route = x->request.route;
	char method[LOG_QUOTE_SIZE];

	if (!log_wants(LEVEL_DEBUG))
		return;
	log_debug(LOG_ROUTER, "%s %s from %s: %d in %lld ms", log_quote(method, x->request.method),
		route != NULL ? route->path : "elsewhere", x->request.peer, x->reply.status,
		(long long)(clock_ms() - x->began_ms));
}

static enum MHD_Result
send_reply(struct exchange *x)
{
	if (atomic_load(&x->http->stopping))
		x->reply.close = true;
	log_exchange(x);
	x->stage = STAGE_SENT;
	conns_phase(x->http->conns, x->conn, CONN_ANSWER);
	return reply_send(&x->reply, x->connection) ? MHD_YES : MHD_NO;
}

static void
stop_waiting(void *arg)
{
	struct exchange *x = arg;

	MHD_resume_connection(x->connection);
}

static enum MHD_Result
finish(struct exchange *x)
{
	if (!x->reply.slow)
		return send_reply(x);
	x->reply.slow = false;
	x->stage = STAGE_ANSWER;
	conns_phase(x->http->conns, x->conn, CONN_WORK);
	/* Suspended first: once it is in line it may be resumed at any moment. */
	MHD_suspend_connection(x->connection);
	x->waits = (struct slow_item){.go = stop_waiting, .arg = x};
	if (!slow_add(x->http->slow, &x->waits)) {
		x->reply.close = true;
		MHD_resume_connection(x->connection);
	}
	return MHD_YES;
}

static bool
expects_continue(const struct exchange *x)
{
	const char *value = op_header(&x->request, "Expect");

	return value != NULL && strcasecmp(value, "100-continue") == 0;
}

/* The head is there. */
static enum MHD_Result
begin(struct exchange *x)
{
	conns_phase(x->http->conns, x->conn, CONN_BODY);
	if (routes_admit(&x->request, &x->reply)) {
		x->stage = STAGE_BODY;
		return MHD_YES;
	}
	x->stage = STAGE_DRAIN;
	/* Who knows where the body of such a head ends. */
	if (x->request.head_fault != NULL)
		x->reply.close = true;
	/* Answered at once, and the connection ended, where the body is long or not yet sent. */
	if (x->reply.close || x->request.length > DRAIN_MAX || expects_continue(x))
		return finish(x);
	return MHD_YES;
}

/* A piece of the body; *len becomes what is left of it. */
static enum MHD_Result
take_body(struct exchange *x, const char *data, size_t *len)
{
	size_t n = *len;
	int r;

	*len = 0;
	/* A GET with a body is odd, but legal; nobody looks at it. */
	if (x->stage == STAGE_BODY && x->request.route->body) {
		r = buf_add(&x->request.body, data, n);
		if (r == 0)
			return MHD_YES;
		buf_done(&x->request.body);
		x->stage = STAGE_DRAIN;
		if (r == ERR_LIMIT)
			routes_refuse_size(&x->request, &x->reply);
		else
			routes_refuse_memory(&x->request, &x->reply);
	}
	x->drained += n;
	/* Too much for an answer to be worth it: the connection is cut. */
	return x->drained <= DRAIN_MAX ? MHD_YES : MHD_NO;
}

/* The body is complete. */
static enum MHD_Result
run(struct exchange *x)
{
	enum route_next next;

	conns_phase(x->http->conns, x->conn, CONN_WORK);
	if (x->stage == STAGE_BODY) {
		next = x->request.route->run(&x->request, &x->reply);
		/* It may already belong to somebody else. */
		if (next == ROUTE_LATER)
			return MHD_YES;
	}
	return finish(x);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **context)
{
	struct exchange *x = *context;

	(void)version;
	if (x == NULL) {
		x = exchange_new(cls, connection, url, method);
		if (x == NULL)
			return MHD_NO;
		*context = &x->request;
	} else {
		x = request_of(*context)->server;
	}
	switch (x->stage) {
	case STAGE_NEW:
		return begin(x);
	case STAGE_BODY:
	case STAGE_DRAIN:
		return *len > 0 ? take_body(x, data, len) : run(x);
	case STAGE_OPEN:
		x->request.route->resumed(&x->request, &x->reply);
		return finish(x);
	case STAGE_ANSWER:
		return send_reply(x);
	default:
		return MHD_NO;
	}
}

static void
completed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct http *http = cls;
	struct conn *conn = conn_of(connection);

	(void)code;
	if (*context == NULL)
		return;
	exchange_free(request_of(*context)->server);
	*context = NULL;
	conns_phase(http->conns, conn, CONN_HEAD);
}

/* ---- connections ---- */

static void
connection_changed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;
	const union MHD_ConnectionInfo *info;
	struct http_cred *cred;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		conns_remove(http->conns, *context);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return;
	cred = http->tls != NULL ? http_tls_current(http->tls) : NULL;
	*context = conns_add(http->conns, info->connect_fd, cred);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (*context != NULL && cred != NULL && info != NULL)
		http_cred_show(cred, info->tls_session);
	http_cred_unref(cred); /* the connection has its own reference */
}

/*
 * May this connection be? MHD_quiesce_daemon() would be the natural way to take
 * no more, but races with the library's own threads and then aborts (0.9.75).
 */
static enum MHD_Result
accepts(void *cls, const struct sockaddr *address, socklen_t len)
{
	const struct http *http = cls;

	(void)address;
	(void)len;
	return atomic_load(&http->stopping) ? MHD_NO : MHD_YES;
}

/* A path is compared as it was sent: "%2f" is no slash, and no token has a '%'. */
static size_t
unescape_nothing(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

/* ---- start and stop ---- */

/* The library takes the socket, also when it fails. */
static struct MHD_Daemon *
start_daemon(struct http *http, int fd)
{
	unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned limit = conns_limit();
	struct MHD_OptionItem secure[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, http_tls_nothing()},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, http_tls_priorities()},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
	bool is_tls = http->tls != NULL;

	/*
	 * With TLS its epoll loop spins on a handshake that has begun and stands still: one
	 * connection, not authorised, would take a whole processor. Its poll loop sleeps.
	 */
	flags |= is_tls ? MHD_USE_TLS | MHD_USE_POLL_INTERNAL_THREAD : MHD_USE_EPOLL_INTERNAL_THREAD;
	return MHD_start_daemon(flags, 0, accepts, http, handle, http, MHD_OPTION_EXTERNAL_LOGGER,
		http_log_write, &http->log, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
		(unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		limit / 2, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, completed, http, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, http, MHD_OPTION_ARRAY, is_tls ? secure : plain, MHD_OPTION_END);
}

static void
http_free(struct http *http)
{
	slow_free(http->slow);
	conns_free(http->conns);
	http_tls_free(http->tls);
	pthread_cond_destroy(&http->idle);
	lock_done(&http->lock);
	http_log_done(&http->log);
	free(http);
}

static struct http *
http_new(const struct http_config *config)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->site = config->site;
	http_log_init(&http->log);
	lock_init(&http->lock, LOCK_HTTP);
	lock_cond_init(&http->idle);
	http->conns = conns_new();
	http->slow = slow_new();
	if (config->cred != NULL)
		http->tls = http_tls_new(config->cred);
	if (http->conns != NULL && http->slow != NULL && (config->cred == NULL || http->tls != NULL))
		return http;
	http_free(http);
	return NULL;
}

int
http_start(const struct http_config *config, int *listen_fd, struct http **out, struct err *err)
{
	struct http *http = http_new(config);
	char why[HTTP_LOG_LINE];
	int fd = *listen_fd;

	if (http == NULL)
		return err_set(err, ERR_MEMORY, "no memory for the HTTP server");
	*listen_fd = -1;
	http->daemon = start_daemon(http, fd);
	if (http->daemon == NULL) {
		http_log_last(&http->log, why);
		http_free(http);
		return err_set(err, ERR_SYSTEM, "the HTTP server did not start: %s", why);
	}
	*out = http;
	return 0;
}

void
http_change_cred(struct http *http, struct http_cred *cred)
{
	http_tls_change(http->tls, cred);
}

void
http_tick(struct http *http)
{
	size_t late = conns_reap(http->conns, clock_ms());

	if (late > 0)
		log_debug(LOG_ROUTER, "connections past their time: %zu, cut", late);
	slow_tick(http->slow, clock_ms());
}

void
http_quiesce(struct http *http)
{
	atomic_store(&http->stopping, true);
	slow_close(http->slow);
}

void
http_stop(struct http *http)
{
	int64_t deadline = clock_ms() + STOP_MS;

	if (http == NULL)
		return;
	http_quiesce(http);
	lock_take(&http->lock);
	while (http->active > 0 && lock_wait(&http->lock, &http->idle, deadline))
		;
	lock_release(&http->lock);
	MHD_stop_daemon(http->daemon);
	http_free(http);
}
