/* SPDX-License-Identifier: MIT */
/* config_types - see config_types.h */
#include "router/config_types.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "router/url.h"

static const char *const trust_names[] = {
	[PVE_TLS_AUTO] = "auto",
	[PVE_TLS_VERIFY] = "verify",
	[PVE_TLS_PIN] = "pin",
	[PVE_TLS_INSECURE] = "insecure",
	NULL,
};

static const char *const link_mode_names[] = {
	[CONFIG_LINK_DIRECT] = "direct",
	[CONFIG_LINK_CONFIRM] = "confirm",
	NULL,
};

static const char *const binding_names[] = {
	[CONFIG_BIND_NONE] = "none",
	[CONFIG_BIND_ADDRESS] = "address",
	NULL,
};

/* The first is what it is without a value, which has no name. */
static const char *const scheme_names[] = {
	[CONFIG_SCHEME_SAME] = "",
	[CONFIG_SCHEME_HTTP] = "http",
	[CONFIG_SCHEME_HTTPS] = "https",
	NULL,
};

static const char *const level_names[] = {
	[LEVEL_DEBUG] = "debug",
	[LEVEL_INFO] = "info",
	[LEVEL_ERROR] = "error",
	NULL,
};

int
config_bad(const struct config_option *option, struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, ERR_INVALID, "%s: %s", option->key, text);
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the configuration");
}

const char *
config_json_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}

/* The characters of a text that is UTF-8, as jansson's are. */
static size_t
characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int
keep(const char *text, void *field, struct err *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return no_memory(err);
	*(char **)field = copy;
	return 0;
}

/* ---- readers, one a type; a value that must be a text has been checked to be one ---- */

static int
read_secret(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	const char *text = json_string_value(value);
	size_t len = strlen(text);
	struct err why = {0};

	if (config_check_secret(text, len, option->min, option->max, &why) < 0)
		return config_bad(option, err, "%s", why.text);
	return secret_set(field, text, len) < 0 ? no_memory(err) : 0;
}

static int
read_host(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	char host[PVE_HOST_SIZE], shown[LOG_QUOTE_SIZE];
	struct err why = {0};

	log_quote(shown, json_string_value(value));
	if (pve_parse_host(json_string_value(value), host, &why) < 0)
		return config_bad(option, err, "%.60s %s", shown, why.text);
	if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		return config_bad(option, err, "%s is nothing that end users can reach", shown);
	return keep(host, field, err);
}

static int
read_address(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	const char *text = json_string_value(value);
	char shown[LOG_QUOTE_SIZE];
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
		return config_bad(option, err, "%.60s is not an IPv4 or IPv6 address (without brackets)",
			log_quote(shown, text));
	return keep(text, field, err);
}

static int
read_number(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	json_int_t n;

	if (!json_is_integer(value))
		return config_bad(option, err, "must be a whole number in %d..%d, not %s", option->min,
			option->max, json_is_real(value) ? "a fraction" : config_json_kind(value));
	n = json_integer_value(value);
	if (n < option->min || n > option->max)
		return config_bad(
			option, err, "%" JSON_INTEGER_FORMAT " is not in %d..%d", n, option->min, option->max);
	*(int *)field = (int)n;
	return 0;
}

static int
read_flag(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	if (!json_is_boolean(value))
		return config_bad(option, err, "must be true or false, not %s", config_json_kind(value));
	*(bool *)field = json_is_true(value);
	return 0;
}

static int
read_url(const struct config_option *option, json_t *value, void *field, struct err *err)
{
	const char *text = json_string_value(value);
	size_t len = strlen(text);
	char shown[LOG_QUOTE_SIZE];
	struct err why = {0};
	char *copy;

	if (len > (size_t)option->max)
		return config_bad(option, err, "has %zu characters, may have %d", len, option->max);
	if (url_check_base(text, &why) < 0)
		return config_bad(option, err, "%.60s %s", log_quote(shown, text), why.text);
	while (text[len - 1] == '/')
		len--;
	copy = strndup(text, len);
	if (copy == NULL)
		return no_memory(err);
	*(char **)field = copy;
	return 0;
}

/* A path is relative to the folder of the configuration, wherever the program was started. */
static int
read_path(const struct config_option *option, const char *folder, json_t *value, void *field,
	struct err *err)
{
	const char *text = json_string_value(value);
	char *path;

	if (text[0] == '\0')
		return config_bad(option, err, "must not be empty");
	if (strlen(folder) + strlen(text) + 2 > PATH_MAX)
		return config_bad(option, err, "is longer than a path can be");
	if (text[0] == '/' || strcmp(folder, ".") == 0)
		return keep(text, field, err);
	if (asprintf(&path, "%s/%s", folder, text) < 0)
		return no_memory(err);
	*(char **)field = path;
	return 0;
}

