/* SPDX-License-Identifier: MIT */
/* slow - see slow.h */
#include "router/slow.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lock.h"

TAILQ_HEAD(line, slow_item);

struct slow {
	struct lock lock;
	struct line line; /* [lock] by the time that each came */
	unsigned count;   /* [lock] */
	bool closed;      /* [lock] */
};

struct slow *
slow_new(void)
{
	struct slow *slow = calloc(1, sizeof(*slow));

	if (slow == NULL)
		return NULL;
	lock_init(&slow->lock, LOCK_HTTP);
	TAILQ_INIT(&slow->line);
	return slow;
}

void
slow_free(struct slow *slow)
{
	if (slow == NULL)
		return;
	assert(slow->count == 0);
	lock_done(&slow->lock);
	free(slow);
}

bool
slow_add(struct slow *slow, struct slow_item *item)
{
	bool taken;

	lock_take(&slow->lock);
	taken = !slow->closed && slow->count < SLOW_MAX;
	if (taken) {
		item->due_ms = clock_ms() + SLOW_MS;
		TAILQ_INSERT_TAIL(&slow->line, item, link);
		slow->count++;
	}
	lock_release(&slow->lock);
	return taken;
}

static void
release(struct slow *slow, int64_t due_ms, bool close)
{
	struct line due = TAILQ_HEAD_INITIALIZER(due);
	struct slow_item *item;

	lock_take(&slow->lock);
	slow->closed = slow->closed || close;
	while ((item = TAILQ_FIRST(&slow->line)) != NULL && item->due_ms <= due_ms) {
		TAILQ_REMOVE(&slow->line, item, link);
		TAILQ_INSERT_TAIL(&due, item, link);
		slow->count--;
	}
	lock_release(&slow->lock);
	while ((item = TAILQ_FIRST(&due)) != NULL) {
		/* Once let go it may be gone. */
		TAILQ_REMOVE(&due, item, link);
		item->go(item->arg);
	}
}

void
slow_tick(struct slow *slow, int64_t now_ms)
{
	release(slow, now_ms, false);
}

void
slow_close(struct slow *slow)
{
	release(slow, INT64_MAX, true);
}
