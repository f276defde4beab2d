/* SPDX-License-Identifier: MIT */
/*
 * pve_scene - hosts on loopback that answer calls over TLS as they are told, one connection
 * after the other, and keep what they were asked.
 *
 * Threads: each host has one of its own; the test's looks at it through the functions below.
 */
#ifndef TESTS_UNIT_PVE_SCENE_H
#define TESTS_UNIT_PVE_SCENE_H

#include "tests/unit/torture.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/certs.h"

enum { SCENE_REQUESTS = 8, SCENE_REQUEST_SIZE = 4096, SCENE_ANSWER_SIZE = 1024 };

/* What a host does with a connection. */
enum scene_manner {
	SCENE_ANSWERS,
	SCENE_NO_TLS,     /* closes it at once */
	SCENE_NO_ANSWER,  /* takes the request and closes it */
	SCENE_NO_NOTHING, /* never takes it: it stays in the queue of the system */
};

struct scene_host {
	int listener;
	SSL_CTX *ctx;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	enum scene_manner manner;
	char answer[SCENE_ANSWER_SIZE];
	unsigned connections, requests;
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

static inline void
scene_serve(struct scene_host *h, int fd)
{
	char request[SCENE_REQUEST_SIZE], answer[SCENE_ANSWER_SIZE];
	enum scene_manner manner;
	SSL *ssl;

	pthread_mutex_lock(&h->mutex);
	h->connections++;
	manner = h->manner;
	memcpy(answer, h->answer, sizeof(answer));
	pthread_mutex_unlock(&h->mutex);
	if (manner == SCENE_NO_TLS)
		return;
	ssl = SSL_new(h->ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		scene_read(ssl, request);
		pthread_mutex_lock(&h->mutex);
		if (request[0] != '\0')
			memcpy(h->request[h->requests++ % SCENE_REQUESTS], request, sizeof(request));
		pthread_mutex_unlock(&h->mutex);
		if (manner == SCENE_ANSWERS)
			SSL_write(ssl, answer, (int)strlen(answer));
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

static inline void *
scene_run(void *arg)
{
	struct scene_host *h = arg;
	int fd;

	while ((fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		scene_serve(h, fd);
		close(fd);
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
	SSL_CTX_free(h->ctx);
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
		"HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body),
		body);
	pthread_mutex_unlock(&h->mutex);
}

static inline void
scene_behaves(struct scene_host *h, enum scene_manner manner)
{
	pthread_mutex_lock(&h->mutex);
	h->manner = manner;
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

#endif