static int
read_sink(const struct config_option *option, const char *folder, json_t *value, void *field,
	struct err *err)
{
	const char *text = json_string_value(value);

	if (strcmp(text, "stderr") == 0 || strcmp(text, "stdout") == 0)
		return keep(text, field, err);
	return read_path(option, folder, value, field, err);
}

static int
read_choice(const struct config_option *option, const char *const names[], json_t *value,
	void *field, struct err *err)
{
	const char *text = json_string_value(value);
	char shown[LOG_QUOTE_SIZE];
	struct buf allowed = {.max = 128};
	int r;

	for (int i = 0; names[i] != NULL; i++) {
		if (names[i][0] != '\0' && strcmp(text, names[i]) == 0) {
			*(int *)field = i;
			return 0;
		}
	}
	r = config_allowed(option, &allowed);
	if (r == 0)
		r = config_bad(option, err, "%.60s is not %s", log_quote(shown, text), buf_text(&allowed));
	else
		r = no_memory(err);
	buf_done(&allowed);
	return r;
}

int
config_read_value(const struct config_option *option, const char *folder, json_t *value,
	void *field, struct err *err)
{
	if (option->type == CONFIG_NUMBER)
		return read_number(option, value, field, err);
	if (option->type == CONFIG_FLAG)
		return read_flag(option, value, field, err);
	if (config_is_list(option->type))
		return config_read_list(option, value, field, err);
	if (!json_is_string(value))
		return config_bad(option, err, "must be a text in quotes, not %s", config_json_kind(value));
	switch (option->type) {
	case CONFIG_SECRET:
		return read_secret(option, value, field, err);
	case CONFIG_HOST:
		return read_host(option, value, field, err);
	case CONFIG_ADDRESS:
		return read_address(option, value, field, err);
	case CONFIG_URL:
		return read_url(option, value, field, err);
	case CONFIG_TRUST:
		return read_choice(option, trust_names, value, field, err);
	case CONFIG_LINK_MODE:
		return read_choice(option, link_mode_names, value, field, err);
	case CONFIG_BINDING:
		return read_choice(option, binding_names, value, field, err);
	case CONFIG_SCHEME:
		return read_choice(option, scheme_names, value, field, err);
	case CONFIG_LEVEL:
		return read_choice(option, level_names, value, field, err);
	case CONFIG_SINK:
		return read_sink(option, folder, value, field, err);
	default:
		return read_path(option, folder, value, field, err);
	}
}

/* ---- showing ---- */

bool
config_is_text(enum config_type type)
{
	return type == CONFIG_HOST || type == CONFIG_ADDRESS || type == CONFIG_URL ||
		   type == CONFIG_PATH || type == CONFIG_SINK;
}

bool
config_is_list(enum config_type type)
{
	return type == CONFIG_HOSTS || type == CONFIG_NETWORKS || type == CONFIG_ORIGINS ||
		   type == CONFIG_SOURCES || type == CONFIG_PINS;
}

static int
show_choice(const char *const names[], int choice, struct buf *out)
{
	return buf_addf(out, "%s", names[choice][0] != '\0' ? names[choice] : "none");
}

int
config_show_value(const struct config_option *option, const void *field, struct buf *out)
{
	const struct secret *secret = field;
	const char *text;

	if (config_is_list(option->type))
		return config_show_list(field, out);
	switch (option->type) {
	case CONFIG_SECRET:
		if (secret->len == 0)
			return buf_addf(out, "none");
		return buf_addf(out, "(set, %zu characters)", characters(secret_peek(secret)));
	case CONFIG_NUMBER:
		return buf_addf(out, "%d", *(const int *)field);
	case CONFIG_FLAG:
		return buf_addf(out, "%s", *(const bool *)field ? "true" : "false");
	case CONFIG_TRUST:
		return show_choice(trust_names, *(const int *)field, out);
	case CONFIG_LINK_MODE:
		return show_choice(link_mode_names, *(const int *)field, out);
	case CONFIG_BINDING:
		return show_choice(binding_names, *(const int *)field, out);
	case CONFIG_SCHEME:
		return show_choice(scheme_names, *(const int *)field, out);
	case CONFIG_LEVEL:
		return show_choice(level_names, *(const int *)field, out);
	default:
		text = *(char *const *)field;
		return buf_addf(out, "%s", text != NULL ? text : "none");
	}
}
