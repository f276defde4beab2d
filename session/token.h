/* SPDX-License-Identifier: MIT */
/*
 * token - the unguessable words of a one-time link and of a session's page.
 *
 * Threads: any; no state.
 */
#ifndef SESSION_TOKEN_H
#define SESSION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/secret.h"

enum {
	TOKEN_CHARS = 20, /* 80 bits, lower-case hex */
	KEY_CHARS = 32,   /* 128 bits, lower-case hex */
};

/* 0, ERR_MEMORY or ERR_SYSTEM. */
int token_new(struct secret *out) __attribute__((warn_unused_result));
int key_new(struct secret *out) __attribute__((warn_unused_result));

/* Has text the form of a token? Says nothing about whether there is one. */
bool token_well_formed(const char *text);

/* The same for a key, which need not end where it ends. */
bool key_well_formed(const char *text, size_t len);

#endif
