/* SPDX-License-Identifier: MIT */
/*
 * stream_scene - a stream in an event loop, and a far side that is moved by hand.
 *
 * What TLS at the far side has to say goes to the socket only when the test says so, and as many
 * bytes at a time as it likes.
 *
 * Threads: none but the test's.
 */
#ifndef TESTS_UNIT_STREAM_SCENE_H
#define TESTS_UNIT_STREAM_SCENE_H

#include "tests/unit/torture.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session/stream.h"
#include "tests/unit/certs.h"

/* What the near end is. */
enum kind { PLAIN, TLS12_SERVER, TLS13_SERVER, TLS12_CLIENT, TLS13_CLIENT };

/* A test that is played for each kind of near end; or with TLS, and as one side of it, or TLS 1.3. */
#define test_each(name)    each_from(#name, name, PLAIN, TLS13_CLIENT, 1)
#define test_tls(name)     each_from(#name, name, TLS12_SERVER, TLS13_CLIENT, 1)
#define test_tls13(name)   each_from(#name, name, TLS13_SERVER, TLS13_CLIENT, 2)
#define test_servers(name) each_from(#name, name, TLS12_SERVER, TLS13_SERVER, 1)
#define test_clients(name) each_from(#name, name, TLS12_CLIENT, TLS13_CLIENT, 1)

/* One that is played once. */
#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

enum { ALL = 1 << 30, PIECE = 4096, BIG = 1 << 20 };

struct far_end {
	int fd; /* -1: closed */
	SSL *ssl;
	BIO *in, *out; /* what has come from the socket, and what is to go there */
};

static struct cert cert;
static SSL_CTX *server_ctx, *client_ctx;

static struct poller poller;
static struct stream near;
static struct far_end far;
static unsigned calls, told;  /* of ready(), and what it was told last */
static char block[4 * PIECE]; /* of no interest */

static inline int
group_set_up(void **state)
{
	(void)state;
	cert = cert_make("near.example", NULL, "DNS:near.example", 30);
	server_ctx = SSL_CTX_new(TLS_server_method());
	client_ctx = SSL_CTX_new(TLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(server_ctx, cert.x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(server_ctx, cert.key), 1);
	SSL_CTX_set_num_tickets(server_ctx, 0);
	return 0;
}

static inline int
group_tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	cert_free(&cert);
	return 0;
}

static inline int
set_up(void **state)
{
	(void)state;
	calls = told = 0;
	return poller_init(&poller, NULL);
}

static inline void
far_close(void)
{
	if (far.fd >= 0)
		close(far.fd);
	far.fd = -1;
}

static inline void
part(void)
{
	stream_close(&near);
	far_close();
	SSL_free(far.ssl);
	far.ssl = NULL;
}

static inline int
tear_down(void **state)
{
	(void)state;
	part();
	poller_done(&poller);
	ERR_clear_error();
	return 0;
}

static inline void
on_ready(void *arg, unsigned what)
{
	assert_ptr_equal(arg, &near);
	calls++;
	told = what;
}

static inline void
turn(void)
{
	assert_int_equal(poller_turn(&poller, NULL), 0);
}

static inline void
on_time(void *arg)
{
	*(bool *)arg = true;
}

/* Let a stream believe that it has not been used for long. */
static inline void
pass_time(void)
{
	do {
		poller_stop_timer(&poller, &near.idle.timer);
		if (near.idle.timer.run != NULL)
			near.idle.timer.run(near.idle.timer.arg);
	} while (near.idle.timer.at_ms != 0);
}

/* Turns until ms are over, but for that of a stream's memory; while nothing happens it is one. */
static inline unsigned
turns_within(int ms)
{
	struct timer timer = {.at_ms = 0};
	bool over = false;
	unsigned turns = 0;

	poller_stop_timer(&poller, &near.idle.timer);
	poller_set_timer(&poller, &timer, ms, on_time, &over);
	while (!over) {
		turn();
		turns++;
	}
	return turns;
}

