/* SPDX-License-Identifier: MIT */
/*
 * Any lines as entries of allowed_hosts, then a host and an address: what the guard says is
 * what a second, plainer reading of the same rules says, a host that is refused at once
 * has no allowed address, and addresses and networks survive being written and read.
 *
 * The first byte picks the port; the last two lines are the host and the address.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "proxmox_api/pve.h"
#include "proxmox_api/pve_guard.h"
#include "tests/fuzz/fuzz_check.h"

enum { LINES_MAX = 12, TEXT_MAX = 600 };

__extension__ typedef unsigned __int128 u128;

/* ---- the same rules, read another way ---- */

/* An address as a number: IPv4 apart from IPv6, also where it comes as ::ffff:a.b.c.d. */
struct number {
	bool v4;
	u128 n;
};

static u128
from_bytes(const unsigned char *bytes, size_t len)
{
	u128 n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | bytes[i];
	return n;
}

static bool
read_number(const char *text, struct number *out)
{
	unsigned char bytes[16];

	out->v4 = inet_pton(AF_INET, text, bytes) == 1;
	if (!out->v4 && inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	out->n = from_bytes(bytes, out->v4 ? 4 : 16);
	if (!out->v4 && out->n >> 32 == 0xffff) {
		out->v4 = true;
		out->n = (uint32_t)out->n;
	}
	return true;
}

static bool
same_start(u128 a, u128 b, unsigned bits, unsigned width)
{
	return bits == 0 || a >> (width - bits) == b >> (width - bits);
}

static bool
in_net(const struct number *ip, const char *net, unsigned bits)
{
	struct number base;

	CHECK(read_number(net, &base));
	return base.v4 == ip->v4 && same_start(base.n, ip->n, bits, base.v4 ? 32 : 128);
}

/* How narrow an entry must be, counted in IPv6's bits, to open the address; 0: it is not forbidden. */
static unsigned
forbidden4(uint32_t n)
{
	if (n >> 24 == 0)
		return 96 + 8;
	if (n >> 16 == (169u << 8 | 254))
		return 96 + 16;
	if (n >> 28 == 14)
		return 96 + 4;
	if (n == 0xffffffff || n == 0x646464c8 || n == 0xa83f8110 || n == 0xc00000c0)
		return 128;
	return 0;
}

static unsigned
forbidden6(const struct number *ip)
{
	static const char *const alone[] = {"::", "fd00:100::100:200", "fd00:c1::a9fe:a9fe",
		"fd20:ce::254", "fd00:42::42", "fd00:a9fe:a9fe::1"};
	u128 n = ip->n;

	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (in_net(ip, alone[i], 128))
			return 128;
	if (n >> 120 == 0xff)
		return 8;
	if (n >> 118 == (0xfe80 >> 6) || n >> 118 == (0xfec0 >> 6))
		return 10;
	if (in_net(ip, "64:ff9b:1::", 48))
		return 48;
	if (n >> 96 == 0xfd000ec2)
		return 32;
	if (n == 1)
		return 0;
	if ((n >> 32 == 0 || in_net(ip, "::ffff:0:0:0", 96) || in_net(ip, "64:ff9b::", 96)) &&
		forbidden4((uint32_t)n))
		return 128;
	if (n >> 112 == 0x2002 && forbidden4((uint32_t)(n >> 80)))
		return 128;
	if (n >> 96 == 0x20010000 && (forbidden4((uint32_t)(n >> 64)) || forbidden4(~(uint32_t)n)))
		return 128;
	if (((uint32_t)(n >> 32) & ~0x02000000u) == 0x5efe && forbidden4((uint32_t)n))
		return 128;
	return 0;
}

struct fit {
	bool port, name, net;
	unsigned bits; /* of the network, counted in IPv6's */
};

/* How an entry that the guard has taken fits; the entry's text is known to be good. */
static struct fit
fit_of(const char *entry, const char *host, const struct number *ip, unsigned port)
{
	char text[TEXT_MAX], *name = text, *colon = NULL, *slash;
	struct fit fit = {.bits = 128};
	struct number base;
	unsigned bits;

	snprintf(text, sizeof(text), "%s", entry);
	if (text[0] == '[') {
		name = text + 1;
		colon = strchr(text, ']');
		*colon++ = '\0';
	} else if (strchr(text, ':') == strrchr(text, ':')) {
		colon = strchr(text, ':');
	}
	fit.port = !colon || *colon == '\0' || strtoul(colon + 1, NULL, 10) == port;
	if (colon)
		*colon = '\0';
	slash = strchr(name, '/');
	if (slash)
		*slash = '\0';
	if (!read_number(name, &base)) {
		fit.name = name[0] == '*'
					   ? strlen(host) >= strlen(name) &&
							 strcasecmp(host + strlen(host) - strlen(name + 1), name + 1) == 0
					   : strcasecmp(host, name) == 0;
		return fit;
	}
	bits = slash ? (unsigned)strtoul(slash + 1, NULL, 10) : strchr(name, ':') ? 128 : 32;
	fit.bits = strchr(name, ':') ? bits : bits + 96;
	fit.net = base.v4 ? ip->v4 && fit.bits >= 96 && same_start(base.n, ip->n, fit.bits - 96, 32)
					  : !ip->v4 && same_start(base.n, ip->n, fit.bits, 128);
	return fit;
}

static bool
allowed(
	char *const entries[], size_t count, const char *host, const struct number *ip, unsigned port)
{
	unsigned narrow = ip->v4 ? forbidden4((uint32_t)ip->n) : forbidden6(ip);
	bool listed = count == 0, opened = narrow == 0;
	struct fit fit;

	for (size_t i = 0; i < count; i++) {
		fit = fit_of(entries[i], host, ip, port);
		listed |= fit.port && (fit.name || fit.net);
		opened |= fit.port && fit.net && fit.bits >= narrow;
	}
	return listed && opened;
}

/* ---- addresses and networks ---- */

static void
check_text(const struct err *err)
{
	size_t len = strlen(err->text), n;

	CHECK(len > 0);
	for (size_t i = 0; i < len; i += n) {
		n = text_printable(err->text + i, len - i);
		CHECK(n > 0);
	}
}

static void
check_ip(const char *text)
{
	char shown[IP_TEXT_SIZE];
	struct ip ip, again;
	struct number number;

	CHECK(ip_parse(text, &ip) == read_number(text, &number));
	if (!ip_parse(text, &ip))
		return;
	ip_format(&ip, shown);
	CHECK(ip_parse(shown, &again) && ip_equal(&ip, &again));
	CHECK(ip_is_v4(&ip) == number.v4 && ip_is_v4(&ip) == (strchr(shown, ':') == NULL));
	CHECK(ip_is_loopback(&ip) == (number.v4 ? number.n >> 24 == 127 : number.n == 1));
	again = ip_group(&ip);
	CHECK(from_bytes(again.bytes, 8) == from_bytes(ip.bytes, 8));
	CHECK(number.v4 ? ip_equal(&ip, &again) : from_bytes(again.bytes + 8, 8) == 0);
}

static void
check_net(const char *text, const char *address)
{
	char shown[IP_TEXT_SIZE + sizeof("/128")];
	struct err err = {.code = 0};
	struct ip_net net, again;
	struct ip ip;
	int r = ip_net_parse(text, &net, &err);

	CHECK(r == err.code && (r == 0 || r == ERR_INVALID));
	if (r < 0) {
		check_text(&err);
		return;
	}
	CHECK(net.bits <= IP_BITS && ip_net_has(&net, &net.ip));
	/* With the bits behind it set the address is still inside, with one before it changed it is not. */
	ip = net.ip;
	for (unsigned i = net.bits; i < IP_BITS; i++)
		ip.bytes[i / 8] |= (unsigned char)(0x80 >> i % 8);
	CHECK(ip_net_has(&net, &ip));
	for (unsigned i = 0; i < net.bits; i++) {
		ip.bytes[i / 8] ^= (unsigned char)(0x80 >> i % 8);
		CHECK(!ip_net_has(&net, &ip));
		ip.bytes[i / 8] ^= (unsigned char)(0x80 >> i % 8);
	}
	if (ip_parse(address, &ip))
		CHECK(ip_net_has(&net, &ip) == same_start(from_bytes(ip.bytes, 16),
										   from_bytes(net.ip.bytes, 16), net.bits, IP_BITS));
	if (ip_is_v4(&net.ip) && net.bits < IP_V4_BITS)
		return; /* shown as IPv4 it would need a negative prefix */
	ip_format(&net.ip, shown);
	snprintf(shown + strlen(shown), sizeof("/128"), "/%u",
		ip_is_v4(&net.ip) ? net.bits - IP_V4_BITS : net.bits);
	CHECK(ip_net_parse(shown, &again, NULL) == 0);
	CHECK(again.bits == net.bits && ip_equal(&again.ip, &net.ip));
}

/* ---- the guard ---- */

static void
check_guard(
	char *const entries[], size_t count, const char *host, const char *address, uint16_t port)
{
	struct pve_guard *guard = NULL;
	struct err err = {.code = 0}, early = {.code = 0};
	struct number number;
	char literal[PVE_HOST_SIZE];
	struct ip ip, own;
	int r, at_once;

	CHECK(pve_guard_new((const char *const *)entries, count, &guard, NULL) == 0);
	at_once = pve_guard_host(guard, host, port, &early);
	CHECK(at_once == early.code && (at_once == 0 || at_once == ERR_FORBIDDEN));
	if (at_once < 0)
		check_text(&early);
	if (ip_parse(address, &ip) && read_number(address, &number)) {
		r = pve_guard_ip(guard, host, port, &ip, &err);
		CHECK(r == err.code && (r == 0 || r == ERR_FORBIDDEN));
		CHECK((r == 0) == allowed(entries, count, host, &number, port));
		if (r < 0)
			check_text(&err);
		/* A host that is itself an address leads to that one only. */
		CHECK(at_once == 0 || r < 0 || ip_parse(host, &own));
		CHECK(pve_parse_host(address, literal, NULL) == 0);
		CHECK(pve_guard_host(guard, literal, port, NULL) ==
			  pve_guard_ip(guard, literal, port, &ip, NULL));
	}
	pve_guard_free(guard);
}

/* The entries that are any, and in their place; *count becomes their number. */
static void
keep_good(char *entries[], size_t *count)
{
	struct pve_guard *guard;
	struct err err;
	size_t kept = 0;
	int r;

	for (size_t i = 0; i < *count; i++) {
		guard = NULL;
		err = (struct err){.code = 0};
		r = pve_guard_new((const char *const *)&entries[i], 1, &guard, &err);
		CHECK(r == err.code && (r == 0) == (guard != NULL));
		CHECK(r == pve_check_allowed_host(entries[i], NULL));
		if (r == 0)
			entries[kept++] = entries[i];
		else
			check_text(&err);
		pve_guard_free(guard);
	}
	*count = kept;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ports[] = {8006, 1, 65535, 80};
	char *text, *lines[LINES_MAX], *rest, host[PVE_HOST_SIZE];
	size_t n = 0;

	if (size < 1 || size > LINES_MAX * TEXT_MAX)
		return 0;
	text = malloc(size);
	CHECK(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	for (rest = text; rest && n < LINES_MAX && strlen(rest) < LINES_MAX * TEXT_MAX;) {
		lines[n] = strsep(&rest, "\n");
		n += strlen(lines[n]) < TEXT_MAX;
	}
	for (size_t i = 0; i < n; i++) {
		check_ip(lines[i]);
		check_net(lines[i], lines[n - 1]);
	}
	if (n >= 2 && pve_parse_host(lines[n - 2], host, NULL) == 0) {
		const char *address = lines[n - 1];
		size_t count = n - 2;

		keep_good(lines, &count);
		check_guard(lines, count, host, address, ports[data[0] % 4]);
		check_guard(lines, 0, host, address, ports[data[0] % 4]);
	}
	free(text);
	return 0;
}
