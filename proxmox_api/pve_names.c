/* SPDX-License-Identifier: MIT */
/*
 * pve_names - which hosts, nodes, users and numbers are taken, see pve.h and pve_parse.h.
 *
 * An accepted name can be put into a URL, a header or a log line as it is. Two
 * spellings of one host become one where that is certain (case, brackets, the
 * many ways to write an IPv6 address), because sessions are shared by target.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "proxmox_api/pve_parse.h"

enum { LABEL_MAX = 63 };

/* Not <ctype.h>: a locale has no say in what a name is. */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ---- hosts ---- */

/*
 * Canonical text of an IPv6 address, or false. A zone ("%eth0") is refused by
 * inet_pton() itself: it means something on this machine only.
 */
static bool
canonical_ipv6(const char *text, size_t len, char out[PVE_HOST_SIZE])
{
	char plain[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (len >= sizeof(plain))
		return false;
	memcpy(plain, text, len);
	plain[len] = '\0';
	return inet_pton(AF_INET6, plain, &address) == 1 &&
		   inet_ntop(AF_INET6, &address, out, PVE_HOST_SIZE) != NULL;
}

static int
parse_bracketed(const char *text, char out[PVE_HOST_SIZE], struct err *err)
{
	const char *end = strchr(text, ']');

	if (end == NULL)
		return err_set(err, ERR_INVALID, "has an opening bracket without its closing one");
	if (end[1] == ':')
		return err_set(err, ERR_INVALID, "must not contain a port");
	if (end[1] != '\0')
		return err_set(err, ERR_INVALID, "has something after the closing bracket");
	if (!canonical_ipv6(text + 1, (size_t)(end - text) - 1, out))
		return err_set(err, ERR_INVALID, "is not an IPv6 address inside the brackets");
	return 0;
}

/*
 * One label of a name. An underscore is taken although RFC 952 has none: such
 * names are in use inside companies, and resolver and TLS cope.
 */
static int
check_label(const char *label, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, ERR_INVALID, "must not begin or end with a dot, nor have two in a row");
	if (len > LABEL_MAX)
		return err_set(err, ERR_INVALID, "has a part of more than %d characters", LABEL_MAX);
	if (label[0] == '-' || label[len - 1] == '-')
		return err_set(err, ERR_INVALID, "has a part that begins or ends with a hyphen");
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
			return err_set(
				err, ERR_INVALID, "may have letters, digits, hyphens, underscores and dots only");
	}
	return 0;
}

/* "10.1", "0x7f.1", "2130706433": the resolver takes these for addresses, TLS does not. */
static bool
looks_numeric(const char *last_label)
{
	if (last_label[0] == '0' && (last_label[1] == 'x' || last_label[1] == 'X'))
		return true;
	return last_label[strspn(last_label, "0123456789")] == '\0';
}

static int
parse_name(const char *text, char out[PVE_HOST_SIZE], struct err *err)
{
	const char *label = text, *dot;
	struct in_addr v4;
	size_t len;
	int r;

	for (;; label = dot + 1) {
		dot = strchr(label, '.');
		r = check_label(label, dot != NULL ? (size_t)(dot - label) : strlen(label), err);
		if (r < 0)
			return r;
		if (dot == NULL)
			break;
	}
	if (looks_numeric(label) && inet_pton(AF_INET, text, &v4) != 1)
		return err_set(err, ERR_INVALID, "is neither a name nor an IPv4 address of four numbers");
	len = strlen(text);
	if (len >= PVE_HOST_SIZE)
		return err_set(err, ERR_INVALID, "has more than %d characters", PVE_HOST_SIZE - 1);
	for (size_t i = 0; i <= len; i++)
		out[i] = lower(text[i]);
	return 0;
}

