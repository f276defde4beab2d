/* SPDX-License-Identifier: MIT */
/* json_error - see json_error.h */
#include "router/json_error.h"

#include <stdbool.h>
#include <string.h>

#include "base/abandon.h"

/* Where jansson begins to quote; the length of all when it does not. */
static size_t
unquoted_length(const char *text)
{
	const char *near = strstr(text, " near '"), *escape = strstr(text, " '\\");
	size_t len = near != NULL ? (size_t)(near - text) : strlen(text);

	return escape != NULL && (size_t)(escape - text) < len ? (size_t)(escape - text) : len;
}

/* The raw bytes of the string that ends at byte offset at: jansson's own text has short ones only. */
static size_t
name_before(const char *text, size_t len, int at, const char **name)
{
	size_t end, start;

	if (at < 2 || (size_t)at > len || text[at - 1] != '"')
		return 0;
	end = (size_t)at - 1;
	for (start = end; start > 0; start--)
		if (text[start - 1] == '"' && (start < 2 || text[start - 2] != '\\'))
			break;
	*name = text + start;
	return end - start;
}

struct loading {
	const char *text;
	size_t len, flags;
	json_error_t *why;
	json_t *root; /* NULL: *why tells */
};

static void
load(void *arg)
{
	struct loading *l = arg;

	l->root = json_loadb(l->text, l->len, l->flags, l->why);
}

json_t *
json_error_load(const char *text, size_t len, size_t flags, json_error_t *why)
{
	struct loading l = {.text = text, .len = len, .flags = flags, .why = why};

	if (abandon_run(load, &l) == 0)
		return l.root;
	why->text[0] = '\0';
	return NULL;
}

int
json_error_explain(const json_error_t *why, const char *text, size_t len, struct err *err)
{
	const char *name = "";
	size_t n;

	/* See json_error_load(). */
	if (why->text[0] == '\0')
		return err_set(err, ERR_MEMORY, "no memory for JSON");
	switch (json_error_code(why)) {
	case json_error_out_of_memory:
		return err_set(err, ERR_MEMORY, "no memory for JSON");
	case json_error_duplicate_key:
		n = name_before(text, len, why->position, &name);
		return err_set(err, ERR_INVALID, "line %d: \"%.*s\" is there twice", why->line,
			(int)(n < 64 ? n : 64), name);
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
