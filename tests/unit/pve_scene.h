/* SPDX-License-Identifier: MIT */
/*
 * pve_scene - hosts on loopback that answer calls over TLS as they are told, one connection
 * after the other, and keep what they were asked. Hosts that keep their connections serve
 * them side by side.
 *
 * Threads: each host has one of its own, and one for each connection that it keeps; the
 * test's looks at it through the functions below.
 */
#ifndef TESTS_UNIT_PVE_SCENE_H
#define TESTS_UNIT_PVE_SCENE_H

#include "tests/unit/torture.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxmox_api/pve_conn.h"
#include "proxmox_api/pve_met.h"
#include "tests/unit/certs.h"

enum {
	SCENE_REQUESTS = 8,
	SCENE_REQUEST_SIZE = 4096,
	SCENE_ANSWER_SIZE = 1024,
	SCENE_KEPT = 96, /* connections of a host that keeps them */
};

#define SCENE_UNASKED "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\"unasked\""

/* What a host does with a connection. */
enum scene_manner {
	SCENE_ANSWERS,
	SCENE_EXCESS,     /* ... and once more, unasked, with SCENE_UNASKED */
	SCENE_NO_TLS,     /* closes it at once */
	SCENE_NO_ANSWER,  /* takes the request and closes it */
	SCENE_NO_NOTHING, /* never takes it: it stays in the queue of the system */
};

struct scene_host;

/* A connection that a host keeps. */
struct scene_kept {
	struct scene_host *host;
	int fd;
	pthread_t thread;
};

struct scene_host {
	int listener;
	SSL_CTX *ctx;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	bool keeps;    /* connections, until the other side hangs up */
	unsigned open; /* of those */
	struct scene_kept kept[SCENE_KEPT];
	enum scene_manner manner;
	char answer[SCENE_ANSWER_SIZE];
	unsigned connections, resumed, requests;
	char request[SCENE_REQUESTS][SCENE_REQUEST_SIZE]; /* the last ones */
};

