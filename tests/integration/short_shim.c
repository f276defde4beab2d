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
#include <sys/uio.h>
#include <unistd.h>

enum { LARGE = 4096, EVERY = 3, PARTS = 16 };

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

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	struct iovec parts[PARTS];
	struct msghdr less = *message;
	size_t i, len = 0, left;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
	for (i = 0; i < message->msg_iovlen; i++)
		len += message->msg_iov[i].iov_len;
	left = cut(len);
	if (left == len || message->msg_iovlen > PARTS)
		return real(fd, message, flags);
	for (i = 0; left > 0; i++) {
		parts[i] = message->msg_iov[i];
		if (parts[i].iov_len > left)
			parts[i].iov_len = left;
		left -= parts[i].iov_len;
	}
	less.msg_iov = parts;
	less.msg_iovlen = i;
	return real(fd, &less, flags);
}