/* Let what is there be told, whether something is or not. */
static inline void
glance(void)
{
	(void)turns_within(0);
}

/* ---- tests of several kinds ---- */

struct each {
	void (*play)(enum kind kind);
	enum kind first, last;
	int step;
};

static inline void
play_each(void **state)
{
	const struct each *each = *state;

	for (int kind = (int)each->first; kind <= (int)each->last; kind += each->step)
		each->play((enum kind)kind);
}

static inline struct CMUnitTest
each_from(const char *name, void (*play)(enum kind kind), enum kind first, enum kind last, int step)
{
	static struct each all[32];
	static size_t count;
	struct each *each = &all[count++];

	assert_true(count <= sizeof(all) / sizeof(all[0]));
	*each = (struct each){play, first, last, step};
	return (struct CMUnitTest){name, play_each, set_up, tear_down, each};
}

/* ---- the far side ---- */

/* Bring to the socket at most so many of the bytes that TLS has to say; how many it was. */
static inline size_t
far_push(size_t most)
{
	char bytes[PIECE];
	size_t sent = 0;
	ssize_t n;
	char *data;

	while (sent < most && (n = BIO_get_mem_data(far.out, &data)) > 0) {
		if ((size_t)n > most - sent)
			n = (ssize_t)(most - sent);
		if ((size_t)n > sizeof(bytes))
			n = sizeof(bytes);
		n = send(far.fd, data, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		assert_int_equal(BIO_read(far.out, bytes, (int)n), n);
		sent += (size_t)n;
	}
	return sent;
}

/* Bring to TLS at most so many bytes from the socket; how many it was. */
static inline size_t
far_pull(size_t most)
{
	char bytes[PIECE];
	size_t got = 0;
	ssize_t n;

	while (got < most) {
		n = recv(
			far.fd, bytes, most - got < sizeof(bytes) ? most - got : sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0)
			break;
		assert_int_equal(BIO_write(far.in, bytes, (int)n), n);
		got += (size_t)n;
	}
	return got;
}

static inline void
far_write(const void *data, size_t len)
{
	if (far.ssl == NULL)
		assert_int_equal(send(far.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL), len);
	else
		assert_int_equal(SSL_write(far.ssl, data, (int)len), len);
}

static inline void
far_say(const char *text)
{
	far_write(text, strlen(text));
	if (far.ssl != NULL)
		far_push(ALL);
}

/* Bytes, or 0 for nothing and for the end. */
static inline size_t
far_read(void *data, size_t size)
{
	ssize_t n;

	if (far.ssl == NULL) {
		n = recv(far.fd, data, size, MSG_DONTWAIT);
	} else {
		far_pull(ALL);
		n = SSL_read(far.ssl, data, (int)size);
	}
	ERR_clear_error();
	return n > 0 ? (size_t)n : 0;
}

static inline void
far_hears(const char *expected)
{
	char text[256];
	size_t len = 0, n;

	while ((n = far_read(text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	assert_string_equal(text, expected);
}

/* Does the socket end after what was read of it? */
static inline bool
far_sees_end(void)
{
	char byte;

	return recv(far.fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* ---- the near side ---- */

static inline SSL *
near_ssl(enum kind kind)
{
	bool is_server = kind == TLS12_SERVER || kind == TLS13_SERVER;
	int version = kind == TLS12_SERVER || kind == TLS12_CLIENT ? TLS1_2_VERSION : TLS1_3_VERSION;
	SSL *ssl;

	if (kind == PLAIN)
		return NULL;
	ssl = SSL_new(is_server ? server_ctx : client_ctx);
	assert_non_null(ssl);
	assert_int_equal(SSL_set_min_proto_version(ssl, version), 1);
	assert_int_equal(SSL_set_max_proto_version(ssl, version), 1);
	if (is_server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* Both ends, of sockets of this type. */
static inline void
meet_by(int type, enum kind kind, unsigned wanted)
{
	bool is_server = kind == TLS12_SERVER || kind == TLS13_SERVER;
	int pair[2];

	part();
	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	far = (struct far_end){.fd = pair[1]};
	if (kind != PLAIN) {
		far.ssl = SSL_new(is_server ? client_ctx : server_ctx);
		far.in = BIO_new(BIO_s_mem());
		far.out = BIO_new(BIO_s_mem());
		BIO_set_mem_eof_return(far.in, -1);
		SSL_set_bio(far.ssl, far.in, far.out);
		if (is_server)
			SSL_set_connect_state(far.ssl);
		else
			SSL_set_accept_state(far.ssl);
	}
	assert_int_equal(
		stream_open(&near, &poller, pair[0], near_ssl(kind), wanted, on_ready, &near, NULL), 0);
}

/* Both ends, whose sockets hold little when small. */
static inline void
meet(enum kind kind, unsigned wanted, bool small)
{
	int least = 1;

	meet_by(SOCK_STREAM, kind, wanted);
	if (small) {
		setsockopt(near.fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
		setsockopt(far.fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	}
}

/* The handshake, to its end at both ends. */
static inline void
shake(void)
{
	int r = 0, i;

	for (i = 0; i < 10 && (r != 1 || (far.ssl != NULL && !SSL_is_init_finished(far.ssl))); i++) {
		if (far.ssl != NULL && SSL_do_handshake(far.ssl) != 1)
			ERR_clear_error();
		if (far.ssl != NULL)
			far_push(ALL);
		glance();
		r = stream_shake(&near);
		assert_true(r >= 0);
		if (far.ssl != NULL)
			far_pull(ALL);
	}
	assert_int_equal(r, 1);
}

static inline void
connect_as(enum kind kind, unsigned wanted)
{
	meet(kind, wanted, false);
	shake();
}

/* Read once, at most size (below 256) bytes. */
static inline void
near_reads(const char *expected, size_t size)
{
	char text[256];
	ssize_t n = stream_read(&near, text, size);

	assert_int_equal(n, strlen(expected));
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static inline ssize_t
near_read(void)
{
	char text[256];

	return stream_read(&near, text, sizeof(text));
}

static inline void
near_says(const char *text)
{
	const struct iovec part = {.iov_base = (char *)(uintptr_t)text, .iov_len = strlen(text)};

	assert_int_equal(stream_write(&near, &part, 1), strlen(text));
}

/* Bytes that show it when some are lost, or come twice. */
static inline void
fill(char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 / 7);
}

/* What the far side says is read whole, as it comes, into room for as much or more. */
static inline void
near_reads_all(const char *bytes, size_t len, char *got, size_t room)
{
	size_t at;
	ssize_t n;

	far_write(bytes, len);
	for (at = 0; at < len;) {
		far_push(ALL);
		turn();
		while ((n = stream_read(&near, got + at, room - at)) > 0)
			at += (size_t)n;
		assert_int_equal(n, STREAM_AGAIN);
	}
	assert_int_equal(at, len);
	assert_memory_equal(bytes, got, len);
}

/* Write until there is no more room; how many bytes have gone. */
static inline size_t
near_floods(void)
{
	const struct iovec part = {.iov_base = block, .iov_len = sizeof(block)};
	size_t sent = 0;
	ssize_t n;

	while ((n = stream_write(&near, &part, 1)) > 0)
		sent += (size_t)n;
	assert_int_equal(n, STREAM_AGAIN);
	return sent;
}

/* Read until there is no more; how many bytes. */
static inline size_t
far_drains(void)
{
	static char bytes[65536];
	size_t got = 0, n;

	while ((n = far_read(bytes, sizeof(bytes))) > 0)
		got += n;
	return got;
}

/* The same until the near side has nothing that waits. */
static inline size_t
far_drains_all(void)
{
	size_t got;

	for (got = 0; near.out_len > 0; glance())
		got += far_drains();
	return got + far_drains();
}

#endif
