/* SPDX-License-Identifier: MIT */
/* http - see http.h */
#include "router/http.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ip.h"
#include "base/log.h"
#include "router/exchange.h"
#include "router/http_log.h"
#include "router/http_tls.h"

enum {
	THREADS = 2,
	/* The largest head that can be allowed fits, with the records of a hundred headers, of 64
	 * bytes each, and the answer's head, if it has no cookies, which are kept twice. With a
	 * byte more the library would map and unmap a connection's memory instead of taking it from
	 * the heap, which takes as long as a request. */
	CONNECTION_MEMORY = 32 * 1024,
	STOP_MS = 1000,
};

struct http {
	struct MHD_Daemon *daemon;
	struct http_tls *tls; /* NULL: plain */
	struct http_log log;
	struct exchanges all;
};

/* ---- connections ---- */

/*
 * Who is at the other end, if connections of it are counted: those of our own proxies
 * are everybody's.
 */
static bool
counted(struct http *http, const struct sockaddr *address, struct ip *out)
{
	struct settings *settings;
	bool yes;

	if (address == NULL || !ip_of_sockaddr(address, out))
		return false;
	settings = site_settings(http->all.site);
	yes = access_limits(settings->access, out) && !access_trusts(settings->access, out);
	settings_unref(settings);
	return yes;
}

static void
connection_begins(struct http *http, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_cred *cred;
	struct ip ip;
	bool count;
	int fd;

	if (info == NULL)
		return;
	fd = info->connect_fd;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	count = counted(http, info != NULL ? info->client_addr : NULL, &ip);
	cred = http->tls != NULL ? http_tls_current(http->tls) : NULL;
	*context = conns_add(http->all.conns, fd, cred, count ? &ip : NULL);
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (*context != NULL && cred != NULL && info != NULL)
		http_cred_show(cred, info->tls_session);
	http_cred_unref(cred); /* the connection has its own reference */
}

static void
connection_changed(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http *http = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begins(http, connection, context);
		return;
	}
	exchange_cut(*context);
	conns_remove(http->all.conns, *context);
	*context = NULL;
}

/*
 * May this connection be? MHD_quiesce_daemon() would be the natural way to take
 * no more, but races with the library's own threads and then aborts (0.9.75).
 */
static enum MHD_Result
accepts(void *cls, const struct sockaddr *address, socklen_t len)
{
	struct http *http = cls;
	struct ip ip;

	(void)len;
	if (atomic_load(&http->all.stopping))
		return MHD_NO;
	return !counted(http, address, &ip) || conns_room(http->all.conns, &ip) ? MHD_YES : MHD_NO;
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
	/*
	 * Read from a new connection at once, and watch it only if nothing has come; and close it
	 * without shutdown(). With TLS that would leave out the alert that the end is no accident.
	 */
	if (!is_tls)
		flags |= MHD_USE_TURBO;
	return MHD_start_daemon(flags, 0, accepts, http, exchange_handle, &http->all,
		MHD_OPTION_EXTERNAL_LOGGER, http_log_write, &http->log, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT, conns_limit(),
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK,
		unescape_nothing, NULL, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, &http->all,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, &http->all, MHD_OPTION_NOTIFY_CONNECTION,
		connection_changed, http, MHD_OPTION_ARRAY, is_tls ? secure : plain, MHD_OPTION_END);
}

static void
http_free(struct http *http)
{
	exchanges_done(&http->all);
	http_tls_free(http->tls);
	http_log_done(&http->log);
	free(http);
}

static struct http *
http_new(const struct http_config *config)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL || !exchanges_init(&http->all, config->site)) {
		free(http);
		return NULL;
	}
	http_log_init(&http->log);
	if (config->cred != NULL) {
		http->tls = http_tls_new(config->cred);
		if (http->tls == NULL) {
			http_free(http);
			return NULL;
		}
	}
	return http;
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
http_retune(struct http *http)
{
	exchanges_retune(&http->all);
}

void
http_tick(struct http *http)
{
	size_t late = conns_reap(http->all.conns, clock_ms());

	if (late > 0)
		log_debug(LOG_ROUTER, "connections past their time: %zu, cut", late);
	slow_tick(http->all.slow, clock_ms());
}

void
http_quiesce(struct http *http)
{
	exchanges_quiesce(&http->all);
}

void
http_stop(struct http *http)
{
	if (http == NULL)
		return;
	http_quiesce(http);
	exchanges_wait(&http->all, clock_ms() + STOP_MS);
	MHD_stop_daemon(http->daemon);
	http_free(http);
}
