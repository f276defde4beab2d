/* SPDX-License-Identifier: MIT */
#include "session/back_impl.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
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

enum { BACK_MAGIC = 0x4241434b };

/* ---- endings ---- */

static void
back_free(struct back *b)
{
	struct back **link;

	for (link = &b->live->backs; *link != b; link = &(*link)->next)
		;
	*link = b->next;
	poller_stop_timer(b->live->poller, &b->timer);
	poller_drop(b->live->poller, &b->flush);
	poller_drop(b->live->poller, &b->again);
	poller_drop(b->live->poller, &b->gone);
	stream_close(&b->stream);
	pve_way_done(&b->way);
	pve_console_done(&b->console);
	rfb_done(&b->rfb);
	secret_wipe(&b->login);
	buf_done(&b->head);
	buf_done(&b->out);
	while (b->left.first)
		chunk_free(pipe_take(&b->left));
	chunk_free(b->chunk);
	b->magic = 0;
	live_left(b->live);
	free(b);
}

static void
on_gone(void *arg)
{
	back_free(arg);
}

/* Nothing is watched and nothing called any more. */
static void
leave(struct back *b)
{
	b->state = BACK_OVER;
	poller_stop_timer(b->live->poller, &b->timer);
	back_watch(b);
	poller_queue(b->live->poller, &b->gone, on_gone, b);
}

