/* SPDX-License-Identifier: MIT */
/*
 * secret - passwords, keys, tickets and cookies: bytes that are wiped when freed.
 *
 * A struct secret owns its memory. An empty one ({NULL, 0}) is valid everywhere
 * and holds nothing. The bytes are followed by a NUL that does not count.
 *
 * Threads: no shared state; a struct secret belongs to its holder.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum { STACK_WIPED = 8192 };

struct secret {
	char *data; /* len bytes and a NUL, or NULL */
	size_t len;
};

/* Replace what *s holds by a copy of len bytes. Returns 0 or ERR_MEMORY (then *s is untouched). */
int secret_set(struct secret *s, const void *data, size_t len) __attribute__((warn_unused_result));

/* Replace what *to holds by a copy of *from. Returns 0 or ERR_MEMORY. */
int secret_copy(struct secret *to, const struct secret *from) __attribute__((warn_unused_result));

/* Replace what *to holds by what *from held; *from is empty afterwards. Never fails. */
void secret_move(struct secret *to, struct secret *from);

/* Overwrite and free; *s is empty afterwards. An empty one stays empty. */
void secret_wipe(struct secret *s);

/*
 * Overwrite what functions that have just returned left on the stack, STACK_WIPED bytes from the
 * caller's frame on: their variables, and all registers, vectors too, with what was last copied
 * through them, which the dynamic linker saves there when it binds a library's call at its first use.
 */
void secret_wipe_stack(void);

/* The bytes as a C string, "" when empty; valid until *s changes. */
const char *secret_peek(const struct secret *s);

/* Equal length and bytes? Takes time that depends on the length only. Two empty ones are not equal. */
bool secret_equal(const struct secret *s, const void *data, size_t len);

/* Fill with 2 * bytes lower-case hex digits from the kernel's generator. 0, ERR_MEMORY or ERR_SYSTEM. */
int secret_random_hex(struct secret *s, size_t bytes) __attribute__((warn_unused_result));

/* Fill with chars letters and digits (5.9 bits each, unbiased). 0, ERR_MEMORY or ERR_SYSTEM. */
int secret_random_text(struct secret *s, size_t chars) __attribute__((warn_unused_result));

/* Bytes from the kernel's generator. 0 or ERR_SYSTEM. */
int random_bytes(void *out, size_t len) __attribute__((warn_unused_result));

#endif
