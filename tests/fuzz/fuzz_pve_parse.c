/* SPDX-License-Identifier: MIT */
/*
 * Any bytes to everything that reads what comes from Proxmox or from outside: no
 * crash, and what is accepted keeps its promises.
 *
 * The first byte picks the reader, the rest is its input.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What stands for any secret of an answer: a refusal of the answer never quotes it. */
static const char canary[] = "CANARY";

static void
check_text(int r, const struct err *err)
{
	assert(r == err->code && (r < 0) == (err->text[0] != '\0'));
	assert(strstr(err->text, canary) == NULL);
	assert(strpbrk(err->text, "\r\n\x1b") == NULL);
}

static void
read_login(const char *json, size_t len)
{
	struct pve_login_reply reply = {.user = ""};
	char user[PVE_USER_SIZE];
	struct err err = {.code = 0};
	int r = pve_parse_login(json, len, &reply, &err);

	check_text(r, &err);
	assert((r == 0) == (reply.ticket.data != NULL) && (r == 0) == (reply.csrf.data != NULL));
	if (r == 0) {
		assert(strlen(reply.ticket.data) == reply.ticket.len);
		assert(strncmp(reply.ticket.data, "PVE:", 4) == 0);
		assert(strncmp(reply.ticket.data, "PVE:!tfa!", 9) != 0);
		assert(strpbrk(reply.csrf.data, " \r\n\t\x7f") == NULL);
		assert(strchr(reply.user, '@') != NULL);
		assert(pve_parse_user(reply.user, user, NULL) == 0 && strcmp(user, reply.user) == 0);
	}
	pve_login_reply_done(&reply);
}

static void
read_vncproxy(const char *json, size_t len)
{
	struct pve_console_reply reply = {.port = 0};
	struct err err = {.code = 0};
	int r = pve_parse_vncproxy(json, len, &reply, &err);

	check_text(r, &err);
	if (r == 0) {
		assert(reply.port >= PVE_CONSOLE_PORT_MIN && reply.port <= PVE_CONSOLE_PORT_MAX);
		assert(reply.password.len >= 1 && reply.password.len <= PVE_VNC_PASSWORD_MAX);
		assert(reply.ticket.len >= 1);
	}
	pve_console_reply_done(&reply);
}

/* What is sent is one line that termproxy splits where we put it together. */
static void
read_termproxy(const char *json, size_t len)
{
	struct pve_console_reply reply = {.port = 0};
	struct err err = {.code = 0};
	int r = pve_parse_termproxy(json, len, &reply, &err);

	check_text(r, &err);
	if (r == 0) {
		const char *line = secret_peek(&reply.login), *colon = strchr(line, ':');

		assert(reply.port >= PVE_CONSOLE_PORT_MIN && reply.port <= PVE_CONSOLE_PORT_MAX);
		assert(strlen(line) == reply.login.len && strcspn(line, "\n") == reply.login.len - 1);
		assert(strpbrk(line, " \r\t\x7f\x1b") == NULL);
		assert(colon != NULL && memchr(line, '@', (size_t)(colon - line)) != NULL);
		assert(strncmp(colon + 1, secret_peek(&reply.ticket), reply.ticket.len) == 0);
	}
	pve_console_reply_done(&reply);
}

static void
read_guests(const char *json, size_t len)
{
	struct pve_listed listed = {.guests = 0};
	char node[PVE_NODE_SIZE];
	struct err err = {.code = 0};
	int r = pve_parse_guests(json, len, 100, &listed, &err);

	check_text(r, &err);
	if (r == 0 && listed.node[0] != '\0') {
		assert(listed.guests > 0 && listed.type != PVE_GUEST_UNKNOWN);
		assert(pve_parse_node(listed.node, node, NULL) == 0);
	}
}

static void
read_nodes(const char *json, size_t len)
{
	char name[PVE_NODE_SIZE];
	struct pve_nodes nodes;
	struct err err = {.code = 0};
	int r = pve_parse_nodes(json, len, &nodes, &err);

	check_text(r, &err);
	assert(r < 0 || nodes.count <= PVE_NODES_MAX);
	for (size_t i = 0; r == 0 && i < nodes.count; i++)
		assert(pve_parse_node(nodes.at[i].name, name, NULL) == 0);
}

static void
read_running(const char *json, size_t len)
{
	struct err err = {.code = 0};
	bool serial;
	int r = pve_parse_running(json, len, &serial, &err);

	check_text(r, &err);
	assert(r == 0 || r == ERR_NOT_RUNNING || r == ERR_PROTOCOL || r == ERR_MEMORY);
}

