/* SPDX-License-Identifier: MIT */
#include "session/front.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/lws_glue.h"
#include "session/page.h"
#include "session/viewer.h"

enum {
	ACCEPTS_A_TURN = 16,
	BODY_PIECE = 16384,
	RESPONSE_SECS = 60,    /* a browser that takes longer to receive a file is cut off */
	ACCEPT_PAUSE_MS = 200, /* when the process is out of descriptors */
	HEADER_VALUE_MAX = 300,
	REFUSED_LOG_MS = 5000,
};

_Static_assert((int)PIPE_HEADROOM >= (int)LWS_PRE, "lws writes a frame's head in front of a chunk");

/* What lws keeps for each connection of a browser. */
struct front {
	struct viewer *viewer; /* once it is a websocket */
	struct buf answer;     /* body made for this request, or empty */
	const unsigned char *body;
	size_t left;  /* of body */
	bool closed;  /* CLOSED was called: not to be touched */
	bool closing; /* wants a Close frame */
	enum end end;
};

size_t
front_user_size(void)
{
	return sizeof(struct front);
}

static struct loop *
loop_of(struct lws *wsi)
{
	return lws_vhost_user(lws_get_vhost(wsi));
}

/* ---- what the viewer asks for ---- */

void
front_kick(struct lws *browser)
{
	lws_callback_on_writable(browser);
}

void
front_pause(struct lws *browser)
{
	lws_rx_flow_control(browser, 0);
}

void
front_resume(struct lws *browser)
{
	lws_rx_flow_control(browser, 1);
}

void
front_close(struct lws *browser, enum end end)
{
	struct front *f = lws_wsi_user(browser);

	if (f->closed)
		return;
	f->closing = true;
	f->end = end;
	/* A paused browser must be heard again, or its own Close frame would not be. */
	lws_rx_flow_control(browser, 1);
	lws_set_timeout(browser, PENDING_TIMEOUT_CLOSE_SEND, LOOP_DRAIN_MS / 1000);
	lws_callback_on_writable(browser);
}

/* ---- websocket ---- */

static int
send_close(struct lws *wsi, enum end end)
{
	const struct end_row *row = end_row(end);
	unsigned char text[LWS_PRE + 125];
	size_t n = strlen(row->customer);

	if (row->close_code) {
		if (n > 123)
			n = 123;
		memcpy(text + LWS_PRE, row->customer, n);
		lws_close_reason(wsi, (enum lws_close_status)row->close_code, text + LWS_PRE, n);
	}
	return -1;
}

static int
websocket_writeable(struct lws *wsi, struct front *f)
{
	/* With a byte in it: lws tells nobody of a pong without payload. */
	unsigned char ping[LWS_PRE + 1] = {0};
	struct chunk *c = NULL;
	int n;

	if (viewer_ping_due(f->viewer) && lws_write(wsi, ping + LWS_PRE, 1, LWS_WRITE_PING) < 0)
		return -1;
	while (!lws_send_pipe_choked(wsi)) {
		c = viewer_next(f->viewer);
		if (!c)
			break;
		n = lws_write(wsi, c->data, c->len, LWS_WRITE_BINARY);
		chunk_free(c);
		if (n < 0)
			return -1;
	}
	if (c)
		lws_callback_on_writable(wsi);
	else if (f->closing && !lws_send_pipe_choked(wsi))
		return send_close(wsi, f->end);
	else if (f->closing)
		lws_callback_on_writable(wsi);
	return 0;
}

/* ---- HTTP ---- */

/* A header's value; "" when absent, too long or with a NUL in it. */
static const char *
header(struct lws *wsi, enum lws_token_indexes token, char out[HEADER_VALUE_MAX])
{
	if (lws_hdr_copy(wsi, out, HEADER_VALUE_MAX, token) < 0)
		out[0] = '\0';
	return out;
}

/* Send the head now; the body, if any, follows as the socket takes it. */
static int
respond(struct lws *wsi, struct front *f, const struct page_answer *answer, bool head_only)
{
	unsigned char head[LWS_PRE + PAGE_HEAD_MAX];
	size_t n = page_head((char *)head + LWS_PRE, answer);

	f->body = answer->body;
	f->left = head_only ? 0 : answer->len;
	if (lws_write(wsi, head + LWS_PRE, n, LWS_WRITE_HTTP_HEADERS) != (int)n)
		return -1;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, RESPONSE_SECS);
	if (f->left == 0) {
		buf_done(&f->answer);
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	}
	lws_callback_on_writable(wsi);
	return 0;
}

static int
http_writeable(struct lws *wsi, struct front *f)
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
		if (f->left == 0) {
			buf_done(&f->answer);
			return lws_http_transaction_completed(wsi) ? -1 : 0;
		}
	}
	if (f->left > 0)
		lws_callback_on_writable(wsi);
	return 0;
}

static enum page_method
method_of(struct lws *wsi)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
		return PAGE_GET;
	return lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0 ? PAGE_HEAD : PAGE_OTHER;
}

