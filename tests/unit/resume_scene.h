/* SPDX-License-Identifier: MIT */
/*
 * resume_scene - a host on loopback that hangs up after each answer, a login there, and the TLS
 * sessions that wait for the next connection.
 *
 * Threads: the host's own (pve_scene.h); call_of() any, the rest the test's.
 */
#ifndef TESTS_UNIT_RESUME_SCENE_H
#define TESTS_UNIT_RESUME_SCENE_H

#include "tests/unit/pve_scene.h"

#include <signal.h>

#include "base/clock.h"
#include "proxmox_api/pve_client.h"
#include "proxmox_api/pve_met.h"
#include "proxmox_api/pve_request.h"

enum { SOON_MS = 60000 };

static const char ticket[] =
	"{\"data\":{\"ticket\":\"PVE:joe@pve:65::one\",\"username\":\"joe@pve\","
	"\"CSRFPreventionToken\":\"65:one\"}}";

static struct pve_target target = {.host = "127.0.0.1",
	.node = "pve",
	.vmid = 100,
	.type = PVE_GUEST_QEMU,
	.kind = PVE_CONSOLE_VNC};
static struct pve_credential joe = {.user = "joe@pve"};
static struct cert root, good, foreign;
static char ca_file[CERT_PATH_SIZE], known_file[] = "/tmp/resume_scene.XXXXXX";
static int ca_fd, known_fd;
static struct pve_known *known;
static struct scene_host *host;
static struct pve_policy *policy;
static struct pve *pve;

static inline struct pve_policy *
policy_of(enum pve_tls_mode mode)
{
	const struct pve_policy_config config = {
		.mode = mode, .ca_file = mode == PVE_TLS_VERIFY ? ca_file : NULL, .known = known};
	struct pve_policy *out = NULL;

	assert_int_equal(pve_policy_new(&config, &out, NULL), 0);
	return out;
}

/* From now on the host has that certificate, and the same keys for its tickets. */
static inline void
show(const struct cert *cert)
{
	assert_int_equal(SSL_CTX_use_certificate(host->ctx, cert->x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(host->ctx, cert->key), 1);
}

/* A host that hangs up after each answer, and a login there by a policy of that mode. */
static inline void
open_up(enum pve_tls_mode mode, int tls)
{
	bool answered = false;

	target.port = 0;
	host = scene_start(scene_bind("127.0.0.1", &target.port), &good, SCENE_NO_ANSWER);
	SSL_CTX_set_max_proto_version(host->ctx, tls);
	scene_says(host, "200 OK", ticket);
	policy = policy_of(mode);
	assert_int_equal(
		pve_login(policy, NULL, &target, NULL, &joe, clock_ms() + SOON_MS, &pve, &answered, NULL),
		0);
}

static inline void
shut(void)
{
	pve_unref(pve);
	pve_policy_unref(policy);
	scene_stop(host);
}

static inline int
call(struct pve_answer *answer, struct err *err)
{
	struct pve_identity identity = {.made_ms = 0};
	struct pve_call c = {.what = "call", .path = "/api2/json/version", .identity = &identity};
	int r = pve_identity_get(pve, &identity, err);

	if (r == 0)
		r = pve_request(pve, &c, clock_ms() + SOON_MS, answer, err);
	pve_identity_done(&identity);
	return r;
}

static inline int
call_of(struct err *err)
{
	struct pve_answer answer = {.status = 0};
	int r = call(&answer, err);

	pve_answer_done(&answer);
	return r;
}

/* A handshake with the host that is to begin, which has a session to resume if one waits. */
static inline struct pve_trial
next_trial(const struct pve_fingerprint *pin)
{
	struct pve_trial trial;

	pve_trial_init(&trial, policy, target.host, target.port, pin);
	pve_met_resume(&trial);
	return trial;
}

/* How many sessions wait for the host? Afterwards none do. */
static inline unsigned
drain(void)
{
	struct pve_trial trial;
	unsigned n = 0;

	for (bool more = true; more; n += more) {
		trial = next_trial(NULL);
		more = trial.session != NULL;
		pve_trial_done(&trial);
	}
	return n;
}

/* The verdict of the sessions that wait is so much older. */
static inline void
age(int64_t ms)
{
	struct pve_trial all[PVE_MET_EACH];
	unsigned n = 0;

	while (n < PVE_MET_EACH && (all[n] = next_trial(NULL)).session != NULL)
		n++;
	if (n < PVE_MET_EACH)
		pve_trial_done(&all[n]);
	for (unsigned i = 0; i < n; i++) {
		all[i].begun_ms -= ms;
		pve_met_put(&all[i], all[i].session);
		pve_trial_done(&all[i]);
	}
}

/* So many connections, of which so many have resumed a session. */
static inline void
expect(unsigned connections, unsigned resumed)
{
	assert_int_equal(scene_connections(host), connections);
	assert_int_equal(scene_resumed(host), resumed);
}

static inline int
begin(void **state)
{
	(void)state;
	/* As the program does: both sides hang up here. */
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_int_equal(pve_global_init(NULL), 0);
	root = cert_make("cluster", NULL, NULL, 3650);
	good = cert_make("pve", &root, "IP:127.0.0.1", 100);
	foreign = cert_make("pve", NULL, "IP:127.0.0.1", 100);
	ca_fd = cert_file(ca_file, "", &root, NULL);
	known_fd = mkstemp(known_file);
	assert_true(known_fd >= 0);
	assert_int_equal(pve_known_new(known_file, NULL, &known, NULL), 0);
	return secret_set(&joe.secret, "hunter2", 7);
}

static inline int
end(void **state)
{
	(void)state;
	pve_known_unref(known);
	close(known_fd);
	close(ca_fd);
	unlink(known_file);
	cert_free(&root);
	cert_free(&good);
	cert_free(&foreign);
	pve_credential_done(&joe);
	return 0;
}

#endif
