/* SPDX-License-Identifier: MIT */
/* pve_guard - see pve_guard.h */
#include "proxmox_api/pve_guard.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proxmox_api/pve_tls.h"

enum { V4_AT = IP_V4_BITS / 8, HOST_TEXT_SIZE = PVE_HOST_SIZE + sizeof("*.") };

enum kind {
	NAME,
	BELOW, /* "*.example": name is ".example" */
	NET,
};

struct entry {
	enum kind kind;
	uint16_t port; /* 0: any */
	char name[PVE_HOST_SIZE + 1];
	struct ip_net net;
};

struct pve_guard {
	size_t count;
	struct entry entries[];
};

/* ---- what is forbidden ---- */

/* network, what the log calls it and who says so */
static const struct row {
	const char *net;
	const char *what;
} rows[] = {
	{"0.0.0.0/8", "this host (RFC 1122, 3.2.1.3)"},
	{"169.254.0.0/16", "link-local, and metadata of most clouds (RFC 3927)"},
	{"224.0.0.0/4", "multicast (RFC 5771)"},
	{"255.255.255.255/32", "broadcast (RFC 919)"},
	{"::/128", "unspecified (RFC 4291, 2.5.2)"},
	{"fe80::/10", "link-local (RFC 4291, 2.5.6)"},
	/* Deprecated, and ambiguous beyond its site: nobody has a hypervisor there. */
	{"fec0::/10", "site-local (RFC 3879)"},
	{"ff00::/8", "multicast (RFC 4291, 2.7)"},
	/* Which IPv4 address it leads to, only the local translator knows. */
	{"64:ff9b:1::/48", "local NAT64 (RFC 8215)"},
	/* Where clouds serve credentials outside of link-local, by their own documents. */
	{"100.100.100.200/32", "metadata of Alibaba Cloud (ECS user guide)"},
	{"fd00:100::100:200/128", "metadata of Alibaba Cloud (ECS user guide)"},
	{"168.63.129.16/32", "host agent of Azure (virtual network guide)"},
	{"192.0.0.192/32", "metadata of Oracle Cloud Classic (compute guide)"},
	{"fd00:c1::a9fe:a9fe/128", "metadata of Oracle Cloud (compute guide)"},
	{"fd00:ec2::/32", "metadata and services of AWS (EC2 user guide)"},
	{"fd20:ce::254/128", "metadata of Google Cloud (compute guide)"},
	{"fd00:42::42/128", "metadata of Scaleway (cloud-init)"},
	{"fd00:a9fe:a9fe::1/128", "metadata of Akamai (cloud-init)"},
};

/*
 * IPv6 addresses that lead to an IPv4 one, by some of their bytes, and where that is.
 * (::ffff:a.b.c.d is the IPv4 address itself, see base/ip.h.)
 */
static const struct embedding {
	unsigned char from, len, bytes[V4_AT];
	unsigned char at;
	unsigned char flip;
} embeddings[] = {
	{0, 12, {0}, 12, 0},                      /* ::a.b.c.d, compatible (RFC 4291, 2.5.5.1) */
	{0, 12, {[8] = 0xff, [9] = 0xff}, 12, 0}, /* ::ffff:0:a.b.c.d, translated (RFC 2765) */
	{0, 12, {0, 0x64, 0xff, 0x9b}, 12, 0},    /* 64:ff9b::/96, NAT64 (RFC 6052) */
	{0, 2, {0x20, 0x02}, 2, 0},               /* 2002::/16, 6to4 (RFC 3056) */
	{0, 4, {0x20, 0x01}, 4, 0},               /* 2001::/32, Teredo: the server (RFC 4380) */
	{0, 4, {0x20, 0x01}, 12, 0xff},           /* and the client */
	{8, 4, {0x00, 0x00, 0x5e, 0xfe}, 12, 0},  /* ISATAP (RFC 5214) */
	{8, 4, {0x02, 0x00, 0x5e, 0xfe}, 12, 0},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Why an address is forbidden, NULL when it is not, and how narrow an entry must be to open it. */
struct verdict {
	const char *what;
	unsigned bits;
	struct ip leads_to;
};

/* The rows' networks, which read_rows() reads once for all. */
static struct ip_net nets[COUNT(rows)];
static pthread_once_t nets_once = PTHREAD_ONCE_INIT;

static void
read_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		int r = ip_net_parse(rows[i].net, &nets[i], NULL);

		assert(r == 0);
	}
}

