/* SPDX-License-Identifier: MIT */
/*
 * pve_fake - Proxmox's answers as a test wants them, in the place of pve_request.c.
 *
 * Calls are told apart by short words: "a/qemu" (the status of the guest on node a), "guests" and
 * "nodes" (the cluster's lists); other calls by their tail, "vncproxy" or "config". The archive's own
 * pve_request() is not linked, because nothing asks for it any more.
 *
 * Threads: the test's.
 */
#ifndef TESTS_UNIT_PVE_FAKE_H
#define TESTS_UNIT_PVE_FAKE_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proxmox_api/pve_errors.h"
#include "proxmox_api/pve_parse.h"
#include "proxmox_api/pve_request.h"
#include "tests/unit/torture.h"

enum { SAID_MAX = 8, LATE = 0, NO_CONNECTION = -1 };

/* What Proxmox says to a call. Rows of the same call are taken in turn; the last one stays. */
struct said {
	const char *to;
	int status;       /* or LATE, NO_CONNECTION */
	const char *text; /* the body of a 200, else the reason phrase */
};

static struct {
	const struct said *said;      /* SAID_MAX of them, or fewer and one without to */
	const struct said *else_said; /* to calls that no row fits; NULL: there are none */
	bool used[SAID_MAX];
	char calls[1024]; /* the words of all calls, each after a blank */
	char path[PVE_PATH_SIZE], form[64];
	int64_t deadline_ms; /* of the last call */
	unsigned count;
	bool post;
} fake;

static inline void
fake_says(const struct said *said)
{
	memset(&fake, 0, sizeof(fake));
	fake.said = said;
}

/* "/api2/json/nodes/a/qemu/100/status/current" -> "a/qemu" */
static inline void
fake_word(const struct pve_call *call, char out[64])
{
	char node[PVE_NODE_SIZE], type[8];

	if (strcmp(call->path, "/api2/json/cluster/resources") == 0) {
		assert_string_equal(call->query, "type=vm");
		snprintf(out, 64, "guests");
	} else if (sscanf(call->path, "/api2/json/nodes/%63[^/]/%7[a-z]/100/status/current", node,
				   type) == 2 &&
			   strstr(call->path, "/status/") != NULL) {
		snprintf(out, 64, "%.40s/%s", node, type);
	} else {
		snprintf(out, 64, "%.63s", strrchr(call->path, '/') + 1);
		if (strcmp(out, "config") == 0)
			assert_string_equal(call->query, "current=1");
	}
}

static inline const struct said *
fake_row(const char *word)
{
	size_t last = SAID_MAX;

	for (size_t i = 0; i < SAID_MAX && fake.said[i].to != NULL; i++) {
		if (strcmp(fake.said[i].to, word) != 0)
			continue;
		last = i;
		if (!fake.used[i])
			break;
	}
	if (last == SAID_MAX && fake.else_said == NULL)
		fail_msg("nobody expects the call %s", word);
	if (last == SAID_MAX)
		return fake.else_said;
	fake.used[last] = true;
	return &fake.said[last];
}

static inline void
fake_note(const struct pve_call *call, const char *word, int64_t deadline_ms)
{
	size_t len = strlen(fake.calls);

	snprintf(fake.calls + len, sizeof(fake.calls) - len, " %s", word);
	snprintf(fake.path, sizeof(fake.path), "%s", call->path);
	fake.post = call->form != NULL;
	snprintf(fake.form, sizeof(fake.form), "%s", fake.post ? buf_text(call->form) : "");
	fake.deadline_ms = deadline_ms;
	fake.count++;
}

int
pve_request(struct pve *pve, const struct pve_call *call, int64_t deadline_ms,
	struct pve_answer *answer, struct err *err)
{
	const struct said *said;
	char word[64];

	assert_non_null(pve);
	assert_non_null(call->identity);
	if (clock_left_ms(deadline_ms) <= 0)
		return err_set(err, ERR_TIMEOUT, "%s: no time left for it", call->what);
	fake_word(call, word);
	fake_note(call, word, deadline_ms);
	said = fake_row(word);
	answer->trial.policy = pve_policy_now(pve);
	snprintf(answer->trial.host, sizeof(answer->trial.host), "%s", pve_host_at(pve, 0));
	snprintf(answer->address, sizeof(answer->address), "192.0.2.7");
	if (said->status == LATE)
		return err_set(err, ERR_TIMEOUT, "%s: no answer", call->what);
	if (said->status == NO_CONNECTION)
		return err_set(err, ERR_UNREACHABLE, "%s: no connection", call->what);
	answer->status = said->status;
	if (said->status != 200)
		return err_set(err, pve_error_of(said->status, said->text), "%s: %d \"%s\"", call->what,
			said->status, said->text);
	answer->body.max = call->body_max != 0 ? call->body_max : PVE_BODY_MAX;
	if (buf_add(&answer->body, said->text, strlen(said->text)) < 0)
		return err_set(err, ERR_MEMORY, "%s: no memory for the answer", call->what);
	return 0;
}

void
pve_answer_done(struct pve_answer *answer)
{
	buf_done(&answer->body);
	pve_trial_done(&answer->trial);
	*answer = (struct pve_answer){.status = 0};
}

/* A login of that user, whose ticket is "PVE:joe"; or an API token, when its id has a '!'. */
static inline struct pve *
fake_login(const char *user)
{
	static const struct pve_policy_config insecure = {.mode = PVE_TLS_INSECURE};
	const struct pve_target host = {.host = "pve.example", .port = 8006};
	struct pve_identity identity = {.made_ms = 0};
	struct pve_policy *policy = NULL;
	struct pve *pve = NULL;

	assert_int_equal(pve_policy_new(&insecure, &policy, NULL), 0);
	assert_int_equal(pve_new(policy, NULL, &host, NULL, &pve, NULL), 0);
	pve_policy_unref(policy);
	if (strchr(user, '!') != NULL) {
		assert_int_equal(secret_set(&identity.token, "0000-1111", 9), 0);
	} else {
		assert_int_equal(secret_set(&identity.ticket, "PVE:joe", 7), 0);
		assert_int_equal(secret_set(&identity.csrf, "c", 1), 0);
	}
	pve_identity_set(pve, &identity);
	snprintf(pve->user, sizeof(pve->user), "%s", user);
	return pve;
}

#endif
