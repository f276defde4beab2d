/* SPDX-License-Identifier: MIT */
/* check - see check.h */
#include "router/check.h"

#include <stdio.h>

#include "session/assets.h"
#include "session/tls_server.h"

enum { SECRET_WISE_BYTES = 32, WARNING_MAX = 256 };

static int
check_certificate(const struct config *config, struct err *err)
{
	struct tls_server *tls = NULL;
	int r;

	if (config->tls_cert_file == NULL)
		return 0;
	r = tls_server_load(config->tls_cert_file, config->tls_key_file, &tls, err);
	tls_server_free(tls);
	return r;
}

int
check_files(const struct config *config, struct err *err)
{
	struct pve_policy *policy = NULL;
	struct assets *assets = NULL;
	int r;

	r = assets_load(config->novnc_path, &assets, err);
	if (r == 0)
		r = check_certificate(config, err);
	if (r == 0)
		r = config_policy(config, &policy, err);
	assets_free(assets);
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
	if (config->authorization.len < SECRET_WISE_BYTES)
		tell("authorization: the secret has fewer than 32 characters");
	if (config->proxmox_tls == PVE_TLS_INSECURE)
		tell("proxmox_tls: insecure lets anybody between here and Proxmox read the credentials");
}
