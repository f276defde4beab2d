/* SPDX-License-Identifier: MIT */
/* url - see url.h */
#include "router/url.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "proxmox_api/pve.h"

enum { AUTHORITY_SIZE = PVE_HOST_SIZE + 8 }; /* brackets, colon, port */

/* What follows "http://" or "https://", or NULL. */
static const char *
after_scheme(const char *text)
{
	if (strncasecmp(text, "https://", 8) == 0)
		return text + 8;
	if (strncasecmp(text, "http://", 7) == 0)
		return text + 7;
	return NULL;
}

/* Visible ASCII that RFC 3986 allows somewhere in a URL, so that a link needs no escaping anywhere. */
static bool
url_bytes_only(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || strchr("\"<>\\^`{|}", *text) != NULL)
			return false;
	return true;
}

/* The ':' before the port, or NULL; those inside brackets are an address's. */
static char *
port_colon(char *authority)
{
	char *bracket = strrchr(authority, ']');

	return strchr(bracket != NULL ? bracket : authority, ':');
}

static int
check_authority(const char *start, size_t len, struct err *err)
{
	char authority[AUTHORITY_SIZE], host[PVE_HOST_SIZE];
	char *colon;
	uint16_t port;
	struct err why = {0};

	if (len == 0)
		return err_set(err, ERR_INVALID, "has no host");
	if (len >= sizeof(authority))
		return err_set(err, ERR_INVALID, "has a host of more than 253 characters");
	memcpy(authority, start, len);
	authority[len] = '\0';
	if (strchr(authority, '@') != NULL)
		return err_set(err, ERR_INVALID, "has a user");
	colon = port_colon(authority);
	if (colon != NULL) {
		*colon = '\0';
		if (pve_parse_port(colon + 1, &port, &why) < 0)
			return err_set(err, ERR_INVALID, "has a port that is not in 1..65535");
	}
	if (pve_parse_host(authority, host, &why) < 0)
		return err_set(err, ERR_INVALID, "has a host that %s", why.text);
	if (strchr(host, ':') != NULL && authority[0] != '[')
		return err_set(err, ERR_INVALID, "has an IPv6 address without brackets");
	return 0;
}

int
url_check_base(const char *text, struct err *err)
{
	const char *rest = after_scheme(text);

	if (rest == NULL)
		return err_set(err, ERR_INVALID, "does not begin with http:// or https://");
	if (!url_bytes_only(text))
		return err_set(err, ERR_INVALID, "has a character that URLs cannot have");
	if (strchr(rest, '?') != NULL)
		return err_set(err, ERR_INVALID, "has a query");
	if (strchr(rest, '#') != NULL)
		return err_set(err, ERR_INVALID, "has a '#'");
	return check_authority(rest, strcspn(rest, "/"), err);
}

int
url_add_host(struct buf *out, const char *host)
{
	return buf_addf(out, strchr(host, ':') != NULL ? "[%s]" : "%s", host);
}
