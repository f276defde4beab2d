/* SPDX-License-Identifier: MIT */
/* pve_conn - see pve_conn.h */
#include "proxmox_api/pve_conn.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ip.h"

LIST_HEAD(conn_list, pve_conn);

static struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER, .name = LOCK_IDLE};
static struct conn_list idle; /* [LOCK_IDLE] the one that waits for longest is last */

/* ---- handles ---- */

/* Options that are the same for every call, each with its reason. */
static const struct {
	CURLoption option;
	long value;
} fixed[] = {
	{CURLOPT_NOSIGNAL, 1},       /* other threads live here */
	{CURLOPT_QUICK_EXIT, 1},     /* a resolver that hangs is left behind, not waited for */
	{CURLOPT_FOLLOWLOCATION, 0}, /* a password goes to the host that was named */
	{CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1}, /* later ones have no reason phrase */
	{CURLOPT_MAXCONNECTS, 1},                      /* what is known of it is known of that one */
	{CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
	{CURLOPT_SSL_SESSIONID_CACHE, 0}, /* it would not ask whether a verdict still holds */
	{CURLOPT_NETRC, CURL_NETRC_IGNORED},
};

static CURLcode
on_ssl_ctx(CURL *handle, void *ctx, void *arg)
{
	struct pve_conn *conn = arg;

	(void)handle;
	conn->calls = 0;
	return pve_trial_apply(&conn->trial, ctx) < 0 ? CURLE_OUT_OF_MEMORY : CURLE_OK;
}

static bool
set_fixed(CURL *handle)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (curl_easy_setopt(handle, fixed[i].option, fixed[i].value) != CURLE_OK)
			return false;
	}
	/* "" is not NULL: no proxy, whatever the environment says. */
	return curl_easy_setopt(handle, CURLOPT_PROXY, "") == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;
}

/* The name is verified with the rest, by the trial: a pinned certificate may have any. */
static bool
set_tls(struct pve_conn *conn)
{
	CURL *handle = conn->handle;
	long judges = pve_trial_judges(&conn->trial) ? 1 : 0;

	return curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, judges) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_CAINFO, NULL) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_CAPATH, NULL) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) == CURLE_OK &&
		   curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, conn) == CURLE_OK;
}

static bool
set_up(struct pve_conn *conn)
{
	return set_fixed(conn->handle) && set_tls(conn);
}

/* ---- life ---- */

struct pve_conn *
pve_conn_new(const struct pve *pve, struct pve_policy *policy, const char *host)
{
	struct pve_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	pve_trial_init(&conn->trial, policy, host, pve->port, &pve->pin);
	conn->handle = curl_easy_init();
	if (conn->handle != NULL && set_up(conn))
		return conn;
	pve_conn_free(conn);
	return NULL;
}

void
pve_conn_free(struct pve_conn *conn)
{
	if (conn == NULL)
		return;
	curl_easy_cleanup(conn->handle);
	pve_trial_done(&conn->trial);
	free(conn);
}

static void
free_all(struct conn_list *list)
{
	struct pve_conn *conn;

	while ((conn = LIST_FIRST(list)) != NULL) {
		LIST_REMOVE(conn, link);
		pve_conn_free(conn);
	}
}

/* ---- those that wait ---- */

/* With the lock held: out of the list, to be freed when the lock is released. */
static void
drop(struct pve_conn *conn, struct conn_list *dropped)
{
	LIST_REMOVE(conn, link);
	LIST_INSERT_HEAD(dropped, conn, link);
}

/* Is it where a call of that trial goes? */
static bool
fits(const struct pve_conn *conn, const struct pve_trial *trial, const char *address)
{
	struct ip literal;

	if (!pve_trial_alike(&conn->trial, trial))
		return false;
	/* Of a name that has to be resolved anew nobody knows where it leads now. */
	return address[0] != '\0' ? strcmp(conn->address, address) == 0
							  : ip_parse(trial->host, &literal);
}

