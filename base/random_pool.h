/* SPDX-License-Identifier: MIT */
/*
 * random_pool - some bytes of the kernel's generator, fetched ahead.
 *
 * A system call for each token costs more than the token. What is handed out is gone
 * from the pool at once, so that nobody can find an old token there; what is still in
 * it has been nobody's yet.
 *
 * Threads: no lock; a pool belongs to its holder. A process with pools must not fork: both
 * would hand out the same.
 */
#ifndef BASE_RANDOM_POOL_H
#define BASE_RANDOM_POOL_H

#include <stddef.h>

/* getrandom() gives as many at once, or none. */
enum { RANDOM_POOL_SIZE = 256 };

/* Zeroed, it is empty. */
struct random_pool {
	unsigned char
		bytes[RANDOM_POOL_SIZE]; /* those before left are there to be taken, the others 0 */
	size_t left;
};

/*
 * Move len bytes to out; more than the pool can hold come from the kernel as they are.
 * 0, or ERR_SYSTEM without the kernel's generator.
 */
int random_pool_take(struct random_pool *pool, void *out, size_t len)
	__attribute__((warn_unused_result));

#endif
