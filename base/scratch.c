/* SPDX-License-Identifier: MIT */
/* scratch - see scratch.h */
#include "base/scratch.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = _Alignof(max_align_t) };

static _Thread_local struct scratch *current; /* NULL: none */

void
scratch_begin(struct scratch *scratch)
{
	assert(current == NULL);
	/* Not its bytes: what is to be wiped is what has been used. */
	scratch->used = 0;
	scratch->alive = 0;
	current = scratch;
}

void
scratch_end(struct scratch *scratch)
{
	assert(current == scratch && scratch->alive == 0);
	current = NULL;
	explicit_bzero(scratch->bytes, scratch->used);
}

void *
scratch_alloc(size_t size)
{
	struct scratch *s = current;
	void *piece;

	if (s == NULL || size == 0 || size > sizeof(s->bytes) - s->used)
		return malloc(size);
	piece = s->bytes + s->used;
	s->used += (size + ALIGN - 1) / ALIGN * ALIGN;
	s->alive++;
	return piece;
}

void
scratch_free(void *piece)
{
	struct scratch *s = current;

	if (s == NULL || (uintptr_t)piece - (uintptr_t)s->bytes >= sizeof(s->bytes)) {
		free(piece);
		return;
	}
	s->alive--;
}
