/* SPDX-License-Identifier: MIT */
/* pve_request - see pve_request.h */
#include "proxmox_api/pve_request.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ip.h"
#include "proxmox_api/pve_conn.h"
#include "proxmox_api/pve_guard.h"
#include "proxmox_api/pve_judge.h"
#include "proxmox_api/pve_tls.h"

/* What can be done after a try that failed before anything was sent. */
enum next { NEXT_NOTHING, NEXT_ADDRESS, NEXT_HOST };

/* Everything that lives as long as one try of a call. */
struct transfer {
	struct pve *pve;
	const struct pve_call *call;
	struct pve_answer *answer;
	const struct pve_where *to;
	const char *host; /* that is called */
	bool fresh;       /* no earlier call's connection will do */
	struct pve_conn *conn;
	struct curl_slist *headers, *resolve;
	struct secret auth;
	struct buf url, csrf;
	size_t head_bytes;
	int body_error;       /* why on_body() gave up */
	struct err forbidden; /* what the guard said last */
	bool dialled;         /* it let an address be connected to */
	bool requested;       /* the request is, or may be, on its way */
	bool broke;           /* a kept connection, with the request on it */
	char error[CURL_ERROR_SIZE];
};

void
pve_answer_done(struct pve_answer *answer)
{
	buf_done(&answer->body);
	pve_trial_done(&answer->trial);
	*answer = (struct pve_answer){.status = 0};
}

/* ---- stopping ---- */

static atomic_bool stopping;

void
pve_stop(void)
{
	atomic_store(&stopping, true);
}

/* libcurl asks at least once a second, whatever it waits for; non-zero gives up. */
static int
on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	(void)arg;
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return atomic_load(&stopping) ? 1 : 0;
}

/* ---- connecting ---- */

/*
 * The one place where API calls get a socket. What is judged is what will be connected
 * to, whatever the host was called and whoever resolved it; libcurl goes on with the
 * next address.
 */
static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	struct ip ip;

	(void)purpose;
	/*
	 * The connection was a kept one, and broke before a byte of the answer: libcurl begins anew.
	 * A question may be put twice, but a console that was asked for may be there.
	 */
	t->broke = t->requested && t->call->form != NULL;
	if (t->broke)
		return CURL_SOCKET_BAD;
	t->requested = false;
	if (!ip_of_sockaddr(&to->addr, &ip)) {
		err_set(&t->forbidden, ERR_FORBIDDEN, "an address that is neither IPv4 nor IPv6");
		return CURL_SOCKET_BAD;
	}
	if (pve_guard_ip(t->conn->trial.policy->guard, t->host, t->pve->port, &ip, &t->forbidden) < 0)
		return CURL_SOCKET_BAD;
	t->dialled = true;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
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
		if (t->conn != NULL && !t->fresh)
			pve_resume(t->pve, &t->conn->trial);
	}
	pve_policy_unref(policy);
	return t->conn != NULL;
}

static int
prepare(struct transfer *t, int64_t left_ms, size_t tries, struct err *err)
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

static void
transfer_done(struct transfer *t)
{
	pve_conn_free(t->conn);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->resolve);
	secret_wipe(&t->auth);
	buf_done(&t->url);
	buf_done(&t->csrf);
}

/* ---- judging ---- */

/* How libcurl's failures count when no status has arrived, or a 200 whose body is not whole. */
static const struct {
	CURLcode failure;
	int code;
} failures[] = {
	{CURLE_OUT_OF_MEMORY, ERR_MEMORY},
	{CURLE_COULDNT_RESOLVE_HOST, ERR_UNREACHABLE},
	{CURLE_COULDNT_CONNECT, ERR_UNREACHABLE},
	{CURLE_SEND_ERROR, ERR_UNREACHABLE},
	{CURLE_RECV_ERROR, ERR_UNREACHABLE},
	{CURLE_GOT_NOTHING, ERR_UNREACHABLE},
	{CURLE_PARTIAL_FILE, ERR_UNREACHABLE},
	/* A TLS server that hangs up; what is not TLS, or a failed negotiation, is told apart below. */
	{CURLE_SSL_CONNECT_ERROR, ERR_UNREACHABLE},
	{CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},
	{CURLE_ABORTED_BY_CALLBACK, ERR_STOPPING},
};

