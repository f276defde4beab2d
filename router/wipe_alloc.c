/* SPDX-License-Identifier: MIT */
/*
 * wipe_alloc - what is freed is empty, whoever frees it.
 *
 * Passwords and tickets pass through libraries that allocate, copy and free as they
 * like. These functions stand in front of libc's for the whole process: the dynamic
 * linker looks into the program first, on behalf of every library.
 *
 * Linked into the release program only. Sanitizers bring allocators of their own, and
 * valgrind puts its functions in the place of these as it does with libc's.
 *
 * Threads: any.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The next free() in the linker's order: libc's, or that of a preloaded allocator. */
static _Atomic(void (*)(void *)) next_free;

static void
give_back(void *block)
{
	static _Thread_local bool looking;
	void (*give)(void *) = atomic_load_explicit(&next_free, memory_order_relaxed);

	if (give == NULL) {
		int saved = errno;

		/* Looking it up frees something in its turn: that is left, once, and is empty. */
		if (looking)
			return;
		looking = true;
		give = (void (*)(void *))dlsym(RTLD_NEXT, "free");
		looking = false;
		if (give == NULL)
			abort();
		atomic_store_explicit(&next_free, give, memory_order_relaxed);
		errno = saved;
	}
	give(block);
}

void
free(void *block)
{
	if (block == NULL)
		return;
	explicit_bzero(block, malloc_usable_size(block));
	give_back(block);
}

void *
realloc(void *block, size_t size)
{
	size_t old;
	void *moved;

	if (block == NULL)
		return malloc(size);
	if (size == 0) {
		free(block);
		return NULL;
	}
	old = malloc_usable_size(block);
	/* What needs most of its room stays where it is. */
	if (size <= old && size >= old / 2) {
		explicit_bzero((char *)block + size, old - size);
		return block;
	}
	moved = malloc(size);
	if (moved == NULL)
		return NULL;
	memcpy(moved, block, old < size ? old : size);
	free(block);
	return moved;
}

void *
reallocarray(void *block, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(block, total);
}
