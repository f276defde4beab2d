/* SPDX-License-Identifier: MIT */
/* secret - see secret.h */
#include "base/secret.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"

/* Memory for len bytes and their NUL; NULL when there is none. */
static char *
allocate(size_t len)
{
	if (len >= PTRDIFF_MAX)
		return NULL;
	return calloc(1, len + 1);
}

/* Make s own data, of len bytes, instead of what it held. */
static void
adopt(struct secret *s, char *data, size_t len)
{
	secret_wipe(s);
	s->data = data;
	s->len = len;
}

int
secret_set(struct secret *s, const void *data, size_t len)
{
	char *copy;

	if (len == 0) {
		secret_wipe(s);
		return 0;
	}
	copy = allocate(len);
	if (copy == NULL)
		return ERR_MEMORY;
	memcpy(copy, data, len);
	/* Only now: data may be a part of what s holds. */
	adopt(s, copy, len);
	return 0;
}

int
secret_copy(struct secret *to, const struct secret *from)
{
	return secret_set(to, from->data, from->len);
}

void
secret_move(struct secret *to, struct secret *from)
{
	if (to == from)
		return;
	adopt(to, from->data, from->len);
	*from = (struct secret){0};
}

void
secret_wipe(struct secret *s)
{
	if (s->data != NULL)
		explicit_bzero(s->data, s->len);
	free(s->data);
	*s = (struct secret){0};
}

void __attribute__((noinline)) secret_wipe_stack(void)
{
	char below[STACK_WIPED];

	explicit_bzero(below, sizeof(below));
}

const char *
secret_peek(const struct secret *s)
{
	return s->data != NULL ? s->data : "";
}

bool
secret_equal(const struct secret *s, const void *data, size_t len)
{
	const unsigned char *b = data;
	volatile unsigned char differ = 0;

	if (s->len == 0 || s->len != len)
		return false;
	/* No early way out, and volatile so that the compiler adds none. */
	for (size_t i = 0; i < len; i++)
		differ = (unsigned char)(differ | ((unsigned char)s->data[i] ^ b[i]));
	return differ == 0;
}

int
secret_random_hex(struct secret *s, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *text;
	int r;

	if (bytes == 0) {
		secret_wipe(s);
		return 0;
	}
	if (bytes > PTRDIFF_MAX / 2)
		return ERR_MEMORY;
	text = allocate(2 * bytes);
	if (text == NULL)
		return ERR_MEMORY;
	/* The bytes lie in the second half; the digits grow towards them and never overtake. */
	r = random_bytes(text + bytes, bytes);
	if (r < 0) {
		explicit_bzero(text, 2 * bytes);
		free(text);
		return r;
	}
	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)text[bytes + i];

		text[2 * i] = digits[byte >> 4];
		text[2 * i + 1] = digits[byte & 15];
	}
	adopt(s, text, 2 * bytes);
	return 0;
}

/* Fill text with letters and digits. */
static int
random_letters(char *text, size_t chars)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	enum { LETTERS = sizeof(letters) - 1, FAIR = 256 - 256 % LETTERS };
	unsigned char pool[64];
	size_t done = 0;
	int r = 0;

	while (done < chars) {
		r = random_bytes(pool, sizeof(pool));
		if (r < 0)
			break;
		/* A byte beyond the last whole multiple would favour the first letters. */
		for (size_t i = 0; i < sizeof(pool) && done < chars; i++) {
			if (pool[i] < FAIR)
				text[done++] = letters[pool[i] % LETTERS];
		}
	}
	explicit_bzero(pool, sizeof(pool));
	return r;
}

int
secret_random_text(struct secret *s, size_t chars)
{
	char *text;
	int r;

	if (chars == 0) {
		secret_wipe(s);
		return 0;
	}
	text = allocate(chars);
	if (text == NULL)
		return ERR_MEMORY;
	r = random_letters(text, chars);
	if (r < 0) {
		explicit_bzero(text, chars);
		free(text);
		return r;
	}
	adopt(s, text, chars);
	return 0;
}

int
random_bytes(void *out, size_t len)
{
	unsigned char *at = out;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return ERR_SYSTEM;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
