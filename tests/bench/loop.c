/* SPDX-License-Identifier: MIT */
#include "tests/bench/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/util.h"

enum { EVENTS_A_TURN = 256 };

void
loop_init(struct loop *l)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	if (l->epoll < 0)
		die("epoll: %s", strerror(errno));
}

void
loop_done(struct loop *l)
{
	close(l->epoll);
}

static void
control(struct loop *l, int what, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (epoll_ctl(l->epoll, what, w->fd, &e) < 0)
		die("epoll: %s", strerror(errno));
}

void
loop_add(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_ADD, w, events);
}

void
loop_change(struct loop *l, struct watch *w, uint32_t events)
{
	control(l, EPOLL_CTL_MOD, w, events);
}

void
loop_drop(struct loop *l, struct watch *w)
{
	struct watch **link = &l->again;

	control(l, EPOLL_CTL_DEL, w, 0);
	while (w->queued && *link != w)
		link = &(*link)->next;
	if (w->queued)
		*link = w->next;
	w->queued = false;
}

void
loop_again(struct loop *l, struct watch *w)
{
	struct watch **link = &l->again;

	if (w->queued)
		return;
	while (*link)
		link = &(*link)->next;
	w->queued = true;
	w->next = NULL;
	*link = w;
}

/* Only those that are there at the beginning: each may ask to be called again. */
static void
serve_again(struct loop *l)
{
	struct watch *w;
	size_t n = 0;

	for (w = l->again; w; w = w->next)
		n++;
	while (n-- > 0 && l->again) {
		w = l->again;
		l->again = w->next;
		w->queued = false;
		w->ready(w->arg, 0);
	}
}

void
loop_turn(struct loop *l, int timeout_ms)
{
	struct epoll_event events[EVENTS_A_TURN];
	struct watch *w;
	int i, n;

	n = epoll_wait(l->epoll, events, EVENTS_A_TURN, l->again ? 0 : timeout_ms);
	if (n < 0 && errno != EINTR)
		die("epoll: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		w = events[i].data.ptr;
		w->ready(w->arg, events[i].events);
	}
	serve_again(l);
}