int
pve_parse_host(const char *text, char out[PVE_HOST_SIZE], struct err *err)
{
	assert(text != NULL);
	if (text[0] == '\0')
		return err_set(err, ERR_INVALID, "must not be empty");
	if (strpbrk(text, "/\\?#@") != NULL)
		return err_set(err, ERR_INVALID, "must not be a URL, only the host in it");
	if (text[0] == '[')
		return parse_bracketed(text, out, err);
	if (strchr(text, '%') != NULL)
		return err_set(err, ERR_INVALID, "must not have a zone or percent-encoding");
	if (canonical_ipv6(text, strlen(text), out))
		return 0;
	if (strchr(text, ':') != NULL)
		return err_set(err, ERR_INVALID, "is no IPv6 address, and must not contain a port");
	return parse_name(text, out, err);
}

/* ---- nodes, users, tokens ---- */

int
pve_parse_node(const char *text, char out[PVE_NODE_SIZE], struct err *err)
{
	size_t len;

	assert(text != NULL);
	len = strlen(text);
	if (len == 0)
		return err_set(err, ERR_INVALID, "must not be empty");
	if (len >= PVE_NODE_SIZE)
		return err_set(err, ERR_INVALID, "has more than %d characters", PVE_NODE_SIZE - 1);
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(text[i]) && text[i] != '-')
			return err_set(err, ERR_INVALID, "may have letters, digits and hyphens only");
	}
	if (text[0] == '-' || text[len - 1] == '-')
		return err_set(err, ERR_INVALID, "must not begin or end with a hyphen");
	memcpy(out, text, len + 1);
	return 0;
}

/* Realm: a letter, then at least one of letters, digits, '.', '-', '_' (PVE::Auth::Plugin). */
static bool
valid_realm(const char *realm)
{
	if (!is_alnum(realm[0]) || is_digit(realm[0]) || realm[1] == '\0')
		return false;
	for (const char *c = realm + 1; *c != '\0'; c++) {
		if (!is_alnum(*c) && *c != '.' && *c != '-' && *c != '_')
			return false;
	}
	return true;
}

/* Proxmox wants no white space, ':' or '/'; we want a name that a log can show, too. */
static int
check_user_part(const char *text, size_t len, struct err *err)
{
	size_t n;

	if (len == 0)
		return err_set(err, ERR_INVALID, "has no user before the realm");
	for (size_t i = 0; i < len; i += n) {
		n = text_printable(text + i, len - i);
		if (n == 0)
			return err_set(err, ERR_INVALID, "must be printable UTF-8");
		if (text[i] == ' ' || text[i] == ':' || text[i] == '/')
			return err_set(err, ERR_INVALID, "must not have blanks, ':' or '/'");
	}
	return 0;
}

bool
pve_is_token_id(const char *text)
{
	const char *at = strrchr(text, '@');

	return strchr(at != NULL ? at : text, '!') != NULL;
}

int
pve_parse_user(const char *text, char out[PVE_USER_SIZE], struct err *err)
{
	static const char realm[] = "@pve";
	const char *at;
	size_t len, more;
	int r;

	assert(text != NULL);
	if (pve_is_token_id(text))
		return err_set(err, ERR_INVALID, "names an API token, not a user");
	at = strrchr(text, '@');
	r = check_user_part(text, at != NULL ? (size_t)(at - text) : strlen(text), err);
	if (r < 0)
		return r;
	if (at != NULL && !valid_realm(at + 1))
		return err_set(err, ERR_INVALID, "has no valid realm after its last '@'");
	len = strlen(text);
	more = at != NULL ? 0 : sizeof(realm) - 1;
	if (len + more >= PVE_USER_SIZE)
		return err_set(
			err, ERR_INVALID, "has more than %d bytes with its realm", PVE_USER_SIZE - 1);
	memcpy(out, text, len);
	memcpy(out + len, realm, more);
	out[len + more] = '\0';
	return 0;
}

