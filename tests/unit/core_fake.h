/* SPDX-License-Identifier: MIT */
/*
 * core_fake - the part of session/core.h that the endpoints call, as a test wants it.
 *
 * It takes the core's place in a test program: the archive's own is not linked,
 * because nothing asks for it any more.
 *
 * Threads: the test's; fake.later is for a test that finishes an opening itself.
 */
#ifndef TESTS_UNIT_CORE_FAKE_H
#define TESTS_UNIT_CORE_FAKE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "session/core.h"

#define TOKEN "0123456789abcdef0123"
#define KEY   "00112233445566778899aabbccddeeff"

static struct {
	int put_code; /* what core_put() says */
	struct pve_target target;
	char user[PVE_IDENTITY_SIZE];
	char password[64];
	char otp[16];
	size_t hosts; /* of its list; 0: none */
	int puts;

	struct core_verified verified; /* what core_verify() tells; it completes the target then */
	int verifies;
	bool no_terminals; /* what core_has_terminals() says */

	struct core_opened opened; /* what core_open() tells, with KEY when its code is 0 */
	bool wait;                 /* tell it later, by core_fake_finish() or core_fake_judge() */
	sem_t asked;               /* posted by core_open() and core_verify() when it is to wait */
	char token[64];
	struct ip client;
	int opens;
	void (*done)(void *arg, struct core_opened *result);
	void (*judged)(void *arg, struct core_verified *result);
	struct grant *on_trial;
	void *arg;

	enum penalty penalty; /* what core_guess() says */
	int left_s;
	int guesses;

	int status_code;
	struct core_status status;
} fake;

int
core_put(struct core *core, struct grant **grant, struct secret *token, struct err *err)
{
	(void)core;
	fake.puts++;
	if (fake.put_code < 0)
		return err_set(err, fake.put_code, "as the test wants it");
	fake.target = (*grant)->target;
	fake.hosts = (*grant)->hosts != NULL ? pve_hosts_count((*grant)->hosts) : 0;
	snprintf(fake.user, sizeof(fake.user), "%s", (*grant)->credential.user);
	snprintf(fake.password, sizeof(fake.password), "%s", secret_peek(&(*grant)->credential.secret));
	snprintf(fake.otp, sizeof(fake.otp), "%s", secret_peek(&(*grant)->credential.otp));
	if (secret_set(token, TOKEN, strlen(TOKEN)) < 0)
		return err_set(err, ERR_MEMORY, "no memory");
	grant_free(*grant);
	*grant = NULL;
	return 0;
}

bool
core_has_terminals(const struct core *core)
{
	(void)core;
	return !fake.no_terminals;
}

/* Call judged() as the core does: a login is won and the guest found, or the grant is gone. */
static inline void
core_fake_judge(void)
{
	struct core_verified result = fake.verified;

	if (result.code == 0) {
		grant_wipe_credentials(fake.on_trial);
		snprintf(fake.on_trial->target.node, sizeof(fake.on_trial->target.node), "found");
		result.grant = fake.on_trial;
	} else {
		grant_free(fake.on_trial);
	}
	fake.on_trial = NULL;
	fake.judged(fake.arg, &result);
	grant_free(result.grant);
}

void
core_verify(struct core *core, struct grant **grant,
	void (*done)(void *arg, struct core_verified *result), void *arg)
{
	(void)core;
	fake.verifies++;
	fake.on_trial = *grant;
	*grant = NULL;
	fake.judged = done;
	fake.arg = arg;
	if (fake.wait)
		sem_post(&fake.asked);
	else
		core_fake_judge();
}

/* Call done() as the core does: the result lives during the call. */
static inline void
core_fake_finish(void)
{
	struct core_opened result = fake.opened;

	if (result.code == 0 && secret_set(&result.key, KEY, strlen(KEY)) < 0)
		abort();
	fake.done(fake.arg, &result);
	secret_wipe(&result.key);
}

void
core_open(struct core *core, const char *token, const struct ip *client,
	void (*done)(void *arg, struct core_opened *result), void *arg)
{
	(void)core;
	fake.opens++;
	snprintf(fake.token, sizeof(fake.token), "%s", token);
	fake.client = *client;
	fake.done = done;
	fake.arg = arg;
	if (fake.wait)
		sem_post(&fake.asked);
	else
		core_fake_finish();
}

enum penalty
core_guess(struct core *core, const struct ip *client, int *left_s)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)core;
	/* From any of the HTTP library's threads. */
	pthread_mutex_lock(&mutex);
	fake.guesses++;
	fake.client = *client;
	pthread_mutex_unlock(&mutex);
	*left_s = fake.left_s;
	return fake.penalty;
}

int
core_status(struct core *core, struct core_status *out, struct err *err)
{
	(void)core;
	if (fake.status_code < 0)
		return err_set(err, fake.status_code, "as the test wants it");
	*out = fake.status;
	return 0;
}

void
core_status_done(struct core_status *status)
{
	*status = (struct core_status){0};
}

#endif
