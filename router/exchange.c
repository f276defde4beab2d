/* SPDX-License-Identifier: MIT */
/*
 * exchange - see exchange.h
 *
 * The library calls exchange_begin() when a request line is there, and
 * exchange_handle() once when the head is, once for each piece of the body, once
 * at its end, and again after each resume. An answer that is queued at its first
 * call makes the library close the connection, and one in the middle of a body is
 * not possible; so refusals wait for the body's end where that is near, and what
 * comes meanwhile is thrown away.
 */
#include "router/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "router/http_head.h"
#include "router/routes.h"
#include "session/forwarded.h"

enum {
	/*
	 * Of a refused body, so that the client gets to read its answer: twice what request_body_max
	 * may be, or who is a little above that might find the connection cut instead.
	 */
	DRAIN_MAX = 2 * 1024 * 1024,
};

enum stage {
	STAGE_HEAD,   /* only the request line is there */
	STAGE_BODY,   /* admitted: its body is kept */
	STAGE_DRAIN,  /* refused: its body is not */
	STAGE_OPEN,   /* suspended by its route */
	STAGE_ANSWER, /* the reply is ready */
	STAGE_SENT,
};

/* One request and its answer. */
struct exchange {
	struct request request;
	struct exchanges *all;
	struct MHD_Connection *connection;
	struct conn *conn;
	enum stage stage;
	size_t target_len; /* of the request target, see http_head.h */
	size_t drained;
	struct reply reply;
	int64_t began_ms;
	struct slow_item waits; /* a slow answer */
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
	conns_phase(x->all->conns, x->conn, CONN_WORK);
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

void *
exchange_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->all = cls;
	x->connection = connection;
	x->conn = conn_of(connection);
	x->began_ms = clock_ms();
	/* Later the library cuts it up. */
	x->target_len = http_head_target(target);
	x->request = (struct request){.magic = REQUEST_MAGIC, .server = x};
	conn_set_exchange(x->conn, x);
	return &x->request;
}

static enum MHD_Result
see_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	(void)kind;
	/* Only a query's parameters may lack a value, and these are none. */
	if (value != NULL)
		http_head_see(cls, name, name_len, value, value_len);
	return MHD_YES;
}

/* What our proxies say of whom they ask for. */
struct proxied {
	struct buf from, scheme, host;
};

/* Lines of one header are one list (RFC 9110, 5.2). Without memory for it nobody asks through a proxy. */
static void
add_line(struct buf *list, const char *value)
{
	if (buf_addf(list, "%s%s", list->len > 0 ? ", " : "", value) < 0)
		buf_done(list);
}

static enum MHD_Result
see_proxied(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct proxied *proxied = cls;

	(void)kind;
	if (value == NULL)
		return MHD_YES;
	if (strcasecmp(name, "X-Forwarded-For") == 0)
		add_line(&proxied->from, value);
	else if (strcasecmp(name, "X-Forwarded-Proto") == 0)
		add_line(&proxied->scheme, value);
	else if (strcasecmp(name, "X-Forwarded-Host") == 0)
		add_line(&proxied->host, value);
	return MHD_YES;
}

/* Who asks, and does their browser speak TLS? */
static void
read_client(struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct settings *settings = x->request.settings;
	struct proxied proxied = {0};
	struct forwarded_head head = {.host = ""};
	struct forwarded forwarded;
	struct ip peer = {0};

	if (info != NULL && info->client_addr != NULL)
		(void)ip_of_sockaddr(info->client_addr, &peer);
	if (access_trusts(settings->access, &peer))
		MHD_get_connection_values(x->connection, MHD_HEADER_KIND, see_proxied, &proxied);
	head.forwarded_for = buf_text(&proxied.from);
	head.forwarded_proto = buf_text(&proxied.scheme);
	head.forwarded_host = buf_text(&proxied.host);
	forwarded_read(settings->access, &peer, settings->tls, &head, &forwarded);
	buf_done(&proxied.from);
	buf_done(&proxied.scheme);
	buf_done(&proxied.host);
	x->request.client = forwarded.client;
	x->request.tls = forwarded.tls;
}

static void
read_head(struct exchange *x, const char *url, const char *method, const char *version)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct http_head head;

	http_head_begin(&head, method, url, x->target_len, version);
	MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, see_header, &head);
	http_head_end(&head, info != NULL ? info->header_size : 0);
	x->request = (struct request){.magic = REQUEST_MAGIC,
		.ops = &ops,
		.server = x,
		.site = x->all->site,
		.settings = site_settings(x->all->site),
		.method = method,
		.path = url,
		.crowded = conn_crowded(x->conn),
		.head_fault = http_head_fault(&head),
		.head_size = head.size,
		.length = head.length};
	x->request.body.max = x->request.settings->body_max;
	read_client(x);
}

static void
exchange_gone(struct exchanges *all)
{
	/* Who waits has set stopping before they look at active; so one of us sees the other. */
	if (atomic_fetch_sub(&all->active, 1) > 1 || !atomic_load(&all->stopping))
		return;
	lock_take(&all->lock);
	pthread_cond_signal(&all->idle);
	lock_release(&all->lock);
}

static void
exchange_free(struct exchange *x)
{
	struct exchanges *all = x->all;
	bool counted = x->stage != STAGE_HEAD;

	conn_set_exchange(x->conn, NULL);
	if (x->request.state_free != NULL)
		x->request.state_free(x->request.state);
	buf_done(&x->request.body);
	reply_done(&x->reply);
	settings_unref(x->request.settings);
	x->request.magic = 0;
	free(x);
	if (counted)
		exchange_gone(all);
}

