/* SPDX-License-Identifier: MIT */
/* pve_judge - see pve_judge.h */
#include "proxmox_api/pve_judge.h"

#include <string.h>

#include "base/log.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"

/* Does text hold that many bytes in a row of the secret, or a shorter secret whole? */
static bool
holds(const char *text, const struct secret *s, size_t run)
{
	size_t len = strlen(text);

	if (run > s->len)
		run = s->len;
	for (size_t i = 0; run > 0 && i + run <= s->len; i++) {
		if (memmem(text, len, s->data + i, run) != NULL)
			return true;
	}
	return false;
}

/*
 * Proxmox never quotes a secret, but whoever answers in its place might, cut or in
 * another encoding. A ticket names its user, and so may an honest text: longer runs there.
 */
static bool
gives_away(const struct pve_call *call, const char *text)
{
	enum { PASSWORD_RUN = 6, TICKET_RUN = 20 };
	const struct pve_identity *identity = call->identity;

	if (strstr(text, "PVE:") != NULL || strstr(text, "PVEVNC:") != NULL)
		return true;
	if (call->password != NULL && holds(text, call->password, PASSWORD_RUN))
		return true;
	if (call->otp != NULL && holds(text, call->otp, PASSWORD_RUN))
		return true;
	return identity != NULL && (holds(text, &identity->token, PASSWORD_RUN) ||
								   holds(text, &identity->ticket, TICKET_RUN) ||
								   holds(text, &identity->csrf, TICKET_RUN));
}

/* A status line says it all, but for "Parameter verification failed." and where it says nothing. */
int
pve_judge(const struct pve_call *call, const struct pve_answer *answer, struct err *err)
{
	char quoted[LOG_QUOTE_SIZE], message[PVE_MESSAGE_SIZE] = "";
	const char *reason = answer->reason;

	if (answer->status == 400 || reason[0] == '\0')
		pve_parse_refusal(buf_text(&answer->body), answer->body.len, message);
	if (message[0] != '\0')
		reason = message;
	return err_set(err, pve_error_of(answer->status, reason), "%s: %d %s", call->what,
		answer->status,
		gives_away(call, reason) ? "(text withheld: it may hold a secret)"
								 : log_quote(quoted, reason));
}
