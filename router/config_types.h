/* SPDX-License-Identifier: MIT */
/*
 * config_types - how a value of each type is read, shown and freed.
 *
 * For config.c only. A field is the member of struct config that the option's
 * offset leads to.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CONFIG_TYPES_H
#define ROUTER_CONFIG_TYPES_H

#include <jansson.h>

#include "router/config.h"

/* Fill err with "<key>: ..." and return ERR_INVALID. */
int config_bad(const struct config_option *option, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Read a value that is not null into an empty field. 0, ERR_INVALID or ERR_MEMORY. */
int config_read_value(const struct config_option *option, const char *folder, json_t *value,
	void *field, struct err *err) __attribute__((warn_unused_result));

/* See config_show(). */
int config_show_value(const struct config_option *option, const void *field, struct buf *out)
	__attribute__((warn_unused_result));

/* Is it a text that the field owns (or does not yet have)? */
bool config_is_text(enum config_type type);

#endif
