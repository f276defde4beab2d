/* SPDX-License-Identifier: MIT */
/* header_value - see header_value.h */
#include "router/header_value.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

static const char blanks[] = " \t";

/* strspn() would make itself such a table anew for each text. */
static const bool is_token[UCHAR_MAX + 1] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['!'] = true,
	['#' ... '\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['^' ... '`'] = true,
	['|'] = true,
	['~'] = true,
};

size_t
header_value_token(const char *text)
{
	size_t len = 0;

	while (is_token[(unsigned char)text[len]])
		len++;
	return len;
}

bool
header_value_is(const char *text, const char *word)
{
	size_t len;

	text += strspn(text, blanks);
	len = strcspn(text, "; \t");
	return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* Unquote the quoted text at *text, which begins with its quote, and step behind it. */
static int
read_quoted(const char **text, char out[HEADER_PARAM_SIZE])
{
	const char *at = *text + 1;
	size_t n = 0;

	for (; *at != '"'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		if (*at == '\0' || n == HEADER_PARAM_SIZE - 1)
			return ERR_INVALID;
		out[n++] = *at;
	}
	out[n] = '\0';
	*text = at + 1;
	return 0;
}

/* The same for a value without quotes. */
static int
read_token(const char **text, char out[HEADER_PARAM_SIZE])
{
	size_t len = header_value_token(*text);

	if (len == 0 || len >= HEADER_PARAM_SIZE)
		return ERR_INVALID;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len;
	return 0;
}

/* Step over one "; name=value"; 1 when it is the one that is looked for. */
static int
read_param(const char **text, const char *name, char out[HEADER_PARAM_SIZE])
{
	const char *at = *text + 1 + strspn(*text + 1, blanks);
	size_t len = header_value_token(at);
	bool wanted = len == strlen(name) && strncasecmp(at, name, len) == 0;
	int r;

	/* An empty parameter, as in "text/plain;", is tolerated (RFC 9110, 5.6.6). */
	if (len == 0 && (*at == ';' || *at == '\0')) {
		*text = at;
		return 0;
	}
	at += len;
	if (len == 0 || *at != '=')
		return ERR_INVALID;
	at++;
	r = *at == '"' ? read_quoted(&at, out) : read_token(&at, out);
	if (r < 0)
		return r;
	*text = at + strspn(at, blanks);
	return wanted ? 1 : 0;
}

int
header_value_param(const char *text, const char *name, char out[HEADER_PARAM_SIZE])
{
	char value[HEADER_PARAM_SIZE];
	int found = 0, r;

	text += strcspn(text, ";");
	while (*text == ';') {
		r = read_param(&text, name, value);
		if (r < 0 || (r == 1 && found == 1))
			return ERR_INVALID;
		if (r == 1) {
			memcpy(out, value, sizeof(value));
			found = 1;
		}
	}
	return *text == '\0' ? found : ERR_INVALID;
}
