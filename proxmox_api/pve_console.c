/* SPDX-License-Identifier: MIT */
/* pve_console - ask for a console, and say how its websocket is to be opened; see pve.h. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"

/* What to ask for, by what the console is of and of which kind. All share one websocket. */
static const struct console_row {
	enum pve_guest_type type;
	enum pve_console_kind kind;
	const char *tail;
	/* Without websocket=1, hosts since April 2026 open a port that no websocket can reach. */
	const char *form;
	int (*parse)(const char *json, size_t len, struct pve_console_reply *out, struct err *err);
} console_rows[] = {
	{PVE_GUEST_QEMU, PVE_CONSOLE_VNC, "vncproxy", "websocket=1", pve_parse_vncproxy},
	{PVE_GUEST_LXC, PVE_CONSOLE_VNC, "vncproxy", "websocket=1", pve_parse_vncproxy},
	{PVE_GUEST_NODE, PVE_CONSOLE_VNC, "vncshell", "websocket=1", pve_parse_vncproxy},
	{PVE_GUEST_QEMU, PVE_CONSOLE_TERM, "termproxy", "", pve_parse_termproxy},
	{PVE_GUEST_LXC, PVE_CONSOLE_TERM, "termproxy", "", pve_parse_termproxy},
	{PVE_GUEST_NODE, PVE_CONSOLE_TERM, "termproxy", "", pve_parse_termproxy},
};

static const struct console_row *
row_of(const struct pve_target *target)
{
	const struct console_row *row = console_rows;

	while (row->type != target->type || row->kind != target->kind) {
		row++;
		assert(row < console_rows + sizeof(console_rows) / sizeof(console_rows[0]));
	}
	return row;
}

static int
write_form(struct buf *form, const struct console_row *row, const struct pve_target *target,
	struct err *err)
{
	bool serial = row->type == PVE_GUEST_QEMU && row->kind == PVE_CONSOLE_TERM &&
				  target->serial != PVE_SERIAL_ANY;
	int r = buf_addf(form, "%s", row->form);

	if (r == 0 && serial)
		r = buf_addf(form, "serial=serial%u", target->serial - 1);
	return r < 0 ? err_set(err, r, "console: no memory for the form") : 0;
}

/*
 * Proxmox decodes the query like a form: '+' is a blank and what follows a second
 * '=' is dropped, so that a ticket's base64 must be escaped to the last byte.
 */
static int
write_target(
	struct secret *out, const struct pve_target *target, const struct pve_console_reply *reply)
{
	char path[PVE_PATH_SIZE];
	struct buf text = {.max = 0};
	int r;

	pve_guest_path(path, target, "vncwebsocket");
	r = buf_addf(&text, "%s?port=%u&vncticket=", path, reply->port);
	if (r == 0)
		r = pve_escape(&text, reply->ticket.data, reply->ticket.len);
	if (r == 0)
		r = secret_set(out, text.data, text.len);
	buf_done(&text);
	return r;
}

static int
fill(struct pve_console *c, const struct pve *pve, const struct pve_identity *identity,
	const struct pve_target *target, struct pve_console_reply *reply,
	const struct pve_answer *answer, struct err *err)
{
	if (write_target(&c->request_target, target, reply) < 0 ||
		pve_auth_header(pve, identity, &c->auth_header) < 0)
		return err_set(err, ERR_MEMORY, "console: no memory for it");
	c->kind = target->kind;
	c->by_token = identity->token.len > 0;
	secret_move(&c->password, &reply->password);
	secret_move(&c->login, &reply->login);
	memcpy(c->way.address, answer->address, sizeof(c->way.address));
	memcpy(c->way.host, answer->trial.host, sizeof(c->way.host));
	c->way.port = pve->port;
	c->way.pin = pve->pin;
	c->way.policy = pve_policy_ref(answer->trial.policy);
	c->made_ms = clock_ms();
	return 0;
}

/* Ask, and read the answer. */
static int
ask(struct pve *pve, const struct pve_identity *identity, const struct pve_target *target,
	int64_t deadline_ms, struct pve_answer *answer, struct pve_console_reply *reply,
	struct err *err)
{
	const struct console_row *row = row_of(target);
	char path[PVE_PATH_SIZE];
	struct buf form = {.max = 0};
	struct pve_call call = {.what = "console", .path = path, .form = &form, .identity = identity};
	int r;

	pve_guest_path(path, target, row->tail);
	r = write_form(&form, row, target, err);
	if (r == 0)
		r = pve_request(pve, &call, deadline_ms, answer, err);
	if (r == 0)
		r = row->parse(buf_text(&answer->body), answer->body.len, reply, err);
	else if (r == ERR_NEEDS_PASSWORD)
		err_set(err, r, "console: this Proxmox needs a password user for shells of nodes");
	buf_done(&form);
	return r;
}

int
pve_console_open(struct pve *pve, const struct pve_target *target, int64_t deadline_ms,
	struct pve_console *out, struct err *err)
{
	struct pve_identity identity = {.made_ms = 0};
	struct pve_answer answer = {.status = 0};
	struct pve_console_reply reply = {.port = 0};
	struct pve_console console = {.by_token = false};
	int r;

	r = pve_identity_get(pve, &identity, err);
	if (r < 0)
		goto out;
	r = ask(pve, &identity, target, deadline_ms, &answer, &reply, err);
	if (r < 0)
		goto out;
	pve_trial_learn(&answer.trial, reply.authority);
	r = fill(&console, pve, &identity, target, &reply, &answer, err);
	if (r < 0)
		goto out;
	*out = console;
	console = (struct pve_console){.by_token = false};
out:
	pve_console_done(&console);
	pve_console_reply_done(&reply);
	pve_answer_done(&answer);
	pve_identity_done(&identity);
	return r;
}

void
pve_console_done(struct pve_console *console)
{
	secret_wipe(&console->request_target);
	secret_wipe(&console->auth_header);
	secret_wipe(&console->password);
	secret_wipe(&console->login);
	pve_way_done(&console->way);
	*console = (struct pve_console){.by_token = false};
}
