/* SPDX-License-Identifier: MIT */
/* caller - see caller.h */
#include "session/caller.h"

#include "session/front_impl.h"

enum caller_place
caller_place(
	const struct live *live, const struct access *access, const struct ip *peer, unsigned limit)
{
	struct ip group = ip_group(peer), other;
	unsigned same = 0, told = 0;
	const struct front *f;

	/* Behind a proxy everybody has its address. */
	if (!access_limits(access, peer) || access_trusts(access, peer))
		return CALLER_WELCOME;
	for (f = live->fronts; f; f = f->next) {
		other = ip_group(&f->peer);
		same += !f->too_many && ip_equal(&other, &group);
		told += f->too_many;
	}
	if (same < limit)
		return CALLER_WELCOME;
	return told < LIVE_TURNED_AWAY_MAX ? CALLER_TOO_MANY : CALLER_TURNED_AWAY;
}
