/* SPDX-License-Identifier: MIT */
/* front_http - requests and upgrades at a session's port, see front_impl.h */
#include "session/front_impl.h"

#include <libwebsockets.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/caller.h"
#include "session/penalty.h"
#include "session/tunables.h"

enum {
	BODY_PIECE = 16384,
	RESPONSE_SECS = 60,      /* a browser that takes longer to receive a file is cut off */
	HEADER_VALUE_MAX = 1024, /* of those that we look at */
	WAY_MAX = 8192,          /* of a whole head, see thread.c: what a proxy adds is at its end */
	REFUSED_LOG_MS = 5000,
};

/* A header's value; "" when absent, too long or with a NUL in it. */
static const char *
header(struct lws *wsi, enum lws_token_indexes token, char out[HEADER_VALUE_MAX])
{
	if (lws_hdr_copy(wsi, out, HEADER_VALUE_MAX, token) < 0)
		out[0] = '\0';
	return out;
}

/* One request: who asks, and by which rules it is judged. */
struct asking {
	struct tunables t;
	struct caller *caller;
};

static void
asking_begin(struct asking *a, struct lws *wsi)
{
	struct loop *loop = front_loop(wsi);

	tunables_get(loop->env->tunables, &a->t);
	a->caller = caller_find(loop, wsi);
}

static void
asking_end(struct asking *a)
{
	tunables_done(&a->t);
}

/* The same for a header that lws has no number for; its name in lower case, with the colon. */
static const char *
rare_header(struct lws *wsi, const char *name, char out[HEADER_VALUE_MAX])
{
	if (lws_hdr_custom_copy(wsi, out, HEADER_VALUE_MAX, name, (int)strlen(name)) < 0)
		out[0] = '\0';
	return out;
}

static void
see_who_asks(struct lws *wsi, struct asking *a)
{
	char host[HEADER_VALUE_MAX], way[WAY_MAX], proto[HEADER_VALUE_MAX],
		forwarded_host[HEADER_VALUE_MAX];
	const struct forwarded_head head = {
		.host = header(wsi, WSI_TOKEN_HOST, host),
		.forwarded_for = lws_hdr_copy(wsi, way, WAY_MAX, WSI_TOKEN_X_FORWARDED_FOR) < 0 ? "" : way,
		.forwarded_proto = rare_header(wsi, "x-forwarded-proto:", proto),
		.forwarded_host = rare_header(wsi, "x-forwarded-host:", forwarded_host),
	};

	forwarded_read(
		a->t.access, &a->caller->peer, front_loop(wsi)->env->public_tls, &head, &a->caller->from);
}

/* All of an answer has left. */
static int
responded(struct lws *wsi, struct front *f)
{
	f->answering = false;
	buf_done(&f->answer);
	return f->close || lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Send as much of the body as the socket takes. */
static int
send_body(struct lws *wsi, struct front *f, struct caller *caller)
{
	size_t n;
	int sent;

	while (f->left > 0 && !lws_send_pipe_choked(wsi)) {
		unsigned char piece[LWS_PRE + BODY_PIECE];

		n = f->left < BODY_PIECE ? f->left : BODY_PIECE;
		memcpy(piece + LWS_PRE, f->body, n);
		sent = lws_write(wsi, piece + LWS_PRE, n, LWS_WRITE_HTTP);
		/* It may have been mandatory.json, with the minted password. */
		explicit_bzero(piece, LWS_PRE + n);
		if (sent < (int)n)
			return -1;
		f->body += n;
		f->left -= n;
	}
	/* Not before the socket takes more: lws would turn and turn for the client's next bytes. */
	if (f->left == 0 && !lws_send_pipe_choked(wsi))
		return responded(wsi, f);
	caller_wait(caller);
	return 0;
}

/* Send the head now; the rest follows as the socket takes it. */
static int
respond(struct lws *wsi, struct front *f, const struct asking *a)
{
	const struct page_answer *answer = &a->caller->answer;
	unsigned char head[LWS_PRE + PAGE_HEAD_MAX];
	size_t n = page_head((char *)head + LWS_PRE, answer, a->t.access, a->caller->from.tls);

	f->answering = true;
	f->body = answer->body;
	f->left = a->caller->head_only ? 0 : answer->len;
	f->close = answer->close;
	if (lws_write(wsi, head + LWS_PRE, n, LWS_WRITE_HTTP_HEADERS) != (int)n)
		return -1;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, RESPONSE_SECS);
	return send_body(wsi, f, a->caller);
}

static enum page_method
method_of(struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
		return PAGE_GET;
	return lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0 ? PAGE_HEAD : PAGE_OTHER;
}

/*
 * Where this request ends is not ours to find out: the connection ends with it. lws reads no
 * chunks, so a body of them would be taken for the next request.
 */
static bool
may_have_body(struct lws *wsi)
{
	return method_of(wsi) == PAGE_OTHER ||
		   lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 ||
		   lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
}