static int
code_of_failure(const struct transfer *t, CURLcode failure)
{
	/* Who accepts a connection and never begins TLS is no more there than a closed port. */
	if (failure == CURLE_OPERATION_TIMEDOUT && !t->answer->sent)
		return ERR_UNREACHABLE;
	/* OpenSSL has no words of its own for a connection that broke, only for one that ended. */
	if (failure == CURLE_SSL_CONNECT_ERROR && strstr(t->error, "error:") != NULL &&
		strstr(t->error, "unexpected eof") == NULL)
		return ERR_PROTOCOL;
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (failures[i].failure == failure)
			return failures[i].code;
	}
	return ERR_PROTOCOL;
}

/* Has a byte of the answer come? */
static bool
begun(const struct transfer *t)
{
	curl_off_t first_us = 0;

	return curl_easy_getinfo(t->conn->handle, CURLINFO_STARTTRANSFER_TIME_T, &first_us) ==
			   CURLE_OK &&
		   first_us > 0;
}

static int
judge_failure(const struct transfer *t, CURLcode failure, struct err *err)
{
	const struct err *refusal = &t->conn->trial.refusal;
	const char *what = t->call->what;

	if (refusal->code != 0)
		return err_set(err, refusal->code, "%s", refusal->text);
	if (t->broke)
		return err_set(
			err, ERR_UNREACHABLE, "%s: the connection broke before an answer came", what);
	if (t->forbidden.code < 0 && !t->dialled && failure == CURLE_COULDNT_CONNECT)
		return err_set(err, ERR_FORBIDDEN, "%s: %s", what, t->forbidden.text);
	if (t->body_error == ERR_MEMORY)
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", what);
	if (t->body_error == ERR_LIMIT || t->head_bytes > PVE_HEAD_MAX ||
		failure == CURLE_FILESIZE_EXCEEDED)
		return err_set(err, ERR_PROTOCOL, "%s: the answer is too long", what);
	/* libcurl has one code for a line longer than it takes and for a lack of memory. */
	if (failure == CURLE_OUT_OF_MEMORY && begun(t))
		return err_set(err, ERR_PROTOCOL, "%s: the answer's head is too long", what);
	return err_set(err, code_of_failure(t, failure), "%s: %s", what,
		t->error[0] != '\0' ? t->error : curl_easy_strerror(failure));
}

