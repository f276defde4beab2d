/* SPDX-License-Identifier: MIT */
/*
 * json_error - reading JSON, and why a text is none, in words that quote none of it.
 *
 * jansson's own texts end with the place "near" which they happened, and that
 * place may be a password. Only the name of a duplicate key is kept.
 *
 * Threads: no state.
 */
#ifndef ROUTER_JSON_ERROR_H
#define ROUTER_JSON_ERROR_H

#include <jansson.h>

#include "base/err.h"

/*
 * json_loadb(), but NULL whenever an allocation was refused meanwhile. *why is for
 * json_error_explain(). Needs abandon_alloc() and abandon_free() as jansson's allocator.
 */
json_t *json_error_load(const char *text, size_t len, size_t flags, json_error_t *why)
	__attribute__((warn_unused_result));

/*
 * Why text is not JSON: fill err ("line 3: ...") and return ERR_INVALID, or ERR_MEMORY when that
 * was the reason.
 */
int json_error_explain(const json_error_t *why, const char *text, size_t len, struct err *err);

/*
 * The name of the top-level field that byte offset at belongs to in an object's text:
 * the last name before it. Returns its length and sets *name (its raw bytes, without
 * quotes), or 0 when there is none.
 */
size_t json_field_at(const char *text, size_t len, size_t at, const char **name);

#endif
