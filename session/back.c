/* SPDX-License-Identifier: MIT */
#include "session/back_impl.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "session/lws_glue.h"

enum { BACK_MAGIC = 0x4241434b, READ_AHEAD = 34 * 1024 };

/* ---- endings ---- */

/* Tell the viewer, once. Returns -1, which makes the event loop close the socket when returned from a callback. */
int
back_over(struct back *b, enum end end, const struct err *err)
{
	enum back_state was = b->state;

	b->state = BACK_OVER;
	loop_timer_stop(b->loop, &b->timer);
	if (was < BACK_CLOSING)
		b->events->ended(b->arg, end, err);
	return -1;
}

int
back_over_text(struct back *b, enum end end, int code, const char *text)
{
	struct err err;

	err_set(&err, code, "%s", text);
	return back_over(b, end, &err);
}

/* Termproxy hangs up without a word when it does not accept the login line. */
static int
no_terminal(struct back *b)
{
	if (b->by_token)
		return back_over_text(b, END_NEEDS_PASSWORD, ERR_NEEDS_PASSWORD,
			"this Proxmox needs a password user for terminal consoles");
	return back_over_text(b, END_PVE_AUTH, ERR_PROTOCOL, "closed before the terminal's OK");
}

/* Outside a callback of its own the socket is closed by the event loop's next turn. */
void
back_close_soon(struct back *b)
{
	lws_set_timeout(b->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* The far side has ended, or the socket failed: what that means depends on how far we were. */
int
back_over_eof(struct back *b)
{
	switch (b->state) {
	case BACK_CONNECTING:
	case BACK_SECURING:
		return back_over_text(b, END_UNREACHABLE, ERR_UNREACHABLE, "connection refused or closed");
	case BACK_UPGRADING:
		return back_over_text(
			b, END_UNREACHABLE, ERR_UNREACHABLE, "closed instead of answering the upgrade");
	case BACK_GREETING:
		if (b->kind == PVE_CONSOLE_TERM)
			return no_terminal(b);
		return back_over_text(
			b, END_GUEST_OFF, ERR_NOT_RUNNING, "closed before the first byte of the screen");
	case BACK_PROVING:
		return back_over_text(b, END_PVE_AUTH, ERR_PROTOCOL, "closed during VNC authentication");
	default:
		return back_over_text(b, END_PVE_CLOSED, ERR_GONE, "closed by the far side");
	}
}

static void
on_deadline(void *arg)
{
	struct back *b = arg;

	switch (b->state) {
	case BACK_CONNECTING:
		back_over_text(b, END_UNREACHABLE, ERR_UNREACHABLE, "no connection in time");
		break;
	case BACK_SECURING:
	case BACK_UPGRADING:
		back_over_text(b, END_TIMEOUT, ERR_TIMEOUT, "upgrade not answered in time");
		break;
	case BACK_GREETING:
		back_over_text(b, END_TIMEOUT, ERR_TIMEOUT,
			b->kind == PVE_CONSOLE_TERM ? "no OK of the terminal in time"
										: "no RFB greeting in time");
		break;
	case BACK_PROVING:
		back_over_text(b, END_TIMEOUT, ERR_TIMEOUT, "VNC authentication took too long");
		break;
	default:
		b->state = BACK_OVER;
		break;
	}
	back_close_soon(b);
}

void
back_enter(struct back *b, enum back_state state, int deadline_ms)
{
	b->state = state;
	loop_timer_set(b->loop, &b->timer, deadline_ms, on_deadline, b);
}

static void
on_again(void *arg)
{
	struct back *b = arg;

	lws_callback_on_writable(b->wsi);
}

/*
 * libwebsockets forgets a request that is made within a writeable callback: for
 * descriptors that are not its own it clears POLLOUT after the callback. Such a
 * one is made from a timer, in the next turn; otherwise bytes would wait in the
 * SSL or in a queue until something else happens.
 */
void
back_want_write(struct back *b)
{
	if (b->in_writeable)
		loop_timer_set(b->loop, &b->again, 0, on_again, b);
	else
		lws_callback_on_writable(b->wsi);
}

void
back_hold(struct back *b)
{
	lws_rx_flow_control(b->wsi, 0);
}

/* ---- opening ---- */

static int
tls_connected(struct back *b)
{
	int r;

	back_enter(b, BACK_UPGRADING, (int)clock_left_ms(b->timer.at_ms));
	r = upgrade_request(&b->out, &b->console, b->key);
	b->kind = b->console.kind;
	b->by_token = b->console.by_token;
	if (b->kind == PVE_CONSOLE_TERM)
		secret_move(&b->login, &b->console.login);
	else
		rfb_client_init(&b->rfb, secret_peek(&b->console.password), b->console.password.len);
	pve_console_done(&b->console);
	if (r < 0)
		return back_over_text(b, END_INTERNAL, r, "no memory for the upgrade request");
	return 0;
}

static int
secure(struct back *b)
{
	struct err err;
	int n, r;

	ERR_clear_error();
	n = SSL_connect(b->ssl);
	if (n == 1)
		return tls_connected(b);
	switch (SSL_get_error(b->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		back_want_write(b);
		return 0;
	case SSL_ERROR_SSL:
		r = pve_console_ssl_error(b->ssl, &err);
		return back_over(b, end_of_err(r), &err);
	default:
		return back_over_eof(b);
	}
}

static int
connected(struct back *b)
{
	socklen_t len = sizeof(int);
	struct err err;
	int failure = 0;

	if (getsockopt(b->fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0 || failure) {
		err_set(&err, ERR_UNREACHABLE, "connect: %s", strerror(failure ? failure : errno));
		return back_over(b, END_UNREACHABLE, &err);
	}
	back_enter(b, BACK_SECURING, BACK_UPGRADE_MS);
	return 0;
}

/* Whatever can be done now, is done: the one entry from the event loop. */
static int
turn(struct back *b, bool writeable)
{
	if (b->state == BACK_CONNECTING && (!writeable || connected(b) < 0))
		return writeable ? -1 : 0;
	if (b->state == BACK_SECURING && secure(b) < 0)
		return -1;
	if (b->state == BACK_CONNECTING || b->state == BACK_SECURING)
		return 0;
	if (b->state == BACK_OVER)
		return -1;
	if (back_flush(b) < 0 || back_receive(b) < 0)
		return -1;
	return back_flush(b);
}

static void
back_free(struct back *b)
{
	b->loop->backs -= b->wsi != NULL;
	loop_timer_stop(b->loop, &b->timer);
	loop_timer_stop(b->loop, &b->again);
	SSL_free(b->ssl);
	pve_console_done(&b->console);
	rfb_done(&b->rfb);
	secret_wipe(&b->login);
	buf_done(&b->head);
	buf_done(&b->out);
	while (b->left.first)
		chunk_free(pipe_take(&b->left));
	chunk_free(b->chunk);
	b->magic = 0;
	free(b);
}

int
back_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct back *b = lws_get_opaque_user_data(wsi);
	int r;

	(void)user;
	(void)in;
	(void)len;
	if (!b)
		return 0;
	assert(b->magic == BACK_MAGIC);
	b->loop->watch.busy = true;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		return turn(b, false);
	case LWS_CALLBACK_RAW_WRITEABLE_FILE:
		b->in_writeable = true;
		r = turn(b, true);
		b->in_writeable = false;
		return r;
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		lws_set_opaque_user_data(wsi, NULL);
		back_over_eof(b);
		back_free(b);
		return 0;
	default:
		return 0;
	}
}

/* A non-blocking socket with connect() under way, or -1. */
static int
dial(const struct pve_console *console, struct err *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(console->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(console->port)};
	struct sockaddr *sa = (struct sockaddr *)&v4;
	socklen_t len = sizeof(v4);
	int fd, on = 1;

	/* The guard of API calls: no way leads around it. */
	fd = pve_console_allowed(console, err);
	if (fd < 0)
		return fd;
	if (inet_pton(AF_INET, console->address, &v4.sin_addr) != 1) {
		if (inet_pton(AF_INET6, console->address, &v6.sin6_addr) != 1)
			return err_set(err, ERR_PROTOCOL, "console address is not numeric");
		sa = (struct sockaddr *)&v6;
		len = sizeof(v6);
	}
	fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "socket for a console");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, sa, len) < 0 && errno != EINPROGRESS) {
		err_set(err, ERR_UNREACHABLE, "connect: %s", strerror(errno));
		close(fd);
		return ERR_UNREACHABLE;
	}
	return fd;
}

