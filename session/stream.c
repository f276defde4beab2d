/* SPDX-License-Identifier: MIT */
#include "session/stream_impl.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the socket ---- */

bool
stream_may_retry(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

ssize_t
stream_receive(struct stream *s, void *data, size_t size)
{
	ssize_t n;

	if (s->empty) {
		errno = EAGAIN;
		return -1;
	}
	do
		n = recv(s->fd, data, size, 0);
	while (n < 0 && errno == EINTR);
	s->empty = n > 0 ? n < (ssize_t)size : stream_may_retry(n);
	return n;
}

ssize_t
stream_transmit(struct stream *s, const struct iovec *parts, size_t count)
{
	/* The system does not write to the parts. */
	const struct msghdr message = {
		.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = count};
	size_t i, size = 0;
	ssize_t n;

	for (i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (s->full || s->failed) {
		errno = s->failed ? EPIPE : EAGAIN;
		return -1;
	}
	do
		n = sendmsg(s->fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	s->full = n >= 0 ? (size_t)n < size : stream_may_retry(n);
	s->failed = n < 0 && !s->full;
	return n;
}

/* ---- life ---- */

/*
 * What is watched is what the owner and TLS wait for, but for what the owner can do nothing with
 * before TLS has had its turn: it may be there all the time.
 */
void
stream_watch_anew(struct stream *s)
{
	unsigned wanted = (s->wanted & ~s->blocked) | s->tls_wanted;

	poller_want(s->poller, &s->watch, s->out_len > 0 ? wanted | POLLER_OUT : wanted);
}

static void
on_ready(void *arg, unsigned what)
{
	struct stream *s = arg;
	unsigned both = POLLER_IN | POLLER_OUT;
	int r = 1;

	if (what & POLLER_IN)
		s->empty = false;
	if (what & POLLER_OUT) {
		s->full = false;
		r = stream_tls_flush(s);
		if (r == STREAM_AGAIN)
			what &= ~(unsigned)POLLER_OUT;
	}
	if ((s->tls_wanted & what) || r == STREAM_OVER) {
		s->empty = s->empty && r != STREAM_OVER;
		s->tls_wanted = s->blocked = 0;
		what = both;
	} else {
		what &= s->wanted & ~s->blocked;
	}
	stream_watch_anew(s);
	if (what != 0)
		s->ready(s->arg, what);
}

int
stream_open(struct stream *s, struct poller *poller, int fd, SSL *ssl, unsigned wanted,
	void (*ready)(void *arg, unsigned what), void *arg, struct err *err)
{
	int r = 0;

	*s = (struct stream){
		.poller = poller, .fd = fd, .ssl = ssl, .wanted = wanted, .ready = ready, .arg = arg};
	if (ssl)
		r = stream_tls_attach(s, err);
	if (r == 0)
		r = poller_watch(poller, &s->watch, fd, wanted, on_ready, s, err);
	if (r < 0)
		stream_close(s);
	return r;
}

void
stream_close(struct stream *s)
{
	if (!s->poller)
		return;
	poller_unwatch(s->poller, &s->watch);
	stream_tls_done(s);
	close(s->fd);
	*s = (struct stream){.poller = NULL};
}

void
stream_want(struct stream *s, unsigned wanted)
{
	s->wanted = wanted;
	stream_watch_anew(s);
}

/* ---- moving bytes ---- */

int
stream_shake(struct stream *s)
{
	return s->ssl ? stream_tls_shake(s) : 1;
}

static ssize_t
read_plain(struct stream *s, void *data, size_t size)
{
	ssize_t n = stream_receive(s, data, size);

	if (n > 0)
		return n;
	return stream_may_retry(n) ? STREAM_AGAIN : STREAM_OVER;
}

ssize_t
stream_read(struct stream *s, void *data, size_t size)
{
	ssize_t n = s->ssl ? stream_tls_read(s, data, size) : read_plain(s, data, size);

	/* Whoever can not be answered is heard to the end of what has come, and not waited for. */
	return n == STREAM_AGAIN && s->failed ? STREAM_OVER : n;
}

bool
stream_holds(const struct stream *s)
{
	return s->ssl && stream_tls_holds(s);
}

static ssize_t
write_plain(struct stream *s, const struct iovec *parts, size_t count)
{
	ssize_t n = stream_transmit(s, parts, count < IOV_MAX ? count : IOV_MAX);

	if (n >= 0)
		return n;
	return stream_may_retry(n) ? STREAM_AGAIN : STREAM_OVER;
}

ssize_t
stream_write(struct stream *s, const struct iovec *parts, size_t count)
{
	/* They could be all that one call of the system takes. */
	while (count > 0 && parts->iov_len == 0) {
		parts++;
		count--;
	}
	if (count == 0)
		return STREAM_AGAIN;
	return s->ssl ? stream_tls_write(s, parts, count) : write_plain(s, parts, count);
}

bool
stream_full(const struct stream *s)
{
	return s->full;
}

void
stream_finish(struct stream *s)
{
	if (s->ssl)
		stream_tls_finish(s);
	s->finishing = s->out_len > 0;
	if (!s->finishing)
		(void)shutdown(s->fd, SHUT_WR);
	stream_watch_anew(s);
}