/* Neither realms nor names of tokens have a '!' (PVE::AccessControl has one rule for both). */
int
pve_parse_token_id(const char *text, char out[PVE_IDENTITY_SIZE], struct err *err)
{
	enum { NAME_MAX_LEN = PVE_IDENTITY_SIZE - PVE_USER_SIZE - 1 };
	char before[PVE_USER_SIZE], user[PVE_USER_SIZE];
	const char *at, *mark;
	int n, r;

	assert(text != NULL);
	at = strrchr(text, '@');
	mark = at != NULL ? strchr(at, '!') : NULL;
	if (mark == NULL)
		return err_set(err, ERR_INVALID, "must be of the form user@realm!name");
	n = snprintf(before, sizeof(before), "%.*s", (int)(mark - text), text);
	if (n < 0 || (size_t)n >= sizeof(before))
		return err_set(
			err, ERR_INVALID, "has more than %d bytes before its '!'", PVE_USER_SIZE - 1);
	r = pve_parse_user(before, user, err);
	if (r < 0)
		return r;
	if (!valid_realm(mark + 1))
		return err_set(err, ERR_INVALID, "has no valid name of a token after its '!'");
	if (strlen(mark + 1) > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID, "has more than %d characters after its '!'", NAME_MAX_LEN);
	snprintf(out, PVE_IDENTITY_SIZE, "%s", text);
	return 0;
}

int
pve_check_token_secret(const struct secret *secret, struct err *err)
{
	enum { MAX = 128 };

	if (secret->len == 0)
		return err_set(err, ERR_INVALID, "must not be empty");
	if (secret->len > MAX)
		return err_set(err, ERR_INVALID, "has more than %d characters", MAX);
	for (size_t i = 0; i < secret->len; i++) {
		if (secret->data[i] <= ' ' || secret->data[i] > '~')
			return err_set(err, ERR_INVALID, "must be printable ASCII without blanks");
		/* For Proxmox, what is before the last one is the token's id. */
		if (secret->data[i] == '=')
			return err_set(
				err, ERR_INVALID, "must be what stands behind the '=', and nothing else");
	}
	return 0;
}

/* ---- numbers ---- */

/*
 * A decimal number without sign, blanks or leading zero: what is shown, logged
 * and compared is then what was given.
 */
static bool
parse_decimal(const char *text, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (!is_digit(text[0]) || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (!is_digit(*text) || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

int
pve_parse_vmid(const char *text, uint32_t *out, struct err *err)
{
	enum { MIN = 100, MAX = 999999999 };
	unsigned n;

	assert(text != NULL);
	if (!parse_decimal(text, MAX, &n) || n < MIN)
		return err_set(err, ERR_INVALID, "must be a number from %d to %d", MIN, MAX);
	*out = n;
	return 0;
}

int
pve_parse_port(const char *text, uint16_t *out, struct err *err)
{
	unsigned n;

	assert(text != NULL);
	if (!parse_decimal(text, UINT16_MAX, &n) || n < 1)
		return err_set(err, ERR_INVALID, "must be a number from 1 to %d", UINT16_MAX);
	*out = (uint16_t)n;
	return 0;
}

/* ---- writing ---- */

static bool
is_unreserved(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

int
pve_escape(struct buf *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *byte = data;
	size_t plain;
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i += plain + 1) {
		for (plain = 0; i + plain < len && is_unreserved((char)byte[i + plain]);)
			plain++;
		r = buf_add(out, byte + i, plain);
		if (r == 0 && i + plain < len) {
			unsigned char c = byte[i + plain];
			char code[3] = {'%', digits[c >> 4], digits[c & 15]};

			r = buf_add(out, code, sizeof(code));
		}
	}
	return r;
}

void
pve_guest_path(char out[PVE_PATH_SIZE], const struct pve_target *target, const char *tail)
{
	int n;

	assert(target->node[0] != '\0' && target->type != PVE_GUEST_UNKNOWN);
	if (target->type == PVE_GUEST_NODE)
		n = snprintf(out, PVE_PATH_SIZE, "/api2/json/nodes/%s/%s", target->node, tail);
	else
		n = snprintf(out, PVE_PATH_SIZE, "/api2/json/nodes/%s/%s/%u/%s", target->node,
			target->type == PVE_GUEST_QEMU ? "qemu" : "lxc", (unsigned)target->vmid, tail);
	assert(n > 0 && n < PVE_PATH_SIZE);
}