static int
make_ssl(struct back *b, struct err *err)
{
	int r = pve_console_ssl(&b->console, &b->ssl, err);

	if (r < 0)
		return r;
	SSL_set_mode(b->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
							 SSL_MODE_RELEASE_BUFFERS);
	/* Otherwise each record costs two reads, head and body. */
	SSL_set_read_ahead(b->ssl, 1);
	SSL_set_default_read_buffer_len(b->ssl, READ_AHEAD);
	SSL_set_connect_state(b->ssl);
	if (SSL_set_fd(b->ssl, b->fd) != 1)
		return err_set(err, ERR_MEMORY, "no memory for TLS");
	return 0;
}

/* From here on the event loop owns the descriptor, and RAW_CLOSE_FILE frees b. */
static int
adopt(struct back *b, struct err *err)
{
	lws_sock_file_fd_type u = {.filefd = b->fd};

	b->wsi = lws_adopt_descriptor_vhost(
		b->loop->vhost, LWS_ADOPT_RAW_FILE_DESC, u, LWS_PROTOCOL_BACK, NULL);
	if (!b->wsi)
		return err_set(err, ERR_LIMIT, "the session's descriptor table is full");
	b->loop->backs++;
	lws_set_opaque_user_data(b->wsi, b);
	back_want_write(b);
	return 0;
}

