/* SPDX-License-Identifier: MIT */
/*
 * viewer - one browser at a session: ties its websocket (front) to its own
 * connection to Proxmox (back) through a pipe.
 *
 * Life: wait for the guest's gate → ask for a console ticket, and dial meanwhile →
 * authenticate, while the browser authenticates here → relay → end. The whole
 * opening takes at most the tunables' open_timeout_s. A viewer is freed when
 * its browser's websocket is closed. What the browser is shown, a screen or a
 * terminal, is the session's: terminals need no gate and no authentication here. A
 * screen that refuses the password is asked for once more, without leaving the gate. When
 * browsers keep leaving before their console is there, the next ones wait.
 *
 * Threads: the session's.
 */
#ifndef SESSION_VIEWER_H
#define SESSION_VIEWER_H

#include <stddef.h>

#include "base/ip.h"
#include "session/end.h"
#include "session/live.h"
#include "session/pipe.h"

struct viewer; /* opaque, see viewer.c */

/*
 * A browser's websocket is open. Never fails as far as the browser is concerned: what goes wrong becomes
 * a Close frame. NULL only when out of memory.
 */
struct viewer *viewer_new(struct live *live, struct front *browser, const struct ip *client);

/* The websocket is closed; the viewer is freed. */
void viewer_browser_gone(struct viewer *v);

/* What has come from the browser at once: a part of a frame, which is a part of a message. */
struct viewer_piece {
	const void *data;
	size_t len;
	uint64_t frame_left; /* bytes of the frame that are still to come */
	bool text;           /* of a text message */
	bool last;           /* the message ends with it */
};

/* Something from the browser, in whatever pieces. */
void viewer_receive(struct viewer *v, const struct viewer_piece *piece);

/* The next piece for the browser, to be sent whole and freed; NULL when there is none now. */
struct chunk *viewer_next(struct viewer *v);

/* Does the browser take nothing just now? Then little more is received for it. */
void viewer_stuck(struct viewer *v, bool stuck);

/* Something came, be it a pong. */
void viewer_heard(struct viewer *v);

/* Should a ping be sent now? True once per ping that is due. */
bool viewer_ping_due(struct viewer *v);

/* End it for a reason: what waits for the browser is sent, then its Close frame. */
void viewer_end(struct viewer *v, enum end end);

/* Messages for one of a session's viewers, which may be gone. */
void viewer_granted(struct live *live, uint64_t number);
void viewer_asking(struct live *live, uint64_t number);
void viewer_console(struct live *live, struct console_mail *mail);

/* End all of a session's viewers. */
void viewers_end_all(struct live *live, enum end end);

/* Is any viewer connected (both sides authenticated), or on its way to be? */
bool viewers_present(const struct live *live);

#endif
