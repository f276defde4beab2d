/* SPDX-License-Identifier: MIT */
#include "session/upgrade.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/secret.h"

/* RFC 6455, section 1.3 */
static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

int
upgrade_key(char out[UPGRADE_KEY_SIZE])
{
	unsigned char nonce[16];

	if (random_bytes(nonce, sizeof(nonce)) < 0)
		return ERR_SYSTEM;
	EVP_EncodeBlock((unsigned char *)out, nonce, sizeof(nonce));
	return 0;
}

int
upgrade_accept(const char key[UPGRADE_KEY_SIZE], char out[UPGRADE_ACCEPT_SIZE])
{
	unsigned char text[UPGRADE_KEY_SIZE - 1 + sizeof(accept_guid) - 1], digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	memcpy(text, key, UPGRADE_KEY_SIZE - 1);
	memcpy(text + UPGRADE_KEY_SIZE - 1, accept_guid, sizeof(accept_guid) - 1);
	if (EVP_Digest(text, sizeof(text), digest, &n, EVP_sha1(), NULL) != 1 || n != 20)
		return ERR_SYSTEM;
	EVP_EncodeBlock((unsigned char *)out, digest, 20);
	return 0;
}

/* Not formatted: ticket and cookie are long, and glibc takes 20 instructions for each byte. */
int
upgrade_request(
	struct buf *out, const struct pve_console *console, const char key[UPGRADE_KEY_SIZE])
{
	bool v6 = strchr(console->way.host, ':') != NULL;
	char port[8];
	const char *const texts[] = {"GET ", secret_peek(&console->request_target),
		" HTTP/1.1\r\nHost: ", v6 ? "[" : "", console->way.host, v6 ? "]:" : ":", port,
		"\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: ",
		key,
		"\r\n"
		"Sec-WebSocket-Protocol: binary\r\n",
		secret_peek(&console->auth_header), "\r\n\r\n"};

	snprintf(port, sizeof(port), "%u", console->way.port);
	return buf_add_texts(out, texts, sizeof(texts) / sizeof(texts[0]));
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of a header line, white space cut off at both ends, when the line has that name. */
static bool
header_is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && is_blank(*line)) {
		line++;
		len--;
	}
	while (len > 0 && is_blank(line[len - 1]))
		len--;
	*value = line;
	*value_len = len;
	return true;
}

static bool
text_is(const char *a, size_t len, const char *b)
{
	return strlen(b) == len && strncasecmp(a, b, len) == 0;
}

/* Is token one of the comma-separated ones of a header's value? */
static bool
list_has(const char *value, size_t len, const char *token)
{
	const char *comma;
	size_t n, lead;

	while (len > 0) {
		comma = memchr(value, ',', len);
		n = comma ? (size_t)(comma - value) : len;
		for (lead = 0; lead < n && is_blank(value[lead]); lead++)
			;
		while (n > lead && is_blank(value[n - 1]))
			n--;
		if (text_is(value + lead, n - lead, token))
			return true;
		if (!comma)
			break;
		len -= (size_t)(comma - value) + 1;
		value = comma + 1;
	}
	return false;
}

/* "HTTP/1.1 101 Switching Protocols" → 0, or what the status means. */
static int
check_status(const char *line, size_t len, struct err *err)
{
	char text[64], quoted[LOG_QUOTE_SIZE];
	int status, i;

	if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return err_set(err, ERR_PROTOCOL, "console websocket answers something that is not HTTP");
	for (status = 0, i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9' || (len > 12 && line[12] != ' '))
			return err_set(err, ERR_PROTOCOL, "console websocket answers without a status");
		status = status * 10 + line[i] - '0';
	}
	if (status == 101)
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)(len - 9), line + 9);
	return err_set(err,
		status == 401 || status == 403   ? ERR_REFUSED
		: status >= 595 && status <= 599 ? ERR_UNREACHABLE
										 : ERR_PROTOCOL,
		"console websocket answers %s", log_quote(quoted, text));
}

struct seen {
	bool upgrade, connection, accept;
};

static int
check_header(const char *line, size_t len, const char *accept, struct seen *seen, struct err *err)
{
	const char *value;
	size_t n;

	if (header_is(line, len, "Upgrade", &value, &n))
		seen->upgrade = text_is(value, n, "websocket");
	else if (header_is(line, len, "Connection", &value, &n))
		seen->connection = list_has(value, n, "upgrade");
	else if (header_is(line, len, "Sec-WebSocket-Accept", &value, &n))
		seen->accept = n == strlen(accept) && memcmp(value, accept, n) == 0;
	else if (header_is(line, len, "Sec-WebSocket-Extensions", &value, &n))
		return err_set(err, ERR_PROTOCOL, "console websocket answers with an extension");
	else if (header_is(line, len, "Sec-WebSocket-Protocol", &value, &n) &&
			 !text_is(value, n, "binary"))
		return err_set(err, ERR_PROTOCOL, "console websocket answers with another subprotocol");
	return 0;
}

static int
check_response(const char *head, size_t len, const char *key, struct err *err)
{
	struct seen seen = {false, false, false};
	const char *line = head, *end = head + len, *eol;
	char accept[UPGRADE_ACCEPT_SIZE];
	int r;

	if (upgrade_accept(key, accept) < 0)
		return err_set(err, ERR_SYSTEM, "SHA-1 is not available");
	for (; line < end; line = eol + 2) {
		eol = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (!eol || eol == line)
			break;
		r = line == head ? check_status(line, (size_t)(eol - line), err)
						 : check_header(line, (size_t)(eol - line), accept, &seen, err);
		if (r < 0)
			return r;
	}
	if (!seen.upgrade || !seen.connection || !seen.accept)
		return err_set(err, ERR_PROTOCOL, "console websocket's answer does not fit the request");
	return UPGRADE_DONE;
}

int
upgrade_response(
	const char *data, size_t len, const char key[UPGRADE_KEY_SIZE], size_t *used, struct err *err)
{
	size_t scan = len < UPGRADE_RESPONSE_MAX ? len : UPGRADE_RESPONSE_MAX;
	const char *end = memmem(data, scan, "\r\n\r\n", 4);

	if (!end) {
		if (len >= UPGRADE_RESPONSE_MAX)
			return err_set(err, ERR_PROTOCOL, "console websocket's answer is too long");
		/* Something that is not HTTP need not be read to its end. */
		if (len > 0 && strncmp(data, "HTTP/1.", len < 7 ? len : 7) != 0)
			return err_set(
				err, ERR_PROTOCOL, "console websocket answers something that is not HTTP");
		return UPGRADE_MORE;
	}
	*used = (size_t)(end - data) + 4;
	return check_response(data, *used, key, err);
}