/* ---- from head to answer ---- */

/* A token in the path is a secret: only the route is named. */
static void
log_exchange(const struct exchange *x)
{
	const struct route *route = x->request.route;
	char method[LOG_QUOTE_SIZE], from[IP_TEXT_SIZE];

	if (!log_wants(LEVEL_DEBUG))
		return;
	ip_format(&x->request.client, from);
	log_debug(LOG_ROUTER, "%s %s from %s: %d in %lld ms", log_quote(method, x->request.method),
		route != NULL ? route->path : "elsewhere", from, x->reply.status,
		(long long)(clock_ms() - x->began_ms));
}

static enum MHD_Result
send_reply(struct exchange *x)
{
	/*
	 * The library takes more than the RFC for the end of a chunk, so what follows a chunked
	 * body may be something else to a proxy in front: it is never read as a request.
	 */
	if (atomic_load(&x->all->stopping) || x->request.length == REQUEST_LENGTH_UNKNOWN)
		x->reply.close = true;
	log_exchange(x);
	x->stage = STAGE_SENT;
	conns_phase(x->all->conns, x->conn, CONN_ANSWER);
	return reply_send(
			   &x->reply, x->request.settings, x->request.tls, conn_kept(x->conn), x->connection)
			   ? MHD_YES
			   : MHD_NO;
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
	conns_phase(x->all->conns, x->conn, CONN_WORK);
	/* Suspended first: once it is in line it may be resumed at any moment. */
	MHD_suspend_connection(x->connection);
	x->waits = (struct slow_item){.go = stop_waiting, .arg = x};
	if (!slow_add(x->all->slow, &x->waits)) {
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
	bool end;

	conns_phase(x->all->conns, x->conn, CONN_BODY);
	if (routes_admit(&x->request, &x->reply)) {
		x->stage = STAGE_BODY;
		return MHD_YES;
	}
	x->stage = STAGE_DRAIN;
	/* Who knows where the body of such a head ends; and a crowd is not listened to. */
	end = x->request.head_fault != NULL || x->request.crowded || x->reply.status == 431;
	x->reply.close = x->reply.close || end;
	/* Answered at once, and the connection ended, also where the body is long or not yet sent. */
	if (end || x->request.length > DRAIN_MAX || expects_continue(x))
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

	conns_phase(x->all->conns, x->conn, CONN_WORK);
	if (x->stage == STAGE_BODY) {
		next = x->request.route->run(&x->request, &x->reply);
		secret_wipe_stack();
		/* It may already belong to somebody else. */
		if (next == ROUTE_LATER)
			return MHD_YES;
	}
	return finish(x);
}

enum MHD_Result
exchange_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **context)
{
	struct exchange *x;

	(void)cls;
	(void)connection;
	/* There was no memory for it. */
	if (*context == NULL)
		return MHD_NO;
	x = request_of(*context)->server;
	switch (x->stage) {
	case STAGE_HEAD:
		read_head(x, url, method, version);
		atomic_fetch_add(&x->all->active, 1);
		return begin(x);
	case STAGE_BODY:
	case STAGE_DRAIN:
		return *len > 0 ? take_body(x, data, len) : run(x);
	case STAGE_OPEN:
		x->request.route->resumed(&x->request, &x->reply);
		secret_wipe_stack();
		return finish(x);
	case STAGE_ANSWER:
		return send_reply(x);
	default:
		return MHD_NO;
	}
}

void
exchange_completed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code)
{
	struct exchanges *all = cls;
	struct conn *conn = conn_of(connection);

	(void)code;
	if (*context == NULL)
		return;
	exchange_free(request_of(*context)->server);
	*context = NULL;
	if (conn != NULL)
		reply_kept_wipe(conn_kept(conn));
	conns_phase(all->conns, conn, CONN_HEAD);
}

void
exchange_cut(struct conn *conn)
{
	struct exchange *x = conn_exchange(conn);

	if (x != NULL)
		exchange_free(x);
}

/* ---- all of them ---- */

bool
exchanges_init(struct exchanges *all, struct site *site)
{
	struct settings *settings = site_settings(site);

	*all =
		(struct exchanges){.site = site, .conns = conns_new(&settings->conns), .slow = slow_new()};
	settings_unref(settings);
	if (all->conns == NULL || all->slow == NULL) {
		conns_free(all->conns);
		slow_free(all->slow);
		return false;
	}
	lock_init(&all->lock, LOCK_HTTP);
	lock_cond_init(&all->idle);
	return true;
}

void
exchanges_done(struct exchanges *all)
{
	slow_free(all->slow);
	conns_free(all->conns);
	pthread_cond_destroy(&all->idle);
	lock_done(&all->lock);
}

void
exchanges_retune(struct exchanges *all)
{
	struct settings *settings = site_settings(all->site);

	conns_change(all->conns, &settings->conns);
	settings_unref(settings);
}

void
exchanges_quiesce(struct exchanges *all)
{
	atomic_store(&all->stopping, true);
	slow_close(all->slow);
}

void
exchanges_wait(struct exchanges *all, int64_t deadline_ms)
{
	lock_take(&all->lock);
	while (atomic_load(&all->active) > 0 && lock_wait(&all->lock, &all->idle, deadline_ms))
		;
	lock_release(&all->lock);
}
