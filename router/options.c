/* SPDX-License-Identifier: MIT */
/* options - see options.h */
#include "router/options.h"

#include <stdint.h>
#include <string.h>

#include "base/log.h"
#include "proxmox_api/pve.h"
#include "router/config.h"

/* Does arg name this option? *value is what follows a '=', or NULL. */
static bool
is_option(const char *arg, const char *name, const char **value)
{
	size_t len = strlen(name);

	*value = NULL;
	if (arg[0] != '-')
		return false;
	arg += arg[1] == '-' ? 2 : 1;
	if (strncmp(arg, name, len) != 0)
		return false;
	if (arg[len] == '=')
		*value = arg + len + 1;
	return arg[len] == '\0' || arg[len] == '=';
}

/* The value of an option, from behind its '=' or the next argument. */
static int
take_value(char *const argv[], int argc, int *i, const char **value, struct err *err)
{
	if (*value == NULL) {
		if (*i + 1 >= argc)
			return err_set(err, ERR_INVALID, "%.40s needs a value", argv[*i]);
		*value = argv[++*i];
	}
	if (**value == '\0')
		return err_set(err, ERR_INVALID, "%.40s needs a value", argv[*i]);
	return 0;
}

static int
take_port(const char *text, int *out, struct err *err)
{
	uint16_t port;
	struct err why = {0};
	char shown[LOG_QUOTE_SIZE];

	if (pve_parse_port(text, &port, &why) < 0)
		return err_set(err, ERR_INVALID, "-port: %.40s is not in 1..65535", log_quote(shown, text));
	*out = port;
	return 0;
}

/* An option without value. */
static bool
take_flag(const char *arg, struct options *o)
{
	const char *value = NULL;

	if (is_option(arg, "check", &value) && value == NULL)
		o->check = true;
	else if (is_option(arg, "version", &value) && value == NULL)
		o->version = true;
	else if ((is_option(arg, "help", &value) || is_option(arg, "h", &value)) && value == NULL)
		o->help = true;
	else
		return false;
	return true;
}

int
options_parse(int argc, char *const argv[], struct options *out, struct err *err)
{
	struct options o = {.config_file = "config.json"};
	char shown[LOG_QUOTE_SIZE];
	const char *value;
	int r = 0;

	for (int i = 1; r == 0 && i < argc; i++) {
		if (is_option(argv[i], "config", &value)) {
			r = take_value(argv, argc, &i, &value, err);
			if (r == 0)
				o.config_file = value;
		} else if (is_option(argv[i], "port", &value)) {
			r = take_value(argv, argc, &i, &value, err);
			if (r == 0)
				r = take_port(value, &o.port, err);
		} else if (!take_flag(argv[i], &o)) {
			r = err_set(
				err, ERR_INVALID, "%.60s is no option, see -help", log_quote(shown, argv[i]));
		}
	}
	if (r == 0)
		*out = o;
	return r;
}

/* ---- help ---- */

static const char usage[] =
	"proxmoxvnc " PVNC_VERSION " - one-time links to the consoles of virtual machines\n"
	"\n"
	"usage: proxmoxvnc [-config FILE] [-port N] [-check] [-version] [-help]\n"
	"\n"
	"  -config FILE  the configuration (config.json)\n"
	"  -port N       listen on this port instead of router_port\n"
	"  -check        read the configuration, say what is wrong or ok, and exit\n"
	"  -version      print the version and exit\n"
	"  -help         print this and exit\n"
	"\n"
	"Keys of the configuration; SIGHUP makes the program read those marked * again:\n"
	"\n";

static const char *
default_text(const struct config_option *o)
{
	if (o->fallback == NULL)
		return "required";
	return strcmp(o->fallback, "null") == 0 ? "no default" : o->fallback;
}

int
options_help(struct buf *out)
{
	size_t n;
	const struct config_option *options = config_options(&n);
	int r = buf_addf(out, "%s", usage);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct config_option *o = &options[i];

		r = buf_addf(out, "  %s%s%s%s (%s; ", o->key, o->reload ? "*" : "",
			o->alias != NULL ? ", " : "", o->alias != NULL ? o->alias : "", default_text(o));
		if (r == 0)
			r = config_allowed(o, out);
		if (r == 0)
			r = buf_addf(out, ")\n      %s\n", o->help);
	}
	return r;
}
