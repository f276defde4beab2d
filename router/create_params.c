/* SPDX-License-Identifier: MIT */
/* create_params - from the JSON object of POST /create to a grant, see create_body.h */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "router/create_body.h"
#include "router/json_error.h"

enum { NUMBER_SIZE = 24 }; /* any 64 bit integer */

static int
set_hostname(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_host(text, grant->target.host, err);
}

static int
set_port(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_port(text, &grant->target.port, err);
}

static int
set_node(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_node(text, grant->target.node, err);
}

static int
set_username(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_user(text, grant->credential.user, err);
}

static int
set_password(const char *text, struct grant *grant, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0)
		return err_set(err, ERR_INVALID, "must not be empty");
	if (len > CREATE_PASSWORD_MAX)
		return err_set(err, ERR_INVALID, "has more than %d bytes", CREATE_PASSWORD_MAX);
	if (secret_set(&grant->credential.secret, text, len) < 0)
		return err_set(err, ERR_MEMORY, "no memory for it");
	return 0;
}

static int
set_vmid(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_vmid(text, &grant->target.vmid, err);
}

static int
set_fingerprint(const char *text, struct grant *grant, struct err *err)
{
	return pve_parse_fingerprint(text, &grant->target.pin, err);
}

static const struct field {
	const char *name;
	bool required;
	bool number; /* may be a JSON number too */
	int (*set)(const char *text, struct grant *grant, struct err *err);
} fields[] = {
	{"hostname", .required = true, .set = set_hostname},
	{"port", .number = true, .set = set_port},
	{"node", .required = true, .set = set_node},
	{"username", .required = true, .set = set_username},
	{"password", .required = true, .set = set_password},
	{"vmid", .required = true, .number = true, .set = set_vmid},
	{"fingerprint", .set = set_fingerprint},
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

static const struct field *
find_field(const char *name, size_t len)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
			return &fields[i];
	return NULL;
}

/* The value as text: its own, or number written out. NULL when its type is wrong, with a text. */
static const char *
value_text(
	const struct field *field, const json_t *value, char number[NUMBER_SIZE], struct err *err)
{
	if (field->number && json_is_integer(value)) {
		snprintf(number, NUMBER_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return number;
	}
	if (!json_is_string(value)) {
		err_set(err, ERR_INVALID,
			field->number ? "must be a whole number or a text" : "must be a text in quotes");
		return NULL;
	}
	if (strlen(json_string_value(value)) != json_string_length(value)) {
		err_set(err, ERR_INVALID, "must not contain a NUL");
		return NULL;
	}
	return json_string_value(value);
}

static int
read_field(const struct field *field, const json_t *object, struct grant *grant, struct err *err)
{
	const json_t *value = json_object_get(object, field->name);
	char number[NUMBER_SIZE];
	const char *text;
	struct err why = {0};
	int r;

	if (value == NULL && field->required)
		return err_set(err, ERR_INVALID, "%s: is missing", field->name);
	if (value == NULL)
		return 0;
	text = value_text(field, value, number, &why);
	r = text != NULL ? field->set(text, grant, &why) : ERR_INVALID;
	if (r < 0)
		err_set(err, r, "%s: %s", field->name, why.text);
	return r;
}

static int
check_names(json_t *object, struct err *err)
{
	const char *name;
	json_t *value;
	char shown[LOG_QUOTE_SIZE];

	json_object_foreach(object, name, value)
	{
		if (find_field(name, strlen(name)) == NULL)
			return err_set(err, ERR_INVALID, "%.70s: unknown field", log_quote(shown, name));
	}
	return 0;
}

/* Why it is not JSON, and in which field if that can be told. */
static int
explain(const json_error_t *error, const char *text, size_t len, struct err *err)
{
	const struct field *field = NULL;
	struct err why = {0};
	const char *name = NULL;
	size_t at = error->position > 0 ? (size_t)error->position : 0, n;
	int r = json_error_explain(error, text, len, &why);

	n = json_error_code(error) == json_error_duplicate_key ? 0
														   : json_field_at(text, len, at, &name);
	if (n > 0)
		field = find_field(name, n);
	return err_set(err, r, "%s: %s", field != NULL ? field->name : "params", why.text);
}

int
create_params_read(const char *text, size_t len, struct grant **out, struct err *err)
{
	struct grant *grant = NULL;
	json_error_t error;
	json_t *object;
	int r;

	/* NUL is let through here, so that its field can be named. */
	object = json_error_load(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (object == NULL)
		return explain(&error, text, len, err);
	if (!json_is_object(object)) {
		r = err_set(err, ERR_INVALID, "params: must be a JSON object");
		goto out;
	}
	grant = grant_new();
	if (grant == NULL) {
		r = err_set(err, ERR_MEMORY, "no memory for the link");
		goto out;
	}
	grant->target.port = PVE_PORT;
	grant->target.kind = PVE_CONSOLE_VNC;
	r = check_names(object, err);
	for (size_t i = 0; r == 0 && i < FIELD_COUNT; i++)
		r = read_field(&fields[i], object, grant, err);
	if (r == 0) {
		*out = grant;
		grant = NULL;
	}
out:
	grant_free(grant);
	json_decref(object);
	return r;
}
