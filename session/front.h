/* SPDX-License-Identifier: MIT */
/*
 * front - the browser's side of a session: accept, files, mandatory.json, websocket.
 *
 * A front is one connection of a browser: requests one after the other, the last of which may make
 * it a websocket. It is freed in the loop when its socket is closed, never within a call of this
 * header but front_end_all().
 *
 * Threads: the session's.
 */
#ifndef SESSION_FRONT_H
#define SESSION_FRONT_H

#include "session/end.h"
#include "session/live.h"

/*
 * Accept at this listening socket, which becomes the session's, and from then on is its thread's:
 * the last thing that another one does with it. 0 or ERR_SYSTEM.
 */
int front_listen(struct live *live, int fd, struct err *err) __attribute__((warn_unused_result));

/* Accept nobody any more. */
void front_deafen(struct live *live);

/* Close whatever is open; viewers are told that their browsers are gone. */
void front_end_all(struct live *live);

/* There is something to send, or a ping is due: looked at when this turn of the loop ends. */
void front_kick(struct front *f);

/* Stop and go on receiving from the browser. */
void front_pause(struct front *f);
void front_resume(struct front *f);

/* Send this reason's Close frame once viewer_next() has nothing more; cut off after LIVE_DRAIN_MS. */
void front_close(struct front *f, enum end end);

#endif