int
back_dial(struct loop *loop, struct pve_console *console, struct pipe *pipe,
	const struct back_events *events, void *arg, struct back **out, struct err *err)
{
	struct back *b = calloc(1, sizeof(*b));
	int r;

	if (!b) {
		pve_console_done(console);
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	}
	b->magic = BACK_MAGIC;
	b->loop = loop;
	b->pipe = pipe;
	b->events = events;
	b->arg = arg;
	b->head.max = 4 * UPGRADE_RESPONSE_MAX; /* frames may follow in the same read */
	b->heard_ms = clock_ms();
	b->console = *console;
	memset(console, 0, sizeof(*console));
	b->fd = dial(&b->console, err);
	r = b->fd < 0 ? b->fd : make_ssl(b, err);
	if (r == 0 && upgrade_key(b->key) < 0)
		r = err_set(err, ERR_SYSTEM, "no random websocket key");
	if (r == 0)
		r = adopt(b, err);
	if (r < 0) {
		if (b->fd >= 0 && r != ERR_LIMIT)
			close(b->fd);
		back_free(b);
		return r;
	}
	back_enter(b, BACK_CONNECTING, BACK_CONNECT_MS);
	*out = b;
	return 0;
}

void
back_kick(struct back *b)
{
	back_want_write(b);
}

void
back_resume(struct back *b)
{
	if (!b->paused)
		return;
	b->paused = false;
	lws_rx_flow_control(b->wsi, 1);
	back_want_write(b); /* for what waits inside the SSL */
}

void
back_close(struct back *b)
{
	if (b->state < BACK_RELAYING) {
		/* Nothing to say yet; Proxmox's listener dies by itself. */
		b->state = BACK_OVER;
		loop_timer_stop(b->loop, &b->timer);
		back_close_soon(b);
		return;
	}
	b->left = b->pipe->to_pve;
	b->pipe->to_pve = (struct pipe_queue){.total = b->left.total};
	b->pipe = NULL;
	back_resume(b);
	back_enter(b, BACK_CLOSING, LOOP_DRAIN_MS);
	back_want_write(b);
}
