/* SPDX-License-Identifier: MIT */
/* forwarded - see forwarded.h */
#include "session/forwarded.h"

#include <string.h>
#include <strings.h>

enum { ENTRY_MAX = 320 }; /* of a list, with the blanks around it: a host of any length fits */

static const char blanks[] = " \t";

/*
 * Cut the last entry off list[0..*len) into out, without the blanks around it.
 * False when there is none, or one that is longer than any that we look for.
 */
static bool
take_last(const char *list, size_t *len, char *out, size_t size)
{
	size_t end = *len, from;

	if (end == 0)
		return false;
	from = end;
	while (from > 0 && list[from - 1] != ',' && end - from < ENTRY_MAX)
		from--;
	if (from > 0 && list[from - 1] != ',')
		return false;
	*len = from > 0 ? from - 1 : 0;
	while (from < end && strchr(blanks, list[from]))
		from++;
	while (end > from && strchr(blanks, list[end - 1]))
		end--;
	if (end - from >= size)
		return false;
	memcpy(out, list + from, end - from);
	out[end - from] = '\0';
	return true;
}

/* "198.51.100.7", "198.51.100.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static bool
parse_hop(const char *entry, struct ip *out)
{
	bool bracket = entry[0] == '[';
	const char *colon = strchr(entry, ':');
	char text[IP_TEXT_SIZE];
	size_t len = strlen(entry);
	const char *port;

	if (bracket)
		len = strcspn(entry, "]");
	else if (colon && !strchr(colon + 1, ':'))
		len = (size_t)(colon - entry);
	port = entry + len + (bracket && entry[len] == ']');
	if ((bracket && entry[len] != ']') || len - bracket >= sizeof(text))
		return false;
	if (*port != '\0' && (port[0] != ':' || port[1 + strspn(port + 1, "0123456789")] != '\0'))
		return false;
	memcpy(text, entry + bracket, len - bracket);
	text[len - bracket] = '\0';
	return ip_parse(text, out);
}

/* From the proxy next to us outwards; what can't be read ends it, and who was reached is the client. */
static struct ip
find_client(const struct access *access, const struct ip *peer, const char *list)
{
	struct ip client = *peer, hop;
	size_t len = strlen(list);
	char entry[ENTRY_MAX];

	for (int i = 0; i < FORWARDED_HOPS_MAX && access_trusts(access, &client); i++) {
		if (!take_last(list, &len, entry, sizeof(entry)) || !parse_hop(entry, &hop))
			break;
		client = hop;
	}
	return client;
}

static void
see_scheme(const char *list, bool *tls)
{
	char scheme[sizeof("https")];
	size_t len = strlen(list);

	if (!take_last(list, &len, scheme, sizeof(scheme)))
		return;
	if (strcasecmp(scheme, "https") == 0)
		*tls = true;
	else if (strcasecmp(scheme, "http") == 0)
		*tls = false;
}

/* Copy host when it is one. */
static bool
see_host(const char *host, char out[FORWARDED_HOST_SIZE])
{
	char origin[ORIGIN_SIZE];
	size_t len = strlen(host);

	if (len >= FORWARDED_HOST_SIZE || !origin_of_host(false, host, origin))
		return false;
	memcpy(out, host, len + 1);
	return true;
}

void
forwarded_read(const struct access *access, const struct ip *peer, bool tls,
	const struct forwarded_head *head, struct forwarded *out)
{
	size_t len = strlen(head->forwarded_host);
	char host[FORWARDED_HOST_SIZE];

	*out = (struct forwarded){.client = *peer, .tls = tls};
	(void)see_host(head->host, out->host);
	if (!access_trusts(access, peer))
		return;
	out->client = find_client(access, peer, head->forwarded_for);
	see_scheme(head->forwarded_proto, &out->tls);
	if (take_last(head->forwarded_host, &len, host, sizeof(host)))
		(void)see_host(host, out->host);
}
