/* SPDX-License-Identifier: MIT */
#include "session/token.h"

#include <string.h>

int
token_new(struct secret *out)
{
	return secret_random_hex(out, TOKEN_CHARS / 2);
}

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
