/* SPDX-License-Identifier: MIT */
/* pve_guest - is it there, of which type, and does it run? See pve.h. */
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"

static int
ask_status(struct pve *pve, const struct pve_identity *identity, const struct pve_target *target,
	int64_t deadline_ms, struct err *err)
{
	char path[PVE_PATH_SIZE];
	struct pve_call call = {.what = "guest status", .path = path, .identity = identity};
	struct pve_answer answer = {.status = 0};
	bool serial;
	int r;

	pve_guest_path(path, target, "status/current");
	r = pve_request(pve, &call, deadline_ms, &answer, err);
	if (r == 0)
		r = pve_parse_running(buf_text(&answer.body), answer.body.len, &serial, err);
	pve_answer_done(&answer);
	return r;
}

int
pve_guest_find(struct pve *pve, struct pve_target *target, int64_t deadline_ms, struct err *err)
{
	struct pve_target asked = *target;
	struct pve_identity identity = {.made_ms = 0};
	struct err first = {.code = 0};
	int r;

	r = pve_identity_get(pve, &identity, err);
	if (r < 0)
		return r;
	if (target->type == PVE_GUEST_UNKNOWN)
		asked.type = PVE_GUEST_QEMU;
	r = ask_status(pve, &identity, &asked, deadline_ms, &first);
	if (r == ERR_NOT_FOUND && target->type == PVE_GUEST_UNKNOWN) {
		/* That was half of the question: only the other half's failure is one. */
		asked.type = PVE_GUEST_LXC;
		r = ask_status(pve, &identity, &asked, deadline_ms, err);
	} else if (r < 0) {
		err_set(err, r, "%s", first.text);
	}
	pve_identity_done(&identity);
	if (r < 0)
		return r;
	if (asked.kind == PVE_CONSOLE_AUTO)
		asked.kind = PVE_CONSOLE_VNC;
	*target = asked;
	return 0;
}