static bool
find_row(const struct ip *ip, struct verdict *out)
{
	int r = pthread_once(&nets_once, read_rows);

	assert(r == 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!ip_net_has(&nets[i], ip))
			continue;
		*out = (struct verdict){rows[i].what, nets[i].bits, *ip};
		return true;
	}
	return false;
}

static bool
leads_to(const struct embedding *e, const struct ip *ip, struct ip *out)
{
	if (memcmp(ip->bytes + e->from, e->bytes, e->len) != 0)
		return false;
	*out = (struct ip){.bytes = {[10] = 0xff, [11] = 0xff}};
	for (size_t i = 0; i < sizeof(out->bytes) - V4_AT; i++)
		out->bytes[V4_AT + i] = ip->bytes[e->at + i] ^ e->flip;
	return true;
}

static struct verdict
judge(const struct ip *ip)
{
	struct verdict v = {.what = NULL};
	struct ip inner;

	/* ::1 looks like an IPv4 address embedded, and is none. */
	if (find_row(ip, &v) || ip_is_v4(ip) || ip_is_loopback(ip))
		return v;
	for (size_t i = 0; i < COUNT(embeddings); i++) {
		if (leads_to(&embeddings[i], ip, &inner) && find_row(&inner, &v)) {
			v.bits = IP_BITS;
			break;
		}
	}
	return v;
}

/* ---- entries ---- */

/* "host:8006", "[2001:db8::1]:8006": *len becomes the host's, *port 0 without one. */
static int
split(const char **host, size_t *len, uint16_t *port, struct err *err)
{
	const char *text = *host, *colon = strchr(text, ':'), *close = strchr(text, ']');
	const char *end = text + strlen(text);

	*port = 0;
	if (text[0] == '[') {
		if (close == NULL || memchr(text, ':', (size_t)(close - text)) == NULL)
			return err_set(err, ERR_INVALID, "has no IPv6 address inside its brackets");
		if (close[1] != '\0' && close[1] != ':')
			return err_set(err, ERR_INVALID, "has something after the closing bracket");
		*host = text + 1;
		*len = (size_t)(close - *host);
		colon = close[1] == ':' ? close + 1 : NULL;
	} else {
		/* More than one colon is an IPv6 address, and no port. */
		if (colon != NULL && strchr(colon + 1, ':') != NULL)
			colon = NULL;
		*len = (size_t)((colon != NULL ? colon : end) - text);
	}
	if (colon != NULL && pve_parse_port(colon + 1, port, NULL) < 0)
		return err_set(err, ERR_INVALID, "has no port from 1 to %d after its ':'", UINT16_MAX);
	return 0;
}

static int
read_name(const char *host, struct entry *out, struct err *err)
{
	bool below = strncmp(host, "*.", 2) == 0;
	char name[PVE_HOST_SIZE];
	struct ip ip;
	int r = pve_parse_host(below ? host + 2 : host, name, err);

	if (r < 0)
		return r;
	if (ip_parse(name, &ip))
		return err_set(err, ERR_INVALID, "has an address after its '*.', not a name");
	out->kind = below ? BELOW : NAME;
	out->name[0] = '.';
	memcpy(out->name + below, name, strlen(name) + 1);
	return 0;
}

static int
read_entry(const char *text, struct entry *out, struct err *err)
{
	char host[HOST_TEXT_SIZE];
	size_t len = 0;
	int r = split(&text, &len, &out->port, err);

	if (r < 0)
		return r;
	if (len >= sizeof(host))
		return err_set(err, ERR_INVALID, "has more than %d characters", PVE_HOST_SIZE - 1);
	memcpy(host, text, len);
	host[len] = '\0';
	if (strchr(host, '/') == NULL && strchr(host, ':') == NULL && !ip_parse(host, &out->net.ip))
		return read_name(host, out, err);
	out->kind = NET;
	return ip_net_parse(host, &out->net, err);
}