static void
collect(struct transfer *t)
{
	struct pve_answer *answer = t->answer;
	CURL *h = t->conn->handle;
	const char *address = NULL;
	long status = 0;

	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	/* An interim answer (1xx) is none: nobody has judged anything. */
	answer->status = status >= 200 ? (int)status : 0;
	answer->sent = t->requested;
	if (curl_easy_getinfo(h, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address != NULL)
		snprintf(answer->address, sizeof(answer->address), "%s", address);
	memcpy(t->conn->address, answer->address, sizeof(t->conn->address));
}

/* Somebody has answered: tell whoever has to know. */
static void
take_note(const struct transfer *t)
{
	struct pve_where where = {.host = t->to->host};
	struct ip literal;

	pve_trial_met(&t->conn->trial);
	if (!ip_parse(t->host, &literal))
		memcpy(where.address, t->answer->address, sizeof(where.address));
	pve_where_set(t->pve, &where);
	if (t->answer->status == 401 && t->call->identity != NULL)
		pve_identity_refused(t->pve, t->call->identity);
}

static void
tell_trace(const struct transfer *t, int64_t ms)
{
	const struct pve_trace *trace = &t->pve->trace;

	if (trace->call != NULL)
		trace->call(trace->arg, t->pve->hosts != NULL ? t->host : NULL,
			t->call->form != NULL ? "POST" : "GET", t->call->path, t->answer->status, ms);
}

/* Was there never a connection? */
static bool
unconnected(const struct transfer *t, CURLcode failure)
{
	curl_off_t connected_us = 0;

	/* Of a kept one libcurl knows no time. */
	return !t->requested &&
		   (failure == CURLE_COULDNT_CONNECT || failure == CURLE_OPERATION_TIMEDOUT) &&
		   curl_easy_getinfo(t->conn->handle, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK &&
		   connected_us == 0;
}

/*
 * Another address of the same host, when the one that used to answer takes no connection;
 * else another host, when this one is not there. One that is there and shows the wrong
 * certificate, or that may not be called, is not passed over: somebody has to know.
 */
static enum next
what_next(const struct transfer *t, CURLcode failure, int code)
{
	if (t->to->address[0] != '\0' && unconnected(t, failure))
		return NEXT_ADDRESS;
	return code == ERR_UNREACHABLE && !t->answer->sent ? NEXT_HOST : NEXT_NOTHING;
}

/* One try, of so many that the time is for. */
static int
attempt(struct transfer *t, int64_t deadline_ms, size_t tries, enum next *next, struct err *err)
{
	struct pve_answer *answer = t->answer;
	int64_t left_ms = clock_left_ms(deadline_ms), start_ms = clock_ms();
	CURLcode c;
	int r;

	*next = NEXT_NOTHING;
	if (left_ms <= 0)
		return err_set(err, ERR_TIMEOUT, "%s: no time left for it", t->call->what);
	r = prepare(t, left_ms, tries, err);
	if (r < 0)
		return r;
	c = curl_easy_perform(t->conn->handle);
	collect(t);
	tell_trace(t, clock_ms() - start_ms);
	if (answer->status != 0)
		take_note(t);
	/* An error's status line says what happened, even if its body went astray. */
	if (answer->status != 0 && answer->status != 200)
		return pve_judge(t->call, answer, err);
	if (c == CURLE_OK && answer->status == 0)
		return err_set(err, ERR_PROTOCOL, "%s: the answer has no final status", t->call->what);
	if (c == CURLE_OK) {
		pve_trial_copy(&answer->trial, &t->conn->trial);
		pve_met(t->pve, &t->conn->trial);
		pve_conn_keep(t->pve, &t->conn);
		return 0;
	}
	r = judge_failure(t, c, err);
	*next = what_next(t, c, r);
	return r;
}

/* One failure more, behind the others. */
static void
add_failure(struct err *all, const struct err *one)
{
	struct err before = *all;

	err_set(all, one->code, "%s%s%s", before.text, before.text[0] != '\0' ? "; " : "", one->text);
}

int
pve_request(struct pve *pve, const struct pve_call *call, int64_t deadline_ms,
	struct pve_answer *answer, struct err *err)
{
	/* What is worth most goes to nobody but who has just shown a certificate. */
	bool fresh = call->password != NULL;
	size_t hosts = pve_host_count(pve), left = hosts;
	struct err now = {.code = 0}, earlier = {.code = 0};
	struct pve_where to;
	enum next next;
	int r;

	if (atomic_load(&stopping))
		return err_set(err, ERR_STOPPING, "%s: the program stops", call->what);
	pve_where_get(pve, &to);
	for (;;) {
		struct transfer t = {.pve = pve,
			.call = call,
			.answer = answer,
			.to = &to,
			.host = pve_host_at(pve, to.host),
			.fresh = fresh};

		r = attempt(&t, deadline_ms, left + (to.address[0] != '\0'), &next, &now);
		transfer_done(&t);
		if (next == NEXT_NOTHING || (next == NEXT_HOST && left == 1) ||
			clock_left_ms(deadline_ms) <= 0)
			break;
		if (next == NEXT_HOST) {
			add_failure(&earlier, &now);
			to.host = (to.host + 1) % hosts;
			left--;
		}
		/* Resolved and judged anew. */
		to.address[0] = '\0';
		fresh = true;
		pve_answer_done(answer);
	}
	if (r < 0 && earlier.code < 0)
		return err_set(err, r, "%s; before that: %s", now.text, earlier.text);
	return r < 0 ? err_set(err, r, "%s", now.text) : 0;
}
