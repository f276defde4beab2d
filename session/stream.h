/* SPDX-License-Identifier: MIT */
/*
 * stream - a connected socket in an event loop, plain or with TLS on it, that never blocks.
 *
 * Whoever owns one says what it waits for, and is called when it may go on. It then reads and
 * writes for as long as it likes, or until there is no more: what is left makes another call, but
 * for what stream_holds(). What TLS itself has to wait for is watched in addition. All zero is no
 * stream; an open one stays where it is in memory.
 *
 * A read that brings less than it asked the system for has emptied the socket. That is kept in
 * mind until the next event, so that no system call is made only to hear "nothing".
 *
 * Memory that TLS needs to receive into and to send from is kept while a stream is busy, and
 * released about a second after; by one that opens, after each call.
 *
 * Threads: the poller's.
 */
#ifndef SESSION_STREAM_H
#define SESSION_STREAM_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/poller.h"

/* What reading, writing and the handshake say when no byte has moved. */
enum {
	STREAM_AGAIN = 0, /* not now */
	STREAM_OVER = -1, /* the far side has ended, or the connection has failed */
};

struct stream {
	struct poller *poller; /* NULL: there is no stream */
	int fd;
	SSL *ssl; /* NULL: plain */
	struct watch watch;
	unsigned wanted;     /* by the owner: POLLER_* */
	unsigned tls_wanted; /* by TLS, until it happens */
	unsigned blocked;    /* of what the owner wants, until then */
	bool empty;          /* the socket, after the last read */
	bool over;           /* reading has come to its end */
	bool full;           /* the same for writing */
	bool failed;         /* writing has */
	bool gathering;      /* TLS has more to send at once */
	bool finishing;      /* the socket is to end behind out */
	unsigned char *in;   /* for TLS, received; from in_at to in_len not looked at */
	size_t in_at, in_len, in_size;
	size_t record; /* bytes of one that TLS has begun with and not got yet */
	char *out;     /* of TLS; from out_at to out_len the socket has not taken it yet */
	size_t out_at, out_len;
	unsigned uses;     /* since it was idle, up to some number */
	struct idle idle;  /* the memory of both */
	unsigned receives; /* within this call of TLS */
	unsigned chatter;  /* messages of TLS's own that have come */
	bool refused;      /* TLS ended it; after a handshake the thread's error queue says why */
	void (*ready)(void *arg, unsigned what);
	void *arg;
};

/*
 * fd and ssl (NULL: plain) become the stream's, on failure too. An ssl has been told which side it
 * is. wanted: what to begin with; ready() gets what has happened of it, or both when TLS is the
 * reason, or what was kept of a write cannot be sent. 0, ERR_MEMORY or ERR_SYSTEM.
 */
int stream_open(struct stream *s, struct poller *poller, int fd, SSL *ssl, unsigned wanted,
	void (*ready)(void *arg, unsigned what), void *arg, struct err *err)
	__attribute__((warn_unused_result));

/* Close the socket, with whatever is unread or kept unsent. No stream is fine. */
void stream_close(struct stream *s);

/* Be called when the socket can be read, written; 0 is neither. */
void stream_want(struct stream *s, unsigned wanted);

/* TLS's handshake: 1 when it is done, which on a plain stream it is. STREAM_AGAIN, STREAM_OVER. */
int stream_shake(struct stream *s) __attribute__((warn_unused_result));

/* Take what is there, at most size bytes; how many, STREAM_AGAIN or STREAM_OVER. */
ssize_t stream_read(struct stream *s, void *data, size_t size) __attribute__((warn_unused_result));

/*
 * May bytes that have left the socket wait inside TLS? They make no call: whoever stops reading
 * before STREAM_AGAIN has to come again by himself.
 */
bool stream_holds(const struct stream *s);

/*
 * Send of the parts, one after the other, what goes now; how many bytes, STREAM_AGAIN or
 * STREAM_OVER. With TLS the more there is in one call the better: up to three records of 16 KiB
 * leave together. What the socket does not take of these has been sent as far as the owner is
 * concerned: it is kept, and goes by itself. Nothing else goes before.
 */
ssize_t stream_write(struct stream *s, const struct iovec *parts, size_t count)
	__attribute__((warn_unused_result));

/* Has the last write left no room? Then the next has none before POLLER_OUT is told. */
bool stream_full(const struct stream *s);

/*
 * Say that nothing more will be sent, once what TLS has kept has gone; what comes can still be
 * read. Again is no matter.
 */
void stream_finish(struct stream *s);

#endif
