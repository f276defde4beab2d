/* SPDX-License-Identifier: MIT */
/*
 * pve - a console of a Proxmox VE guest, please: the whole face of proxmox_api.
 *
 * The room talks to Proxmox and never logs: what happened is told by a code, a
 * text in struct err, and a trace function that hears of every call. Facts
 * about Proxmox that shaped a rule are in docs/proxmox.md.
 *
 * A struct pve is one login of one user on one host, shared by reference count. Calls that
 * follow each other share a connection, whoever's they are (see pve_conn.h).
 *
 * Threads: every function may be called from any thread. Those with a
 * deadline_ms (see clock_ms()) block until it at the latest and belong on a
 * worker; the others do not block. A call gets at most PVE_CALL_MS of it.
 *
 * Errors of the calls, and what they say about the world:
 *   ERR_UNREACHABLE  no connection, or a node in between says 595..599
 *   ERR_TIMEOUT      connected, but no answer in time
 *   ERR_FORBIDDEN    no address that the policy allows; nothing was connected to
 *   ERR_UNTRUSTED    TLS verification failed; nothing was sent
 *   ERR_REFUSED      401 or 403: wrong password, expired ticket, missing privilege
 *   ERR_NOT_FOUND    no such guest or node
 *   ERR_NOT_RUNNING  the guest exists and is off
 *   ERR_LIMIT        the host has no console port left
 *   ERR_PROTOCOL     an answer that is not Proxmox's
 *   ERR_NEEDS_OTP    the account needs a second factor, and none was given
 *   ERR_NEEDS_NODE   the user may not look where the guest is, so that node has to be given
 *   ERR_NEEDS_PASSWORD  this Proxmox gives that console to password users only
 *   ERR_NO_DEVICE    the guest has no such serial port
 *   ERR_STOPPING     pve_stop() was called
 *   ERR_MEMORY, ERR_SYSTEM
 */
#ifndef PROXMOX_API_PVE_H
#define PROXMOX_API_PVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

struct ssl_st;    /* OpenSSL's SSL */
struct pve_trial; /* opaque here, see pve_trust.h */

enum {
	PVE_HOST_SIZE = 254, /* a host name has at most 253 characters */
	PVE_HOSTS_MAX = 8,   /* in one list */
	PVE_NODE_SIZE = 64,
	PVE_USER_SIZE = 65,                     /* Proxmox: at most 64 characters with the realm */
	PVE_IDENTITY_SIZE = PVE_USER_SIZE + 64, /* "user@realm", or "user@realm!token" */
	PVE_ADDRESS_SIZE = 64,
	PVE_PORT = 8006,                       /* where Proxmox listens unless told otherwise */
	PVE_FINGERPRINT_SIZE = 96,             /* "AA:BB:...", 32 bytes */
	PVE_ENDPOINT_SIZE = PVE_HOST_SIZE + 8, /* "host:port", "[2001:db8::1]:8006" */
	PVE_CONNECT_MS = 5000,
	PVE_CALL_MS = 35000,
	PVE_SILENT_MS = 5000, /* what is sent is acknowledged by then, at TCP, or nobody is there */
	PVE_CONSOLE_FRESH_MS =
		8000, /* Proxmox's port is dead after 10 s: older consoles must not be dialled */
	PVE_TICKET_MAX_MS = 7200000, /* a login ticket is worth nothing after 2 h */
};

/* ---- names and numbers from outside (pve_names.c) ---- */

/* The SHA-256 of a certificate (DER), which is what Proxmox calls its fingerprint. */
struct pve_fingerprint {
	bool set; /* false: none */
	unsigned char sha256[32];
};

/* NODE is no guest but a node itself, with its shell for a console. */
enum pve_guest_type { PVE_GUEST_UNKNOWN, PVE_GUEST_QEMU, PVE_GUEST_LXC, PVE_GUEST_NODE };

/* VNC: a screen, by vncproxy or vncshell. TERM: a terminal, by termproxy. */
enum pve_console_kind { PVE_CONSOLE_AUTO, PVE_CONSOLE_VNC, PVE_CONSOLE_TERM };

enum { PVE_SERIAL_ANY = 0, PVE_SERIAL_PORTS = 4 };

/*
 * Which console of what, and where. Strings are valid by the pve_parse_*() rules once
 * accepted. What is open (no node, PVE_GUEST_UNKNOWN, PVE_CONSOLE_AUTO) is filled in by
 * pve_guest_find(); all zero but host, port and vmid is the screen or terminal of a guest.
 */