static void
read_serial(const char *json, size_t len)
{
	for (unsigned serial = PVE_SERIAL_ANY; serial <= PVE_SERIAL_PORTS; serial++) {
		struct err err = {.code = 0};
		int r = pve_parse_serial(json, len, serial, &err);

		check_text(r, &err);
		assert(r == 0 || r == ERR_NO_DEVICE || r == ERR_PROTOCOL || r == ERR_MEMORY);
	}
}

static void
read_refusal(const char *json, size_t len)
{
	char message[PVE_MESSAGE_SIZE];

	pve_parse_refusal(json, len, message);
	assert(strlen(message) < sizeof(message));
}

static void
read_reason(const char *text, size_t len)
{
	int status = len > 0 ? 400 + (unsigned char)text[0] : 0;
	int code = pve_error_of(status, len > 0 ? text + 1 : "");

	assert(code < 0);
	(void)pve_answered(status);
}

static void
read_host(const char *text, size_t len)
{
	char once[PVE_HOST_SIZE], twice[PVE_HOST_SIZE];

	(void)len;
	if (pve_parse_host(text, once, NULL) < 0)
		return;
	assert(once[0] != '\0' && strlen(once) < sizeof(once));
	assert(strspn(once, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") == strlen(once));
	assert(pve_parse_host(once, twice, NULL) == 0 && strcmp(once, twice) == 0);
}

static void
read_node(const char *text, size_t len)
{
	struct pve_target target = {.vmid = 999999999, .type = PVE_GUEST_QEMU};
	char path[PVE_PATH_SIZE];

	(void)len;
	if (pve_parse_node(text, target.node, NULL) < 0)
		return;
	assert(strpbrk(target.node, "./%?# ") == NULL);
	pve_guest_path(path, &target, "status/current");
	target.type = PVE_GUEST_NODE;
	pve_guest_path(path, &target, "vncwebsocket");
}

static void
read_user(const char *text, size_t len)
{
	char once[PVE_USER_SIZE], twice[PVE_USER_SIZE];

	(void)len;
	if (pve_parse_user(text, once, NULL) < 0)
		return;
	assert(strchr(once, '@') != NULL && strpbrk(once, " \r\n:/") == NULL);
	assert(pve_parse_user(once, twice, NULL) == 0 && strcmp(once, twice) == 0);
}

static void
read_token(const char *text, size_t len)
{
	char id[PVE_IDENTITY_SIZE], user[PVE_USER_SIZE];
	struct err err = {.code = 0};
	struct secret secret = {NULL, 0};

	if (pve_parse_token_id(text, id, NULL) == 0) {
		assert(strcmp(id, text) == 0 && pve_is_token_id(id));
		assert(pve_parse_user(id, user, NULL) < 0);
		*strrchr(id, '!') = '\0';
		assert(pve_parse_user(id, user, NULL) == 0 && strcmp(id, user) == 0);
	}
	if (secret_set(&secret, text, len) == 0)
		check_text(pve_check_token_secret(&secret, &err), &err);
	if (err.code == 0)
		assert(strpbrk(secret_peek(&secret), " \r\n\t\x7f=") == NULL);
	secret_wipe(&secret);
}

static void
read_numbers(const char *text, size_t len)
{
	uint32_t vmid = 0;
	uint16_t port = 0;

	(void)len;
	if (pve_parse_vmid(text, &vmid, NULL) == 0)
		assert(vmid == strtoul(text, NULL, 10) && vmid >= 100 && vmid <= 999999999);
	if (pve_parse_port(text, &port, NULL) == 0)
		assert(port == strtoul(text, NULL, 10) && port >= 1);
}

static void
write_escaped(const char *data, size_t len)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct buf out = {.max = 0};

	const char *at;
	char digits[3] = "";
	char *end;

	if (pve_escape(&out, data, len) == 0) {
		at = buf_text(&out);
		assert(strlen(at) == out.len);
		for (size_t i = 0; i < len; i++) {
			if (*at != '%') {
				assert(strchr(unreserved, *at) != NULL && *at++ == data[i]);
				continue;
			}
			memcpy(digits, at + 1, 2);
			assert((char)strtoul(digits, &end, 16) == data[i] && end == digits + 2);
			at += 3;
		}
		assert(*at == '\0');
	}
	buf_done(&out);
}

static void (*const readers[])(const char *data, size_t len) = {
	read_login,
	read_vncproxy,
	read_running,
	read_refusal,
	read_reason,
	read_host,
	read_node,
	read_user,
	read_numbers,
	write_escaped,
	read_token,
	read_termproxy,
	read_guests,
	read_nodes,
	read_serial,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { READERS = sizeof(readers) / sizeof(readers[0]) };
	char *text;

	if (size == 0)
		return 0;
	/* A NUL after it for those who read text; and its end is the block's for those who count. */
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % READERS](text, size - 1);
	free(text);
	return 0;
}
