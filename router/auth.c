/* SPDX-License-Identifier: MIT */
/* auth - see auth.h */
#include "router/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lock.h"
#include "base/log.h"

enum { LOG_INTERVAL_MS = 1000 };

struct auth {
	struct lock lock;
	struct secret secret; /* [lock] */
	struct log_rate rate;
};

int
auth_new(const struct secret *secret, struct auth **out, struct err *err)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL || secret_copy(&auth->secret, secret) < 0) {
		free(auth);
		return err_set(err, ERR_MEMORY, "no memory for the secret");
	}
	lock_init(&auth->lock, LOCK_AUTH);
	*out = auth;
	return 0;
}

void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	lock_done(&auth->lock);
	secret_wipe(&auth->secret);
	free(auth);
}

int
auth_change(struct auth *auth, const struct secret *secret, struct err *err)
{
	struct secret copy = {0};

	if (secret_copy(&copy, secret) < 0)
		return err_set(err, ERR_MEMORY, "no memory for the secret");
	lock_take(&auth->lock);
	secret_move(&auth->secret, &copy);
	lock_release(&auth->lock);
	return 0;
}

/* What follows "Bearer " (in any case, with any number of blanks), or NULL when it is not there. */
static const char *
bearer(const char *header)
{
	static const char scheme[] = "Bearer";
	const char *rest = header + sizeof(scheme) - 1;

	if (strncasecmp(header, scheme, sizeof(scheme) - 1) != 0 || *rest != ' ')
		return NULL;
	return rest + strspn(rest, " ");
}

static bool
equals_secret(struct auth *auth, const char *header)
{
	const char *token = bearer(header);
	bool plain, bare = false;

	/* Both are always compared, so that the form of a right answer cannot be told by its time. */
	lock_take(&auth->lock);
	plain = secret_equal(&auth->secret, header, strlen(header));
	if (token != NULL)
		bare = secret_equal(&auth->secret, token, strlen(token));
	lock_release(&auth->lock);
	return plain || bare;
}

bool
auth_accepts(struct auth *auth, const char *header, const struct ip *peer, const char *what)
{
	const char *how = header != NULL ? "wrong" : "no";
	char from[IP_TEXT_SIZE];
	unsigned more = 0;

	if (header != NULL && equals_secret(auth, header))
		return true;
	if (!log_rate_allow(&auth->rate, LOG_INTERVAL_MS, &more))
		return false;
	ip_format(peer, from);
	if (more > 0)
		log_info(LOG_ROUTER, "%s from %s: %s authorisation (and %u more like it)", what, from, how,
			more);
	else
		log_info(LOG_ROUTER, "%s from %s: %s authorisation", what, from, how);
	return false;
}
