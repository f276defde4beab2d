/* SPDX-License-Identifier: MIT */
/*
 * clock_shim - a monotonic clock that a test can move, preloaded into the gateway.
 *
 * The file named by CLOCK_SHIM holds one 64-bit integer: by how many milliseconds
 * CLOCK_MONOTONIC runs ahead of the kernel's. Absolute deadlines that go back to the
 * kernel are moved back by as much. Who sleeps already is not woken.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { REALTIME_FROM = 1000000000 };

static const _Atomic int64_t *ahead_ms;

__attribute__((constructor)) static void
start(void)
{
	const char *name = getenv("CLOCK_SHIM");
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		ahead_ms = map;
	if (fd >= 0)
		close(fd);
}

static struct timespec
moved(const struct timespec *t, int sign)
{
	int64_t by = ahead_ms ? sign * *ahead_ms : 0;
	struct timespec out = {t->tv_sec + by / 1000, t->tv_nsec + by % 1000 * 1000000};

	if (out.tv_nsec < 0 || out.tv_nsec >= 1000000000) {
		int carry = out.tv_nsec < 0 ? -1 : 1;

		out.tv_sec += carry;
		out.tv_nsec -= carry * 1000000000;
	}
	return out;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	int r = (int)syscall(SYS_clock_gettime, clock, out);

	if (r == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
					  clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME))
		*out = moved(out, 1);
	return r;
}

int
pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	struct timespec t = until->tv_sec < REALTIME_FROM ? moved(until, -1) : *until;

	if (!real)
		real = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(
			RTLD_NEXT, "pthread_cond_timedwait");
	return real(cond, mutex, &t);
}