/* A port that is ours on 127.0.0.1; nobody listens there until a host is started. */
static inline int
scene_bind(const char *host, uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	socklen_t len = sizeof(address);

	assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	if (bind(fd, (struct sockaddr *)&address, len) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* A whole request, as far as it comes. */
static inline void
scene_read(SSL *ssl, char out[SCENE_REQUEST_SIZE])
{
	size_t len = 0, want = SCENE_REQUEST_SIZE - 1;
	const char *end, *length;
	int n;

	out[0] = '\0';
	while (len < want && (n = SSL_read(ssl, out + len, (int)(want - len))) > 0) {
		len += (size_t)n;
		out[len] = '\0';
		end = strstr(out, "\r\n\r\n");
		if (end == NULL)
			continue;
		length = strcasestr(out, "\r\nContent-Length:");
		want = (size_t)(end - out) + 4 +
			   (length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0);
	}
}

/* Answer a request; false when none came, or the connection is to end. */
static inline bool
scene_answer(struct scene_host *h, SSL *ssl)
{
	char request[SCENE_REQUEST_SIZE], answer[SCENE_ANSWER_SIZE];
	enum scene_manner manner;
	bool goes_on;

	scene_read(ssl, request);
	if (request[0] == '\0')
		return false;
	pthread_mutex_lock(&h->mutex);
	memcpy(h->request[h->requests++ % SCENE_REQUESTS], request, sizeof(request));
	manner = h->manner;
	memcpy(answer, h->answer, sizeof(answer));
	goes_on = h->keeps;
	pthread_mutex_unlock(&h->mutex);
	if (manner == SCENE_EXCESS) {
		/* The body and the excess are one record of TLS, of which libcurl reads what it wants. */
		char *body = strstr(answer, "\r\n\r\n") + 4;

		SSL_write(ssl, answer, (int)(body - answer));
		memmove(answer, body, strlen(body) + 1);
		strncat(answer, SCENE_UNASKED, sizeof(answer) - strlen(answer) - 1);
	} else if (manner != SCENE_ANSWERS) {
		return false;
	}
	SSL_write(ssl, answer, (int)strlen(answer));
	return goes_on;
}

static inline void
scene_serve(struct scene_host *h, int fd)
{
	SSL *ssl;

	pthread_mutex_lock(&h->mutex);
	if (h->manner == SCENE_NO_TLS) {
		pthread_mutex_unlock(&h->mutex);
		return;
	}
	pthread_mutex_unlock(&h->mutex);
	ssl = SSL_new(h->ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		pthread_mutex_lock(&h->mutex);
		h->resumed += SSL_session_reused(ssl) == 1;
		pthread_mutex_unlock(&h->mutex);
		while (scene_answer(h, ssl))
			;
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

static inline void *
scene_keep(void *arg)
{
	struct scene_kept *kept = arg;
	struct scene_host *h = kept->host;

	scene_serve(h, kept->fd);
	shutdown(kept->fd, SHUT_RDWR);
	pthread_mutex_lock(&h->mutex);
	h->open--;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->mutex);
	return NULL;
}

static inline void *
scene_run(void *arg)
{
	struct scene_host *h = arg;
	struct scene_kept *kept;
	unsigned number;
	bool keeps;
	int fd;

	while ((fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_mutex_lock(&h->mutex);
		number = h->connections++;
		keeps = h->keeps;
		h->open += keeps;
		pthread_mutex_unlock(&h->mutex);
		if (!keeps) {
			scene_serve(h, fd);
			close(fd);
			continue;
		}
		assert_true(number < SCENE_KEPT);
		kept = &h->kept[number];
		kept->host = h;
		kept->fd = fd;
		assert_int_equal(pthread_create(&kept->thread, NULL, scene_keep, kept), 0);
	}
	return NULL;
}

/* Serve on a socket of scene_bind(), with that certificate. The host keeps the socket. */
static inline struct scene_host *
scene_start(int bound, const struct cert *who, enum scene_manner manner)
{
	struct scene_host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->listener = bound;
	h->manner = manner;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(h->ctx, who->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(h->ctx, who->key), 1);
	assert_int_equal(listen(bound, 16), 0);
	if (manner != SCENE_NO_NOTHING)
		assert_int_equal(pthread_create(&h->thread, NULL, scene_run, h), 0);
	return h;
}

/* Nobody listens any more. */
static inline void
scene_stop(struct scene_host *h)
{
	if (h == NULL)
		return;
	shutdown(h->listener, SHUT_RDWR);
	if (h->manner != SCENE_NO_NOTHING)
		pthread_join(h->thread, NULL);
	close(h->listener);
	for (unsigned i = 0; h->keeps && i < h->connections; i++) {
		shutdown(h->kept[i].fd, SHUT_RDWR);
		pthread_join(h->kept[i].thread, NULL);
		close(h->kept[i].fd);
	}
	SSL_CTX_free(h->ctx);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->mutex);
	free(h);
}

/* Answer from now on: a status line's end ("200 OK") and a body. */
static inline void
scene_says(struct scene_host *h, const char *status, const char *body)
{
	pthread_mutex_lock(&h->mutex);
	h->manner = SCENE_ANSWERS;
	snprintf(h->answer, sizeof(h->answer),
		"HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s", status, strlen(body),
		h->keeps ? "Keep-Alive" : "close", body);
	pthread_mutex_unlock(&h->mutex);
}

/* Before the first connection: keep them, side by side. */
static inline void
scene_keeps(struct scene_host *h)
{
	pthread_mutex_lock(&h->mutex);
	assert_int_equal(h->connections, 0);
	h->keeps = true;
	pthread_mutex_unlock(&h->mutex);
}

/* Wait until so many of those that are kept are open. */
static inline void
scene_await_open(struct scene_host *h, unsigned open)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 60;
	pthread_mutex_lock(&h->mutex);
	while (h->open != open)
		assert_int_equal(pthread_cond_timedwait(&h->changed, &h->mutex, &end), 0);
	pthread_mutex_unlock(&h->mutex);
}

static inline unsigned
scene_connections(struct scene_host *h)
{
	unsigned n;

	pthread_mutex_lock(&h->mutex);
	n = h->connections;
	pthread_mutex_unlock(&h->mutex);
	return n;
}

/* How many of the connections have resumed a TLS session. */
static inline unsigned
scene_resumed(struct scene_host *h)
{
	unsigned n;

	pthread_mutex_lock(&h->mutex);
	n = h->resumed;
	pthread_mutex_unlock(&h->mutex);
	return n;
}

/* Hang up on all of them, with TLS's farewell, while they wait for a request. */
static inline void
scene_hang_up(struct scene_host *h)
{
	unsigned n = scene_connections(h);

	for (unsigned i = 0; i < n; i++)
		shutdown(h->kept[i].fd, SHUT_RD);
	scene_await_open(h, 0);
}

/* SO_ATTACH_FILTER: nothing arrives any more; SO_DETACH_FILTER takes that away. */
static inline void
scene_filter(struct scene_host *h, int option)
{
	struct sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
	struct sock_fprog program = {1, &nothing};
	unsigned n = scene_connections(h);

	assert_int_equal(setsockopt(h->listener, SOL_SOCKET, option, &program, sizeof(program)), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(
			setsockopt(h->kept[i].fd, SOL_SOCKET, option, &program, sizeof(program)), 0);
}

/* From now on nothing that is sent to it arrives, as if it had no power. */
static inline void
scene_vanishes(struct scene_host *h)
{
	scene_filter(h, SO_ATTACH_FILTER);
}

/* What is sent arrives again, also what was sent meanwhile and is sent once more. */
static inline void
scene_returns(struct scene_host *h)
{
	scene_filter(h, SO_DETACH_FILTER);
}

static inline void
scene_behaves(struct scene_host *h, enum scene_manner manner)
{
	pthread_mutex_lock(&h->mutex);
	h->manner = manner;
	pthread_mutex_unlock(&h->mutex);
}

/* How many requests have come, and the last of them; valid until the next but seven. */
static inline unsigned
scene_requests(struct scene_host *h, const char **last)
{
	unsigned n;

	pthread_mutex_lock(&h->mutex);
	n = h->requests;
	if (last != NULL)
		*last = n > 0 ? h->request[(n - 1) % SCENE_REQUESTS] : "";
	pthread_mutex_unlock(&h->mutex);
	return n;
}

/* What logins by policy have left for later ones is gone. */
static inline void
scene_forget(struct pve_policy *policy, const char *host, uint16_t port)
{
	struct pve_trial trial;

	pve_trial_init(&trial, policy, host, port, NULL);
	pve_met_forget(&trial);
	pve_trial_done(&trial);
	pve_conn_drop_all();
}

#endif
