/* SPDX-License-Identifier: MIT */
#include "tests/bench/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/util.h"

enum {
	READ_SIZE = 262144,
	TLS_RECORD_MAX = 16384,
	WRITES_A_TURN = 8,
};

static void conn_ready(void *arg, uint32_t events);

/* ---- what waits to be sent ---- */

static void
append(struct conn *c, const void *data, size_t len)
{
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
	if (c->out_len + len > c->out_cap && c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	if (c->out_len + len > c->out_cap) {
		c->out_cap = 2 * (c->out_len + len);
		c->out = reallocate(c->out, c->out_cap);
	}
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
}

size_t
conn_waiting(const struct conn *c)
{
	return c->out_len - c->out_at;
}

/*
 * ---- TLS reads from what has come and writes into what waits ----
 *
 * OpenSSL's own read-ahead moves all that it holds for each record, to align it:
 * with many small records in a large buffer that is most of its work.
 */

static int
bio_read(BIO *bio, char *data, int len)
{
	struct conn *c = BIO_get_data(bio);
	size_t n = c->raw_len < (size_t)len ? c->raw_len : (size_t)len;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(data, c->raw, n);
	c->raw += n;
	c->raw_len -= n;
	return (int)n;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	append(BIO_get_data(bio), data, (size_t)len);
	return len;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static BIO *
bio_new(struct conn *c)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "conn");
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	bio = BIO_new(method);
	if (!bio)
		die("no memory for TLS");
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	return bio;
}

/* The newest ticket is as good as any. 1: the session is ours. */
static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct conn *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

SSL_CTX *
conn_tls(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(cert ? TLS_server_method() : TLS_client_method());

	if (!ctx)
		die("no memory for TLS");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_session_cache_mode(
		ctx, cert ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (!cert)
		SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	if (cert && (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
					SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1))
		die("certificate or key is not good: %s", ERR_reason_error_string(ERR_peek_last_error()));
	return ctx;
}

/* ---- beginning ---- */

static void
watch_for(struct conn *c, uint32_t events)
{
	if (c->events == events)
		return;
	c->events = events;
	loop_change(c->loop, &c->watch, events);
}

static struct conn *
make(struct loop *l, int fd, SSL_CTX *tls, const struct conn_ops *ops, void *owner)
{
	struct conn *c = allocate(sizeof(*c));
	int on = 1;
	BIO *bio;

	c->loop = l;
	c->ops = ops;
	c->owner = owner;
	c->watch = (struct watch){.fd = fd, .ready = conn_ready, .arg = c};
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (tls) {
		c->ssl = SSL_new(tls);
		if (!c->ssl)
			die("no memory for TLS");
		bio = bio_new(c);
		SSL_set_bio(c->ssl, bio, bio);
		SSL_set_app_data(c->ssl, c);
	}
	return c;
}

struct conn *
conn_dial(struct loop *l, uint16_t port, SSL_CTX *tls, const struct conn_ops *ops, void *owner)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *c;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c = make(l, fd, tls, ops, owner);
	if (c->ssl)
		SSL_set_connect_state(c->ssl);
	c->state = CONN_CONNECTING;
	c->events = EPOLLIN | EPOLLOUT;
	/* A refusal shows as an event, as it would from afar. */
	(void)connect(fd, (struct sockaddr *)&to, sizeof(to));
	loop_add(l, &c->watch, c->events);
	return c;
}

struct conn *
conn_accept(struct loop *l, int fd, SSL_CTX *tls, const struct conn_ops *ops, void *owner)
{
	struct conn *c = make(l, fd, tls, ops, owner);

	if (c->ssl)
		SSL_set_accept_state(c->ssl);
	c->state = c->ssl ? CONN_SECURING : CONN_OPEN;
	c->events = EPOLLIN;
	loop_add(l, &c->watch, c->events);
	return c;
}

/* ---- sending ---- */

void
conn_write(struct conn *c, const void *data, size_t len)
{
	const unsigned char *from = data;
	int n;

	if (c->half_closed)
		return;
	if (!c->ssl) {
		append(c, data, len);
		return;
	}
	for (; len > 0; from += n, len -= (size_t)n) {
		n = SSL_write(c->ssl, from, (int)len);
		if (n <= 0)
			return; /* broken: reading says so too */
	}
}

static void
end(struct conn *c, const char *why)
{
	if (!c->doomed)
		c->ops->over(c, why);
}

