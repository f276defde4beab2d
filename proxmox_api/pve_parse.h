/* SPDX-License-Identifier: MIT */
/*
 * pve_parse - what comes from outside, made into structs or refused; pure.
 *
 * Proxmox's answers (pve_parse.c): strict about JSON and about types, but a
 * number may come as a number or as a string, since Perl decides that anew each
 * time. What an error text says never quotes the answer: it may hold a ticket.
 *
 * Names and numbers (pve_names.c; the rest of them is in pve.h) and how they
 * are written into a request.
 *
 * Threads: no shared state.
 */
#ifndef PROXMOX_API_PVE_PARSE_H
#define PROXMOX_API_PVE_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "proxmox_api/pve.h"

enum {
	PVE_CONSOLE_PORT_MIN = 5900,
	PVE_CONSOLE_PORT_MAX = 5999,
	PVE_VNC_PASSWORD_MAX = 8, /* VNC authentication uses no more */
	PVE_MESSAGE_SIZE = 256,
	PVE_PATH_SIZE = 160,
};

/* ---- answers ---- */

struct pve_login_reply {
	char user[PVE_USER_SIZE]; /* in Proxmox's own spelling */
	struct secret ticket;
	struct secret csrf; /* printable ASCII without blanks: fit for a header */
};

/*
 * The answer to POST access/ticket. On success the secrets are the caller's until
 * pve_login_reply_done(). Returns 0, ERR_NEEDS_OTP when a second factor is due,
 * ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_parse_login(const char *json, size_t len, struct pve_login_reply *out, struct err *err)
	__attribute__((warn_unused_result));
void pve_login_reply_done(struct pve_login_reply *reply); /* wipes; an all-zero one is fine */

/* The answer to GET status/current: 0, ERR_NOT_RUNNING, ERR_PROTOCOL or ERR_MEMORY. */
int pve_parse_running(const char *json, size_t len, struct err *err)
	__attribute__((warn_unused_result));

struct pve_vncproxy_reply {
	uint16_t port; /* PVE_CONSOLE_PORT_MIN..MAX */
	struct secret ticket;
	struct secret password; /* 1..PVE_VNC_PASSWORD_MAX bytes, whatever the age of the host */
	char *authority;        /* the cluster's, PEM, unchecked; NULL: not told */
};

/*
 * The answer to POST vncproxy. On success the secrets are the caller's until
 * pve_vncproxy_reply_done(). Returns 0, ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_parse_vncproxy(const char *json, size_t len, struct pve_vncproxy_reply *out,
	struct err *err) __attribute__((warn_unused_result));
void pve_vncproxy_reply_done(struct pve_vncproxy_reply *reply);

/*
 * What a refusal's body says: one of its "errors" as "parameter: text", else its
 * "message", else "". Best effort: hosts before Proxmox VE 8.3 say nothing there.
 */
void pve_parse_refusal(const char *json, size_t len, char out[PVE_MESSAGE_SIZE]);

/* ---- requests ---- */

/*
 * Append len bytes with every one outside the unreserved characters (RFC 3986,
 * 2.3) percent-encoded: fit for a path segment, a query, a form, a cookie.
 * Returns 0, ERR_LIMIT or ERR_MEMORY; then some of it may have been appended.
 */
int pve_escape(struct buf *out, const void *data, size_t len) __attribute__((warn_unused_result));

/* "/api2/json/nodes/<node>/<qemu or lxc>/<vmid>/<tail>" of a valid target whose type is one of these. */
void pve_guest_path(char out[PVE_PATH_SIZE], const struct pve_target *target, const char *tail);

#endif