struct pve_target {
	char host[PVE_HOST_SIZE]; /* name, IPv4, or IPv6 without brackets; lower case */
	uint16_t port;
	char node[PVE_NODE_SIZE];   /* "": to be found */
	uint32_t vmid;              /* 0: none, type is PVE_GUEST_NODE */
	enum pve_guest_type type;   /* PVE_GUEST_UNKNOWN: to be found out */
	enum pve_console_kind kind; /* PVE_CONSOLE_AUTO: VNC for QEMU, else TERM */
	unsigned serial;            /* TERM of QEMU: 1..4 for serial0..serial3, or PVE_SERIAL_ANY */
	struct pve_fingerprint pin; /* the one certificate that is accepted; not set: by the policy */
};

/*
 * Check and normalise a host: a name, an IPv4 or an IPv6 address with or
 * without brackets; never a URL. out gets lower case without brackets.
 * Returns 0 or ERR_INVALID with a text that says what is wrong ("must not be a URL").
 */
int pve_parse_host(const char *text, char out[PVE_HOST_SIZE], struct err *err);

/* A node name: letters, digits, inner hyphens, as Proxmox has them. 0 or ERR_INVALID. */
int pve_parse_node(const char *text, char out[PVE_NODE_SIZE], struct err *err);

/*
 * A user name: split at the last '@', realm "pve" when there is none; user part
 * without white space, ':' and '/'; realm [A-Za-z][A-Za-z0-9.-_]+; not what
 * pve_is_token_id() takes for a token's. 0 or ERR_INVALID.
 */
int pve_parse_user(const char *text, char out[PVE_USER_SIZE], struct err *err);

/*
 * Is text meant to name an API token, valid or not? It is when there is a '!' behind the last
 * '@'. One before that belongs to the user's name; without any '@' nobody can tell, so that
 * "joe!x" counts as a token's that lacks its realm, and never becomes joe!x@pve.
 */
bool pve_is_token_id(const char *text);

/*
 * The id of an API token, "user@realm!name": a user's name with its realm, then a name such as a
 * realm has. 0 or ERR_INVALID.
 */
int pve_parse_token_id(const char *text, char out[PVE_IDENTITY_SIZE], struct err *err);

/*
 * May this be the secret of a token? Proxmox makes UUIDs; taken are 1 to 128 printable ASCII
 * characters without blanks and '='. 0 or ERR_INVALID, whose text does not quote it.
 */
int pve_check_token_secret(const struct secret *secret, struct err *err);

/* A guest number, 100..999999999; decimal digits only. 0 or ERR_INVALID. */
int pve_parse_vmid(const char *text, uint32_t *out, struct err *err);

/* A TCP port, 1..65535; decimal digits only. 0 or ERR_INVALID. */
int pve_parse_port(const char *text, uint16_t *out, struct err *err);

/* A fingerprint: 32 bytes in hex, in any case, all or none of them parted by ':'. 0 or ERR_INVALID. */
int pve_parse_fingerprint(const char *text, struct pve_fingerprint *out, struct err *err);

/* "AA:BB:...", as Proxmox shows it. */
void pve_format_fingerprint(const struct pve_fingerprint *f, char out[PVE_FINGERPRINT_SIZE]);

/*
 * "host:port", or "host" for PVE_PORT; IPv6 in brackets, or without when there is
 * no port. The host becomes what pve_parse_host() makes of it. 0 or ERR_INVALID.
 */
int pve_parse_endpoint(const char *text, char host[PVE_HOST_SIZE], uint16_t *port, struct err *err);
void pve_format_endpoint(const char *host, uint16_t port, char out[PVE_ENDPOINT_SIZE]);

/* A fingerprint and whose it is. */
struct pve_pin {
	char host[PVE_HOST_SIZE];
	uint16_t port;
	struct pve_fingerprint fingerprint;
};

/* "<endpoint> <fingerprint>". 0 or ERR_INVALID. */
int pve_parse_pin(const char *text, struct pve_pin *out, struct err *err);

/* ---- several hosts (pve_hosts.c) ---- */

/*
 * Hosts of one cluster, of which any will do, all on the target's port. Made by one thread;
 * immutable once shared, by reference count. ref and unref take NULL for no list.
 */
struct pve_hosts;

