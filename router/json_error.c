/* SPDX-License-Identifier: MIT */
/* json_error - see json_error.h */
#include "router/json_error.h"

#include <stdbool.h>
#include <string.h>

/* Where jansson begins to quote; the length of all when it does not. */
static size_t
unquoted_length(const char *text)
{
	const char *near = strstr(text, " near '"), *escape = strstr(text, " '\\");
	size_t len = near != NULL ? (size_t)(near - text) : strlen(text);

	return escape != NULL && (size_t)(escape - text) < len ? (size_t)(escape - text) : len;
}

/* The name in "duplicate object key near '"name"'". */
static size_t
duplicate_name(const char *text, const char **name)
{
	const char *start = strstr(text, " near '\""), *end;

	if (start == NULL)
		return 0;
	start += strlen(" near '\"");
	end = strrchr(start, '"');
	if (end == NULL)
		return 0;
	*name = start;
	return (size_t)(end - start);
}

int
json_error_explain(const json_error_t *why, struct err *err)
{
	const char *name = NULL;
	size_t len;

	/* Most of its allocations fail without a word. */
	if (why->text[0] == '\0')
		return err_set(err, ERR_MEMORY, "no memory for JSON");
	switch (json_error_code(why)) {
	case json_error_out_of_memory:
		return err_set(err, ERR_MEMORY, "no memory for JSON");
	case json_error_duplicate_key:
		len = duplicate_name(why->text, &name);
		return err_set(err, ERR_INVALID, "line %d: \"%.*s\" is there twice", why->line,
			(int)(len < 64 ? len : 64), len > 0 ? name : "");
	case json_error_premature_end_of_input:
		return err_set(err, ERR_INVALID, "line %d: the JSON ends too early", why->line);
	default:
		return err_set(err, ERR_INVALID, "line %d: not valid JSON: %.*s", why->line,
			(int)unquoted_length(why->text), why->text);
	}
}

/* The end of the string that begins after a quote at start; len when it does not end. */
static size_t
string_end(const char *text, size_t len, size_t start)
{
	size_t i = start;

	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i : len;
}

size_t
json_field_at(const char *text, size_t len, size_t at, const char **name)
{
	size_t i, end, start = 0, found = 0;
	int depth = 0;
	bool named = false; /* the string just read is a name if a colon follows */
	size_t candidate = 0, candidate_len = 0;

	for (i = 0; i < len && i < at; i++) {
		if (text[i] == '"') {
			end = string_end(text, len, i + 1);
			candidate = i + 1;
			candidate_len = end - candidate;
			named = depth == 1;
			i = end;
		} else if (text[i] == '{' || text[i] == '[') {
			depth++;
		} else if (text[i] == '}' || text[i] == ']') {
			depth--;
		} else if (text[i] == ':' && depth == 1 && named) {
			start = candidate;
			found = candidate_len;
			named = false;
		}
	}
	if (found > 0)
		*name = text + start;
	return found;
}
