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

bool
token_well_formed(const char *text)
{
	return strlen(text) == TOKEN_CHARS && strspn(text, "0123456789abcdef") == TOKEN_CHARS;
}
