/* SPDX-License-Identifier: MIT */
/*
 * front - the browser's side of a session: accept, files, mandatory.json, websocket.
 *
 * Threads: the session's.
 */
#ifndef SESSION_FRONT_H
#define SESSION_FRONT_H

#include "session/end.h"
#include "session/loop.h"

/* There is something to send, or a ping is due. */
void front_kick(struct lws *browser);

/* Stop and go on receiving from the browser. */
void front_pause(struct lws *browser);
void front_resume(struct lws *browser);

/* Does the socket take nothing now? What libwebsockets has kept of an earlier write does not count. */
bool front_choked(struct lws *browser);

/* Send this reason's Close frame once viewer_next() has nothing more; cut off after LOOP_DRAIN_MS. */
void front_close(struct lws *browser, enum end end);

#endif
