/* SPDX-License-Identifier: MIT */
/*
 * short_shim - a kernel that takes less than it is given, as towards a client far away.
 *
 * Preloaded into the gateway by shims.mjs. Every third write of more than LARGE bytes is cut in
 * half: on loopback, where the kernel takes megabytes, none ever would be.
 *
 * Threads: any.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 4096, EVERY = 3 };

static size_t
cut(size_t len)
{
	static atomic_uint large;

	return len > LARGE && atomic_fetch_add(&large, 1) % EVERY == 0 ? len / 2 : len;
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "send");
	return real(fd, data, cut(len), flags);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "write");
	return real(fd, data, cut(len));
}
