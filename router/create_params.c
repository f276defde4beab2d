/* SPDX-License-Identifier: MIT */
/* create_params - from the JSON object of POST /create to what it asks for, see create_body.h */
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/scratch.h"
#include "base/text.h"
#include "router/create_body.h"
#include "router/create_rules.h"
#include "router/json_error.h"
#include "session/target.h"

enum { OTP_DIGITS = 6 };

/* A body being read. */
struct reading {
	struct grant *grant;
	bool verify;
	unsigned facts; /* see create_rules.h */
};

/* ---- the fields ---- */

static int
set_hostname(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_host(text, r->grant->target.host, err);
}

static int
set_port(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_port(text, &r->grant->target.port, err);
}

static int
set_node(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_node(text, r->grant->target.node, err);
}

static int
set_username(const char *text, struct reading *r, struct err *err)
{
	if (!pve_is_token_id(text))
		return pve_parse_user(text, r->grant->credential.user, err);
	r->facts |= CREATE_USER_IS_TOKEN;
	return pve_parse_token_id(text, r->grant->credential.user, err);
}

static int
keep_secret(const char *text, struct secret *out, struct err *err)
{
	if (secret_set(out, text, strlen(text)) < 0)
		return err_set(err, ERR_MEMORY, "no memory for it");
	return 0;
}

static int
set_token_id(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_token_id(text, r->grant->credential.user, err);
}

static int
set_token_secret(const char *text, struct reading *r, struct err *err)
{
	struct secret *secret = &r->grant->credential.secret;
	int code = keep_secret(text, secret, err);

	return code < 0 ? code : pve_check_token_secret(secret, err);
}

static int
set_password(const char *text, struct reading *r, struct err *err)
{
	if (r->facts & CREATE_USER_IS_TOKEN)
		return set_token_secret(text, r, err);
	if (*text == '\0')
		return err_set(err, ERR_INVALID, "must not be empty");
	if (strlen(text) > CREATE_PASSWORD_MAX)
		return err_set(err, ERR_INVALID, "has more than %d bytes", CREATE_PASSWORD_MAX);
	return keep_secret(text, &r->grant->credential.secret, err);
}

static int
set_otp(const char *text, struct reading *r, struct err *err)
{
	if (strlen(text) != OTP_DIGITS || text[strspn(text, "0123456789")] != '\0')
		return err_set(err, ERR_INVALID, "must be %d digits", OTP_DIGITS);
	return keep_secret(text, &r->grant->credential.otp, err);
}

static int
set_vmid(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_vmid(text, &r->grant->target.vmid, err);
}

static int
set_type(const char *text, struct reading *r, struct err *err)
{
	static const enum pve_guest_type types[] = {PVE_GUEST_QEMU, PVE_GUEST_LXC, PVE_GUEST_NODE};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(target_words(types[i])->type, text) == 0) {
			r->grant->target.type = types[i];
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "must be qemu, lxc or node");
}

static int
set_console(const char *text, struct reading *r, struct err *err)
{
	static const enum pve_console_kind kinds[] = {
		PVE_CONSOLE_AUTO, PVE_CONSOLE_VNC, PVE_CONSOLE_TERM};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(target_console(kinds[i]), text) == 0) {
			r->grant->target.kind = kinds[i];
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "must be vnc, term or auto");
}

static int
set_serial(const char *text, struct reading *r, struct err *err)
{
	if (text[0] < '0' || text[0] >= '0' + PVE_SERIAL_PORTS || text[1] != '\0')
		return err_set(err, ERR_INVALID, "must be a number from 0 to %d", PVE_SERIAL_PORTS - 1);
	r->grant->target.serial = (unsigned)(text[0] - '0') + 1;
	return 0;
}

static int
set_fingerprint(const char *text, struct reading *r, struct err *err)
{
	return pve_parse_fingerprint(text, &r->grant->target.pin, err);
}

static int
set_verify(const char *text, struct reading *r, struct err *err)
{
	(void)err;
	r->verify = strcmp(text, "true") == 0;
	return 0;
}

