/* SPDX-License-Identifier: MIT */
/*
 * config_secret - where the API's secret comes from, see config_types.h
 *
 * From the configuration, a file of its own (systemd credentials, secrets of a
 * container) or the environment, but never from a command line, which everybody
 * on the machine can read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A regular file only: reading anything else might never end. Its length, or -1 with errno. */
static ssize_t
read_regular(const char *path, char *out, size_t size, bool *readable_by_all)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = EINVAL;
	} else {
		*readable_by_all = (st.st_mode & S_IROTH) != 0;
		n = read(fd, out, size);
	}
	close(fd);
	return n;
}

static int
take_file(struct config *config, struct err *err)
{
	char text[FILE_MAX];
	ssize_t n = read_regular(
		config->authorization_file, text, sizeof(text), &config->secret_readable_by_all);
	const char *end;
	size_t len;
	int r;

	if (n < 0)
		return err_set(err, ERR_INVALID, "authorization_file: %s", strerror(errno));
	end = memchr(text, '\n', (size_t)n);
	len = end != NULL ? (size_t)(end - text) : (size_t)n;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	r = take(config, "authorization_file", text, len, err);
	explicit_bzero(text, sizeof(text));
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
