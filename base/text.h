/* SPDX-License-Identifier: MIT */
/*
 * text - which bytes may be shown to a person as they are.
 *
 * Threads: no state.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { TEXT_NUMBER_SIZE = 21 }; /* "-9223372036854775808" */

/*
 * The length in bytes of the printable UTF-8 character at text, which has len
 * bytes left; 0 when there is none: a control byte (C0, DEL, C1), bytes that are
 * not UTF-8, or a character that breaks or reorders a line (U+2028, U+2029, the
 * marks for writing direction, the byte order mark).
 */
size_t text_printable(const char *text, size_t len);

/* How many of the len bytes at text are printable ASCII before the first that is not. */
size_t text_ascii(const char *text, size_t len);

/* The number in decimal, as printf() would write it in many more instructions; returns out. */
const char *text_number(char out[TEXT_NUMBER_SIZE], int64_t n);

/* The value of a hex digit, or -1. */
int text_hex(char c);

#endif
