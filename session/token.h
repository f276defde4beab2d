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
	TOKEN_BYTES = 10,              /* 80 bits of the kernel's generator */
	TOKEN_CHARS = 2 * TOKEN_BYTES, /* lower-case hex */
	KEY_CHARS = 32,                /* 128 bits, lower-case hex */
};

/* 0, ERR_MEMORY or ERR_SYSTEM. */
int key_new(struct secret *out) __attribute__((warn_unused_result));

/* Has text the form of a token? Says nothing about whether there is one. */
bool token_well_formed(const char *text);

/* The same for a key, which need not end where it ends. */
bool key_well_formed(const char *text, size_t len);

/* A token's bytes as its text, without a NUL. */
void token_spell(const unsigned char bytes[TOKEN_BYTES], char out[TOKEN_CHARS]);

/* And back; false when it is not well formed. */
bool token_read(const char *text, unsigned char out[TOKEN_BYTES]);

#endif
