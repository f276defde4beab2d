/* SPDX-License-Identifier: MIT */
/* front - accepting, websockets and dispatch, see front.h; requests are in front_http.c */
#include "session/front.h"

#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/log.h"
#include "session/caller.h"
#include "session/front_impl.h"
#include "session/lws_glue.h"
#include "session/page.h"
#include "session/tunables.h"
#include "session/viewer.h"

enum {
	ACCEPTS_A_TURN = 16,
	ACCEPT_PAUSE_MS = 200, /* when the process is out of descriptors */
	CLOSE_ACK_SECS = 1,    /* for a browser to answer a Close frame */
};

_Static_assert((int)PIPE_HEADROOM >= (int)LWS_PRE, "lws writes a frame's head in front of a chunk");

size_t
front_user_size(void)
{
	return sizeof(struct front);
}

struct loop *
front_loop(struct lws *wsi)
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

bool
front_choked(struct lws *browser)
{
	struct pollfd socket = {.fd = lws_get_socket_fd(browser), .events = POLLOUT};

	return poll(&socket, 1, 0) != 1 || !(socket.revents & POLLOUT);
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
send_close(struct lws *wsi, struct front *f)
{
	const struct end_row *row = end_row(f->end);
	unsigned char text[LWS_PRE + 125];
	size_t n = strlen(row->customer);

	if (row->close_code) {
		if (n > 123)
			n = 123;
		memcpy(text + LWS_PRE, row->customer, n);
		lws_close_reason(wsi, (enum lws_close_status)row->close_code, text + LWS_PRE, n);
	}
	f->parted = true;
	return -1;
}

/*
 * lws asks once more when the Close frame has left. To hang up then would take it away again
 * from a browser that was just sending: what it sent would be answered by a reset.
 */
static int
await_close(struct lws *wsi)
{
	lws_set_timeout(wsi, PENDING_TIMEOUT_CLOSE_ACK, CLOSE_ACK_SECS);
	return 0;
}

static int
websocket_writeable(struct lws *wsi, struct front *f)
{
	/* With a byte in it: lws tells nobody of a pong without payload. */
	unsigned char ping[LWS_PRE + 1] = {0};
	struct chunk *c = NULL;
	int n;

	if (f->parted)
		return await_close(wsi);
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
		return send_close(wsi, f);
	else if (f->closing)
		lws_callback_on_writable(wsi);
	return 0;
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

/* Make it lws's, unless its client has too many. */
static void
adopt(struct loop *loop, int fd, const struct ip *peer)
{
	enum caller_place place;
	struct caller *caller = NULL;
	struct tunables t;

	tunables_get(loop->env->tunables, &t);
	place = caller_place(loop, t.access, peer, t.connections_per_client);
	tunables_done(&t);
	if (place != CALLER_TURNED_AWAY)
		caller = caller_new(loop, peer, place);
	if (!caller) {
		close(fd);
		return;
	}
	/* Within this call nothing is asked of us yet; it closes fd when it fails. */
	caller->wsi = lws_adopt_socket_vhost(loop->vhost, fd);
	if (!caller->wsi)
		caller_free(caller);
}

static int
accept_some(struct loop *loop, int listener)
{
	struct sockaddr_storage address;
	socklen_t len;
	struct ip peer;
	int fd, i, on = 1;

	for (i = 0; i < ACCEPTS_A_TURN; i++) {
		if (loop->connections >= LOOP_CONNECTIONS_MAX) {
			pause_listener(loop);
			return 0;
		}
		len = sizeof(address);
		fd = accept4(listener, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
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
		if (ip_of_sockaddr((struct sockaddr *)&address, &peer))
			adopt(loop, fd, &peer);
		else
			close(fd);
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
	front_loop(wsi)->watch.busy = true;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		return accept_some(front_loop(wsi), lws_get_socket_fd(wsi));
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE)
		front_loop(wsi)->listener = NULL;
	return 0;
}

/* ---- dispatch ---- */

static void
count_gone(struct loop *loop, const struct lws *wsi)
{
	caller_free(caller_find(loop, wsi));
	loop->connections--;
	if (loop->listener_paused && !loop->listen_again.at_ms)
		listen_again(loop);
}

static int
established(struct lws *wsi, struct front *f)
{
	struct loop *loop = front_loop(wsi);

	f->viewer = viewer_new(loop, wsi, &caller_find(loop, wsi)->from.client);
	return f->viewer ? 0 : -1;
}

static void
received(struct lws *wsi, struct front *f, const void *data, size_t len)
{
	const struct viewer_piece piece = {
		.data = data,
		.len = len,
		.frame_left = lws_remaining_packet_payload(wsi),
		.text = !lws_frame_is_binary(wsi),
		.last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0,
	};

	viewer_heard(f->viewer);
	viewer_receive(f->viewer, &piece);
}

static void
websocket_closed(struct front *f)
{
	f->closed = true;
	if (f->viewer)
		viewer_browser_gone(f->viewer);
	f->viewer = NULL;
}

/* This turn of the event loop does something. */
static struct loop *
awake(struct lws *wsi)
{
	struct loop *loop = front_loop(wsi);

	loop->watch.busy = true;
	return loop;
}

int
front_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct front *f = user;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		return page_tls_apply(lws_vhost_user(in), user); /* wsi is not a real one here */
	case LWS_CALLBACK_WSI_CREATE:
		awake(wsi)->connections++;
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		count_gone(awake(wsi), wsi);
		return 0;
	case LWS_CALLBACK_HTTP:
		awake(wsi);
		return front_request(wsi, f, in, len);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		awake(wsi);
		return front_writeable(wsi, f);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return front_upgrade(wsi, in);
	case LWS_CALLBACK_RAW_ADOPT:
		return front_not_http(wsi);
	case LWS_CALLBACK_ADD_HEADERS:
		return front_add_headers(wsi, in);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (f)
			buf_done(&f->answer);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
		return established(wsi, f);
	case LWS_CALLBACK_RECEIVE:
		awake(wsi);
		received(wsi, f, in, len);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		viewer_heard(f->viewer);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		awake(wsi);
		return websocket_writeable(wsi, f);
	case LWS_CALLBACK_CLOSED:
		websocket_closed(f);
		return 0;
	default:
		return 0;
	}
}
