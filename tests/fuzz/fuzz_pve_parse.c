/* SPDX-License-Identifier: MIT */
/*
 * Any bytes to everything that reads what comes from Proxmox or from outside: no
 * crash, and what is accepted keeps its promises.
 *
 * The first byte picks the reader, the rest is its input.
 */
#include "base/buf.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"
#include "tests/fuzz/fuzz_check.h"

/* What stands for any secret of an answer: a refusal of the answer never quotes it. */
static const char canary[] = "CANARY";

static void
check_text(int r, const struct err *err)
{
	CHECK(r == err->code && (r < 0) == (err->text[0] != '\0'));
	CHECK(strstr(err->text, canary) == NULL);
	CHECK(strpbrk(err->text, "\r\n\x1b") == NULL);
}

static void
read_login(const char *json, size_t len)
{
	struct pve_login_reply reply = {.user = ""};
	char user[PVE_USER_SIZE];
	struct err err = {.code = 0};
	int r = pve_parse_login(json, len, &reply, &err);

	check_text(r, &err);
	CHECK((r == 0) == (reply.ticket.data != NULL) && (r == 0) == (reply.csrf.data != NULL));
	if (r == 0) {
		CHECK(strlen(reply.ticket.data) == reply.ticket.len);
		CHECK(strncmp(reply.ticket.data, "PVE:", 4) == 0);
		CHECK(strncmp(reply.ticket.data, "PVE:!tfa!", 9) != 0);
		CHECK(strpbrk(reply.csrf.data, " \r\n\t\x7f") == NULL);
		CHECK(strchr(reply.user, '@') != NULL);
		CHECK(pve_parse_user(reply.user, user, NULL) == 0 && strcmp(user, reply.user) == 0);
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
		CHECK(reply.port >= PVE_CONSOLE_PORT_MIN && reply.port <= PVE_CONSOLE_PORT_MAX);
		CHECK(reply.password.len >= 1 && reply.password.len <= PVE_VNC_PASSWORD_MAX);
		CHECK(reply.ticket.len >= 1);
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

		CHECK(reply.port >= PVE_CONSOLE_PORT_MIN && reply.port <= PVE_CONSOLE_PORT_MAX);
		CHECK(strlen(line) == reply.login.len && strcspn(line, "\n") == reply.login.len - 1);
		CHECK(strpbrk(line, " \r\t\x7f\x1b") == NULL);
		CHECK(colon != NULL && memchr(line, '@', (size_t)(colon - line)) != NULL);
		CHECK(strncmp(colon + 1, secret_peek(&reply.ticket), reply.ticket.len) == 0);
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
		CHECK(listed.guests > 0 && listed.type != PVE_GUEST_UNKNOWN);
		CHECK(pve_parse_node(listed.node, node, NULL) == 0);
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
	CHECK(r < 0 || nodes.count <= PVE_NODES_MAX);
	for (size_t i = 0; r == 0 && i < nodes.count; i++)
		CHECK(pve_parse_node(nodes.at[i].name, name, NULL) == 0);
}

static void
read_running(const char *json, size_t len)
{
	struct err err = {.code = 0};
	bool serial;
	int r = pve_parse_running(json, len, &serial, &err);

	check_text(r, &err);
	CHECK(r == 0 || r == ERR_NOT_RUNNING || r == ERR_PROTOCOL || r == ERR_MEMORY);
}

static void
read_serial(const char *json, size_t len)
{
	for (unsigned serial = PVE_SERIAL_ANY; serial <= PVE_SERIAL_PORTS; serial++) {
		struct err err = {.code = 0};
		int r = pve_parse_serial(json, len, serial, &err);

		check_text(r, &err);
		CHECK(r == 0 || r == ERR_NO_DEVICE || r == ERR_PROTOCOL || r == ERR_MEMORY);
	}
}

static void
read_refusal(const char *json, size_t len)
{
	char message[PVE_MESSAGE_SIZE];

	pve_parse_refusal(json, len, message);
	CHECK(strlen(message) < sizeof(message));
}

static void
read_reason(const char *text, size_t len)
{
	int status = len > 0 ? 400 + (unsigned char)text[0] : 0;
	int code = pve_error_of(status, len > 0 ? text + 1 : "");

	CHECK(code < 0);
	(void)pve_answered(status);
}

static void
read_host(const char *text, size_t len)
{
	char once[PVE_HOST_SIZE], twice[PVE_HOST_SIZE];

	(void)len;
	if (pve_parse_host(text, once, NULL) < 0)
		return;
	CHECK(once[0] != '\0' && strlen(once) < sizeof(once));
	CHECK(strspn(once, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") == strlen(once));
	CHECK(pve_parse_host(once, twice, NULL) == 0 && strcmp(once, twice) == 0);
}

static void
read_node(const char *text, size_t len)
{
	struct pve_target target = {.vmid = 999999999, .type = PVE_GUEST_QEMU};
	char path[PVE_PATH_SIZE];

	(void)len;
	if (pve_parse_node(text, target.node, NULL) < 0)
		return;
	CHECK(strpbrk(target.node, "./%?# ") == NULL);
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
	CHECK(strchr(once, '@') != NULL && strpbrk(once, " \r\n:/") == NULL);
	CHECK(pve_parse_user(once, twice, NULL) == 0 && strcmp(once, twice) == 0);
}

static void
read_token(const char *text, size_t len)
{
	char id[PVE_IDENTITY_SIZE], user[PVE_USER_SIZE];
	struct err err = {.code = 0};
	struct secret secret = {NULL, 0};

	if (pve_parse_token_id(text, id, NULL) == 0) {
		CHECK(strcmp(id, text) == 0 && pve_is_token_id(id));
		CHECK(pve_parse_user(id, user, NULL) < 0);
		*strrchr(id, '!') = '\0';
		CHECK(pve_parse_user(id, user, NULL) == 0 && strcmp(id, user) == 0);
	}
	if (secret_set(&secret, text, len) == 0)
		check_text(pve_check_token_secret(&secret, &err), &err);
	if (err.code == 0)
		CHECK(strpbrk(secret_peek(&secret), " \r\n\t\x7f=") == NULL);
	secret_wipe(&secret);
}

static void
read_numbers(const char *text, size_t len)
{
	uint32_t vmid = 0;
	uint16_t port = 0;

	(void)len;
	if (pve_parse_vmid(text, &vmid, NULL) == 0)
		CHECK(vmid == strtoul(text, NULL, 10) && vmid >= 100 && vmid <= 999999999);
	if (pve_parse_port(text, &port, NULL) == 0)
		CHECK(port == strtoul(text, NULL, 10) && port >= 1);
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
		CHECK(strlen(at) == out.len);
		for (size_t i = 0; i < len; i++) {
			if (*at != '%') {
				CHECK(strchr(unreserved, *at) != NULL && *at++ == data[i]);
				continue;
			}
			memcpy(digits, at + 1, 2);
			CHECK((char)strtoul(digits, &end, 16) == data[i] && end == digits + 2);
			at += 3;
		}
		CHECK(*at == '\0');
	}
	buf_done(&out);
}

static fuzz_reader *const readers[] = {
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
	return fuzz_read(readers, sizeof(readers) / sizeof(readers[0]), data, size);
}
