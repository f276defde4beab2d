/* SPDX-License-Identifier: MIT */
/*
 * config - config.json: read, checked, explained.
 *
 * A struct config is a value that owns its texts. What can be judged without
 * binding a port is judged here: unknown, duplicate and missing keys, types,
 * ranges, combinations. A text in struct err begins with the key's name and
 * says what was found (never a secret) and what is allowed.
 *
 * Threads: no shared state; a struct config belongs to its holder.
 */
#ifndef ROUTER_CONFIG_H
#define ROUTER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "proxmox_api/pve.h"
#include "router/config_tbl.h"
#include "session/tunables.h"

/* type, what is allowed ("%d..%d" gets the row's limits) */
#define CONFIG_TYPE_TBL(X)                                     \
	X(SECRET, "%d..%d characters")                             \
	X(HOST, "a host name or an IP address")                    \
	X(ADDRESS, "an IPv4 or IPv6 address")                      \
	X(NUMBER, "%d..%d")                                        \
	X(FLAG, "true or false")                                   \
	X(URL, "an http or https URL without user, query and '#'") \
	X(PATH, "a path")                                          \
	X(TRUST, "verify or insecure")                             \
	X(LEVEL, "debug, info or error")                           \
	X(SINK, "stderr, stdout or a path")

enum config_type {
#define X(type, allowed) CONFIG_##type,
	CONFIG_TYPE_TBL(X)
#undef X
};

/* The field of each type in struct config; texts are owned, NULL is "none". */
#define CONFIG_FIELD_SECRET  struct secret
#define CONFIG_FIELD_HOST    char *
#define CONFIG_FIELD_ADDRESS char *
#define CONFIG_FIELD_NUMBER  int
#define CONFIG_FIELD_FLAG    bool
#define CONFIG_FIELD_URL     char *
#define CONFIG_FIELD_PATH    char *
#define CONFIG_FIELD_TRUST   int /* enum pve_tls_mode */
#define CONFIG_FIELD_LEVEL   int /* enum log_level */
#define CONFIG_FIELD_SINK    char *

struct config {
#define X(key, alias, type, fallback, min, max, reload, help) CONFIG_FIELD_##type key;
	CONFIG_TBL(X)
#undef X
	bool readable_by_all; /* the file's mode */
};

struct config_option {
	const char *key;
	const char *alias; /* NULL: none */
	enum config_type type;
	const char *fallback; /* JSON; NULL: the key is required */
	int min, max;
	bool reload;
	const char *help;
	size_t offset; /* in struct config */
};

/* The table; *n becomes its length. */
const struct config_option *config_options(size_t *n);

/*
 * Read a file. port, when not 0, takes the place of router_port.
 * Returns 0, ERR_INVALID, ERR_SYSTEM (not readable) or ERR_MEMORY; on success
 * *out, which must be empty, is to be freed by config_done().
 */
int config_read(const char *path, int port, struct config *out, struct err *err)
	__attribute__((warn_unused_result));

/* The same for a text; folder is where relative paths begin. Touches no file but to find the page. */
int config_parse(const char *text, size_t len, const char *folder, int port, struct config *out,
	struct err *err) __attribute__((warn_unused_result));

/* Wipe and free; *config is empty afterwards. */
void config_done(struct config *config);

/* What a value may be: "1..65535", "a path". 0, ERR_LIMIT or ERR_MEMORY. */
int config_allowed(const struct config_option *option, struct buf *out)
	__attribute__((warn_unused_result));

/* One option's value, "(set, 40 characters)" for a secret, "none" for none. */
int config_show(const struct config *config, const struct config_option *option, struct buf *out)
	__attribute__((warn_unused_result));

/* Names of the options that differ and that SIGHUP can't change, "a, b"; empty when there are none. */
int config_restart_needed(const struct config *running, const struct config *now, struct buf *out)
	__attribute__((warn_unused_result));

/* "http" or "https", for router and sessions alike. */
const char *config_scheme(const struct config *config);

/*
 * What links begin with: public_url of now, or else made of the running
 * configuration, whose address and port can't change.
 */
int config_link_base(const struct config *running, const struct config *now, struct buf *out)
	__attribute__((warn_unused_result));

/* "http://198.51.100.7", a session's URL up to its port; IPv6 in brackets. */
int config_session_base(const struct config *config, struct buf *out)
	__attribute__((warn_unused_result));

/*
 * Trust towards Proxmox. Returns 0 and a reference of the caller's, ERR_INVALID
 * (proxmox_ca_file) or ERR_MEMORY.
 */
int config_policy(const struct config *config, struct pve_policy **out, struct err *err)
	__attribute__((warn_unused_result));

/* The part that the core wants; the policy is borrowed. */
void config_tunables(const struct config *config, struct pve_policy *policy, struct tunables *out);

#endif
