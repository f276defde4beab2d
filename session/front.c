/* SPDX-License-Identifier: MIT */
/* front - accepting, life and dispatch, see front.h and front_impl.h */
#include "session/front.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "session/caller.h"
#include "session/front_impl.h"
#include "session/request.h"
#include "session/tls_server.h"
#include "session/tunables.h"
#include "session/viewer.h"

enum {
	FRONT_MAGIC = 0x46524f4e,
	ACCEPTS_A_TURN = 16,
	ACCEPT_PAUSE_MS = 200, /* when the process is out of descriptors */
	DRAINS_A_TURN = 16,
	DRAIN_BYTES = 2048,
};

static void listen_on(struct live *live);

static struct front *
front_of(void *arg)
{
	struct front *f = arg;

	assert(f->magic == FRONT_MAGIC);
	return f;
}

/* ---- life ---- */

static void
unlink_front(struct front *f)
{
	struct front **link = &f->live->fronts;

	while (*link != f)
		link = &(*link)->next;
	*link = f->next;
	f->live->connections--;
	f->live->held -= f->state == FRONT_HELD;
}

static void
front_free(struct front *f)
{
	struct live *live = f->live;

	f->leaving = true;
	if (f->viewer)
		viewer_browser_gone(f->viewer);
	unlink_front(f);
	poller_stop_timer(live->poller, &f->deadline);
	poller_drop(live->poller, &f->task);
	stream_close(&f->stream);
	front_drop_chunks(f, true);
	buf_done(&f->said);
	buf_done(&f->rest);
	buf_done(&f->made);
	f->magic = 0;
	free(f);
	/* Unless the process is short of descriptors just now. */
	if (!live->listen_again.at_ms)
		listen_on(live);
}

/* What the loop's calls end with. */
static void
settle(struct front *f, int result)
{
	if (result < 0)
		front_free(f);
}

static void
on_deadline(void *arg)
{
	struct front *f = front_of(arg);

	settle(f, f->state == FRONT_HELD ? front_release(f) : -1);
}

void
front_set_deadline(struct front *f, int ms)
{
	poller_set_timer(f->live->poller, &f->deadline, ms, on_deadline, f);
}

/* Throw away what comes, for as long as it comes. */
static int
drain(struct front *f)
{
	unsigned char piece[DRAIN_BYTES];
	ssize_t n = 1;
	int i;

	for (i = 0; i < DRAINS_A_TURN && n > 0; i++)
		n = stream_read(&f->stream, piece, sizeof(piece));
	return n == STREAM_OVER ? -1 : 0;
}

int
front_part(struct front *f)
{
	f->state = FRONT_PARTING;
	stream_finish(&f->stream);
	stream_want(&f->stream, POLLER_IN);
	front_set_deadline(f, FRONT_PART_MS);
	return drain(f);
}

/* ---- dispatch ---- */

static int
shake(struct front *f)
{
	int r = stream_shake(&f->stream);

	if (r == STREAM_AGAIN)
		return 0;
	return r < 0 ? -1 : front_ask(f);
}

static int
websocket_ready(struct front *f, unsigned what)
{
	int r = 0;

	if (what & POLLER_IN)
		r = front_receive(f);
	/* Otherwise only the task sends, so that all of a turn leaves at once. */
	if (r == 0 && (what & POLLER_OUT) && f->stuck && f->state == FRONT_OPEN)
		r = front_send(f);
	return r;
}

static void
on_ready(void *arg, unsigned what)
{
	struct front *f = front_of(arg);
	int r = 0;

	switch (f->state) {
	case FRONT_SHAKING:
		/* It stays readable. */
		if (thread_may_take_long(f->live->thread))
			r = shake(f);
		break;
	case FRONT_ASKING:
		r = front_read(f);
		break;
	case FRONT_HELD:
		break;
	case FRONT_ANSWERING:
		r = front_write(f);
		break;
	case FRONT_OPEN:
		r = websocket_ready(f, what);
		break;
	case FRONT_PARTING:
		r = drain(f);
		break;
	}
	settle(f, r);
}

static int
websocket_turn(struct front *f)
{
	int r = f->again ? front_receive(f) : 0;

	/* While it is stuck the socket says when it takes more. */
	if (r == 0 && !f->stuck && f->state == FRONT_OPEN)
		r = front_send(f);
	return r;
}

static void
on_turn(void *arg)
{
	struct front *f = front_of(arg);

	if (f->state == FRONT_ASKING)
		settle(f, front_go_on(f));
	else if (f->state == FRONT_OPEN)
		settle(f, websocket_turn(f));
}

