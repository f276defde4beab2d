/* SPDX-License-Identifier: MIT */
/*
 * caller - how many connections one client may have to a session's port.
 *
 * One that is too many for its client is let in to be told so, as long as few of them are there.
 *
 * Threads: the session's.
 */
#ifndef SESSION_CALLER_H
#define SESSION_CALLER_H

#include "base/ip.h"
#include "session/access.h"
#include "session/live.h"

enum caller_place {
	CALLER_WELCOME,
	CALLER_TOO_MANY,    /* its client has as many as it may: to be told so */
	CALLER_TURNED_AWAY, /* the same, and enough are being told: to be closed at once */
};

/* May one more connection of this peer be? At most limit of them, where limits apply. */
enum caller_place caller_place(
	const struct live *live, const struct access *access, const struct ip *peer, unsigned limit);

#endif
