/* SPDX-License-Identifier: MIT */
/*
 * scratch - memory for what one function makes in many small pieces, and frees all of.
 *
 * For a library that lets its allocator be chosen, such as one that parses: while a
 * struct scratch lies on a thread's stack between scratch_begin() and scratch_end(),
 * scratch_alloc() cuts pieces from it, one behind the other, and the last to be freed is
 * wiped with all the others at once. What does not fit, and all else, is the heap's.
 *
 * Threads: any; each has scratch memory of its own, and frees pieces of it by itself.
 */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_SIZE = 4096 };

struct scratch {
	_Alignas(max_align_t) unsigned char bytes[SCRATCH_SIZE];
	size_t used;    /* bytes from the beginning */
	unsigned alive; /* pieces that are not freed */
};

/* One at a time in a thread. */
void scratch_begin(struct scratch *scratch);

/* Wipe it. Every piece must have been freed: it is gone now. */
void scratch_end(struct scratch *scratch);

/* In the place of malloc() and free(); also for pieces that malloc() has given. */
void *scratch_alloc(size_t size);
void scratch_free(void *piece);

#endif
