/* SPDX-License-Identifier: MIT */
/* pve_parse - answers about a login and a guest, and refusals; see pve_parse.h. */
#include "proxmox_api/pve_parse.h"

#include <stdio.h>
#include <string.h>

#include "proxmox_api/pve_json.h"

enum { LOGIN_TICKET_MAX = 4096, CSRF_MAX = 256 };

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
	return pve_json_truth(json_object_get(data, "NeedTFA")) ||
		   (ticket != NULL && strncmp(ticket, "PVE:!tfa!", 9) == 0);
}

static int
take_login(const json_t *data, struct pve_login_reply *reply, struct err *err)
{
	const char *ticket = pve_json_text(json_object_get(data, "ticket"), LOGIN_TICKET_MAX);
	const char *csrf = pve_json_text(json_object_get(data, "CSRFPreventionToken"), CSRF_MAX);
	const char *user = pve_json_text(json_object_get(data, "username"), PVE_USER_SIZE - 1);
	int r;

	if (needs_second_factor(data, ticket))
		return err_set(err, ERR_NEEDS_OTP, "login: the account needs a second factor (otp)");
	if (ticket == NULL || strncmp(ticket, "PVE:", 4) != 0)
		return err_set(err, ERR_PROTOCOL, "login: the answer has no ticket");
	if (csrf == NULL || !fit_for_header(csrf))
		return err_set(err, ERR_PROTOCOL, "login: the answer has no CSRF token");
	if (user == NULL || strchr(user, '@') == NULL || pve_parse_user(user, reply->user, NULL) < 0)
		return err_set(err, ERR_PROTOCOL, "login: the answer has no user name");
	r = pve_json_secret(&reply->ticket, ticket, "login", err);
	if (r < 0)
		return r;
	return pve_json_secret(&reply->csrf, csrf, "login", err);
}

int
pve_parse_login(const char *json, size_t len, struct pve_login_reply *out, struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	const json_t *data = NULL;
	json_t *root = NULL;
	int r;

	r = pve_json_data(json, len, "login", &root, &data, err);
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
pve_parse_running(const char *json, size_t len, bool *serial, struct err *err)
{
	const json_t *data = NULL;
	json_t *root = NULL;
	const char *status;
	int r;

	r = pve_json_data(json, len, "guest status", &root, &data, err);
	if (r < 0)
		goto out;
	/* A paused guest's status is "running" too, only its qmpstatus differs: it has a screen. */
	status = pve_json_text(json_object_get(data, "status"), 32);
	if (status == NULL)
		r = err_set(err, ERR_PROTOCOL, "guest status: the answer has no status");
	else if (strcmp(status, "running") != 0)
		r = err_set(err, ERR_NOT_RUNNING, "the guest is %s", plain_word(status));
	else
		*serial = pve_json_truth(json_object_get(data, "serial"));
out:
	json_decref(root);
	return r;
}

/* ---- configuration ---- */

static const char *const serial_ports[PVE_SERIAL_PORTS] = {
	"serial0", "serial1", "serial2", "serial3"};

static int
check_serial(const json_t *data, unsigned serial, struct err *err)
{
	const char *wanted = serial == PVE_SERIAL_ANY ? NULL : serial_ports[serial - 1];
	bool there = false;

	for (size_t i = 0; i < PVE_SERIAL_PORTS; i++) {
		const char *value = pve_json_text(json_object_get(data, serial_ports[i]), 128);

		if (wanted != NULL && wanted != serial_ports[i])
			continue;
		if (value != NULL && strcmp(value, "socket") == 0)
			return 0;
		there = there || value != NULL;
	}
	if (wanted == NULL)
		return err_set(err, ERR_NO_DEVICE, "the guest has no serial port that is a socket");
	if (there)
		return err_set(err, ERR_NO_DEVICE, "the guest's %s is no socket", wanted);
	return err_set(err, ERR_NO_DEVICE, "the guest has no %s", wanted);
}

int
pve_parse_serial(const char *json, size_t len, unsigned serial, struct err *err)
{
	const json_t *data = NULL;
	json_t *root = NULL;
	int r;

	r = pve_json_data(json, len, "guest configuration", &root, &data, err);
	if (r == 0)
		r = check_serial(data, serial, err);
	json_decref(root);
	return r;
}

/* ---- refusals ---- */

void
pve_parse_refusal(const char *json, size_t len, char out[PVE_MESSAGE_SIZE])
{
	const char *message, *parameter;
	json_t *root = NULL, *value;

	out[0] = '\0';
	if (pve_json_whole(json, len, "refusal", &root, NULL) < 0)
		return;
	message = pve_json_text(json_object_get(root, "message"), len);
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
