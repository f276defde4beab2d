/* SPDX-License-Identifier: MIT */
/*
 * The server when the system has no watches left: the library's epoll_ctl() fails. It is in our
 * place here, and so is its accept4(), so that there is a request when it first reads.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "tests/unit/http_scene.h"

#define HEAD "POST /create HTTP/1.1\r\nHost: x\r\nAuthorization: " SECRET "\r\n"

enum { TIMES = 20 };

static atomic_bool no_watches;
static atomic_uint refused;

int
epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int (*real)(int, int, int, struct epoll_event *) =
		(int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl");

	if (op == EPOLL_CTL_ADD && atomic_load(&no_watches)) {
		atomic_fetch_add(&refused, 1);
		errno = ENOSPC;
		return -1;
	}
	return real(epoll, op, fd, event);
}

int
accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) =
		(int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4");
	struct pollfd readable = {.events = POLLIN};

	readable.fd = real(fd, address, len, flags);
	if (readable.fd >= 0)
		(void)poll(&readable, 1, WAIT_MS);
	return readable.fd;
}

static int
make(void **state)
{
	(void)state;
	serve();
	return 0;
}

static int
unmake(void **state)
{
	(void)state;
	atomic_store(&no_watches, false);
	serve_no_more();
	return 0;
}

/* Say text on a connection of its own; the number of bytes that come back until its end. */
static size_t
ask(const char *text)
{
	int fd = dial();
	size_t len = 0;
	char answer[512];
	ssize_t n;

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	while ((n = recv(fd, answer, sizeof(answer), 0)) > 0)
		len += (size_t)n;
	assert_true(n == 0 || errno == ECONNRESET);
	close(fd);
	return len;
}

static void
requests_that_are_cut_short_leave_nothing_behind(void **state)
{
	static const char *const begun[] = {
		"POST /create HTTP/1.1\r\nHost: ",
		HEAD "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"hostname\":",
	};
	struct settings *settings = site_settings(site);
	unsigned before = atomic_load(&settings->refs);

	(void)state;
	atomic_store(&no_watches, true);
	for (unsigned i = 0; i < TIMES; i++)
		assert_int_equal(ask(begun[i % 2]), 0);
	assert_int_equal(atomic_load(&refused), TIMES);
	assert_int_equal(atomic_load(&settings->refs), before);
	settings_unref(settings);
	/* And the server goes on: what is there at once needs no watch. */
	assert_true(ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			requests_that_are_cut_short_leave_nothing_behind, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
