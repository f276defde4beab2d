/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a file of known certificates, a fingerprint, an endpoint or a pin: no crash,
 * what is taken is within its bounds, and what is written is read as the same.
 *
 * The first byte picks the reader, the rest is its input.
 */
#include "proxmox_api/pve_cert.h"
#include "proxmox_api/pve_known_file.h"
#include "tests/fuzz/fuzz_check.h"

static void
on_bad_line(void *arg, size_t line, const char *why)
{
	size_t *last = arg;

	CHECK(line > *last && why[0] != '\0');
	*last = line;
}

static void
check_host(const char *host, uint16_t port)
{
	char text[PVE_ENDPOINT_SIZE], again[PVE_HOST_SIZE];
	uint16_t port_again;

	CHECK(port > 0 && host[0] != '\0' && strpbrk(host, "[]/@?# ") == NULL);
	pve_format_endpoint(host, port, text);
	CHECK(pve_parse_endpoint(text, again, &port_again, NULL) == 0);
	CHECK(strcmp(host, again) == 0 && port == port_again);
}

static void
check_list(const struct known_list *list)
{
	size_t hosts = 0;

	for (const struct known_host *h = list->first; h != NULL; h = h->next, hosts++) {
		check_host(h->host, h->port);
		CHECK(known_find(list, h->host, h->port) == h);
		CHECK(h->count <= PVE_KNOWN_LEAVES_MAX);
		CHECK(h->verified || h->count > 0 || h->authority != NULL);
		CHECK(h->authority == NULL || pve_cert_is_authority(h->authority));
	}
	CHECK(hosts == list->count && hosts <= PVE_KNOWN_HOSTS_MAX);
}

static void
read_file(const char *text, size_t len)
{
	struct known_list list = {.count = 0}, again = {.count = 0};
	struct buf once = {.max = PVE_KNOWN_FILE_MAX}, twice = {.max = PVE_KNOWN_FILE_MAX};
	size_t last = 0;

	if (known_read_text(text, len, &list, on_bad_line, &last) == 0) {
		check_list(&list);
		CHECK(known_write_text(&list, &once) == 0);
		last = 0;
		CHECK(known_read_text(once.data, once.len, &again, on_bad_line, &last) == 0);
		CHECK(last == 0);
		CHECK(known_write_text(&again, &twice) == 0);
		CHECK(strcmp(once.data, twice.data) == 0);
	}
	known_free(&list);
	known_free(&again);
	buf_done(&once);
	buf_done(&twice);
}

static void
read_fingerprint(const char *text, size_t len)
{
	struct pve_fingerprint f = {.set = false}, again;
	char out[PVE_FINGERPRINT_SIZE];

	(void)len;
	if (pve_parse_fingerprint(text, &f, NULL) < 0) {
		CHECK(!f.set);
		return;
	}
	pve_format_fingerprint(&f, out);
	CHECK(pve_parse_fingerprint(out, &again, NULL) == 0);
	CHECK(memcmp(f.sha256, again.sha256, sizeof(f.sha256)) == 0);
}

static void
read_endpoint(const char *text, size_t len)
{
	char host[PVE_HOST_SIZE];
	uint16_t port;

	(void)len;
	if (pve_parse_endpoint(text, host, &port, NULL) == 0)
		check_host(host, port);
}

static void
read_pin(const char *text, size_t len)
{
	struct pve_pin pin = {.port = 0};

	(void)len;
	if (pve_parse_pin(text, &pin, NULL) < 0) {
		CHECK(pin.port == 0);
		return;
	}
	check_host(pin.host, pin.port);
	CHECK(pin.fingerprint.set);
}

static fuzz_reader *const readers[] = {
	read_file,
	read_fingerprint,
	read_endpoint,
	read_pin,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_read(readers, sizeof(readers) / sizeof(readers[0]), data, size);
}
