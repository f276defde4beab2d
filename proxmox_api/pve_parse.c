/* SPDX-License-Identifier: MIT */
/* pve_parse - Proxmox's JSON into structs, see pve_parse.h. */
#include "proxmox_api/pve_parse.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Answers are three levels deep. jansson would go down 2048, on a worker's small stack. */
	DEPTH_MAX = 32,
	LOGIN_TICKET_MAX = 4096,
	CSRF_MAX = 256,
	VNC_TICKET_MAX = 1024, /* Proxmox itself takes no more than 512 */
	AUTHORITY_MAX = 16384,
};

/* ---- reading JSON ---- */

static bool
too_deep(const char *json, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = json[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > DEPTH_MAX)
			return true;
	}
	return false;
}

/*
 * The whole text as JSON. jansson's own words are left out of err: they quote
 * the text. Numbers become reals because a counter beyond 2^63, which Perl
 * writes without shame, must not spoil an answer that we read for something else.
 */
static int
load(const char *json, size_t len, const char *what, json_t **out, struct err *err)
{
	json_error_t e = {.position = 0};
	json_t *root;

	if (len == 0)
		return err_set(err, ERR_PROTOCOL, "%s: the answer is empty", what);
	if (too_deep(json, len))
		return err_set(err, ERR_PROTOCOL, "%s: the answer is nested too deeply", what);
	errno = 0;
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &e);
	/* Without memory jansson gives no reason, blames the text, or goes on with characters missing. */
	if (errno == ENOMEM) {
		json_decref(root);
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", what);
	}
	if (root != NULL) {
		*out = root;
		return 0;
	}
	return err_set(
		err, ERR_PROTOCOL, "%s: the answer is not valid JSON (byte %d)", what, e.position);
}

/* The object that every successful answer has as its "data"; borrowed from *root. */
static int
load_data(const char *json, size_t len, const char *what, json_t **root, const json_t **data,
	struct err *err)
{
	int r = load(json, len, what, root, err);

	if (r < 0)
		return r;
	*data = json_object_get(*root, "data");
	if (!json_is_object(*data))
		return err_set(err, ERR_PROTOCOL, "%s: the answer has no data", what);
	return 0;
}

/* Perl's idea of true. */
static bool
is_true(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) > 0 && strcmp(json_string_value(value), "0") != 0;
	return json_is_true(value) || (json_is_number(value) && json_number_value(value) != 0);
}

/* A string of 1..max bytes, or NULL. No NUL is in it: jansson refuses \u0000 unless told. */
static const char *
text_of(const json_t *value, size_t max)
{
	size_t len = json_is_string(value) ? json_string_length(value) : 0;

	return len >= 1 && len <= max ? json_string_value(value) : NULL;
}

static int
take_secret(struct secret *out, const char *text, const char *what, struct err *err)
{
	if (secret_set(out, text, strlen(text)) < 0)
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", what);
	return 0;
}

/* ---- login ---- */