/* Tell the viewer, once. */
int
back_over(struct back *b, enum end end, const struct err *err)
{
	enum back_state was = b->state;

	leave(b);
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

/* The far side has ended, or the socket failed: what that means depends on how far we were. */
int
back_over_eof(struct back *b)
{
	switch (b->state) {
	case BACK_CONNECTING:
	case BACK_SECURING:
		return back_over_text(b, END_UNREACHABLE, ERR_UNREACHABLE, "connection refused or closed");
	case BACK_READY:
		return back_over_text(
			b, END_UNREACHABLE, ERR_UNREACHABLE, "closed before anything was asked for");
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
	case BACK_READY:
		back_over_text(b, END_TIMEOUT, ERR_TIMEOUT, "no console in time");
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
		leave(b);
		break;
	}
}

void
back_enter(struct back *b, enum back_state state, int deadline_ms)
{
	b->state = state;
	poller_set_timer(b->live->poller, &b->timer, deadline_ms, on_deadline, b);
}

static void
on_again(void *arg)
{
	struct back *b = arg;

	if (b->state != BACK_OVER)
		(void)back_receive(b);
}

void
back_watch(struct back *b)
{
	unsigned in = b->paused ? 0 : POLLER_IN, out = b->blocked ? POLLER_OUT : 0;

	stream_want(&b->stream, b->state == BACK_OVER ? 0 : in | out);
}

/* ---- opening ---- */

/* The phases before the request. Without a console they have one deadline together. */
static void
enter_unasked(struct back *b, enum back_state state)
{
	if (b->ordered)
		back_enter(b, state, state == BACK_CONNECTING ? BACK_CONNECT_MS : BACK_UPGRADE_MS);
	else
		b->state = state;
}

/*
 * What is not acknowledged by then is not sent once more, so that a request which the network
 * holds up does not arrive when the port is dead. 0: however late.
 */
static void
expect_acknowledgement(struct back *b, int64_t until_ms)
{
	int ms = until_ms > 0 ? (int)clock_left_ms(until_ms) + 1 : 0;

	(void)setsockopt(b->stream.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

void
back_upgraded(struct back *b)
{
	expect_acknowledgement(b, 0);
	back_enter(b, BACK_GREETING, BACK_GREETING_MS);
}

/* The console's port is the next one's, or nobody's, once it is old. */
static int
write_request(struct back *b, struct err *err)
{
	int r;

	if (clock_ms() - b->console.made_ms > PVE_CONSOLE_FRESH_MS)
		return err_set(err, ERR_TIMEOUT, "the console grew old before there was a connection");
	r = upgrade_key(b->key);
	if (r < 0)
		return err_set(err, r, "no random websocket key");
	r = upgrade_request(&b->out, &b->console, b->key);
	if (r < 0)
		return err_set(err, r, "no memory for the upgrade request");
	expect_acknowledgement(b, b->console.made_ms + PVE_CONSOLE_FRESH_MS);
	return 0;
}

static int
ask(struct back *b)
{
	struct err err;
	int r = write_request(b, &err);

	b->kind = b->console.kind;
	b->by_token = b->console.by_token;
	if (b->kind == PVE_CONSOLE_TERM)
		secret_move(&b->login, &b->console.login);
	else
		rfb_client_init(&b->rfb, secret_peek(&b->console.password), b->console.password.len);
	pve_console_done(&b->console);
	if (r < 0)
		return back_over(b, end_of_err(r), &err);
	back_kick(b);
	return 0;
}

static int
tls_connected(struct back *b)
{
	if (!b->ordered) {
		b->state = BACK_READY;
		return 0;
	}
	back_enter(b, BACK_UPGRADING, (int)clock_left_ms(b->timer.at_ms));
	return ask(b);
}

static int
secure(struct back *b)
{
	struct err err;
	int r = stream_shake(&b->stream);

	if (r == 1)
		return tls_connected(b);
	if (r == STREAM_AGAIN)
		return 0;
	pve_way_ssl_failed(b->stream.ssl);
	if (!b->stream.refused)
		return back_over_eof(b);
	r = pve_way_ssl_error(b->stream.ssl, &err);
	return back_over(b, end_of_err(r), &err);
}

static int
connected(struct back *b)
{
	socklen_t len = sizeof(int);
	struct err err;
	int failure = 0;

	if (getsockopt(b->stream.fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0 || failure) {
		err_set(&err, ERR_UNREACHABLE, "connect: %s", strerror(failure ? failure : errno));
		return back_over(b, END_UNREACHABLE, &err);
	}
	enter_unasked(b, BACK_SECURING);
	b->blocked = false;
	back_watch(b);
	return 0;
}

/* The one entry from the event loop. */
static void
on_ready(void *arg, unsigned what)
{
	struct back *b = arg;

	assert(b->magic == BACK_MAGIC);
	if (b->state == BACK_CONNECTING && ((what & POLLER_OUT) == 0 || connected(b) < 0))
		return;
	if (b->state == BACK_SECURING && (secure(b) < 0 || b->state == BACK_SECURING))
		return;
	if (what & POLLER_OUT)
		b->blocked = false;
	if ((what & POLLER_OUT) && back_flush(b) < 0)
		return;
	/* One that is queued reads behind what the front does with the bytes before. */
	if ((what & POLLER_IN) && !b->again.run)
		(void)back_receive(b);
}

void
back_end_all(struct live *live)
{
	while (live->backs)
		back_free(live->backs);
}

/* A non-blocking socket with connect() under way, or -1. */
static int
dial(const struct pve_way *way, struct err *err)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(way->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(way->port)};
	struct sockaddr *sa = (struct sockaddr *)&v4;
	socklen_t len = sizeof(v4);
	int fd, on = 1;

	/* The guard of API calls: no way leads around it. */
	fd = pve_way_allowed(way, err);
	if (fd < 0)
		return fd;
	if (inet_pton(AF_INET, way->address, &v4.sin_addr) != 1) {
		if (inet_pton(AF_INET6, way->address, &v6.sin6_addr) != 1)
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

/* The socket becomes the back's. */
static int
secure_later(struct back *b, int fd, struct err *err)
{
	SSL *ssl = NULL;
	int r = pve_way_ssl(&b->way, &ssl, err);

	if (r < 0) {
		close(fd);
		return r;
	}
	SSL_set_connect_state(ssl);
	return stream_open(&b->stream, b->live->poller, fd, ssl, POLLER_OUT, on_ready, b, err);
}

static struct back *
back_new(struct live *live)
{
	struct back *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->magic = BACK_MAGIC;
	b->live = live;
	b->next = live->backs;
	live->backs = b;
	b->head.max = 4 * UPGRADE_RESPONSE_MAX; /* frames may follow in the same read */
	b->heard_ms = clock_ms();
	b->blocked = true; /* until it is connected */
	return b;
}

int
back_dial(struct live *live, const struct pve_way *way, struct pipe *pipe,
	const struct back_events *events, void *arg, struct back **out, struct err *err)
{
	struct back *b = back_new(live);
	int fd, r;

	if (!b)
		return err_set(err, ERR_MEMORY, "no memory for a connection");
	b->pipe = pipe;
	b->events = events;
	b->arg = arg;
	pve_way_copy(&b->way, way);
	fd = dial(way, err);
	r = fd < 0 ? fd : secure_later(b, fd, err);
	if (r < 0) {
		back_free(b);
		return r;
	}
	back_enter(b, BACK_CONNECTING, BACK_EARLY_MS);
	*out = b;
	return 0;
}

void
back_look(struct back *b)
{
	if (clock_left_ms(b->timer.at_ms) <= 0)
		on_deadline(b);
	else if (b->state == BACK_READY)
		(void)back_receive(b);
}

bool
back_leads(const struct back *b, const struct pve_way *way)
{
	return pve_way_same(&b->way, way) &&
		   (b->state != BACK_READY || pve_way_ssl_holds(b->stream.ssl));
}

void
back_order(struct back *b, struct pve_console *console)
{
	assert(!b->ordered && b->state < BACK_UPGRADING);
	b->ordered = true;
	b->console = *console;
	*console = (struct pve_console){.by_token = false};
	if (b->state != BACK_READY) {
		enter_unasked(b, b->state);
		return;
	}
	back_enter(b, BACK_UPGRADING, BACK_UPGRADE_MS);
	(void)ask(b);
}

static void
on_flush(void *arg)
{
	struct back *b = arg;

	if (b->state != BACK_OVER && !b->blocked)
		(void)back_flush(b);
}

void
back_kick(struct back *b)
{
	poller_queue(b->live->poller, &b->flush, on_flush, b);
}

void
back_come_again(struct back *b)
{
	poller_queue(b->live->poller, &b->again, on_again, b);
}

void
back_resume(struct back *b)
{
	if (!b->paused)
		return;
	b->paused = false;
	back_watch(b);
	if (stream_holds(&b->stream))
		back_come_again(b);
}

void
back_close(struct back *b)
{
	if (b->state < BACK_RELAYING) {
		/* Nothing to say yet; Proxmox's listener dies by itself. */
		leave(b);
		return;
	}
	b->left = b->pipe->to_pve;
	b->pipe->to_pve = (struct pipe_queue){.total = b->left.total};
	b->pipe = NULL;
	back_resume(b);
	back_enter(b, BACK_CLOSING, LIVE_DRAIN_MS);
	back_kick(b);
}