/* The youngest one that fits; those that nobody may use any more go. */
static struct pve_conn *
pick(const struct pve_trial *trial, const char *address)
{
	struct conn_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct pve_conn *conn, *next, *found = NULL;
	int64_t now_ms = clock_ms();

	lock_take(&lock);
	for (conn = LIST_FIRST(&idle); conn != NULL && found == NULL; conn = next) {
		next = LIST_NEXT(conn, link);
		if (!fits(conn, trial, address))
			continue;
		if (now_ms - conn->idle_ms >= PVE_IDLE_MS ||
			!pve_trial_holds(&conn->trial, trial->policy)) {
			drop(conn, &dropped);
			continue;
		}
		LIST_REMOVE(conn, link);
		found = conn;
	}
	lock_release(&lock);
	free_all(&dropped);
	return found;
}

/*
 * What is there to be read without a question is the end, or nothing that we want to read. libcurl
 * takes TLS's farewell for a sign of life, sends the call, and makes it anew when that was in vain.
 */
static bool
is_alive(const struct pve_conn *conn)
{
	char byte;

	return pve_trial_is_read(&conn->trial) &&
		   recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		   (errno == EAGAIN || errno == EWOULDBLOCK);
}

struct pve_conn *
pve_conn_take(
	const struct pve *pve, struct pve_policy *policy, const char *host, const char *address)
{
	struct pve_conn *conn;
	struct pve_trial trial;

	pve_trial_init(&trial, policy, host, pve->port, &pve->pin);
	while ((conn = pick(&trial, address)) != NULL && !is_alive(conn))
		pve_conn_free(conn);
	pve_trial_done(&trial);
	return conn;
}

/* With the lock held: make room for one more like that. */
static void
make_room(const struct pve_conn *more, struct conn_list *dropped)
{
	struct pve_conn *conn, *next;
	unsigned all = 0, own = 0;

	for (conn = LIST_FIRST(&idle); conn != NULL; conn = next) {
		bool alike = pve_trial_alike(&conn->trial, &more->trial);

		next = LIST_NEXT(conn, link);
		own += alike;
		if (++all >= PVE_IDLE_MAX || (alike && own >= PVE_IDLE_EACH))
			drop(conn, dropped);
	}
}

void
pve_conn_keep(struct pve_conn **kept)
{
	struct conn_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct pve_conn *conn = *kept;
	curl_socket_t fd = CURL_SOCKET_BAD;

	*kept = NULL;
	/* When it was the connection's last answer, libcurl has hung up. */
	curl_easy_getinfo(conn->handle, CURLINFO_ACTIVESOCKET, &fd);
	/* Nothing of the call stays in it: there are pointers to texts that are wiped now. */
	curl_easy_reset(conn->handle);
	if (fd == CURL_SOCKET_BAD || ++conn->calls >= PVE_CONN_CALLS || !set_up(conn)) {
		pve_conn_free(conn);
		return;
	}
	conn->fd = fd;
	conn->idle_ms = clock_ms();
	lock_take(&lock);
	make_room(conn, &dropped);
	LIST_INSERT_HEAD(&idle, conn, link);
	lock_release(&lock);
	free_all(&dropped);
}

/* Of those that wait since then or for longer. */
static void
drop_since(int64_t idle_ms)
{
	struct conn_list dropped = LIST_HEAD_INITIALIZER(dropped);
	struct pve_conn *conn, *next;

	lock_take(&lock);
	for (conn = LIST_FIRST(&idle); conn != NULL; conn = next) {
		next = LIST_NEXT(conn, link);
		if (conn->idle_ms <= idle_ms)
			drop(conn, &dropped);
	}
	lock_release(&lock);
	free_all(&dropped);
}

void
pve_conn_drop_all(void)
{
	drop_since(INT64_MAX);
}

void
pve_tick(void)
{
	drop_since(clock_ms() - PVE_IDLE_MS);
}