/* An empty list. 0 or ERR_MEMORY. */
int pve_hosts_new(struct pve_hosts **out, struct err *err) __attribute__((warn_unused_result));
struct pve_hosts *pve_hosts_ref(struct pve_hosts *hosts);
void pve_hosts_unref(struct pve_hosts *hosts);

/*
 * Append a host, text as for pve_parse_host(). Returns 0, ERR_INVALID with what is wrong, also
 * when it is there already, or ERR_LIMIT after PVE_HOSTS_MAX of them.
 */
int pve_hosts_add(struct pve_hosts *hosts, const char *text, struct err *err)
	__attribute__((warn_unused_result));

size_t pve_hosts_count(const struct pve_hosts *hosts);

/* i < pve_hosts_count(); valid as long as the list. */
const char *pve_hosts_at(const struct pve_hosts *hosts, size_t i);

/* The same hosts in the same order? NULL equals NULL only. */
bool pve_hosts_equal(const struct pve_hosts *a, const struct pve_hosts *b);

/* ---- what is remembered (pve_known.c) ---- */

/* Certificates trusted on first use, shared by reference count; it outlives every policy. */
struct pve_known;

/* Told, a line at a time and on any thread, of what is learned and what goes wrong in it. */
struct pve_tell {
	void (*tell)(void *arg, const char *text);
	void *arg;
};

/*
 * What is remembered in file (see docs/proxmox.md), which is made when it is missing,
 * with its folder; file NULL: in memory only, and also, after one telling, when
 * the file cannot be read or written. Returns 0 or ERR_MEMORY.
 */
int pve_known_new(const char *file, const struct pve_tell *tell, struct pve_known **out,
	struct err *err) __attribute__((warn_unused_result));
struct pve_known *pve_known_ref(struct pve_known *known);
void pve_known_unref(struct pve_known *known);

/*
 * One thread's: write to the file what has been learned since the last time, if anything
 * (once a second, and at the end); read the file again, and forget what is not in it any more.
 */
void pve_known_save(struct pve_known *known);
void pve_known_reload(struct pve_known *known);

/* ---- trust (pve_tls.c, pve_trust.c) ---- */

enum pve_tls_mode { PVE_TLS_AUTO, PVE_TLS_VERIFY, PVE_TLS_PIN, PVE_TLS_INSECURE };

/*
 * What certificates are accepted, for API calls and console websockets alike. The first that
 * has a say decides:
 *   the target's pin       that one only
 *   mode insecure          any is
 *   pins for host and port those only
 *   mode pin               none
 *   a chain to an authority, with the host's name in it, is accepted
 *   mode verify            no other is
 *   known                  what was remembered, what its cluster's authority signed, and the
 *                          first of a host and port; another than that is not
 */
struct pve_policy_config {
	enum pve_tls_mode mode;
	/*
	 * PEM file of the only accepted authorities, or NULL for the system's. A certificate in
	 * it that is no root, or even a node's own, counts as an authority. Not read when insecure.
	 */
	const char *ca_file;
	const char *const *pins; /* by pve_parse_pin() */
	size_t pin_count;
	struct pve_known *known; /* referenced; NULL: nothing is, and no first use either */
	/* Whom to call at all, by pve_check_allowed_host(); none: anybody but forbidden addresses. */
	const char *const *allowed_hosts;
	size_t allowed_host_count;
};

struct pve_policy; /* immutable, shared by reference count */

/*
 * Returns 0, ERR_INVALID when ca_file cannot be read or holds no certificate or a pin or
 * an allowed host is none (the text begins with the option's name), or ERR_MEMORY.
 */
int pve_policy_new(const struct pve_policy_config *config, struct pve_policy **out, struct err *err)
	__attribute__((warn_unused_result));
struct pve_policy *pve_policy_ref(struct pve_policy *policy);
void pve_policy_unref(struct pve_policy *policy);

/* ---- whom to call (pve_guard.c) ---- */

/*
 * Is this an entry for allowed_hosts? "pve.example", "*.example" (below it), "192.0.2.5",
 * "10.0.0.0/8", "[2001:db8::1]:8006". Returns 0 or ERR_INVALID with what is wrong.
 */
int pve_check_allowed_host(const char *text, struct err *err);

/*
 * What can be said of a host before it is resolved: 0 or ERR_FORBIDDEN. Each address of
 * a name is judged again when it is connected to.
 */
int pve_policy_allows(const struct pve_policy *policy, const char *host, uint16_t port,
	struct err *err) __attribute__((warn_unused_result));

