/* SPDX-License-Identifier: MIT */
/* pve_transfer - see pve_transfer.h */
#include "proxmox_api/pve_transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ip.h"
#include "proxmox_api/pve_guard.h"
#include "proxmox_api/pve_tls.h"

/* ---- stopping ---- */

/* libcurl asks at least once a second, whatever it waits for; non-zero gives up. */
static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)arg;
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return pve_stopping() ? 1 : 0;
}

/* ---- connecting ---- */

/*
 * A host that is gone says nothing, and a call over a kept connection would wait for its answer
 * to the end. What is sent is acknowledged by the system there, however long Proxmox thinks, with a
 * 401 for 3 s; so who does not acknowledge is given up. Without this we only wait longer.
 */
static void
expect_acknowledgement(curl_socket_t fd)
{
	const int ms = PVE_SILENT_MS;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/*
 * Is that how the connection broke, as far as we can tell, and is there another host? The system's
 * clock need not agree with ours to the millisecond.
 */
static bool
may_ask_another(const struct transfer *t)
{
	return clock_ms() - t->requested_ms >= PVE_SILENT_MS - 100 && pve_host_count(t->pve) > 1;
}

/*
 * The one place where API calls get a socket. What is judged is what will be connected
 * to, whatever the host was called and whoever resolved it; libcurl goes on with the
 * next address.
 */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	curl_socket_t fd;
	struct ip ip;

	(void)purpose;
	/*
	 * The connection was a kept one, and broke before a byte of the answer: libcurl begins anew.
	 * A question may be put twice, if not where nobody seems to be; but a console that was asked
	 * for may be there.
	 */
	t->broke = t->broke || (t->requested && (t->call->form != NULL || may_ask_another(t)));
	t->requested = t->broke && t->call->form != NULL;
	if (t->broke)
		return CURL_SOCKET_BAD;
	if (!ip_of_sockaddr(&to->addr, &ip)) {
		err_set(&t->forbidden, ERR_FORBIDDEN, "an address that is neither IPv4 nor IPv6");
		return CURL_SOCKET_BAD;
	}
	if (pve_guard_ip(t->conn->trial.policy->guard, t->host, t->pve->port, &ip, &t->forbidden) < 0)
		return CURL_SOCKET_BAD;
	t->dialled = true;
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	if (fd >= 0)
		expect_acknowledgement(fd);
	return fd;
}

/* There is a connection, and from here on no telling what has been sent. */
static int
on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = arg;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	t->requested = true;
	t->requested_ms = clock_ms();
	return CURL_PREREQFUNC_OK;
}

/* ---- receiving ---- */

/* "HTTP/1.1 595 No route to host\r\n": what follows the second blank. A later line wins. */
static void
take_reason(const char *line, size_t len, char out[PVE_REASON_SIZE])
{
	const char *end = line + len;
	int blanks = 0;
	size_t n = 0;

	for (; line < end && blanks < 2; line++)
		blanks += *line == ' ';
	while (line + n < end && line[n] != '\r' && line[n] != '\n' && n < PVE_REASON_SIZE - 1)
		n++;
	memcpy(out, line, n);
	out[n] = '\0';
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	/* This version of libcurl keeps every header line it is given, without a limit. */
	t->head_bytes += len;
	if (t->head_bytes > PVE_HEAD_MAX)
		return 0;
	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		take_reason(data, len, t->answer->reason);
	return len;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	t->body_error = buf_add(&t->answer->body, data, len);
	return t->body_error < 0 ? 0 : len;
}

/* ---- preparing ---- */

