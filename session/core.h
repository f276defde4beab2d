/* SPDX-License-Identifier: MIT */
/*
 * core - the gateway without its HTTP face: tokens, sessions, and what runs them.
 *
 * The router's only way into this room. It owns the store, the port pool, the
 * console page's files, the workers, the session registry and the tunables, and
 * tears them down in reverse.
 *
 * Threads: every function may be called from any thread and none blocks, but
 * for core_new(), core_stop() and core_free(), which belong to main.
 */
#ifndef SESSION_CORE_H
#define SESSION_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "session/end.h"
#include "session/grant.h"
#include "session/penalty.h"
#include "session/tls_pair.h"
#include "session/tunables.h"

struct core_config {
	const char *session_ip; /* address to bind session ports to, "0.0.0.0", "::", ... */
	uint16_t port_min, port_max;
	const char *page_dir;      /* folder with vnc.html */
	struct tls_pair *tls_pair; /* what sessions show; referenced. NULL: plain http and ws */
	bool public_tls; /* browsers speak TLS to session ports, be it to a proxy in front of them */
	struct tunables tunables;
};

struct core; /* opaque, see core.c */

/*
 * Bind the ports, read the page's files, start workers and threads. Writes warnings to
 * the log. Returns 0, ERR_INVALID (page folder, address), ERR_BUSY (no port of the range is free), ERR_SYSTEM or ERR_MEMORY;
 * the text names the configuration key.
 */
int core_new(const struct core_config *config, struct core **out, struct err *err)
	__attribute__((warn_unused_result));

/* Can the page's folder be loaded? Binds nothing and starts nothing; errors as of core_new(). */
int core_check(const char *page_dir, struct err *err) __attribute__((warn_unused_result));

/* Once a second, from main: expiries, timeouts, memory that was given back. */
void core_tick(struct core *core);

/* SIGHUP. Policy and access are referenced, not moved. */
void core_retune(struct core *core, const struct tunables *now);

/* SIGHUP: new handshakes show this pair, which is referenced. Only where it was made with one. */
void core_change_pair(struct core *core, struct tls_pair *pair);

/*
 * Refuse new work, answer what waits with END_STOPPING, close every browser with
 * code 1001 and end every session. Takes at most about 8 s. Idempotent.
 */
void core_stop(struct core *core);
void core_free(struct core *core); /* after core_stop() and after the last done() was delivered */

/* ---- who asks ---- */

/* From where the gateway may be used, as it is now; a reference of the caller's. */
struct access *core_access(struct core *core);

/* This client sent a wrong secret: see penalty_guess(). */
enum penalty core_guess(struct core *core, const struct ip *client, int *left_s);

/* ---- POST /create ---- */

/*
 * Keep *grant under a fresh token, which becomes the caller's. *grant is NULL on success.
 * 0, ERR_FORBIDDEN (one of its hosts must not be called), ERR_LIMIT (too many
 * pending), ERR_STOPPING, ERR_MEMORY, ERR_SYSTEM.
 */
int core_put(struct core *core, struct grant **grant, struct secret *token, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Try a grant before its token is given out: log in and look at the guest. The grant is moved
 * in. done() is called exactly once, on this thread before core_verify() returns (no capacity,
 * stopping) or later on a worker or main. *result lives during the call.
 */
struct core_verified {
	int code;            /* 0 or ERR_* */
	enum end end;        /* why not, when code < 0 */
	const char *text;    /* the same for the backend, with the host's own words; no secret */
	struct grant *grant; /* on success: logged in, for core_put(); done() may take it */
};
void core_verify(struct core *core, struct grant **grant,
	void (*done)(void *arg, struct core_verified *result), void *arg);

/* Does the page's folder have a page for terminals? Without one there are no such consoles. */
bool core_has_terminals(const struct core *core);

/* ---- GET /vnc/<token> ---- */

struct core_opened {
	int code;           /* 0, or ERR_*: ERR_NOT_FOUND with unknown_token is "Invalid session." */
	bool unknown_token; /* unknown, used or expired */
	bool link_usable;   /* failed before Proxmox answered anything: the same link works again */
	enum end end;       /* the customer's reason when code < 0 and !unknown_token */
	uint16_t port;      /* on success: the session's port, already accepting */
	struct secret key;  /* on success: the link's own key; done() may move it out */
};

/*
 * Open the console behind a token for client, within the tunables' open_timeout_s. done() is
 * called exactly once: on this thread before core_open() returns (unknown token, no
 * capacity, stopping) or later on a worker or main. *result lives during the call.
 */
void core_open(struct core *core, const char *token, const struct ip *client,
	void (*done)(void *arg, struct core_opened *result), void *arg);

/* ---- GET /status ---- */

enum session_state { SESSION_CREATED, SESSION_ACTIVE, SESSION_DISCONNECTED, SESSION_ENDED };

enum { SESSION_KEY_SIZE = 96, SESSION_ID_SIZE = 136 };

struct session_info {
	char key[SESSION_KEY_SIZE]; /* "vm:pve:100", "lxc:pve:200", "node:pve" */
	char id[SESSION_ID_SIZE];   /* "vnc_1700000000_vm:pve:100", unique in this process */
	char node[PVE_NODE_SIZE];   /* where the guest was found last */
	uint32_t vmid;              /* 0: none, it is a node's shell */
	const char *type;           /* "qemu", "lxc" or "node" */
	const char *console;        /* "vnc" or "term" */
	uint16_t port;
	enum session_state state; /* never SESSION_ENDED here */
	unsigned viewers;
	int64_t created_unix;
	int64_t connected_unix; /* first browser; 0: none yet */
	int64_t connected_s;    /* seconds since connected_unix; 0: none yet */
	int64_t age_s;
};

struct core_status {
	size_t pending_tokens;
	size_t created, active, disconnected; /* sessions by state */
	size_t total;                         /* length of sessions[] */
	struct session_info *sessions;        /* oldest first; freed by core_status_done() */
};

/* 0 or ERR_MEMORY. */
int core_status(struct core *core, struct core_status *out, struct err *err)
	__attribute__((warn_unused_result));
void core_status_done(struct core_status *status);

#endif
