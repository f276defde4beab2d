/* SPDX-License-Identifier: MIT */
/* abandon - see abandon.h */
#include "base/abandon.h"

#include <assert.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/scratch.h"

enum { FEW = 64 };

/* What the work has allocated and not freed, oldest first, more or less. */
struct pieces {
	jmp_buf end;
	void **all; /* few, or the heap's */
	size_t n, cap;
	void *few[FEW];
};

static _Thread_local struct pieces *current; /* NULL: no work is done */

static void
forget(struct pieces *p)
{
	if (p->all != p->few)
		free(p->all);
}

static _Noreturn void
give_up(struct pieces *p)
{
	current = NULL;
	for (size_t i = 0; i < p->n; i++)
		scratch_free(p->all[i]);
	forget(p);
	longjmp(p->end, 1);
}

/* Room for one more. */
static void
make_room(struct pieces *p)
{
	void **more;

	if (p->n < p->cap)
		return;
	more = malloc(2 * p->cap * sizeof(*more));
	if (more == NULL)
		give_up(p);
	memcpy(more, p->all, p->n * sizeof(*more));
	forget(p);
	p->all = more;
	p->cap *= 2;
}

void *
abandon_alloc(size_t size)
{
	struct pieces *p = current;
	void *piece;

	if (p == NULL)
		return scratch_alloc(size);
	make_room(p);
	piece = scratch_alloc(size);
	if (piece == NULL)
		give_up(p);
	p->all[p->n++] = piece;
	return piece;
}

void
abandon_free(void *piece)
{
	struct pieces *p = current;

	/* Most are among the last. */
	for (size_t i = p != NULL ? p->n : 0; i > 0; i--) {
		if (p->all[i - 1] == piece) {
			p->all[i - 1] = p->all[--p->n];
			break;
		}
	}
	scratch_free(piece);
}

int
abandon_run(void (*work)(void *arg), void *arg)
{
	struct pieces mine;

	assert(current == NULL);
	mine.all = mine.few;
	mine.n = 0;
	mine.cap = FEW;
	if (setjmp(mine.end) != 0)
		return ERR_MEMORY;
	current = &mine;
	work(arg);
	current = NULL;
	forget(&mine);
	return 0;
}
