/* SPDX-License-Identifier: MIT */
/* config_lists - options that are lists of texts, see config_types.h */
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "router/config_types.h"
#include "session/access.h"

enum { TEXT_MAX = 320 };

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the configuration");
}

/* ---- what one text of a list may be; each fills *err without the text ---- */

static int
check_network(const char *text, struct err *err)
{
	struct ip_net net;

	return ip_net_parse(text, &net, err);
}

static int
check_pin(const char *text, struct err *err)
{
	struct pve_pin pin;

	return pve_parse_pin(text, &pin, err);
}

static const struct {
	enum config_type type;
	int (*check)(const char *text, struct err *err);
} checks[] = {
	{CONFIG_NETWORKS, check_network},
	{CONFIG_HOSTS, pve_check_allowed_host},
	{CONFIG_PINS, check_pin},
	{CONFIG_ORIGINS, access_check_origin},
	{CONFIG_SOURCES, access_check_ancestor},
};

static int
check_text(const struct config_option *option, const char *text, struct err *err)
{
	char shown[LOG_QUOTE_SIZE];
	struct err why = {0};

	if (text[0] == '\0' || strlen(text) > TEXT_MAX)
		return config_bad(
			option, err, "has a text that is empty or longer than %d bytes", TEXT_MAX);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].type == option->type && checks[i].check(text, &why) < 0)
			return config_bad(option, err, "%.60s %s", log_quote(shown, text), why.text);
	return 0;
}

/* ---- reading ---- */

/* *text moves into the list, or is freed. */
static int
append(const struct config_option *option, struct config_list *list, char *text, struct err *err)
{
	char **texts;
	int r;

	if (text == NULL)
		return no_memory(err);
	r = check_text(option, text, err);
	if (r == 0 && list->count >= (size_t)option->max)
		r = config_bad(option, err, "has more than %d entries", option->max);
	if (r == 0) {
		texts = reallocarray(list->texts, list->count + 1, sizeof(*texts));
		if (texts == NULL)
			r = no_memory(err);
		else
			list->texts = texts;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	list->texts[list->count++] = text;
	return 0;
}

static int
append_string(const struct config_option *option, const char *before, const json_t *value,
	struct config_list *list, struct err *err)
{
	char *text;

	if (!json_is_string(value))
		return config_bad(
			option, err, "must have texts in quotes, not %s", config_json_kind(value));
	if (asprintf(&text, "%s%s%s", before, before[0] != '\0' ? " " : "", json_string_value(value)) <
		0)
		text = NULL;
	return append(option, list, text, err);
}

static int
read_array(const struct config_option *option, const char *before, json_t *array,
	struct config_list *list, struct err *err)
{
	json_t *value;
	size_t i;
	int r = 0;

	json_array_foreach(array, i, value)
	{
		r = append_string(option, before, value, list, err);
		if (r < 0)
			break;
	}
	return r;
}

/* {"host:port": "fingerprint"} or {"host:port": ["fingerprint", ...]} */
static int
read_object(
	const struct config_option *option, json_t *object, struct config_list *list, struct err *err)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(object, key, value)
	{
		r = json_is_array(value) ? read_array(option, key, value, list, err)
								 : append_string(option, key, value, list, err);
		if (r < 0)
			break;
	}
	return r;
}

int
config_read_list(
	const struct config_option *option, json_t *value, struct config_list *out, struct err *err)
{
	struct config_list list = {0};
	int r;

	if (option->type == CONFIG_PINS ? !json_is_object(value) : !json_is_array(value))
		return config_bad(option, err, "must be %s, not %s",
			option->type == CONFIG_PINS ? "an object" : "a list in brackets",
			config_json_kind(value));
	r = option->type == CONFIG_PINS ? read_object(option, value, &list, err)
									: read_array(option, "", value, &list, err);
	if (r < 0)
		config_list_done(&list);
	else
		*out = list;
	return r;
}

int
config_show_list(const struct config_list *list, struct buf *out)
{
	int r = list->count == 0 ? buf_addf(out, "none") : 0;

	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = buf_addf(out, "%s%s", i > 0 ? ", " : "", list->texts[i]);
	return r;
}

void
config_list_done(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
	*list = (struct config_list){0};
}