/* What a field's value may be in JSON. */
enum value {
	VALUE_TEXT,
	VALUE_DIGITS, /* a text that a number would change */
	VALUE_NUMBER, /* whole, or a text */
	VALUE_FLAG,   /* true or false */
	VALUE_HOSTS,  /* a text, or a list of them */
};

static const char *const wanted[] = {
	[VALUE_TEXT] = "must be a text in quotes",
	[VALUE_DIGITS] = "must be a text in quotes: a number loses its leading zeros",
	[VALUE_NUMBER] = "must be a whole number or a text",
	[VALUE_FLAG] = "must be true or false",
	[VALUE_HOSTS] = "must be a text in quotes, or a list of them",
};

static const struct field {
	const char *name;
	size_t len; /* of the name */
	enum value value;
	int (*set)(const char *text, struct reading *r, struct err *err);
} fields[] = {
#define X(id, name, value) {#name, sizeof(#name) - 1, VALUE_##value, set_##name},
	CREATE_FIELD_TBL(X)
#undef X
};

/* ---- reading ---- */

static const struct field *
find_field(const char *name, size_t len)
{
	for (size_t i = 0; i < CREATE_FIELD_COUNT; i++)
		if (fields[i].len == len && memcmp(fields[i].name, name, len) == 0)
			return &fields[i];
	return NULL;
}