/* ---- calls ---- */

/*
 * Told of every call when it is over, on its thread. host: which one of a list, NULL where there
 * is none; path has no query; status 0: no answer.
 */
struct pve_trace {
	void (*call)(
		void *arg, const char *host, const char *method, const char *path, int status, int64_t ms);
	void *arg;
};

/* What proves who is calling. */
struct pve_credential {
	char user[PVE_IDENTITY_SIZE]; /* "user@realm", or "user@realm!token" for an API token */
	struct secret secret;         /* the password, or the token's secret */
	struct secret otp;            /* six digits of a second factor; empty: none */
};

bool pve_credential_is_token(const struct pve_credential *credential);
void pve_credential_done(struct pve_credential *credential); /* wipes the secrets */

struct pve; /* opaque, see pve_client.c */

/*
 * Log in on target's host, or on one of hosts, of which that is the first (then target has no
 * pin); NULL: on that one alone. The policy and the hosts are shared, trace (or NULL) is copied
 * (its arg must live as long as the process).
 *
 * Calls go to the host that answered last. Where nobody is there, so that nothing was sent, or a
 * question over a kept connection was not even acknowledged, the others of the list are tried in
 * turn. A host whose certificate is not accepted, or that must not be called, ends the call
 * instead: passing it over would hide it.
 *
 * *answered becomes true when the credential has done its work and is to be wiped: Proxmox
 * itself gave an answer of any kind, or there is a code (otp) that may have been sent, whatever
 * came back, since no code is tried twice. Else false: no answer, or a node or proxy in between
 * could not reach it (595..599, 502..504).
 *
 * An account that needs a second factor and got none is ERR_NEEDS_OTP; a code that is not
 * accepted, ERR_REFUSED. With a token nothing is asked: *answered is false, and whether it is
 * any good is seen by the first call. On success *out belongs to the caller.
 */
int pve_login(struct pve_policy *policy, const struct pve_trace *trace,
	const struct pve_target *target, struct pve_hosts *hosts,
	const struct pve_credential *credential, int64_t deadline_ms, struct pve **out, bool *answered,
	struct err *err) __attribute__((warn_unused_result));
struct pve *pve_ref(struct pve *pve);
void pve_unref(struct pve *pve); /* the last one wipes the ticket */

/* Does anybody but the caller, who has a reference, have one? Takes no lock. */
bool pve_is_shared(const struct pve *pve);

/* Calls from now on go by this policy. */
void pve_use_policy(struct pve *pve, struct pve_policy *policy);

/* The user's name in Proxmox's own spelling, or the token's whole id; immutable. */
const char *pve_user(const struct pve *pve);

/* The list that pve_login() was given, or NULL; valid as long as pve. */
const struct pve_hosts *pve_hosts_of(const struct pve *pve);

/* Milliseconds since the login ticket was made; always 0 for a token. */
int64_t pve_ticket_age_ms(const struct pve *pve);

/*
 * Has Proxmox answered a call by 401 since the last login or renewal? So it does when the ticket
 * is too old or the user gone or disabled.
 */
bool pve_lapsed(const struct pve *pve);

/*
 * Replace the login ticket by a fresh one. To be called long before PVE_TICKET_MAX_MS. For a
 * token this is nothing, and 0.
 */
