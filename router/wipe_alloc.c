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
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The next free() in the linker's order: libc's, or that of a preloaded allocator. */
static _Atomic(void (*)(void *)) next_free;

/*
 * What libc writes into the second word of a small block that is freed, so as to notice when it
 * is freed again; 0 when it writes nothing there.
 */
static _Atomic uintptr_t freed_mark;

static void
learn_mark(void (*give)(void *))
{
	volatile uintptr_t *block = calloc(4, sizeof(*block));

	if (block == NULL)
		return;
	give((void *)(uintptr_t)block);
	/* Read after it is freed, and that on purpose. */
	atomic_store_explicit(&freed_mark, block[1], memory_order_relaxed);
}

/* Wiped, it would look like a living one, and libc would hand it out to two owners. */
static bool
is_freed(const void *block)
{
	uintptr_t known = atomic_load_explicit(&freed_mark, memory_order_relaxed);

	return known != 0 && ((const uintptr_t *)block)[1] == known;
}

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
		learn_mark(give);
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
	if (!is_freed(block))
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
