/* SPDX-License-Identifier: MIT */
/* check - see check.h */
#include "router/check.h"

#include <stdio.h>
#include <sys/stat.h>

#include "router/certificate.h"
#include "session/core.h"

enum { SECRET_WISE_BYTES = 32, WARNING_MAX = 256 };

int
check_files(const struct config *config, struct err *err)
{
	struct certificate certificate = {0};
	struct pve_policy *policy = NULL;
	struct access *access = NULL;
	int r;

	r = core_check(config->novnc_path, err);
	if (r == 0)
		r = certificate_load(config, &certificate, err);
	if (r == 0)
		r = config_policy(config, NULL, &policy, err);
	if (r == 0)
		r = config_access(config, &access, err);
	access_unref(access);
	pve_policy_unref(policy);
	certificate_done(&certificate);
	return r;
}

void
check_warn(const struct config *config, const char *file, void (*tell)(const char *text))
{
	char text[WARNING_MAX];
	struct stat st;

	if (config->readable_by_all) {
		snprintf(text, sizeof(text), "%s can be read by everybody, and has a secret in it", file);
		tell(text);
	}
	if (config->secret_readable_by_all) {
		snprintf(text, sizeof(text), "authorization_file: %.200s can be read by everybody",
			config->authorization_file);
		tell(text);
	}
	if (config->tls_key_file != NULL && stat(config->tls_key_file, &st) == 0 &&
		(st.st_mode & S_IROTH) != 0) {
		snprintf(text, sizeof(text), "tls_key_file: %.200s can be read by everybody",
			config->tls_key_file);
		tell(text);
	}
	if (config->authorization.len < SECRET_WISE_BYTES)
		tell("authorization: the secret has fewer than 32 characters");
	if (config->proxmox_tls == PVE_TLS_INSECURE)
		tell("proxmox_tls: insecure lets anybody between here and Proxmox read the credentials");
}
