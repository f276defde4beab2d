/* SPDX-License-Identifier: MIT */
/* random_pool - see random_pool.h */
#include "base/random_pool.h"

#include <string.h>

#include "base/secret.h"

int
random_pool_take(struct random_pool *pool, void *out, size_t len)
{
	int r;

	if (len > sizeof(pool->bytes))
		return random_bytes(out, len);
	if (len > pool->left) {
		/* Some may be there and others not, if it fails: none counts. */
		pool->left = 0;
		r = random_bytes(pool->bytes, sizeof(pool->bytes));
		if (r < 0)
			return r;
		pool->left = sizeof(pool->bytes);
	}
	pool->left -= len;
	memcpy(out, pool->bytes + pool->left, len);
	explicit_bzero(pool->bytes + pool->left, len);
	return 0;
}
