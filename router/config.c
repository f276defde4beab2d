/* SPDX-License-Identifier: MIT */
/* config - see config.h */
#include "router/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "router/config_types.h"
#include "router/json_error.h"
#include "router/url.h"

enum { FILE_MAX = 1024 * 1024 };

#define REQUIRED NULL

static const struct config_option options[] = {
#define X(key, alias, type, fallback, min, max, reload, help) \
	{#key, alias, CONFIG_##type, fallback, min, max, reload, help, offsetof(struct config, key)},
	CONFIG_TBL(X)
#undef X
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]) };

static const char *const allowed_texts[] = {
#define X(type, allowed) allowed,
	CONFIG_TYPE_TBL(X)
#undef X
};

const struct config_option *
config_options(size_t *n)
{
	*n = OPTION_COUNT;
	return options;
}

static const struct config_option *
find_option(const char *key)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct config_option *o = &options[i];

		if (strcmp(key, o->key) == 0 || (o->alias != NULL && strcmp(key, o->alias) == 0))
			return o;
	}
	return NULL;
}

static void *
field_of(struct config *config, const struct config_option *option)
{
	return (char *)config + option->offset;
}

static const void *
const_field_of(const struct config *config, const struct config_option *option)
{
	return (const char *)config + option->offset;
}

int
config_allowed(const struct config_option *option, struct buf *out)
{
	if (option->type == CONFIG_NUMBER)
		return buf_addf(out, "%d..%d", option->min, option->max);
	if (option->type == CONFIG_SECRET)
		return buf_addf(out, "%d..%d characters", option->min, option->max);
	return buf_addf(out, "%s", allowed_texts[option->type]);
}

int
config_show(const struct config *config, const struct config_option *option, struct buf *out)
{
	return config_show_value(option, const_field_of(config, option), out);
}

void
config_done(struct config *config)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		void *field = field_of(config, &options[i]);

		if (options[i].type == CONFIG_SECRET)
			secret_wipe(field);
		else if (config_is_list(options[i].type))
			config_list_done(field);
		else if (config_is_text(options[i].type))
			free(*(char **)field);
	}
	*config = (struct config){0};
}

/* ---- reading ---- */

static int
check_keys(json_t *root, struct err *err)
{
	const char *key;
	json_t *value;
	char shown[LOG_QUOTE_SIZE];

	json_object_foreach(root, key, value)
	{
		const struct config_option *o = find_option(key);

		if (o == NULL)
			return err_set(err, ERR_INVALID, "%s: unknown key", log_quote(shown, key));
		if (strcmp(key, o->key) != 0 && json_object_get(root, o->key) != NULL)
			return err_set(
				err, ERR_INVALID, "%s: is another name of %s, which is there too", key, o->key);
	}
	return 0;
}

/* The option's value in the file, by either name, or NULL. */
static json_t *
given_value(json_t *root, const struct config_option *o)
{
	json_t *value = json_object_get(root, o->key);

	if (value == NULL && o->alias != NULL)
		value = json_object_get(root, o->alias);
	return value;
}

static int
read_option(json_t *root, const struct config_option *o, const char *folder, struct config *config,
	struct err *err)
{
	json_t *value = given_value(root, o), *fallback = NULL;
	int r = 0;

	if (value == NULL && o->fallback == NULL)
		return config_bad(o, err, "is missing");
	if (value == NULL) {
		fallback = json_loads(o->fallback, JSON_DECODE_ANY, NULL);
		if (fallback == NULL)
			return err_set(err, ERR_MEMORY, "no memory for the configuration");
		value = fallback;
	}
	/* null in the file is no value at all; only a default may say "none" so. */
	if (value != fallback || !json_is_null(value))
		r = config_read_value(o, folder, value, field_of(config, o), err);
	json_decref(fallback);
	return r;
}

static int
read_all(json_t *root, const char *folder, struct config *config, struct err *err)
{
	int r;

	if (!json_is_object(root))
		return err_set(err, ERR_INVALID, "must be a JSON object: {\"key\": value, ...}");
	r = check_keys(root, err);
	for (size_t i = 0; r == 0 && i < OPTION_COUNT; i++)
		r = read_option(root, &options[i], folder, config, err);
	return r;
}