static int
write_texts(struct transfer *t)
{
	const struct pve_identity *identity = t->call->identity;
	bool v6 = strchr(t->host, ':') != NULL;
	int r;

	r = buf_addf(&t->url, "https://%s%s%s:%u%s", v6 ? "[" : "", t->host, v6 ? "]" : "",
		t->pve->port, t->call->path);
	if (r == 0 && t->call->query != NULL)
		r = buf_addf(&t->url, "?%s", t->call->query);
	if (r < 0 || identity == NULL)
		return r;
	if (t->call->form != NULL && identity->csrf.len > 0)
		r = buf_addf(&t->csrf, "CSRFPreventionToken: %s", secret_peek(&identity->csrf));
	return r == 0 ? pve_auth_header(t->pve, identity, &t->auth) : r;
}

static bool
add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer != NULL)
		t->headers = longer;
	return longer != NULL;
}

/* "host:port:address", in the place of a name server. */
static bool
set_address(struct transfer *t)
{
	struct buf text = {.max = 0};

	if (t->to->address[0] == '\0')
		return true;
	if (buf_addf(&text, "%s:%u:%s", t->host, t->pve->port, t->to->address) == 0)
		t->resolve = curl_slist_append(NULL, buf_text(&text));
	buf_done(&text);
	return t->resolve != NULL &&
		   curl_easy_setopt(t->conn->handle, CURLOPT_RESOLVE, t->resolve) == CURLE_OK;
}

static bool
set_connection(struct transfer *t)
{
	CURL *h = t->conn->handle;

	return set_address(t) &&
		   curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, on_request) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_PREREQDATA, t) == CURLE_OK;
}

static bool
set_request(struct transfer *t)
{
	const struct pve_call *call = t->call;
	CURL *h = t->conn->handle;

	if (curl_easy_setopt(h, CURLOPT_URL, buf_text(&t->url)) != CURLE_OK)
		return false;
	if (call->form != NULL &&
		(curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)call->form->len) != CURLE_OK ||
			curl_easy_setopt(h, CURLOPT_POSTFIELDS, buf_text(call->form)) != CURLE_OK ||
			!add_header(t, "Expect:")))
		return false;
	if ((t->auth.len > 0 && !add_header(t, secret_peek(&t->auth))) ||
		(t->csrf.len > 0 && !add_header(t, buf_text(&t->csrf))))
		return false;
	return curl_easy_setopt(h, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

static bool
set_answer(struct transfer *t, long call_ms, long connect_ms)
{
	CURL *h = t->conn->handle;

	return curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, call_ms) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_MAXFILESIZE, (long)t->answer->body.max) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_HEADERDATA, t) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
		   curl_easy_setopt(h, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

/* One that an earlier call has left, or a new one. */
static bool
find_connection(struct transfer *t)
{
	struct pve_policy *policy = pve_policy_now(t->pve);

	if (!t->fresh)
		t->conn = pve_conn_take(t->pve, policy, t->host, t->to->address);
	if (t->conn == NULL) {
		t->conn = pve_conn_new(t->pve, policy, t->host);
		if (t->conn != NULL)
			t->conn->trial.whole = t->whole;
	}
	pve_policy_unref(policy);
	return t->conn != NULL;
}

int
transfer_prepare(struct transfer *t, int64_t left_ms, size_t tries, struct err *err)
{
	long call_ms = left_ms < PVE_CALL_MS ? (long)left_ms : PVE_CALL_MS;
	/* What is tried later must find some time, too. For libcurl 0 would mean minutes. */
	int64_t share_ms = left_ms / (int64_t)tries + 1;
	long connect_ms = share_ms < PVE_CONNECT_MS ? (long)share_ms : PVE_CONNECT_MS;

	t->answer->body.max = t->call->body_max != 0 ? t->call->body_max : PVE_BODY_MAX;
	if (!find_connection(t) || write_texts(t) < 0 || !set_connection(t) || !set_request(t) ||
		!set_answer(t, call_ms, connect_ms))
		return err_set(err, ERR_MEMORY, "%s: no memory for the call", t->call->what);
	return 0;
}

void
transfer_done(struct transfer *t)
{
	pve_conn_free(t->conn);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->resolve);
	secret_wipe(&t->auth);
	buf_done(&t->url);
	buf_done(&t->csrf);
}
