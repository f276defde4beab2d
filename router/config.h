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
#include "session/access.h"
#include "session/tunables.h"

/* type, what is allowed ("%d..%d" gets the row's limits) */
#define CONFIG_TYPE_TBL(X)                                                                   \
	X(SECRET, "%d..%d characters")                                                           \
	X(HOST, "a host name or an IP address")                                                  \
	X(ADDRESS, "an IPv4 or IPv6 address")                                                    \
	X(NUMBER, "%d..%d")                                                                      \
	X(FLAG, "true or false")                                                                 \
	X(URL, "an http or https URL without user, query and '#'")                               \
	X(PATH, "a path")                                                                        \
	X(TRUST, "auto, verify, pin or insecure")                                                \
	X(LINK_MODE, "direct or confirm")                                                        \
	X(BINDING, "none or address")                                                            \
	X(SCHEME, "http or https")                                                               \
	X(HOSTS, "a list of names, *.names, addresses and networks, each with or without :port") \
	X(NETWORKS, "a list of addresses and networks")                                          \
	X(ORIGINS, "a list of origins, such as https://panel.example.com")                       \
	X(SOURCES, "a list of origins, such as https://*.example.com")                           \
	X(PINS, "an object of fingerprints, or lists of them, by host:port")                     \
	X(LEVEL, "debug, info or error")                                                         \
	X(SINK, "stderr, stdout or a path")

enum config_type {
#define X(type, allowed) CONFIG_##type,
	CONFIG_TYPE_TBL(X)
#undef X
};

enum config_link_mode { CONFIG_LINK_DIRECT, CONFIG_LINK_CONFIRM };
enum config_binding { CONFIG_BIND_NONE, CONFIG_BIND_ADDRESS };
enum config_public_scheme { CONFIG_SCHEME_SAME, CONFIG_SCHEME_HTTP, CONFIG_SCHEME_HTTPS };

/* A list of texts; an empty one is {NULL, 0}. */
struct config_list {
	char **texts;
	size_t count;
};

/* The field of each type in struct config; texts are owned, NULL is "none". */
#define CONFIG_FIELD_SECRET    struct secret
#define CONFIG_FIELD_HOST      char *
#define CONFIG_FIELD_ADDRESS   char *
#define CONFIG_FIELD_NUMBER    int
#define CONFIG_FIELD_FLAG      bool
#define CONFIG_FIELD_URL       char *
#define CONFIG_FIELD_PATH      char *
#define CONFIG_FIELD_TRUST     int /* enum pve_tls_mode */
#define CONFIG_FIELD_LINK_MODE int /* enum config_link_mode */
#define CONFIG_FIELD_BINDING   int /* enum config_binding */
#define CONFIG_FIELD_SCHEME    int /* enum config_public_scheme */
#define CONFIG_FIELD_HOSTS     struct config_list
#define CONFIG_FIELD_NETWORKS  struct config_list
#define CONFIG_FIELD_ORIGINS   struct config_list
#define CONFIG_FIELD_SOURCES   struct config_list
#define CONFIG_FIELD_PINS      struct config_list /* "host:port fingerprint", each fingerprint a text */
#define CONFIG_FIELD_LEVEL     int                /* enum log_level */
#define CONFIG_FIELD_SINK      char *

struct config {
#define X(key, alias, type, fallback, min, max, reload, help) CONFIG_FIELD_##type key;
	CONFIG_TBL(X)
#undef X
	bool readable_by_all;        /* the file's mode */
	bool secret_readable_by_all; /* authorization_file's */
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
 * Returns 0, ERR_INVALID (also when it is not readable) or ERR_MEMORY; on success
 * *out, which must be empty, is to be freed by config_done().
 */
int config_read(const char *path, int port, struct config *out, struct err *err)
	__attribute__((warn_unused_result));

/* The same for a text; folder is where relative paths begin. Touches no file but the page and authorization_file. */
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

/* "http" or "https", what the router speaks. */
const char *config_scheme(const struct config *config);

/* Do browsers speak TLS to the session ports, be it by a proxy in front of them? */
bool config_sessions_public_tls(const struct config *config);

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
 * Append the path of the file for known certificates: in state_dir, else in the first folder
 * of the environment's STATE_DIRECTORY (systemd.exec(5)), else nothing. 0, ERR_LIMIT or
 * ERR_MEMORY.
 */
int config_known_file(const struct config *config, struct buf *out)
	__attribute__((warn_unused_result));

/*
 * Trust towards Proxmox; known may be NULL when nothing is going to be called. Returns 0 and
 * a reference of the caller's, ERR_INVALID (proxmox_ca_file) or ERR_MEMORY.
 */
int config_policy(const struct config *config, struct pve_known *known, struct pve_policy **out,
	struct err *err) __attribute__((warn_unused_result));

/* From where the gateway may be used. Returns 0 and a reference of the caller's, ERR_INVALID or ERR_MEMORY. */
int config_access(const struct config *config, struct access **out, struct err *err)
	__attribute__((warn_unused_result));

/* The part that the core wants; policy and access are borrowed. */
void config_tunables(const struct config *config, struct pve_policy *policy, struct access *access,
	struct tunables *out);

#endif
