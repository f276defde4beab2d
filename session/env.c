/* SPDX-License-Identifier: MIT */
#include "session/env.h"

#include <stdio.h>

#include "session/tunables.h"

void
env_lane(char out[LANE_SIZE], const struct pve_target *target)
{
	snprintf(out, LANE_SIZE, "%s:%u", target->host, target->port);
}

void
env_use_policy(const struct env *env, struct pve *pve)
{
	struct tunables t;

	tunables_get(env->tunables, &t);
	pve_use_policy(pve, t.policy);
	tunables_done(&t);
}

bool
env_answered(int r)
{
	return r != ERR_UNREACHABLE && r != ERR_TIMEOUT && r != ERR_STOPPING;
}