/* A wrong key: is its answer held back? Or else the connection may have to end with it. */
static bool
holds_back(struct asking *a)
{
	struct page_answer *answer = &a->caller->answer;
	int left_s;

	if (!answer->guess)
		return false;
	switch (penalty_guess(
		a->caller->loop->env->penalty, &a->caller->from.client, clock_ms(), &left_s)) {
	case PENALTY_NONE:
		return false;
	case PENALTY_SLOW:
		if (caller_hold(a->caller))
			return true;
		break;
	case PENALTY_REFUSE:
		break;
	}
	answer->close = true;
	return false;
}

static void
judge(struct lws *wsi, struct front *f, struct asking *a, const char *path, size_t len)
{
	char match[HEADER_VALUE_MAX];
	const struct page_request request = {
		.loop = a->caller->loop,
		.access = a->t.access,
		.from = &a->caller->from,
		.path = path,
		.path_len = len,
		.method = method_of(wsi),
		.if_none_match = header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, match),
	};

	page_answer(&request, &f->answer, &a->caller->answer);
}

int
front_request(struct lws *wsi, struct front *f, const char *path, size_t len)
{
	struct asking a;
	int r = 0;

	asking_begin(&a, wsi);
	buf_done(&f->answer);
	see_who_asks(wsi, &a);
	a.caller->head_only = method_of(wsi) == PAGE_HEAD;
	if (a.caller->too_many)
		page_too_many(&a.caller->answer);
	else if (!a.caller->refused)
		judge(wsi, f, &a, path, len);
	a.caller->refused = false;
	a.caller->answer.close |= may_have_body(wsi);
	if (!holds_back(&a))
		r = respond(wsi, f, &a);
	asking_end(&a);
	return r;
}

/* An answer that was held back. */
static int
send_held(struct lws *wsi, struct front *f, struct caller *caller)
{
	struct asking a;
	int r;

	caller->due = false;
	asking_begin(&a, wsi);
	r = respond(wsi, f, &a);
	asking_end(&a);
	return r;
}

int
front_writeable(struct lws *wsi, struct front *f)
{
	struct caller *caller = caller_find(front_loop(wsi), wsi);

	caller_goes_on(caller);
	if (caller->due)
		return send_held(wsi, f, caller);
	return f->answering ? send_body(wsi, f, caller) : 0;
}

/* Outsiders can cause these at will. */
static void
log_refused(const struct loop *loop, int status)
{
	static struct log_rate rate;
	unsigned suppressed;

	if (log_rate_allow(&rate, REFUSED_LOG_MS, &suppressed))
		log_info(LOG_VNC_SERVER, "%s: websocket refused with %d, %u more not logged",
			loop->session->id, status, suppressed);
}

static bool
may_upgrade(struct lws *wsi, struct asking *a, const char *path, size_t len)
{
	char origin[HEADER_VALUE_MAX], offered[HEADER_VALUE_MAX], version[HEADER_VALUE_MAX];
	const struct page_upgrade upgrade = {
		.request =
			{
				.loop = a->caller->loop,
				.access = a->t.access,
				.from = &a->caller->from,
				.path = path,
				.path_len = len,
				.method = method_of(wsi),
			},
		.origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0
					  ? header(wsi, WSI_TOKEN_ORIGIN, origin)
					  : NULL,
		.subprotocols = lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0
							? header(wsi, WSI_TOKEN_PROTOCOL, offered)
							: NULL,
		.version = header(wsi, WSI_TOKEN_VERSION, version),
	};

	see_who_asks(wsi, a);
	return !a->caller->too_many && page_upgrade(&upgrade, &a->caller->answer);
}

/*
 * A refused one has to become an ordinary request, since lws has made no struct front yet and
 * an answer may have to wait: lws takes it for one when protocol is no "websocket" any more.
 */
int
front_upgrade(struct lws *wsi, char *protocol)
{
	struct asking a;
	char *path = NULL;
	int len = 0;

	if (strcasecmp(protocol, "websocket") != 0 || lws_http_get_uri_and_method(wsi, &path, &len) < 0)
		return -1;
	asking_begin(&a, wsi);
	if (!may_upgrade(wsi, &a, path, (size_t)len)) {
		if (!a.caller->too_many)
			log_refused(a.caller->loop, a.caller->answer.status);
		a.caller->refused = true;
		protocol[0] = '-';
	}
	asking_end(&a);
	return 0;
}

int
front_not_http(struct lws *wsi)
{
	unsigned char head[LWS_PRE + PAGE_HEAD_MAX];
	struct asking a;
	size_t n;

	asking_begin(&a, wsi);
	page_not_http(&a.caller->answer);
	n = page_head(
		(char *)head + LWS_PRE, &a.caller->answer, a.t.access, front_loop(wsi)->env->public_tls);
	asking_end(&a);
	(void)lws_write(wsi, head + LWS_PRE, n, LWS_WRITE_RAW);
	return -1;
}

int
front_add_headers(struct lws *wsi, struct lws_process_html_args *args)
{
	char text[PAGE_HEAD_MAX];
	struct asking a;
	size_t n;

	asking_begin(&a, wsi);
	n = page_common_headers(text, a.t.access, a.caller->from.tls);
	asking_end(&a);
	/* lws writes the line end of the head behind it. */
	if (args->max_len < 0 || n + 2 >= (size_t)args->max_len)
		return -1;
	memcpy(args->p, text, n);
	args->p += n;
	return 0;
}