int pve_renew(struct pve *pve, int64_t deadline_ms, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Prove the credential anew, as pve_login() does, and on success replace the ticket by the one
 * that comes. For a password without a second factor only. ERR_PROTOCOL when it is another
 * user's.
 */
int pve_login_again(struct pve *pve, const struct pve_credential *credential, int64_t deadline_ms,
	bool *answered, struct err *err) __attribute__((warn_unused_result));

/*
 * Is it there, does it run, can it have that console? Fills in what *target leaves open, and the
 * node where it has moved to: node is where it is looked for first. Of a node itself only that it
 * is there and online, as far as the user may know. Returns 0, or an error as above; then *target
 * is as it was.
 *
 * A user without VM.Audit can look nothing up: with node and type given that is 0, and the console
 * will tell; with neither it is ERR_NEEDS_NODE, with the node alone ERR_REFUSED. At most 64 calls
 * are made, one to three for a guest that is where it should be.
 */
int pve_guest_find(struct pve *pve, struct pve_target *target, int64_t deadline_ms, struct err *err)
	__attribute__((warn_unused_result));

/* A server of Proxmox's as a console's websocket is to reach it, and to judge it. */
struct pve_way {
	char address[PVE_ADDRESS_SIZE]; /* numeric: the very one that answered a call */
	uint16_t port;
	char host[PVE_HOST_SIZE];   /* and its name, for the Host header, SNI and verification */
	struct pve_fingerprint pin; /* the target's */
	struct pve_policy *policy;  /* one reference: what the call went by, the websocket does */
};

/* What is needed to open one console websocket, once, within PVE_CONSOLE_FRESH_MS. */
struct pve_console {
	struct pve_way way;
	struct secret request_target; /* "/api2/json/nodes/.../vncwebsocket?port=..&vncticket=.." */
	struct secret auth_header;    /* "Cookie: ..." or "Authorization: ...", without a line end */
	enum pve_console_kind kind;   /* VNC or TERM */
	bool by_token;                /* an API token's; see ERR_NEEDS_PASSWORD below */
	struct secret password;       /* VNC: for its authentication, 1..8 bytes */
	struct secret login;          /* TERM: the line that termproxy wants first, "user:ticket\n" */
	int64_t made_ms;              /* clock_ms() when the call returned */
};

/*
 * Ask for a console of a target that pve_guest_find() has completed. Only when a viewer is really
 * there: each call starts a task on the host that waits 10 s for its one
 * connection. On success *out is the caller's until pve_console_done(). ERR_NEEDS_PASSWORD: this
 * host gives shells of nodes to no token. Of terminals, older hosts say so later: the websocket
 * of a TERM by_token opens, and is closed in the place of termproxy's OK.
 */
int pve_console_open(struct pve *pve, const struct pve_target *target, int64_t deadline_ms,
	struct pve_console *out, struct err *err) __attribute__((warn_unused_result));
void pve_console_done(struct pve_console *console); /* wipes; an all-zero one is fine */

/*
 * The way to the server that the next call goes to, as a console's will be unless that one stays
 * away. 0, or ERR_UNREACHABLE: its name has not been resolved. On success the caller's until
 * pve_way_done().
 */
int pve_way_get(struct pve *pve, struct pve_way *out, struct err *err)
	__attribute__((warn_unused_result));
void pve_way_copy(struct pve_way *to, const struct pve_way *from); /* *to holds nothing before */
void pve_way_done(struct pve_way *way);                            /* an all-zero one is fine */

/* Do both lead to the same server, judged by the same policy? Ways of one struct pve only. */
bool pve_way_same(const struct pve_way *a, const struct pve_way *b);

/* May its address be dialled, by its policy? 0 or ERR_FORBIDDEN. */
int pve_way_allowed(const struct pve_way *way, struct err *err) __attribute__((warn_unused_result));

/*
 * A client-side SSL for one connection there, which judges the certificate by the policy within
 * the handshake, or resumes the session of an earlier one that was judged alike; SNI is sent for
 * names. The caller frees it; it may outlive the way. Returns 0 or ERR_MEMORY.
 */
int pve_way_ssl(const struct pve_way *way, struct ssl_st **out, struct err *err)
	__attribute__((warn_unused_result));

/*
 * After a failed SSL_connect: ERR_UNTRUSTED when the certificate was refused, with what was
 * expected, what came and what to do, else ERR_PROTOCOL.
 */
int pve_way_ssl_error(struct ssl_st *ssl, struct err *err);

/* After a handshake: would it be judged the same today? Not after what was known is forgotten. */
bool pve_way_ssl_holds(const struct ssl_st *ssl);

/* A handshake failed: if a session was offered in it, for some minutes none is with that host. */
void pve_way_ssl_failed(struct ssl_st *ssl);

/*
 * Does what a call came to, 0 or ERR_*, mean that Proxmox itself answered? An answer that is
 * not understood (ERR_PROTOCOL) counts as one.
 */
bool pve_error_is_answer(int r);

/* ---- process-wide ---- */

/*
 * Once a second: hang up where no call has come for some seconds. Any thread; never blocks.
 */
void pve_tick(void);

/*
 * The program stops: calls under way end with ERR_STOPPING within about a
 * second, later ones at once. There is no way back. Any thread; never blocks.
 */
void pve_stop(void);

/*
 * Once, before any thread, and after json_set_alloc_funcs(abandon_alloc, abandon_free): see
 * base/abandon.h. Returns 0 or ERR_SYSTEM.
 */
int pve_global_init(struct err *err) __attribute__((warn_unused_result));
void pve_global_done(void);

#endif
