/* SPDX-License-Identifier: MIT */
/* http_scene - the server on a socket of loopback, and connections to it. */
#ifndef TESTS_UNIT_HTTP_SCENE_H
#define TESTS_UNIT_HTTP_SCENE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "router/http.h"
#include "router/listen.h"
#include "tests/unit/core_fake.h"
#include "tests/unit/request_scene.h"

enum { WAIT_MS = 10000 };

static struct site *site;
static struct http *http;
static uint16_t port;

static inline void
serve(void)
{
	struct sockaddr_in where;
	socklen_t len = sizeof(where);
	struct http_config config = {0};
	struct err err;
	int fd = -1;

	memset(&fake, 0, sizeof(fake));
	site = scene_site(NULL, NULL);
	config.site = site;
	assert_int_equal(listen_open("127.0.0.1", 0, &fd, &err), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &len), 0);
	port = ntohs(where.sin_port);
	assert_int_equal(http_start(&config, &fd, &http, &err), 0);
	assert_int_equal(fd, -1);
}

static inline void
serve_no_more(void)
{
	http_stop(http);
	http = NULL;
	site_free(site);
}

static inline int
dial(void)
{
	struct sockaddr_in where = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval patience = {.tv_sec = WAIT_MS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

#endif
