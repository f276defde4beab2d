/* SPDX-License-Identifier: MIT */
/*
 * heap_shim - how much of the heap is in use, told to a test; preloaded into the gateway.
 *
 * Ten times a second the bytes that malloc has handed out, in all arenas, are written as a
 * 64-bit integer to the file named by HEAP_SHIM. Resident memory also counts what malloc
 * keeps for later, which differs from run to run.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PERIOD_US = 100000 };

static void *
watch(void *arg)
{
	_Atomic int64_t *in_use = arg;

	for (;;) {
		struct mallinfo2 info = mallinfo2();

		*in_use = (int64_t)(info.uordblks + info.hblkhd);
		usleep(PERIOD_US);
	}
	return NULL;
}

__attribute__((constructor)) static void
start(void)
{
	const char *name = getenv("HEAP_SHIM");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	sigset_t all, old;
	pthread_t thread;

	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return;
	/* The program's signals are its own threads' business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&thread, NULL, watch, map);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