/* It goes into a header as it is, so that a line end in it would be a header of its own. */
static bool
fit_for_header(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

/* The ticket of an account whose second factor is due looks like one and is worth nothing. */
static bool
needs_second_factor(const json_t *data, const char *ticket)
{
	return is_true(json_object_get(data, "NeedTFA")) ||
		   (ticket != NULL && strncmp(ticket, "PVE:!tfa!", 9) == 0);
}

static int
take_login(const json_t *data, struct pve_login_reply *reply, struct err *err)
{
	const char *ticket = text_of(json_object_get(data, "ticket"), LOGIN_TICKET_MAX);
	const char *csrf = text_of(json_object_get(data, "CSRFPreventionToken"), CSRF_MAX);
	const char *user = text_of(json_object_get(data, "username"), PVE_USER_SIZE - 1);
	int r;

	if (needs_second_factor(data, ticket))
		return err_set(err, ERR_NEEDS_OTP, "login: the account needs a second factor (otp)");
	if (ticket == NULL || strncmp(ticket, "PVE:", 4) != 0)
		return err_set(err, ERR_PROTOCOL, "login: the answer has no ticket");
	if (csrf == NULL || !fit_for_header(csrf))
		return err_set(err, ERR_PROTOCOL, "login: the answer has no CSRF token");
	if (user == NULL || strchr(user, '@') == NULL || pve_parse_user(user, reply->user, NULL) < 0)
		return err_set(err, ERR_PROTOCOL, "login: the answer has no user name");
	r = take_secret(&reply->ticket, ticket, "login", err);
	if (r < 0)
		return r;
	return take_secret(&reply->csrf, csrf, "login", err);
}

int
pve_parse_login(const char *json, size_t len, struct pve_login_reply *out, struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	const json_t *data = NULL;
	json_t *root = NULL;
	int r;

	r = load_data(json, len, "login", &root, &data, err);
	if (r < 0)
		goto out;
	r = take_login(data, &reply, err);
	if (r < 0)
		goto out;
	*out = reply;
	reply = (struct pve_login_reply){.user = ""};
out:
	pve_login_reply_done(&reply);
	json_decref(root);
	return r;
}

void
pve_login_reply_done(struct pve_login_reply *reply)
{
	secret_wipe(&reply->ticket);
	secret_wipe(&reply->csrf);
	*reply = (struct pve_login_reply){.user = ""};
}

/* ---- status ---- */

/* It goes into the log, where a sentence of the host's would look like ours. */
static const char *
plain_word(const char *status)
{
	return status[strspn(status, "abcdefghijklmnopqrstuvwxyz-")] == '\0' ? status : "not running";
}

int
pve_parse_running(const char *json, size_t len, struct err *err)
{
	const json_t *data = NULL;
	json_t *root = NULL;
	const char *status;
	int r;

	r = load_data(json, len, "guest status", &root, &data, err);
	if (r < 0)
		goto out;
	/* A paused guest's status is "running" too, only its qmpstatus differs: it has a screen. */
	status = text_of(json_object_get(data, "status"), 32);
	if (status == NULL)
		r = err_set(err, ERR_PROTOCOL, "guest status: the answer has no status");
	else if (strcmp(status, "running") != 0)
		r = err_set(err, ERR_NOT_RUNNING, "the guest is %s", plain_word(status));
out:
	json_decref(root);
	return r;
}

/* ---- console ---- */

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

/*
 * Hosts since April 2026 send a password; on older ones the ticket is it. As VNC
 * takes eight bytes only, that is "PVEVNC:6" there.
 */
static int
take_vnc_password(const json_t *data, const char *ticket, struct secret *out, struct err *err)
{
	const json_t *value = json_object_get(data, "password");
	const char *password;

	if (value != NULL && !json_is_null(value) && !json_is_string(value))
		return err_set(err, ERR_PROTOCOL, "console: the password is not text");
	password = json_is_string(value) ? json_string_value(value) : "";
	if (password[0] == '\0')
		password = ticket;
	if (secret_set(out, password, strnlen(password, PVE_VNC_PASSWORD_MAX)) < 0)
		return err_set(err, ERR_MEMORY, "console: no memory for the answer");
	return 0;
}

static int
take_vncproxy(const json_t *data, struct pve_vncproxy_reply *reply, struct err *err)
{
	const char *ticket = text_of(json_object_get(data, "ticket"), VNC_TICKET_MAX);
	const char *authority = text_of(json_object_get(data, "cert"), AUTHORITY_MAX);
	int r;

	if (!console_port(json_object_get(data, "port"), &reply->port))
		return err_set(err, ERR_PROTOCOL, "console: the answer has no port from %d to %d",
			PVE_CONSOLE_PORT_MIN, PVE_CONSOLE_PORT_MAX);
	if (ticket == NULL)
		return err_set(err, ERR_PROTOCOL, "console: the answer has no ticket");
	reply->authority = authority != NULL ? strdup(authority) : NULL;
	if (authority != NULL && reply->authority == NULL)
		return err_set(err, ERR_MEMORY, "console: no memory for the answer");
	r = take_vnc_password(data, ticket, &reply->password, err);
	if (r < 0)
		return r;
	return take_secret(&reply->ticket, ticket, "console", err);
}

int
pve_parse_vncproxy(const char *json, size_t len, struct pve_vncproxy_reply *out, struct err *err)
{
	struct pve_vncproxy_reply reply = {.port = 0};
	const json_t *data = NULL;
	json_t *root = NULL;
	int r;

	r = load_data(json, len, "console", &root, &data, err);
	if (r < 0)
		goto out;
	r = take_vncproxy(data, &reply, err);
	if (r < 0)
		goto out;
	*out = reply;
	reply = (struct pve_vncproxy_reply){.port = 0};
out:
	pve_vncproxy_reply_done(&reply);
	json_decref(root);
	return r;
}

void
pve_vncproxy_reply_done(struct pve_vncproxy_reply *reply)
{
	secret_wipe(&reply->ticket);
	secret_wipe(&reply->password);
	free(reply->authority);
	*reply = (struct pve_vncproxy_reply){.port = 0};
}

/* ---- refusals ---- */

void
pve_parse_refusal(const char *json, size_t len, char out[PVE_MESSAGE_SIZE])
{
	const char *message, *parameter;
	json_t *root = NULL, *value;

	out[0] = '\0';
	if (load(json, len, "refusal", &root, NULL) < 0)
		return;
	message = text_of(json_object_get(root, "message"), len);
	if (message != NULL)
		snprintf(out, PVE_MESSAGE_SIZE, "%.*s", (int)strcspn(message, "\r\n"), message);
	json_object_foreach(json_object_get(root, "errors"), parameter, value)
	{
		if (json_is_string(value)) {
			snprintf(out, PVE_MESSAGE_SIZE, "%.60s: %s", parameter, json_string_value(value));
			break;
		}
	}
	json_decref(root);
}