int
pve_guard_new(const char *const *entries, size_t count, struct pve_guard **out, struct err *err)
{
	struct pve_guard *guard = calloc(1, sizeof(*guard) + count * sizeof(guard->entries[0]));
	int r = 0;

	if (guard == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a list of hosts");
	for (; r == 0 && guard->count < count; guard->count++)
		r = read_entry(entries[guard->count], &guard->entries[guard->count], err);
	if (r == 0)
		*out = guard;
	else
		pve_guard_free(guard);
	return r;
}

void
pve_guard_free(struct pve_guard *guard)
{
	free(guard);
}

/* ---- judging ---- */

static bool
fits_name(const struct entry *e, const char *host)
{
	size_t len = strlen(host), tail = strlen(e->name);

	if (e->kind == NAME)
		return strcmp(host, e->name) == 0;
	return e->kind == BELOW && len > tail && strcmp(host + len - tail, e->name) == 0;
}

static bool
fits_ip(const struct entry *e, const struct ip *ip)
{
	/* "::/0" is all of IPv6; that IPv4 is kept inside it is our own affair. */
	return e->kind == NET && (e->net.bits >= IP_V4_BITS || !ip_is_v4(ip)) &&
		   ip_net_has(&e->net, ip);
}

static bool
fits_port(const struct entry *e, uint16_t port)
{
	return e->port == 0 || e->port == port;
}

static int
refuse(const struct ip *ip, const struct verdict *v, struct err *err)
{
	char text[IP_TEXT_SIZE], inner[IP_TEXT_SIZE];

	ip_format(ip, text);
	ip_format(&v->leads_to, inner);
	if (ip_equal(ip, &v->leads_to))
		return err_set(err, ERR_FORBIDDEN, "%s is not allowed: %s", text, v->what);
	return err_set(
		err, ERR_FORBIDDEN, "%s is not allowed: it leads to %s, %s", text, inner, v->what);
}

int
pve_guard_ip(const struct pve_guard *guard, const char *host, uint16_t port, const struct ip *ip,
	struct err *err)
{
	const struct verdict v = judge(ip);
	bool listed = guard->count == 0, opened = false;
	char text[IP_TEXT_SIZE];

	for (size_t i = 0; i < guard->count; i++) {
		const struct entry *e = &guard->entries[i];

		if (!fits_port(e, port))
			continue;
		listed = listed || fits_name(e, host) || fits_ip(e, ip);
		/* A network that only happens to contain the address does not mean it. */
		opened = opened || (fits_ip(e, ip) && e->net.bits >= v.bits);
	}
	if (!listed) {
		ip_format(ip, text);
		return err_set(
			err, ERR_FORBIDDEN, "%s port %u is not one of allowed_hosts", text, (unsigned)port);
	}
	if (v.what != NULL && !opened)
		return refuse(ip, &v, err);
	return 0;
}

int
pve_guard_host(const struct pve_guard *guard, const char *host, uint16_t port, struct err *err)
{
	struct ip ip;

	if (ip_parse(host, &ip))
		return pve_guard_ip(guard, host, port, &ip, err);
	if (guard->count == 0)
		return 0;
	for (size_t i = 0; i < guard->count; i++) {
		const struct entry *e = &guard->entries[i];

		/* Where there are networks, the addresses of the name will tell. */
		if (fits_port(e, port) && (e->kind == NET || fits_name(e, host)))
			return 0;
	}
	return err_set(
		err, ERR_FORBIDDEN, "%.100s port %u is not one of allowed_hosts", host, (unsigned)port);
}

/* ---- for the rest of the program, see pve.h ---- */

int
pve_check_allowed_host(const char *text, struct err *err)
{
	struct entry entry;

	return read_entry(text, &entry, err);
}

int
pve_policy_allows(const struct pve_policy *policy, const char *host, uint16_t port, struct err *err)
{
	return pve_guard_host(policy->guard, host, port, err);
}

int
pve_way_allowed(const struct pve_way *way, struct err *err)
{
	struct ip ip;

	if (!ip_parse(way->address, &ip))
		return err_set(err, ERR_FORBIDDEN, "the address of a console is not numeric");
	return pve_guard_ip(way->policy->guard, way->host, way->port, &ip, err);
}
