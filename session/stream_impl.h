/* SPDX-License-Identifier: MIT */
/*
 * stream_impl - a stream from the inside, shared by stream.c (the socket, and what is plain) and
 * stream_tls.c.
 *
 * Threads: the poller's.
 */
#ifndef SESSION_STREAM_IMPL_H
#define SESSION_STREAM_IMPL_H

#include "session/stream.h"

/* ---- stream.c ---- */

/* The socket itself: bytes, or -1 with errno; received is 0 at the end. */
ssize_t stream_receive(struct stream *s, void *data, size_t size);
ssize_t stream_transmit(struct stream *s, const struct iovec *parts, size_t count);

/* Does this result of them mean no more than "not now"? */
bool stream_may_retry(ssize_t n);

/* What is watched has to be what is waited for. */
void stream_watch_anew(struct stream *s);

/* ---- stream_tls.c, for streams that have an ssl ---- */

/* 0 or ERR_MEMORY. */
int stream_tls_attach(struct stream *s, struct err *err) __attribute__((warn_unused_result));

/* Free what is TLS's; no matter whether there is any. */
void stream_tls_done(struct stream *s);

/* Send what was kept: 1 when nothing is left, STREAM_AGAIN, STREAM_OVER. */
int stream_tls_flush(struct stream *s);

/* As their namesakes in stream.h. */
int stream_tls_shake(struct stream *s);
ssize_t stream_tls_read(struct stream *s, void *data, size_t size);
bool stream_tls_holds(const struct stream *s);
ssize_t stream_tls_write(struct stream *s, const struct iovec *parts, size_t count);

/* Announce the end. */
void stream_tls_finish(struct stream *s);

#endif
