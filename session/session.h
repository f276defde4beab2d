/* SPDX-License-Identifier: MIT */
/*
 * session - one guest's console: its public record, and what the thread that serves it is told.
 *
 * Shared by reference count between the registry, the session's thread and jobs
 * on workers. Letters: [i] immutable after creation, [a] atomic, [r] under the
 * registry's lock, [s] the thread that serves it only.
 *
 * Threads: session_add_link(), session_end(), ref and unref from any thread.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/ip.h"
#include "base/mailbox.h"
#include "session/core.h"
#include "session/places.h"
#include "session/ports.h"

struct sessions;

struct session {
	uint32_t magic;              /* [i] SESSION_MAGIC */
	atomic_int refs;             /* [a] */
	struct sessions *registry;   /* [i] */
	char key[SESSION_KEY_SIZE];  /* [i] "vm:pve:100" */
	char id[SESSION_ID_SIZE];    /* [i] how logs and /status name it */
	struct pve_target target;    /* [i] complete: nothing in it is open; its node is the first */
	char node[PVE_NODE_SIZE];    /* [r] where the guest was found last */
	int64_t missing_ms;          /* [r] since when it is not found; 0: it was, the last time */
	int64_t seen_ms;             /* [r] when a link has found it running; 0: not, or used up */
	struct pve *pve;             /* [i] the login; one reference */
	struct mailbox *mailbox;     /* [i] one reference */
	uint16_t port;               /* [i] */
	struct port_lease lease;     /* [s] returned at its end */
	struct place *place;         /* [s] left at its end; NULL: none */
	int64_t created_unix;        /* [i] */
	int64_t created_ms;          /* [i] */
	enum session_state state;    /* [r] */
	bool ending;                 /* [r] told to end: nobody joins any more */
	unsigned viewers;            /* [r] browsers connected */
	int64_t connected_unix;      /* [r] first browser; 0: none yet */
	int64_t connected_ms;        /* [r] */
	int64_t disconnected_ms;     /* [r] when the last browser left */
	TAILQ_ENTRY(session) all;    /* [r] in the registry's list */
	TAILQ_ENTRY(session) guests; /* [r] among those of guests with such a number */
	atomic_uint links;           /* [a] keys made, at most SESSION_LINKS_MAX */
	_Atomic uint64_t to_browser; /* [a] bytes relayed */
	_Atomic uint64_t to_pve;     /* [a] */
};

enum { SESSION_MAGIC = 0x53455353, SESSION_LINKS_MAX = 1024 };

/* ---- what is found in its mailbox ---- */

enum session_mail_kind { MAIL_LINK, MAIL_END, MAIL_GATE, MAIL_ASKING, MAIL_CONSOLE };

struct link_mail { /* MAIL_LINK: one more key opens this session */
	struct mail mail;
	struct secret key;
	struct ip opener;
};

struct end_mail { /* MAIL_END */
	struct mail mail;
	enum end end;
};

struct asking_mail { /* MAIL_ASKING: the call of open_console() for a console begins */
	struct mail mail;
	uint64_t viewer;
};

struct console_mail { /* MAIL_CONSOLE: the answer to open_console() */
	struct mail mail;
	uint64_t viewer;
	struct err err; /* code 0: console is good */
	enum end end;   /* why not */
	struct pve_console console;
};

/*
 * A new session, not yet in the registry. *pve, *lease and *place are moved into it.
 * Returns 0, ERR_MEMORY or ERR_SYSTEM (then all stay the caller's).
 */
int session_new(struct sessions *registry, const struct pve_target *target, struct pve **pve,
	struct port_lease *lease, struct place **place, struct session **out, struct err *err)
	__attribute__((warn_unused_result));
struct session *session_ref(struct session *s);
void session_unref(struct session *s);

/*
 * Make a key under which the session can be opened from now on, for the client
 * that opens the link. On success *key is the caller's. ERR_GONE when the session has ended, ERR_LIMIT when it has
 * SESSION_LINKS_MAX keys, ERR_MEMORY, ERR_SYSTEM.
 */
int session_add_link(struct session *s, const struct ip *opener, struct secret *key,
	struct err *err) __attribute__((warn_unused_result));

/*
 * Tell it to end; 0 also when it has ended already. It ignores a timeout
 * when a browser has come meanwhile. ERR_MEMORY: it was not told.
 */
int session_end(struct session *s, enum end end) __attribute__((warn_unused_result));

/* "vm:pve:100", "lxc:pve:200", "node:pve": virtual machines are called vm, as the users know them. */
void session_format_key(char out[SESSION_KEY_SIZE], const struct pve_target *target);

#endif
