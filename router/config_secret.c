/* SPDX-License-Identifier: MIT */
/*
 * config_secret - where the API's secret comes from, see config_types.h
 *
 * From the configuration, a file of its own (systemd credentials, secrets of a
 * container) or the environment, but never from a command line, which everybody
 * on the machine can read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "router/config_types.h"

enum { SECRET_MAX = 512, FILE_MAX = 4096 };

static const char environment[] = "PROXMOXVNC_AUTHORIZATION";

/* Its length in characters, -1 when one of them cannot be shown. */
static int
printable_characters(const char *text, size_t len)
{
	size_t size;
	int n = 0;

	for (; len > 0; text += size, len -= size, n++) {
		size = text_printable(text, len);
		if (size == 0)
			return -1;
	}
	return n;
}

int
config_check_secret(const char *text, size_t len, int min, int max, struct err *err)
{
	int n = printable_characters(text, len);

	/* It has to fit into a header field as it is (RFC 9110, 5.5). */
	if (n < 0)
		return err_set(err, ERR_INVALID, "has a character that cannot be in a header");
	if (n < min || n > max)
		return err_set(err, ERR_INVALID, "has %d characters, must have %d..%d", n, min, max);
	if (text[0] == ' ' || text[len - 1] == ' ')
		return err_set(err, ERR_INVALID, "must not begin or end with a blank");
	return 0;
}

static int
take(struct config *config, const char *source, const char *text, size_t len, struct err *err)
{
	struct err why = {0};

	if (config_check_secret(text, len, 1, SECRET_MAX, &why) < 0)
		return err_set(err, ERR_INVALID, "%s: %s", source, why.text);
	if (secret_set(&config->authorization, text, len) < 0)
		return err_set(err, ERR_MEMORY, "no memory for the configuration");
	return 0;
}

/* The first line, without its end. */
static size_t
first_line(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);

	if (end != NULL)
		len = (size_t)(end - text);
	return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
}

static int
take_file(struct config *config, struct err *err)
{
	struct secret text = {0};
	struct err why = {0};
	mode_t mode = 0;
	int r;

	r = file_read(config->authorization_file, FILE_MAX, &text, &mode, &why);
	if (r < 0)
		return err_set(err, r, "authorization_file: %s", why.text);
	config->secret_readable_by_all = (mode & S_IROTH) != 0;
	r = take(config, "authorization_file", text.data, first_line(text.data, text.len), err);
	secret_wipe(&text);
	return r;
}

int
config_find_secret(struct config *config, struct err *err)
{
	const char *text = getenv(environment);
	bool given = config->authorization.len > 0;

	if (given && config->authorization_file != NULL)
		return err_set(err, ERR_INVALID, "authorization: is there beside authorization_file");
	if (text != NULL && (given || config->authorization_file != NULL))
		return err_set(err, ERR_INVALID, "%s: is in the environment, and %s is there too",
			given ? "authorization" : "authorization_file", environment);
	if (given)
		return 0;
	if (config->authorization_file != NULL)
		return take_file(config, err);
	if (text != NULL)
		return take(config, environment, text, strlen(text), err);
	return err_set(err, ERR_INVALID,
		"authorization: is missing, and so are authorization_file and %s in the environment",
		environment);
}
