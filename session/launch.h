/* SPDX-License-Identifier: MIT */
/*
 * launch - from a token to a running session: what happens behind GET /vnc/<token>.
 *
 * The token is taken at once (on a worker if the store may block); the rest
 * runs as one job in the lane of the grant's Proxmox host: reserve a place and a
 * port, log in or share a login, look whether the guest runs, wipe the password,
 * join a running session or start one, add the link's key. Until Proxmox has
 * answered anything in it, a failure puts the grant back, so that the link stays
 * usable.
 *
 * A job that waits in its lane holds neither: or else links to a host that does
 * not answer would take all ports from the others. That there is room is looked
 * at before it is parked, so that who finds none hears of it at once.
 *
 * Threads: launch_open() from any; nothing blocks.
 */
#ifndef SESSION_LAUNCH_H
#define SESSION_LAUNCH_H

#include "session/core.h"
#include "session/env.h"
#include "session/places.h"
#include "session/ports.h"
#include "session/sessions.h"
#include "session/store.h"

/* What launching needs; owned by core, immutable while it runs. */
struct launch {
	const struct env *env;
	struct store *store;
	struct ports *ports;
	struct places *places;
	struct sessions *sessions;
};

/* See core_open(). */
void launch_open(struct launch *l, const char *token, const struct ip *client,
	void (*done)(void *arg, struct core_opened *result), void *arg);

#endif
