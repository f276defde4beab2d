/* SPDX-License-Identifier: MIT */
/* check - see check.h */
#include "router/check.h"

#include <stdio.h>

#include "session/core.h"

enum { SECRET_WISE_BYTES = 32, WARNING_MAX = 256 };

int
check_files(const struct config *config, struct err *err)
{
	struct pve_policy *policy = NULL;
	int r;

	r = core_check(config->novnc_path, config->tls_cert_file, config->tls_key_file, err);
	if (r == 0)
		r = config_policy(config, &policy, err);
	pve_policy_unref(policy);
	return r;
}

void
check_warn(const struct config *config, const char *file, void (*tell)(const char *text))
{
	char text[WARNING_MAX];

	if (config->readable_by_all) {
		snprintf(text, sizeof(text), "%s can be read by everybody, and has a secret in it", file);
		tell(text);
	}
	if (config->secret_readable_by_all) {
		snprintf(text, sizeof(text), "authorization_file: %.200s can be read by everybody",
			config->authorization_file);
		tell(text);
	}
	if (config->authorization.len < SECRET_WISE_BYTES)
		tell("authorization: the secret has fewer than 32 characters");
	if (config->proxmox_tls == PVE_TLS_INSECURE)
		tell("proxmox_tls: insecure lets anybody between here and Proxmox read the credentials");
}