void
front_queue(struct front *f)
{
	poller_queue(f->live->poller, &f->task, on_turn, f);
}

/* ---- accepting ---- */

static void on_accept(void *arg, unsigned what);

static void
listen_on(struct live *live)
{
	poller_want(live->poller, &live->listener, POLLER_IN);
}

static void
on_listen_again(void *arg)
{
	listen_on(arg);
}

static void
pause_listener(struct live *live)
{
	poller_want(live->poller, &live->listener, 0);
}

/* fd is the front's, on failure too. */
static struct front *
front_new(struct live *live, int fd, const struct ip *peer, enum caller_place place)
{
	struct front *f = calloc(1, sizeof(*f));
	SSL *ssl = NULL;
	int r;

	if (!f || (live->env->tls && tls_server_ssl(live->env->tls, &ssl, NULL) < 0)) {
		close(fd);
		free(f);
		return NULL;
	}
	r = stream_open(&f->stream, live->poller, fd, ssl, POLLER_IN, on_ready, f, NULL);
	if (r < 0) {
		free(f);
		return NULL;
	}
	f->magic = FRONT_MAGIC;
	f->live = live;
	f->peer = *peer;
	f->too_many = place != CALLER_WELCOME;
	f->said.max = REQUEST_HEAD_MAX;
	f->next = live->fronts;
	live->fronts = f;
	live->connections++;
	return f;
}

/* Take it, unless its client has too many. */
static void
welcome(struct live *live, int fd, const struct ip *peer)
{
	enum caller_place place;
	struct front *f;
	struct tunables t;

	tunables_get(live->env->tunables, &t);
	place = caller_place(live, t.access, peer, t.connections_per_client);
	tunables_done(&t);
	if (place == CALLER_TURNED_AWAY) {
		close(fd);
		return;
	}
	f = front_new(live, fd, peer, place);
	if (!f)
		return;
	front_set_deadline(f, FRONT_HEAD_MS);
	if (!live->env->tls)
		settle(f, front_ask(f));
}

/* False when there is nobody to be accepted, or nobody may be. */
static bool
accept_one(struct live *live)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	struct ip peer;
	int fd;

	if (live->connections >= LIVE_CONNECTIONS_MAX) {
		pause_listener(live);
		return false;
	}
	fd = accept4(live->listen_fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
		log_error(LOG_VNC_SERVER, "%s: accept: %s", live->session->id, strerror(errno));
		pause_listener(live);
		poller_set_timer(live->poller, &live->listen_again, ACCEPT_PAUSE_MS, on_listen_again, live);
	}
	if (fd < 0)
		return false;
	if (ip_of_sockaddr((struct sockaddr *)&address, &peer))
		welcome(live, fd, &peer);
	else
		close(fd);
	return true;
}

static void
on_accept(void *arg, unsigned what)
{
	int i;

	(void)what;
	for (i = 0; i < ACCEPTS_A_TURN && accept_one(arg); i++)
		;
}

int
front_listen(struct live *live, int fd, struct err *err)
{
	int r;

	/* Before it is watched: another thread may call this, and the session's be told at once. */
	live->listen_fd = fd;
	r = poller_watch(live->poller, &live->listener, fd, POLLER_IN, on_accept, live, err);
	if (r < 0) {
		live->listen_fd = -1;
		close(fd);
	}
	return r;
}

void
front_deafen(struct live *live)
{
	if (live->listen_fd < 0)
		return;
	poller_stop_timer(live->poller, &live->listen_again);
	poller_unwatch(live->poller, &live->listener);
	close(live->listen_fd);
	live->listen_fd = -1;
}

void
front_end_all(struct live *live)
{
	front_deafen(live);
	while (live->fronts)
		front_free(live->fronts);
}

/* ---- what the viewer asks for ---- */

void
front_kick(struct front *f)
{
	/* Behind a Close frame there is nothing. */
	if (!f->closed)
		front_queue(f);
}

/* The socket stays watched until it has something to say: the viewer may go on before that. */
void
front_pause(struct front *f)
{
	f->paused = true;
}

void
front_resume(struct front *f)
{
	if (!f->paused)
		return;
	f->paused = false;
	if (f->unread) {
		f->unread = false;
		front_want(f);
	}
	if (f->again)
		front_queue(f);
}

void
front_close(struct front *f, enum end end)
{
	if (f->leaving || f->closing || f->closed)
		return;
	f->closing = true;
	f->end = end;
	/* A paused browser must be heard again, or its own Close frame would not be. */
	front_resume(f);
	front_set_deadline(f, LIVE_DRAIN_MS);
	front_queue(f);
}
