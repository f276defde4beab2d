/* SPDX-License-Identifier: MIT */
/* ip - see ip.h */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { V6_GROUP_BYTES = 8, V4_AT = IP_V4_BITS / 8 };

static const unsigned char v4_prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};
static const unsigned char loopback6[16] = {[15] = 1};

static void
set_v4(struct ip *out, const void *address)
{
	memcpy(out->bytes, v4_prefix, V4_AT);
	memcpy(out->bytes + V4_AT, address, 4);
}

bool
ip_parse(const char *text, struct ip *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		set_v4(out, &v4);
		return true;
	}
	return inet_pton(AF_INET6, text, out->bytes) == 1;
}

bool
ip_of_sockaddr(const struct sockaddr *address, struct ip *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		set_v4(out, &v4.sin_addr);
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof(v6));
	memcpy(out->bytes, &v6.sin6_addr, sizeof(out->bytes));
	return true;
}

void
ip_format(const struct ip *ip, char out[IP_TEXT_SIZE])
{
	if (ip_is_v4(ip))
		inet_ntop(AF_INET, ip->bytes + V4_AT, out, IP_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_SIZE);
}

bool
ip_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->bytes, v4_prefix, V4_AT) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
	if (ip_is_v4(ip))
		return ip->bytes[V4_AT] == 127;
	return memcmp(ip->bytes, loopback6, sizeof(loopback6)) == 0;
}

struct ip
ip_group(const struct ip *ip)
{
	struct ip group = *ip;

	if (!ip_is_v4(ip))
		memset(group.bytes + V6_GROUP_BYTES, 0, sizeof(group.bytes) - V6_GROUP_BYTES);
	return group;
}

/* ---- networks ---- */

/* Digits only, and not too many; -1 when it is no number up to max. */
static int
parse_bits(const char *text, int max)
{
	int n = 0;

	if (*text == '\0' || strlen(text) > 3 || text[strspn(text, "0123456789")] != '\0')
		return -1;
	for (; *text != '\0'; text++)
		n = n * 10 + (*text - '0');
	return n <= max ? n : -1;
}

static bool
same_bits(const struct ip *a, const struct ip *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);

	if (memcmp(a->bytes, b->bytes, bytes) != 0)
		return false;
	return rest == 0 || ((a->bytes[bytes] ^ b->bytes[bytes]) & mask) == 0;
}

static bool
is_zero_from(const struct ip *ip, unsigned bits)
{
	struct ip zero = *ip;

	for (unsigned i = bits; i < IP_BITS; i++)
		zero.bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
	return ip_equal(ip, &zero);
}

int
ip_net_parse(const char *text, struct ip_net *out, struct err *err)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char address[IP_TEXT_SIZE];
	struct ip_net net = {.bits = IP_BITS};
	int bits;

	if (len >= sizeof(address))
		return err_set(err, ERR_INVALID, "is no IP address or network");
	memcpy(address, text, len);
	address[len] = '\0';
	if (!ip_parse(address, &net.ip))
		return err_set(err, ERR_INVALID, "is no IP address or network");
	if (slash != NULL) {
		bool v4 = strchr(address, ':') == NULL;

		bits = parse_bits(slash + 1, v4 ? IP_BITS - IP_V4_BITS : IP_BITS);
		if (bits < 0)
			return err_set(err, ERR_INVALID, "has no prefix length from 0 to %d after its '/'",
				v4 ? IP_BITS - IP_V4_BITS : IP_BITS);
		net.bits = (unsigned)bits + (v4 ? IP_V4_BITS : 0);
	}
	if (!is_zero_from(&net.ip, net.bits))
		return err_set(err, ERR_INVALID, "has bits set behind its prefix");
	*out = net;
	return 0;
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
	return same_bits(&net->ip, ip, net->bits);
}
