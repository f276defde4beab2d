/* SPDX-License-Identifier: MIT */
#include "session/token.h"

#include <string.h>

#include "base/text.h"

int
key_new(struct secret *out)
{
	return secret_random_hex(out, KEY_CHARS / 2);
}

static bool
is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

bool
token_well_formed(const char *text)
{
	return strlen(text) == TOKEN_CHARS && is_hex(text, TOKEN_CHARS);
}

bool
key_well_formed(const char *text, size_t len)
{
	return len == KEY_CHARS && is_hex(text, len);
}

void
token_spell(const unsigned char bytes[TOKEN_BYTES], char out[TOKEN_CHARS])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
}

bool
token_read(const char *text, unsigned char out[TOKEN_BYTES])
{
	if (!token_well_formed(text))
		return false;
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		out[i] = (unsigned char)(text_hex(text[2 * i]) << 4 | text_hex(text[2 * i + 1]));
	return true;
}
