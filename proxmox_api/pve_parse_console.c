/* SPDX-License-Identifier: MIT */
/* pve_parse_console - answers to vncproxy, vncshell and termproxy, see pve_parse.h. */
#include <stdlib.h>
#include <string.h>

#include "proxmox_api/pve_json.h"
#include "proxmox_api/pve_parse.h"

enum {
	TICKET_MAX = 1024, /* Proxmox itself takes no more than 512 */
	AUTHORITY_MAX = 16384,
};

static bool
console_port(const json_t *value, uint16_t *out)
{
	double number = 0;

	if (json_is_string(value) && pve_parse_port(json_string_value(value), out, NULL) == 0)
		number = *out;
	else if (json_is_number(value))
		number = json_number_value(value);
	if (number < PVE_CONSOLE_PORT_MIN || number > PVE_CONSOLE_PORT_MAX)
		return false;
	*out = (uint16_t)number;
	return number == *out;
}

/* What every kind of console has. */
static int
take_console(const json_t *data, struct pve_console_reply *reply, struct err *err)
{
	const char *ticket = pve_json_text(json_object_get(data, "ticket"), TICKET_MAX);
	const char *authority = pve_json_text(json_object_get(data, "cert"), AUTHORITY_MAX);

	if (!console_port(json_object_get(data, "port"), &reply->port))
		return err_set(err, ERR_PROTOCOL, "console: the answer has no port from %d to %d",
			PVE_CONSOLE_PORT_MIN, PVE_CONSOLE_PORT_MAX);
	if (ticket == NULL)
		return err_set(err, ERR_PROTOCOL, "console: the answer has no ticket");
	reply->authority = authority != NULL ? strdup(authority) : NULL;
	if (authority != NULL && reply->authority == NULL)
		return err_set(err, ERR_MEMORY, "console: no memory for the answer");
	return pve_json_secret(&reply->ticket, ticket, "console", err);
}

/*
 * Hosts since April 2026 send a password; on older ones the ticket is it. As VNC
 * takes eight bytes only, that is "PVEVNC:6" there.
 */
static int
take_password(const json_t *data, struct pve_console_reply *reply, struct err *err)
{
	const json_t *value = json_object_get(data, "password");
	const char *password;

	if (value != NULL && !json_is_null(value) && !json_is_string(value))
		return err_set(err, ERR_PROTOCOL, "console: the password is not text");
	password = json_is_string(value) ? json_string_value(value) : "";
	if (password[0] == '\0')
		password = secret_peek(&reply->ticket);
	if (secret_set(&reply->password, password, strnlen(password, PVE_VNC_PASSWORD_MAX)) < 0)
		return err_set(err, ERR_MEMORY, "console: no memory for the answer");
	return 0;
}

/* One line of text: no control byte, no blank. */
static bool
fit_for_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || *text == '\x7f')
			return false;
	}
	return true;
}

/* termproxy reads up to the line end, and splits at the first ':'. */
static int
take_login(const json_t *data, struct pve_console_reply *reply, struct err *err)
{
	const char *user = pve_json_text(json_object_get(data, "user"), PVE_IDENTITY_SIZE - 1);
	struct buf line = {.max = 0};
	int r;

	if (user == NULL || strchr(user, '@') == NULL || strchr(user, ':') != NULL ||
		!fit_for_line(user))
		return err_set(err, ERR_PROTOCOL, "console: the answer has no user name");
	if (!fit_for_line(secret_peek(&reply->ticket)))
		return err_set(err, ERR_PROTOCOL, "console: the ticket is not one line of text");
	r = buf_addf(&line, "%s:%s\n", user, secret_peek(&reply->ticket));
	if (r == 0)
		r = secret_set(&reply->login, line.data, line.len);
	buf_done(&line);
	return r < 0 ? err_set(err, ERR_MEMORY, "console: no memory for the answer") : 0;
}

/* take: what is particular to the kind of console. */
static int
parse(const char *json, size_t len,
	int (*take)(const json_t *data, struct pve_console_reply *reply, struct err *err),
	struct pve_console_reply *out, struct err *err)
{
	struct pve_console_reply reply = {.port = 0};
	const json_t *data = NULL;
	json_t *root = NULL;
	int r;

	r = pve_json_data(json, len, "console", &root, &data, err);
	if (r == 0)
		r = take_console(data, &reply, err);
	if (r == 0)
		r = take(data, &reply, err);
	if (r == 0) {
		*out = reply;
		reply = (struct pve_console_reply){.port = 0};
	}
	pve_console_reply_done(&reply);
	json_decref(root);
	return r;
}

int
pve_parse_vncproxy(const char *json, size_t len, struct pve_console_reply *out, struct err *err)
{
	return parse(json, len, take_password, out, err);
}

int
pve_parse_termproxy(const char *json, size_t len, struct pve_console_reply *out, struct err *err)
{
	return parse(json, len, take_login, out, err);
}

void
pve_console_reply_done(struct pve_console_reply *reply)
{
	secret_wipe(&reply->ticket);
	secret_wipe(&reply->password);
	secret_wipe(&reply->login);
	free(reply->authority);
	*reply = (struct pve_console_reply){.port = 0};
}