/* ---- what one value means for another ---- */

static int
check_ports(const struct config *c, struct err *err)
{
	if (c->session_port_min > c->session_port_max)
		return err_set(err, ERR_INVALID, "session_port_min: %d is more than session_port_max, %d",
			c->session_port_min, c->session_port_max);
	if (c->router_port >= c->session_port_min && c->router_port <= c->session_port_max)
		return err_set(err, ERR_INVALID,
			"router_port: %d is one of the session ports, session_port_min..session_port_max "
			"(%d..%d)",
			c->router_port, c->session_port_min, c->session_port_max);
	return 0;
}

static int
check_tls(const struct config *c, struct err *err)
{
	if (c->tls_cert_file != NULL && c->tls_key_file == NULL)
		return err_set(err, ERR_INVALID, "tls_cert_file: needs tls_key_file too");
	if (c->tls_key_file != NULL && c->tls_cert_file == NULL)
		return err_set(err, ERR_INVALID, "tls_key_file: needs tls_cert_file too");
	return 0;
}

static bool
has_page(const char *folder)
{
	char path[PATH_MAX + sizeof("/vnc.html")];
	struct stat st;

	snprintf(path, sizeof(path), "%s/vnc.html", folder);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The source tree's page, as seen from build/<mode>/proxmoxvnc; empty when it cannot be told. */
static void
tree_page(char out[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);

	out[len > 0 ? len : 0] = '\0';
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(out, '/');

		if (slash == NULL)
			break;
		*slash = '\0';
	}
	if (strlen(out) + sizeof("/novnc") > PATH_MAX)
		out[0] = '\0';
	else
		memcpy(out + strlen(out), "/novnc", sizeof("/novnc"));
}

static int
find_page(struct config *c, struct err *err)
{
	char tree[PATH_MAX], shown[LOG_QUOTE_SIZE];
	const char *page = PVNC_PAGE_DIR;

	if (c->novnc_path != NULL) {
		if (has_page(c->novnc_path))
			return 0;
		return err_set(
			err, ERR_INVALID, "novnc_path: no vnc.html in %s", log_quote(shown, c->novnc_path));
	}
	if (!has_page(page)) {
		tree_page(tree);
		page = tree;
	}
	if (!has_page(page))
		return err_set(err, ERR_INVALID,
			"novnc_path: the console page is not installed in %s: name a folder with vnc.html",
			PVNC_PAGE_DIR);
	c->novnc_path = strdup(page);
	return c->novnc_path != NULL ? 0 : err_set(err, ERR_MEMORY, "no memory for a path");
}

static int
check_all(struct config *c, struct err *err)
{
	int r = config_find_secret(c, err);

	if (r == 0)
		r = check_ports(c, err);
	if (r == 0)
		r = check_tls(c, err);
	if (r == 0)
		r = find_page(c, err);
	return r;
}

int
config_parse(
	const char *text, size_t len, const char *folder, int port, struct config *out, struct err *err)
{
	struct config config = {0};
	json_error_t why;
	json_t *root;
	int r;

	root = json_error_load(text, len, JSON_REJECT_DUPLICATES, &why);
	if (root == NULL) {
		r = json_error_explain(&why, text, len, err);
		goto out;
	}
	r = read_all(root, folder, &config, err);
	if (r == 0 && port != 0)
		config.router_port = port;
	if (r == 0)
		r = check_all(&config, err);
	if (r == 0) {
		*out = config;
		config = (struct config){0};
	}
out:
	config_done(&config);
	json_decref(root);
	return r;
}

/* ---- the file ---- */

int
config_read(const char *path, int port, struct config *out, struct err *err)
{
	struct secret text = {0};
	const char *slash = strrchr(path, '/');
	char *folder = NULL;
	mode_t mode = 0;
	int r;

	r = file_read(path, FILE_MAX, &text, &mode, err);
	if (r < 0)
		goto out;
	folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path));
	if (folder == NULL) {
		r = err_set(err, ERR_MEMORY, "no memory for a path");
		goto out;
	}
	r = config_parse(text.data, text.len, folder, port, out, err);
	if (r == 0)
		out->readable_by_all = (mode & S_IROTH) != 0;
out:
	free(folder);
	secret_wipe(&text);
	return r;
}
