/* SPDX-License-Identifier: MIT */
/*
 * conn - one TCP connection, with or without TLS, that never blocks.
 *
 * What is written is kept until the socket takes it; what arrives is handed to
 * the owner at once, in one buffer that all connections share. The owner hears
 * of everything through conn_ops and ends the connection with conn_close(), also
 * from inside those calls.
 */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/loop.h"

struct conn;

struct conn_ops {
	/* Connected, and secured when there is TLS. */
	void (*open)(struct conn *c);
	/* Bytes have come; they may be changed in place. */
	void (*bytes)(struct conn *c, unsigned char *data, size_t len);
	/* Less than CONN_ROOM bytes wait to be sent, after there were more or something was written. May be NULL. */
	void (*room)(struct conn *c);
	/* The far side has ended or something failed. */
	void (*over)(struct conn *c, const char *why);
	/* The last call: c is freed after it. May be NULL. */
	void (*freed)(struct conn *c);
};

enum { CONN_ROOM = 262144 };

enum conn_state { CONN_CONNECTING, CONN_SECURING, CONN_OPEN };

struct conn {
	struct loop *loop;
	struct watch watch;
	const struct conn_ops *ops;
	void *owner;
	SSL *ssl;                       /* NULL: plain */
	struct ssl_session_st *session; /* a client's: the newest that it may resume */
	enum conn_state state;
	uint32_t events;
	bool busy, doomed; /* in one of its callbacks; to be freed after it */
	bool half_closed, paused;
	const unsigned char *raw; /* with TLS: what has come and is not decrypted yet */
	size_t raw_len;
	unsigned char *out; /* what the socket has not taken: out[out_at..out_len) */
	size_t out_at, out_len, out_cap;
};

/* For TLS on either side; dies when the files are not good. cert NULL: a client's, which accepts any certificate. */
SSL_CTX *conn_tls(const char *cert, const char *key);

/* Dial 127.0.0.1:port. tls NULL: plain. Dies when there is no socket left. */
struct conn *conn_dial(
	struct loop *l, uint16_t port, SSL_CTX *tls, const struct conn_ops *ops, void *owner);

/* Take over an accepted socket. */
struct conn *conn_accept(
	struct loop *l, int fd, SSL_CTX *tls, const struct conn_ops *ops, void *owner);

/* Queue bytes; conn_flush() sends them. With TLS each call makes records of its own. */
void conn_write(struct conn *c, const void *data, size_t len);

/* Send what the socket takes. Called by conn itself after each callback. */
void conn_flush(struct conn *c);

/* How many bytes wait. */
size_t conn_waiting(const struct conn *c);

/* Send what waits, TLS's goodbye and FIN, and nothing after it; what the far side still says arrives. */
void conn_finish(struct conn *c);

/* Read nothing more: what the far side sends fills the kernel's buffers. */
void conn_pause(struct conn *c);

/* What may be resumed with another connection: the caller's, NULL when there is nothing. Once. */
struct ssl_session_st *conn_session(struct conn *c);

/* Right after conn_dial(): resume this, which stays the caller's and may be NULL. */
void conn_offer(struct conn *c, struct ssl_session_st *session);

/* Is this TLS session one that was resumed? */
bool conn_resumed(const struct conn *c);

/* Forget it. */
void conn_close(struct conn *c);

/* The same, and the far side gets a RST. */
void conn_abort(struct conn *c);

#endif
