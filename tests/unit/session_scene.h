/* SPDX-License-Identifier: MIT */
/*
 * session_scene - sessions whose logins are stand-ins and which nobody serves.
 *
 * It brings stand-ins for proxmox_api's logins, so one file of a test program
 * includes it.
 *
 * Threads: as session.h and sessions.h say.
 */
#ifndef TESTS_UNIT_SESSION_SCENE_H
#define TESTS_UNIT_SESSION_SCENE_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "session/sessions.h"
#include "tests/unit/torture.h"

/* A login, counting its references. */
struct pve {
	const char *user;
	atomic_int refs;
	struct pve_hosts *hosts;
};

const char *
pve_user(const struct pve *pve)
{
	return pve->user;
}

const struct pve_hosts *
pve_hosts_of(const struct pve *pve)
{
	return pve->hosts;
}

void
pve_unref(struct pve *pve)
{
	if (pve)
		atomic_fetch_sub(&pve->refs, 1);
}

/* Who opens links. */
static const struct ip opener = {{[0] = 0x20, [1] = 0x01, [2] = 0x0d, [3] = 0xb8, [15] = 7}};

static inline struct pve_target
guest(uint32_t vmid)
{
	return (struct pve_target){.host = "host",
		.port = 8006,
		.node = "pve",
		.vmid = vmid,
		.type = PVE_GUEST_QEMU,
		.kind = PVE_CONSOLE_VNC};
}

static inline struct sessions *
registry_for_test(void)
{
	struct sessions *r = NULL;

	assert_int_equal(sessions_new(&r, NULL), 0);
	return r;
}

/* A session without a port and without a thread, with a reference to the login. */
static inline struct session *
session_for_test(struct sessions *r, uint32_t vmid, struct pve *login)
{
	const struct pve_target target = guest(vmid);
	struct port_lease none = {0};
	struct place *nowhere = NULL;
	struct session *s = NULL;

	atomic_fetch_add(&login->refs, 1);
	assert_int_equal(session_new(r, &target, &login, &none, &nowhere, &s, NULL), 0);
	assert_null(login);
	return s;
}

/* Enter a session that nobody serves. */
static inline void
enter(struct sessions *r, struct session *s)
{
	assert_null(sessions_add(r, s));
}

/* What who serves a session does at its end, and the caller's reference goes too. */
static inline void
leave(struct session *s)
{
	mailbox_close(s->mailbox);
	sessions_ended(s);
	session_unref(s);
}

/* Why the session was told to end: the only message in its mailbox; END_NONE: it was not told. */
static inline enum end
told(struct session *s)
{
	struct mail *mail = mailbox_take(s->mailbox);
	enum end end;

	if (!mail)
		return END_NONE;
	assert_null(mail->next);
	assert_int_equal(mail->kind, MAIL_END);
	end = ((struct end_mail *)mail)->end;
	mail->discard(mail);
	return end;
}

#endif
