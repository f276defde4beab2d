/* SPDX-License-Identifier: MIT */
/*
 * pve_parse - what comes from outside, made into structs or refused; pure.
 *
 * Proxmox's answers (pve_parse.c, pve_parse_lists.c, pve_parse_console.c): read by
 * pve_json.h, whose manners are theirs.
 *
 * Names and numbers (pve_names.c; the rest of them is in pve.h) and how they
 * are written into a request.
 *
 * Threads: no shared state.
 */
#ifndef PROXMOX_API_PVE_PARSE_H
#define PROXMOX_API_PVE_PARSE_H

#include <stdbool.h>
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

/*
 * The answer to GET status/current: 0, and *serial becomes whether the guest has a serial
 * port; ERR_NOT_RUNNING, ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_parse_running(const char *json, size_t len, bool *serial, struct err *err)
	__attribute__((warn_unused_result));

/*
 * The answer to GET config: can a terminal have that serial port, as in struct pve_target? 0,
 * ERR_NO_DEVICE, ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_parse_serial(const char *json, size_t len, unsigned serial, struct err *err)
	__attribute__((warn_unused_result));

/* Where the cluster has a guest. */
struct pve_listed {
	size_t guests;            /* how many it lists at all */
	char node[PVE_NODE_SIZE]; /* of the one that was asked for; "": it is not listed */
	enum pve_guest_type type; /* QEMU or LXC */
};

/* The answer to GET cluster/resources?type=vm. 0, ERR_PROTOCOL or ERR_MEMORY. */
int pve_parse_guests(const char *json, size_t len, uint32_t vmid, struct pve_listed *out,
	struct err *err) __attribute__((warn_unused_result));

enum { PVE_NODES_MAX = 128 };

/* UNKNOWN: it has not been heard of for a while, and may well be there. */
enum pve_node_state { PVE_NODE_UNKNOWN, PVE_NODE_ONLINE, PVE_NODE_OFFLINE };

struct pve_nodes {
	size_t count; /* further ones are left out */
	struct pve_node {
		char name[PVE_NODE_SIZE];
		enum pve_node_state state;
	} at[PVE_NODES_MAX];
};

/* The answer to GET nodes. 0, ERR_PROTOCOL or ERR_MEMORY; then *out is worth nothing. */
int pve_parse_nodes(const char *json, size_t len, struct pve_nodes *out, struct err *err)
	__attribute__((warn_unused_result));

struct pve_console_reply {
	uint16_t port; /* PVE_CONSOLE_PORT_MIN..MAX */
	struct secret ticket;
	struct secret password; /* VNC: 1..PVE_VNC_PASSWORD_MAX bytes, whatever the age of the host */
	struct secret login;    /* TERM: "user:ticket\n", without any other control byte */
	char *authority;        /* VNC: the cluster's, PEM, unchecked; NULL: not told */
};

/*
 * The answers to POST vncproxy and vncshell, and to POST termproxy. On success the secrets
 * are the caller's until pve_console_reply_done(). Return 0, ERR_PROTOCOL or ERR_MEMORY.
 */
int pve_parse_vncproxy(const char *json, size_t len, struct pve_console_reply *out, struct err *err)
	__attribute__((warn_unused_result));
int pve_parse_termproxy(const char *json, size_t len, struct pve_console_reply *out,
	struct err *err) __attribute__((warn_unused_result));
void pve_console_reply_done(struct pve_console_reply *reply);

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

/*
 * "/api2/json/nodes/<node>/<qemu or lxc>/<vmid>/<tail>" of a valid target with a node and a
 * type; "/api2/json/nodes/<node>/<tail>" for PVE_GUEST_NODE.
 */
void pve_guest_path(char out[PVE_PATH_SIZE], const struct pve_target *target, const char *tail);

#endif
