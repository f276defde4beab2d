/* SPDX-License-Identifier: MIT */
#include "session/grant.h"

#include <stdlib.h>

struct grant *
grant_new(void)
{
	return calloc(1, sizeof(struct grant));
}

void
grant_free(struct grant *grant)
{
	if (!grant)
		return;
	grant_wipe_credentials(grant);
	pve_hosts_unref(grant->hosts);
	pve_unref(grant->login);
	free(grant);
}

void
grant_wipe_credentials(struct grant *grant)
{
	pve_credential_done(&grant->credential);
}