static int
http_request(struct lws *wsi, struct front *f, const char *path, size_t len)
{
	char host[HEADER_VALUE_MAX], match[HEADER_VALUE_MAX];
	struct page_request request = {
		.loop = loop_of(wsi),
		.path = path,
		.path_len = len,
		.method = method_of(wsi),
		.host = header(wsi, WSI_TOKEN_HOST, host),
		.if_none_match = header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, match),
	};
	struct page_answer answer;

	buf_done(&f->answer);
	page_answer(&request, &f->answer, &answer);
	return respond(wsi, f, &answer, request.method == PAGE_HEAD);
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

/* A refusal has no body; lws has made no struct front yet, and completes the transaction itself. */
static int
refuse_upgrade(struct lws *wsi, const struct page_answer *answer)
{
	unsigned char head[LWS_PRE + PAGE_HEAD_MAX];
	size_t n = page_head((char *)head + LWS_PRE, answer);

	return lws_write(wsi, head + LWS_PRE, n, LWS_WRITE_HTTP_HEADERS) == (int)n ? 1 : -1;
}

/* An upgrade: 0 lets lws go on, 1 says that an answer was sent, -1 hangs up. */
static int
http_upgrade(struct lws *wsi, const char *protocol)
{
	char host[HEADER_VALUE_MAX], origin[HEADER_VALUE_MAX], offered[HEADER_VALUE_MAX],
		version[HEADER_VALUE_MAX];
	char *path = NULL;
	int len = 0;
	struct page_upgrade request = {.loop = loop_of(wsi)};
	struct page_answer answer;

	/* Anything but a websocket lws has answered already. */
	if (strcasecmp(protocol, "websocket") != 0 || lws_http_get_uri_and_method(wsi, &path, &len) < 0)
		return -1;
	request.path = path;
	request.path_len = (size_t)len;
	request.method = method_of(wsi);
	request.host = header(wsi, WSI_TOKEN_HOST, host);
	request.origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0
						 ? header(wsi, WSI_TOKEN_ORIGIN, origin)
						 : NULL;
	request.subprotocols = lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0
							   ? header(wsi, WSI_TOKEN_PROTOCOL, offered)
							   : NULL;
	request.version = header(wsi, WSI_TOKEN_VERSION, version);
	if (page_upgrade(&request, &answer))
		return 0;
	log_refused(request.loop, answer.status);
	return refuse_upgrade(wsi, &answer);
}

/* ---- accepting ---- */

static void
listen_again(void *arg)
{
	struct loop *loop = arg;

	loop->listener_paused = false;
	if (loop->listener)
		lws_rx_flow_control(loop->listener, 1);
}

static void
pause_listener(struct loop *loop)
{
	loop->listener_paused = true;
	lws_rx_flow_control(loop->listener, 0);
}

static int
accept_some(struct loop *loop, int listener)
{
	int fd, i, on = 1;

	for (i = 0; i < ACCEPTS_A_TURN; i++) {
		if (loop->connections >= LOOP_CONNECTIONS_MAX) {
			pause_listener(loop);
			return 0;
		}
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			log_error(LOG_VNC_SERVER, "%s: accept: %s", loop->session->id, strerror(errno));
			pause_listener(loop);
			loop_timer_set(loop, &loop->listen_again, ACCEPT_PAUSE_MS, listen_again, loop);
			return 0;
		}
		if (fd < 0 && errno == EINVAL)
			return -1; /* shut down: the session ends */
		if (fd < 0)
			return 0;
		/* Not inherited (see ports.c); without it a restart could not bind the port for a minute. */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		/* Handshakes are small answers in turn: Nagle would hold each for 40 ms. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)lws_adopt_socket_vhost(loop->vhost, fd); /* closes fd when it fails */
	}
	return 0;
}

int
listener_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	(void)user;
	(void)in;
	(void)len;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		return accept_some(loop_of(wsi), lws_get_socket_fd(wsi));
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE)
		loop_of(wsi)->listener = NULL;
	return 0;
}

/* ---- dispatch ---- */

static void
count_gone(struct loop *loop)
{
	loop->connections--;
	if (loop->listener_paused && !loop->listen_again.at_ms)
		listen_again(loop);
}

static int
established(struct lws *wsi, struct front *f)
{
	f->viewer = viewer_new(loop_of(wsi), wsi);
	return f->viewer ? 0 : -1;
}

static void
websocket_closed(struct front *f)
{
	f->closed = true;
	if (f->viewer)
		viewer_browser_gone(f->viewer);
	f->viewer = NULL;
}

int
front_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct front *f = user;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		return page_tls_apply(lws_vhost_user(in), user); /* wsi is not a real one here */
	case LWS_CALLBACK_WSI_CREATE:
		loop_of(wsi)->connections++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		count_gone(loop_of(wsi));
		return 0;
	case LWS_CALLBACK_HTTP:
		return http_request(wsi, f, in, len);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return http_writeable(wsi, f);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return http_upgrade(wsi, in);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (f)
			buf_done(&f->answer);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
		return established(wsi, f);
	case LWS_CALLBACK_RECEIVE:
		viewer_heard(f->viewer);
		viewer_receive(f->viewer, in, len);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		viewer_heard(f->viewer);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return websocket_writeable(wsi, f);
	case LWS_CALLBACK_CLOSED:
		websocket_closed(f);
		return 0;
	default:
		return 0;
	}
}
