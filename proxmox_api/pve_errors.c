/* SPDX-License-Identifier: MIT */
/*
 * pve_errors - see pve_errors.h
 *
 * Proxmox answers nearly every failure by 500, and what it was is in the reason
 * phrase: the first line of the message of some Perl die(). The phrases are
 * those of PVE 7 to 9.
 */
#include "proxmox_api/pve_errors.h"

#include <stddef.h>
#include <string.h>

#include "proxmox_api/pve.h"

/* The first row that fits decides: text, and then behind it, in any case, are in the reason. */
static const struct meaning {
	int first, last; /* status */
	const char *text, *then;
	int code;
} meanings[] = {
	{401, 401, NULL, NULL, ERR_REFUSED},
	{403, 403, NULL, NULL, ERR_REFUSED},
	{500, 500, "configuration file '", "does not exist", ERR_NOT_FOUND},
	{500, 500, "no such vm", NULL, ERR_NOT_FOUND},
	{500, 500, "hostname lookup", NULL, ERR_NOT_FOUND},
	{500, 500, "address lookup for", NULL, ERR_NOT_FOUND},
	{500, 500, "no such cluster node", NULL, ERR_NOT_FOUND},
	{500, 500, "unable to get remote ip address for node", NULL, ERR_NOT_FOUND},
	{500, 500, "not running", NULL, ERR_NOT_RUNNING},
	{500, 500, "unable to find free port", NULL, ERR_LIMIT},
	{500, 500, "timeout while waiting for port", NULL, ERR_TIMEOUT},
	/* A node's shell wants a user's name, and an API token's has a '!' in it. */
	{500, 500, "value '", "does not look like a valid user name", ERR_NEEDS_PASSWORD},
	/* A reverse proxy in front of Proxmox. */
	{502, 503, NULL, NULL, ERR_UNREACHABLE},
	{504, 504, NULL, NULL, ERR_TIMEOUT},
	/* A node that could not reach the one it should forward to. */
	{596, 596, "timed out", NULL, ERR_TIMEOUT},
	{595, 599, NULL, NULL, ERR_UNREACHABLE},
};

static bool
fits(const struct meaning *m, int status, const char *reason)
{
	if (status < m->first || status > m->last)
		return false;
	if (m->text == NULL)
		return true;
	reason = strcasestr(reason, m->text);
	return reason != NULL && (m->then == NULL || strcasestr(reason, m->then) != NULL);
}

int
pve_error_of(int status, const char *reason)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (fits(&meanings[i], status, reason))
			return meanings[i].code;
	}
	return ERR_PROTOCOL;
}

bool
pve_answered(int status)
{
	return status > 0 && !(status >= 502 && status <= 504) && !(status >= 595 && status <= 599);
}

/* What is not Proxmox's doing: nobody was asked, nobody answered, or somebody in between did. */
static const int no_answers[] = {ERR_MEMORY, ERR_SYSTEM, ERR_INVALID, ERR_BUSY, ERR_GONE,
	ERR_UNREACHABLE, ERR_TIMEOUT, ERR_UNTRUSTED, ERR_STOPPING, ERR_FORBIDDEN};

bool
pve_error_is_answer(int r)
{
	for (size_t i = 0; i < sizeof(no_answers) / sizeof(no_answers[0]); i++) {
		if (no_answers[i] == r)
			return false;
	}
	return true;
}
