/* SPDX-License-Identifier: MIT */
/* pve_pins - fingerprints, and whose they are; pure, see pve.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "proxmox_api/pve.h"

enum { BYTES = sizeof(((struct pve_fingerprint *)0)->sha256) };

int
pve_parse_fingerprint(const char *text, struct pve_fingerprint *out, struct err *err)
{
	static const char wrong[] =
		"must be a SHA-256 fingerprint: 32 bytes in hex, as in AA:BB:... or without the colons";
	struct pve_fingerprint f = {.set = true};
	size_t step;

	assert(text != NULL);
	step = strchr(text, ':') != NULL ? 3 : 2;
	if (strlen(text) != BYTES * step - (step - 2))
		return err_set(err, ERR_INVALID, "%s", wrong);
	for (size_t i = 0; i < BYTES; i++) {
		const char *pair = text + i * step;
		int high = text_hex(pair[0]), low = text_hex(pair[1]);

		if (high < 0 || low < 0 || (step == 3 && i + 1 < BYTES && pair[2] != ':'))
			return err_set(err, ERR_INVALID, "%s", wrong);
		f.sha256[i] = (unsigned char)(high << 4 | low);
	}
	*out = f;
	return 0;
}

void
pve_format_fingerprint(const struct pve_fingerprint *f, char out[PVE_FINGERPRINT_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < BYTES; i++) {
		out[3 * i] = digits[f->sha256[i] >> 4];
		out[3 * i + 1] = digits[f->sha256[i] & 15];
		out[3 * i + 2] = i + 1 < BYTES ? ':' : '\0';
	}
}

int
pve_parse_endpoint(const char *text, char host[PVE_HOST_SIZE], uint16_t *port, struct err *err)
{
	char name[PVE_ENDPOINT_SIZE];
	size_t len = strlen(text);
	const char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');

	if (len >= sizeof(name))
		return err_set(err, ERR_INVALID, "is longer than a host and a port can be");
	/* Without brackets an address of IPv6 has no port: nobody could tell which colon parts it. */
	if (colon != NULL && (bracket != NULL ? colon < bracket : strchr(text, ':') != colon))
		colon = NULL;
	if (colon != NULL)
		len = (size_t)(colon - text);
	memcpy(name, text, len);
	name[len] = '\0';
	if (colon != NULL && pve_parse_port(colon + 1, port, NULL) < 0)
		return err_set(err, ERR_INVALID, "has no port from 1 to %d after its colon", UINT16_MAX);
	if (colon == NULL)
		*port = PVE_PORT;
	return pve_parse_host(name, host, err);
}

void
pve_format_endpoint(const char *host, uint16_t port, char out[PVE_ENDPOINT_SIZE])
{
	bool v6 = strchr(host, ':') != NULL;

	snprintf(out, PVE_ENDPOINT_SIZE, "%s%s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

int
pve_parse_pin(const char *text, struct pve_pin *out, struct err *err)
{
	char endpoint[PVE_ENDPOINT_SIZE];
	struct pve_pin pin = {.port = 0};
	size_t len = strcspn(text, " ");
	int r;

	if (len >= sizeof(endpoint) || text[len] == '\0')
		return err_set(err, ERR_INVALID, "is not a host and a fingerprint");
	memcpy(endpoint, text, len);
	endpoint[len] = '\0';
	r = pve_parse_endpoint(endpoint, pin.host, &pin.port, err);
	if (r == 0)
		r = pve_parse_fingerprint(text + len + 1, &pin.fingerprint, err);
	if (r == 0)
		*out = pin;
	return r;
}
