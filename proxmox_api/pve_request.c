/* SPDX-License-Identifier: MIT */
/* pve_request - see pve_request.h */
#include "proxmox_api/pve_request.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ip.h"
#include "proxmox_api/pve_judge.h"
#include "proxmox_api/pve_met.h"
#include "proxmox_api/pve_transfer.h"

/* What can be done after a try that failed before anything was sent. */
enum next { NEXT_NOTHING, NEXT_ADDRESS, NEXT_HOST };

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

bool
pve_stopping(void)
{
	return atomic_load(&stopping);
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
	/* A session was offered, and no certificate shown: once more, with a whole handshake. */
	if (failure == CURLE_SSL_CONNECT_ERROR && t->conn->trial.session != NULL && !t->requested) {
		pve_met_avoid(&t->conn->trial);
		return NEXT_ADDRESS;
	}
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
	r = transfer_prepare(t, left_ms, tries, err);
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
		pve_conn_keep(&t->conn);
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
	size_t hosts = pve_host_count(pve), left = hosts;
	/*
	 * Only a new connection tells whether somebody is there before a password is on its way, so that
	 * the next host may have it, or before a code is used up.
	 */
	bool fresh = call->password != NULL && (hosts > 1 || (call->otp != NULL && call->otp->len > 0));
	bool whole = false;
	struct err now = {.code = 0}, earlier = {.code = 0};
	struct pve_where to;
	enum next next;
	int r;

	if (pve_stopping())
		return err_set(err, ERR_STOPPING, "%s: the program stops", call->what);
	pve_where_get(pve, &to);
	for (;;) {
		struct transfer t = {.pve = pve,
			.call = call,
			.answer = answer,
			.to = &to,
			.host = pve_host_at(pve, to.host),
			.fresh = fresh,
			.whole = whole};

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
		fresh = whole = true;
		pve_answer_done(answer);
	}
	if (r < 0 && earlier.code < 0)
		return err_set(err, r, "%s; before that: %s", now.text, earlier.text);
	return r < 0 ? err_set(err, r, "%s", now.text) : 0;
}
