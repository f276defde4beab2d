/* SPDX-License-Identifier: MIT */
/*
 * abandon - a library's work, ended at the first allocation that is refused.
 *
 * For a library that lets its allocator be chosen and does not look at what it gets. While
 * abandon_run() runs, an allocation that is refused never returns to it: what the work has
 * allocated is freed, and abandon_run() returns. So the work may hold nothing but memory of
 * abandon_alloc(): no lock, no file, nothing of malloc().
 *
 * Threads: any; each abandons its own work.
 */
#ifndef BASE_ABANDON_H
#define BASE_ABANDON_H

#include <stddef.h>

/* Call work(arg). 0, or ERR_MEMORY when it was abandoned. One at a time in a thread. */
int abandon_run(void (*work)(void *arg), void *arg) __attribute__((warn_unused_result));

/*
 * In the place of malloc() and free(), on top of base/scratch.h. What is allocated outside of
 * abandon_run(), or lives on after it, is memory as any other.
 */
void *abandon_alloc(size_t size);
void abandon_free(void *piece);

#endif