static void
send_waiting(struct conn *c)
{
	int turns;
	ssize_t n;

	for (turns = 0; turns < WRITES_A_TURN && !c->doomed; turns++) {
		if (c->ops->room && c->state == CONN_OPEN && !c->half_closed && conn_waiting(c) < CONN_ROOM)
			c->ops->room(c);
		if (c->doomed || conn_waiting(c) == 0)
			break;
		n = send(c->watch.fd, c->out + c->out_at, conn_waiting(c), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			end(c, strerror(errno));
			return;
		}
		c->out_at += n > 0 ? (size_t)n : 0;
		if (n <= 0 || conn_waiting(c) > 0)
			break;
	}
	if (c->doomed)
		return;
	if (conn_waiting(c) == 0 && c->half_closed)
		shutdown(c->watch.fd, SHUT_WR);
	/* After the last turn there may be more, though nothing waits. */
	watch_for(c, (c->paused ? 0U : EPOLLIN) |
					 (conn_waiting(c) > 0 || turns == WRITES_A_TURN ? EPOLLOUT : 0U));
}

static void
destroy(struct conn *c)
{
	if (c->ops->freed)
		c->ops->freed(c);
	loop_drop(c->loop, &c->watch);
	close(c->watch.fd);
	/* Or its session could not be resumed; browsers do not mind how a connection ends. */
	if (c->ssl)
		SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	SSL_SESSION_free(c->session);
	free(c->out);
	free(c);
}

void
conn_flush(struct conn *c)
{
	bool inside = c->busy;

	c->busy = true;
	send_waiting(c);
	c->busy = inside;
	if (!inside && c->doomed)
		destroy(c);
}

void
conn_finish(struct conn *c)
{
	if (c->ssl)
		SSL_shutdown(c->ssl);
	c->half_closed = true;
	conn_flush(c);
}

/* ---- receiving ---- */

static void
secure(struct conn *c)
{
	int n = SSL_do_handshake(c->ssl);

	if (n == 1) {
		c->state = CONN_OPEN;
		c->ops->open(c);
	} else if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ) {
		end(c, "TLS failed");
	}
}

/* All that has come: what is not a whole record yet stays inside the SSL. */
static void
decrypt(struct conn *c, const unsigned char *raw, size_t len)
{
	static unsigned char data[TLS_RECORD_MAX];
	int n;

	c->raw = raw;
	c->raw_len = len;
	/* Whether a call failed is asked of a queue, which others may have filled. */
	ERR_clear_error();
	if (c->state == CONN_SECURING)
		secure(c);
	while (c->state == CONN_OPEN && !c->doomed) {
		n = SSL_read(c->ssl, data, sizeof(data));
		if (n > 0) {
			c->ops->bytes(c, data, (size_t)n);
			continue;
		}
		if (SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
			end(c, "closed by the far side");
		return;
	}
}

static void
receive(struct conn *c)
{
	static unsigned char data[READ_SIZE];
	ssize_t n = recv(c->watch.fd, data, sizeof(data), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		end(c, n < 0 ? strerror(errno) : "closed by the far side");
	else if (c->ssl)
		decrypt(c, data, (size_t)n);
	else
		c->ops->bytes(c, data, (size_t)n);
}

void
conn_pause(struct conn *c)
{
	c->paused = true;
	conn_flush(c);
}

SSL_SESSION *
conn_session(struct conn *c)
{
	SSL_SESSION *session = c->session;

	c->session = NULL;
	return session;
}

void
conn_offer(struct conn *c, SSL_SESSION *session)
{
	if (c->ssl && session && SSL_set_session(c->ssl, session) != 1)
		die("no memory for TLS");
}

bool
conn_resumed(const struct conn *c)
{
	return c->ssl && SSL_session_reused(c->ssl);
}

/* ---- events ---- */

static bool
connected(struct conn *c, uint32_t events)
{
	socklen_t len = sizeof(int);
	int failure = 0;

	if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return false;
	if (getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0 || failure) {
		end(c, strerror(failure ? failure : errno));
		return false;
	}
	c->state = c->ssl ? CONN_SECURING : CONN_OPEN;
	if (c->state == CONN_OPEN)
		c->ops->open(c);
	return true;
}

static void
serve(struct conn *c, uint32_t events)
{
	if (c->state == CONN_CONNECTING) {
		if (!connected(c, events) || c->doomed)
			return;
		if (c->state == CONN_SECURING)
			decrypt(c, NULL, 0); /* the first word is ours */
	} else if (events & ~(uint32_t)EPOLLOUT) {
		receive(c);
	}
	if (!c->doomed)
		conn_flush(c);
}

static void
conn_ready(void *arg, uint32_t events)
{
	struct conn *c = arg;

	c->busy = true;
	serve(c, events);
	c->busy = false;
	if (c->doomed) {
		destroy(c);
	} else if (conn_waiting(c) == 0 && c->out_cap > CONN_ROOM * 4) {
		free(c->out);
		c->out = NULL;
		c->out_at = c->out_len = c->out_cap = 0;
	}
}

void
conn_close(struct conn *c)
{
	if (c->doomed)
		return;
	c->doomed = c->busy;
	if (!c->busy)
		destroy(c);
}

void
conn_abort(struct conn *c)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_close(c);
}
