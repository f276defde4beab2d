/* SPDX-License-Identifier: MIT */
/* create_body - from the three forms of a body to the JSON text, see create_body.h */
#include "router/create_body.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "router/header_value.h"
#include "router/multipart.h"

static const char field[] = "params";

static const struct form {
	const char *type;
	enum create_body_form form;
} forms[] = {
	{"application/json", CREATE_BODY_JSON},
	{"multipart/form-data", CREATE_BODY_MULTIPART},
	{"application/x-www-form-urlencoded", CREATE_BODY_URLENCODED},
};

/* JSON is UTF-8; a client that says otherwise would be misunderstood. NULL when all is well. */
static const char *
charset_fault(const char *content_type)
{
	static const char *const same[] = {"utf-8", "utf8", "us-ascii"};
	char charset[HEADER_PARAM_SIZE];
	int r = header_value_param(content_type, "charset", charset);

	if (r < 0)
		return "Content-Type has malformed parameters";
	for (size_t i = 0; r == 1 && i < sizeof(same) / sizeof(same[0]); i++)
		if (strcasecmp(charset, same[i]) == 0)
			r = 0;
	return r == 0 ? NULL : "Content-Type: the charset must be utf-8";
}

enum create_body_form
create_body_form(const char *content_type, struct err *err)
{
	char shown[LOG_QUOTE_SIZE];
	const char *fault;

	if (content_type == NULL || *content_type == '\0') {
		err_set(err, ERR_INVALID, "Content-Type is missing");
		return CREATE_BODY_UNKNOWN;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (!header_value_is(content_type, forms[i].type))
			continue;
		fault = charset_fault(content_type);
		if (fault == NULL)
			return forms[i].form;
		err_set(err, ERR_INVALID, "%s", fault);
		return CREATE_BODY_UNKNOWN;
	}
	err_set(err, ERR_INVALID,
		"Content-Type %.40s is none of application/json, multipart/form-data, "
		"application/x-www-form-urlencoded",
		log_quote(shown, content_type));
	return CREATE_BODY_UNKNOWN;
}

/*
 * A field that is not params. Its name is told where it looks like one: what a client
 * took for a value may be a name to us, such as what follows a '&' in a password.
 */
static int
refuse_name(const char *name, bool looked_for, struct err *err)
{
	enum { NAME_MAX_CHARS = 32 };
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	if (looked_for && len > 0 && len <= NAME_MAX_CHARS && name[len] == '\0')
		return err_set(err, ERR_INVALID, "\"%s\": unknown field, params is the only one", name);
	return err_set(err, ERR_INVALID,
		"unknown field, params is the only one: is a '&' in it not sent as %%26, or JSON not as "
		"application/json?");
}

/* ---- application/x-www-form-urlencoded ---- */

/* Append text decoded. 0, ERR_INVALID when a '%' is not followed by two digits, ERR_LIMIT, ERR_MEMORY. */
static int
add_decoded(struct buf *out, const char *text, size_t len)
{
	int r = 0, high, low;
	char c;

	for (size_t i = 0; r == 0 && i < len; i++) {
		c = text[i] == '+' ? ' ' : text[i];
		if (c == '%') {
			high = i + 2 < len ? text_hex(text[i + 1]) : -1;
			low = i + 2 < len ? text_hex(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return ERR_INVALID;
			c = (char)(high << 4 | low);
			i += 2;
		}
		r = buf_add(out, &c, 1);
	}
	return r;
}

/* One "name=value"; the value of params goes to *out. */
static int
read_pair(const char *pair, size_t len, bool *found, struct buf *out, struct err *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
	struct buf name = {.max = len + 1};
	int r;

	r = add_decoded(&name, pair, name_len);
	if (r == ERR_INVALID) {
		err_set(err, r, "a field's name has a '%%' without two hexadecimal digits");
		goto out;
	}
	if (r < 0) {
		err_set(err, r, "no memory for the body");
		goto out;
	}
	if (name.len != sizeof(field) - 1 || memcmp(buf_text(&name), field, name.len) != 0) {
		r = refuse_name(buf_text(&name), !*found, err);
		goto out;
	}
	if (*found) {
		r = err_set(err, ERR_INVALID, "params: is there twice");
		goto out;
	}
	*found = true;
	if (equals != NULL)
		r = add_decoded(out, equals + 1, len - name_len - 1);
	if (r == ERR_INVALID)
		err_set(err, r, "params: has a '%%' without two hexadecimal digits");
	else if (r < 0)
		err_set(err, r, "no memory for the body");
out:
	buf_done(&name);
	return r;
}

static int
read_urlencoded(const char *body, size_t len, struct buf *out, struct err *err)
{
	bool found = false;
	int r = 0;

	while (r == 0 && len > 0) {
		const char *end = memchr(body, '&', len);
		size_t n = end != NULL ? (size_t)(end - body) : len;

		if (n > 0)
			r = read_pair(body, n, &found, out, err);
		n += end != NULL ? 1 : 0;
		body += n;
		len -= n;
	}
	if (r == 0 && !found)
		r = err_set(err, ERR_INVALID, "params: is missing");
	return r;
}

/* ---- multipart/form-data ---- */

static int
read_multipart(
	const char *content_type, const char *body, size_t len, struct buf *out, struct err *err)
{
	char boundary[HEADER_PARAM_SIZE];
	struct multipart m;
	struct multipart_part part;
	bool found = false;
	int r;

	if (header_value_param(content_type, "boundary", boundary) != 1)
		return err_set(err, ERR_INVALID, "Content-Type: the boundary is missing");
	r = multipart_begin(&m, boundary, body, len, err);
	if (r < 0)
		return r;
	while ((r = multipart_next(&m, &part, err)) == 1) {
		if (strcmp(part.name, field) != 0)
			return refuse_name(part.name, true, err);
		if (found)
			return err_set(err, ERR_INVALID, "params: is there twice");
		found = true;
		if (buf_add(out, part.data, part.len) < 0)
			return err_set(err, ERR_MEMORY, "no memory for the body");
	}
	if (r == 0 && !found)
		r = err_set(err, ERR_INVALID, "params: is missing");
	return r;
}

int
create_body_read(const char *content_type, const char *body, size_t len,
	const struct create_allowed *allowed, struct create_order *out, struct err *err)
{
	struct buf params = {.max = len + 1};
	int r;

	switch (create_body_form(content_type, err)) {
	case CREATE_BODY_JSON:
		return create_params_read(body, len, allowed, out, err);
	case CREATE_BODY_URLENCODED:
		r = read_urlencoded(body, len, &params, err);
		break;
	case CREATE_BODY_MULTIPART:
		r = read_multipart(content_type, body, len, &params, err);
		break;
	default:
		return ERR_INVALID;
	}
	if (r == 0)
		r = create_params_read(buf_text(&params), params.len, allowed, out, err);
	buf_done(&params);
	return r;
}
