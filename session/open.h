/* SPDX-License-Identifier: MIT */
/*
 * open - what a session asks of Proxmox while it lives, as jobs for the workers.
 *
 * Threads: any; nothing blocks. The jobs run on workers.
 */
#ifndef SESSION_OPEN_H
#define SESSION_OPEN_H

#include "session/env.h"
#include "session/session.h"

/*
 * Look whether the guest runs and ask for a console. For the first browser of a link, whose
 * opening has just looked, that may be the latter alone. The answer is a MAIL_CONSOLE
 * for this viewer in the session's mailbox, whatever happens, by deadline_ms plus
 * about a second. Before it there is a MAIL_ASKING if it comes to asking: not while the job waits
 * for the host's other calls, nor for a guest that is not there. Returns 0, ERR_BUSY, ERR_STOPPING or ERR_MEMORY; then no mail comes.
 */
int open_console(const struct env *env, struct session *s, uint64_t viewer, int64_t deadline_ms,
	struct err *err) __attribute__((warn_unused_result));

#endif
