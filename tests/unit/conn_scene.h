/* SPDX-License-Identifier: MIT */
/* conn_scene - a host that keeps connections, a login there, and calls that may share one. */
#ifndef TESTS_UNIT_CONN_SCENE_H
#define TESTS_UNIT_CONN_SCENE_H

#include "tests/unit/pve_scene.h"

#include <signal.h>

#include "base/clock.h"
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_conn.h"
#include "proxmox_api/pve_request.h"

enum { SOON_MS = 60000 };

static const char ticket[] =
	"{\"data\":{\"ticket\":\"PVE:joe@pve:65::one\",\"username\":\"joe@pve\","
	"\"CSRFPreventionToken\":\"65:one\"}}";

static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
static struct pve_target target = {.host = "127.0.0.1", .node = "pve", .vmid = 100};
static struct pve_credential joe = {.user = "joe@pve"};
static struct cert good;
static struct scene_host *host;
static struct pve_policy *policy;
static struct pve *pve;

static inline struct pve *
log_in(void)
{
	struct pve *out = NULL;
	bool answered = false;

	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &out, &answered, NULL),
		0);
	return out;
}

/* The same at one of two hosts, the other of which is 127.0.0.2. */
static inline struct pve *
log_in_at_one_of_two(void)
{
	struct pve_hosts *both = NULL;
	struct pve *out = NULL;
	bool answered = false;

	assert_int_equal(pve_hosts_new(&both, NULL), 0);
	assert_int_equal(pve_hosts_add(both, target.host, NULL), 0);
	assert_int_equal(pve_hosts_add(both, "127.0.0.2", NULL), 0);
	assert_int_equal(
		pve_login(policy, NULL, &target, both, &joe, clock_ms() + SOON_MS, &out, &answered, NULL),
		0);
	pve_hosts_unref(both);
	return out;
}

/* A host that keeps connections, and a login there, which has left one. */
static inline int
begin(void **state)
{
	(void)state;
	target.port = 0;
	good = cert_make("pve", NULL, "IP:127.0.0.1", 100);
	host = scene_start(scene_bind("127.0.0.1", &target.port), &good, SCENE_ANSWERS);
	scene_keeps(host);
	scene_says(host, "200 OK", ticket);
	assert_int_equal(secret_set(&joe.secret, "hunter2", 7), 0);
	assert_int_equal(pve_policy_new(&insecure, &policy, NULL), 0);
	pve = log_in();
	return 0;
}

static inline int
end(void **state)
{
	(void)state;
	pve_unref(pve);
	pve_conn_drop_all();
	pve_policy_unref(policy);
	scene_stop(host);
	cert_free(&good);
	pve_credential_done(&joe);
	return 0;
}

/* form NULL: a GET. */
static inline int
call_of(struct pve *who, const char *text, struct err *err)
{
	struct buf form = {.max = 0};
	struct pve_identity identity = {.made_ms = 0};
	struct pve_answer answer = {.status = 0};
	struct pve_call call = {.what = "call",
		.path = "/api2/json/version",
		.form = text != NULL ? &form : NULL,
		.identity = &identity};
	int r = text != NULL ? buf_addf(&form, "%s", text) : 0;

	if (r == 0)
		r = pve_identity_get(who, &identity, err);
	if (r == 0)
		r = pve_request(who, &call, clock_ms() + SOON_MS, &answer, err);
	pve_answer_done(&answer);
	pve_identity_done(&identity);
	buf_done(&form);
	return r;
}

static inline void
expect(unsigned connections, unsigned requests)
{
	assert_int_equal(scene_connections(host), connections);
	assert_int_equal(scene_requests(host, NULL), requests);
}

/* As the program does: both sides hang up here. */
static inline int
prepare(void)
{
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR || pve_global_init(NULL) < 0 ? -1 : 0;
}

#endif