/* The value as text: its own, or written out. NULL when its type is wrong, with a text. */
static const char *
value_text(enum value kind, const json_t *value, char number[TEXT_NUMBER_SIZE], struct err *err)
{
	if (kind == VALUE_FLAG && json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (kind == VALUE_NUMBER && json_is_integer(value))
		return text_number(number, json_integer_value(value));
	if (!json_is_string(value) || kind == VALUE_FLAG) {
		err_set(err, ERR_INVALID, "%s", wanted[kind]);
		return NULL;
	}
	if (strlen(json_string_value(value)) != json_string_length(value)) {
		err_set(err, ERR_INVALID, "must not contain a NUL");
		return NULL;
	}
	return json_string_value(value);
}

static int
read_value(const struct field *field, const json_t *value, struct reading *reading, struct err *err)
{
	char number[TEXT_NUMBER_SIZE];
	const char *text = value_text(field->value, value, number, err);

	return text != NULL ? field->set(text, reading, err) : ERR_INVALID;
}

static int
read_host(const json_t *value, struct pve_hosts *hosts, struct err *err)
{
	char number[TEXT_NUMBER_SIZE];
	const char *text = value_text(VALUE_TEXT, value, number, err);

	return text != NULL ? pve_hosts_add(hosts, text, err) : ERR_INVALID;
}

/* Hosts of one cluster; the first of them is the target's. */
static int
read_hosts(const json_t *list, struct grant *grant, struct err *err)
{
	size_t n = json_array_size(list);
	struct err why = {0};
	int r;

	if (n < 1 || n > PVE_HOSTS_MAX)
		return err_set(
			err, ERR_INVALID, "must have 1 to %d entries when it is a list", PVE_HOSTS_MAX);
	r = pve_hosts_new(&grant->hosts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_host(json_array_get(list, i), grant->hosts, &why);
		if (r < 0)
			err_set(err, r, "entry %zu: %s", i + 1, why.text);
	}
	if (r == 0)
		memcpy(grant->target.host, pve_hosts_at(grant->hosts, 0),
			strlen(pve_hosts_at(grant->hosts, 0)) + 1);
	return r;
}

static int
read_field(enum create_field id, const json_t *value, struct reading *reading, struct err *err)
{
	const struct field *field = &fields[id];
	struct err why = {0};
	int r;

	reading->facts |= 1U << id;
	if (field->value == VALUE_HOSTS && json_is_array(value))
		r = read_hosts(value, reading->grant, &why);
	else
		r = read_value(field, value, reading, &why);
	if (r < 0)
		err_set(err, r, "%s: %s", field->name, why.text);
	return r;
}

/* The values by their fields, NULL where there is none; borrowed from the object. */
static int
find_values(json_t *object, const json_t *values[CREATE_FIELD_COUNT], struct err *err)
{
	const struct field *field;
	const char *name;
	json_t *value;
	char shown[LOG_QUOTE_SIZE];

	json_object_foreach(object, name, value)
	{
		field = find_field(name, strlen(name));
		if (field == NULL)
			return err_set(err, ERR_INVALID, "%.70s: unknown field", log_quote(shown, name));
		values[field - fields] = value;
	}
	return 0;
}

/* All of them, each by itself, in the table's order: the error is that of the first. */
static int
read_fields(json_t *object, struct reading *reading, struct err *err)
{
	const json_t *values[CREATE_FIELD_COUNT] = {NULL};
	int r = find_values(object, values, err);

	reading->grant->target.port = PVE_PORT;
	reading->grant->target.kind = PVE_CONSOLE_VNC;
	for (int i = 0; r == 0 && i < CREATE_FIELD_COUNT; i++)
		if (values[i] != NULL)
			r = read_field((enum create_field)i, values[i], reading, err);
	return r;
}

/* And whether they go together, here. */
static int
judge(struct reading *reading, const struct create_allowed *allowed, struct err *err)
{
	struct grant *grant = reading->grant;
	struct pve_target *target = &grant->target;
	unsigned facts = reading->facts;

	facts |= grant->hosts != NULL && pve_hosts_count(grant->hosts) > 1 ? CREATE_SEVERAL_HOSTS : 0;
	facts |= target->type == PVE_GUEST_NODE ? CREATE_OF_NODE | CREATE_NO_QEMU : 0;
	facts |= target->type == PVE_GUEST_LXC ? CREATE_NO_QEMU : 0;
	facts |= target->kind == PVE_CONSOLE_TERM ? CREATE_TERMINAL : 0;
	facts |= allowed->node_shells ? 0 : CREATE_NODES_CLOSED;
	facts |= allowed->terminals ? 0 : CREATE_NO_TERMINALS;
	reading->facts = facts;
	return create_rules_check(facts, err);
}

/* What can be said in two ways is said in one. */
static void
normalise(struct reading *reading)
{
	struct grant *grant = reading->grant;

	if (!(reading->facts & CREATE_SEVERAL_HOSTS)) {
		pve_hosts_unref(grant->hosts);
		grant->hosts = NULL;
	}
	if (grant->target.kind == PVE_CONSOLE_AUTO && (reading->facts & CREATE_NO_TERMINALS))
		grant->target.kind = PVE_CONSOLE_VNC;
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

void
create_order_done(struct create_order *order)
{
	grant_free(order->grant);
	*order = (struct create_order){0};
}

/* The order that a JSON object is; what jansson makes of it is gone when this returns. */
static int
read_object(const char *text, size_t len, const struct create_allowed *allowed,
	struct reading *reading, struct err *err)
{
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
	reading->grant = grant_new();
	if (reading->grant == NULL) {
		r = err_set(err, ERR_MEMORY, "no memory for the link");
		goto out;
	}
	r = read_fields(object, reading, err);
	if (r == 0)
		r = judge(reading, allowed, err);
out:
	json_decref(object);
	return r;
}

int
create_params_read(const char *text, size_t len, const struct create_allowed *allowed,
	struct create_order *out, struct err *err)
{
	struct reading reading = {0};
	struct scratch scratch;
	int r;

	/* Some 25 pieces of memory, were each of them the heap's. */
	scratch_begin(&scratch);
	r = read_object(text, len, allowed, &reading, err);
	scratch_end(&scratch);
	if (r < 0) {
		grant_free(reading.grant);
		return r;
	}
	normalise(&reading);
	*out = (struct create_order){
		.grant = reading.grant,
		.verify = reading.verify,
		.credential =
			reading.facts & CREATE_HAS(TOKEN_ID) ? "token_id, token_secret" : "username, password",
	};
	return 0;
}
