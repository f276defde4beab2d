/* SPDX-License-Identifier: MIT */
/* origin - see origin.h */
#include "session/origin.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PORT_CHARS_MAX = 5, PORT_MAX = 65535 };

static const char *const schemes[] = {[false] = "http://", [true] = "https://"};
static const unsigned own_ports[] = {[false] = 80, [true] = 443};

/* Where the text of an origin grows. */
struct draft {
	char text[ORIGIN_SIZE];
	size_t len;
};

static void
add(struct draft *d, const char *text, size_t len)
{
	memcpy(d->text + d->len, text, len);
	d->len += len;
	d->text[d->len] = '\0';
}

static int
bad_host(struct err *err)
{
	return err_set(err, ERR_INVALID, "has no host name or address behind its scheme");
}

/* ASCII only: what a browser shows as "bücher" it sends as "xn--bcher-kva". */
static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Letters, digits and dots, in lower case; no empty label but behind a last dot. */
static int
add_name(struct draft *d, const char *host, size_t len, struct err *err)
{
	char c, before = '.';

	if (len == 0 || len > ORIGIN_HOST_MAX)
		return bad_host(err);
	for (size_t i = 0; i < len; i++, before = c) {
		c = host[i] >= 'A' && host[i] <= 'Z' ? (char)(host[i] - 'A' + 'a') : host[i];
		if (!is_host_char(c) || (c == '.' && before == '.'))
			return bad_host(err);
		add(d, &c, 1);
	}
	return 0;
}

/* "[2001:DB8::1]" with its brackets, in the form that is usual for the address. */
static int
add_ipv6(struct draft *d, const char *host, size_t len, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len < 2 || len - 2 >= sizeof(text))
		return bad_host(err);
	memcpy(text, host + 1, len - 2);
	text[len - 2] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1 ||
		!inet_ntop(AF_INET6, &address, text, sizeof(text)))
		return bad_host(err);
	add(d, "[", 1);
	add(d, text, strlen(text));
	add(d, "]", 1);
	return 0;
}

/* What follows the host: nothing, or ':' and a port. */
static int
add_port(struct draft *d, bool tls, const char *text, struct err *err)
{
	char shown[PORT_CHARS_MAX + 2];
	size_t len;
	unsigned port = 0;

	if (*text == '\0')
		return 0;
	text++;
	len = strspn(text, "0123456789");
	if (len == 0 || len > PORT_CHARS_MAX || text[len] != '\0' || text[0] == '0')
		return err_set(err, ERR_INVALID, "has something behind its host that is no port");
	for (; *text != '\0'; text++)
		port = port * 10 + (unsigned)(*text - '0');
	if (port > PORT_MAX)
		return err_set(err, ERR_INVALID, "has a port beyond %d", PORT_MAX);
	if (port != own_ports[tls]) {
		snprintf(shown, sizeof(shown), ":%u", port);
		add(d, shown, strlen(shown));
	}
	return 0;
}

/* "console.example:22000" */
static int
add_authority(struct draft *d, bool tls, const char *text, struct err *err)
{
	const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");
	size_t len;
	int r;

	if (!end)
		return bad_host(err);
	end += *text == '[';
	len = (size_t)(end - text);
	r = *text == '[' ? add_ipv6(d, text, len, err) : add_name(d, text, len, err);
	if (r == 0 && *end != '\0' && *end != ':')
		r = bad_host(err);
	return r < 0 ? r : add_port(d, tls, end, err);
}

/* What an origin cannot have, told as what it is. */
static int
check_parts(const char *authority, struct err *err)
{
	if (strpbrk(authority, "/?#\\"))
		return err_set(err, ERR_INVALID, "goes on behind its host and port");
	if (strchr(authority, '@'))
		return err_set(err, ERR_INVALID, "has a user in it");
	return 0;
}

static int
parse(const char *text, bool wildcard, char out[ORIGIN_SIZE], struct err *err)
{
	struct draft d = {.len = 0};
	bool tls = strncasecmp(text, schemes[true], strlen(schemes[true])) == 0;
	size_t n = strlen(schemes[tls]);
	int r;

	if (strncasecmp(text, schemes[tls], n) != 0)
		return err_set(err, ERR_INVALID, "does not begin with http:// or https://");
	add(&d, schemes[tls], n);
	text += n;
	r = check_parts(text, err);
	if (r < 0)
		return r;
	if (wildcard && strncmp(text, "*.", 2) == 0) {
		add(&d, "*.", 2);
		text += 2;
	}
	if (wildcard && *text == '[')
		return err_set(err, ERR_INVALID, "is an IPv6 address, which browsers do not take here");
	r = add_authority(&d, tls, text, err);
	if (r == 0)
		memcpy(out, d.text, d.len + 1);
	return r;
}

int
origin_parse(const char *text, char out[ORIGIN_SIZE], struct err *err)
{
	return parse(text, false, out, err);
}

int
origin_parse_source(const char *text, char out[ORIGIN_SIZE], struct err *err)
{
	return parse(text, true, out, err);
}

bool
origin_of_host(bool tls, const char *host, char out[ORIGIN_SIZE])
{
	struct draft d = {.len = 0};

	add(&d, schemes[tls], strlen(schemes[tls]));
	if (add_authority(&d, tls, host, NULL) < 0)
		return false;
	memcpy(out, d.text, d.len + 1);
	return true;
}
