/* SPDX-License-Identifier: MIT */
/*
 * header_value - "multipart/form-data; boundary=x": a value and its parameters, pure.
 *
 * The form of Content-Type and Content-Disposition (RFC 9110, 5.6.6 and 8.3.1).
 *
 * Threads: no state.
 */
#ifndef ROUTER_HEADER_VALUE_H
#define ROUTER_HEADER_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum { HEADER_PARAM_SIZE = 128 };

/* How many characters of a token (RFC 9110, 5.6.2) the text begins with. */
size_t header_value_token(const char *text);

/* Is the value, without its parameters, this word (in any case)? */
bool header_value_is(const char *text, const char *word);

/*
 * Copy a parameter, unquoted. Returns 1, 0 when it is not there, or ERR_INVALID
 * when the text is malformed, the parameter is there twice or does not fit.
 */
int header_value_param(const char *text, const char *name, char out[HEADER_PARAM_SIZE]);

#endif
