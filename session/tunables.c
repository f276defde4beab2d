/* SPDX-License-Identifier: MIT */
#include "session/tunables.h"

#include <stdlib.h>

#include "base/lock.h"

struct tunables_cell {
	struct lock lock;
	struct tunables now; /* [LOCK_SETTINGS] */
};

int
tunables_new(const struct tunables *initial, struct tunables_cell **out, struct err *err)
{
	struct tunables_cell *cell = calloc(1, sizeof(*cell));

	if (!cell)
		return err_set(err, ERR_MEMORY, "no memory for settings");
	lock_init(&cell->lock, LOCK_SETTINGS);
	cell->now = *initial;
	cell->now.policy = pve_policy_ref(initial->policy);
	cell->now.access = access_ref(initial->access);
	*out = cell;
	return 0;
}

void
tunables_free(struct tunables_cell *cell)
{
	if (!cell)
		return;
	tunables_done(&cell->now);
	lock_done(&cell->lock);
	free(cell);
}

void
tunables_set(struct tunables_cell *cell, const struct tunables *now)
{
	struct tunables old, fresh = *now;

	fresh.policy = pve_policy_ref(now->policy);
	fresh.access = access_ref(now->access);
	lock_take(&cell->lock);
	old = cell->now;
	cell->now = fresh;
	lock_release(&cell->lock);
	tunables_done(&old);
}

void
tunables_get(struct tunables_cell *cell, struct tunables *out)
{
	/* References must be taken under the lock; both are atomics and take none. */
	lock_take(&cell->lock);
	*out = cell->now;
	pve_policy_ref(out->policy);
	access_ref(out->access);
	lock_release(&cell->lock);
}

void
tunables_done(struct tunables *t)
{
	pve_policy_unref(t->policy);
	t->policy = NULL;
	access_unref(t->access);
	t->access = NULL;
}
