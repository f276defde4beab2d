/* SPDX-License-Identifier: MIT */
/* left_behind - what a function that has returned left on the stack. */
#ifndef TESTS_UNIT_LEFT_BEHIND_H
#define TESTS_UNIT_LEFT_BEHIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEFT_BYTES = 2048, LEFT_BYTE = 0xa5 };

/* Returns where it is: behind the frames of who looks later. */
static inline __attribute__((noinline)) uintptr_t
leave_behind(void)
{
	volatile unsigned char room[2 * LEFT_BYTES];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = LEFT_BYTE;
	return (uintptr_t)&room[LEFT_BYTES / 2];
}

/* Any of it? It is nobody's any more, which sanitizers mind. */
static inline __attribute__((no_sanitize_address)) bool
is_left(uintptr_t there)
{
	const volatile unsigned char *bytes = (const volatile unsigned char *)there;
	size_t n = 0;

	for (size_t i = 0; i < LEFT_BYTES; i++)
		n += bytes[i] == LEFT_BYTE;
	return n > 0;
}

#endif
