/* SPDX-License-Identifier: MIT */
/*
 * Four headers, a line each, from a proxy of ours and from anybody else: the host is one
 * that can be quoted, and a stranger's headers change nothing.
 */
#include "session/forwarded.h"
#include "tests/fuzz/fuzz_check.h"

enum { LINES = 4 };

static char trusted[] = "10.0.0.0/8";

/* Cut text into its first lines; the last takes the rest, and missing ones are empty. */
static void
cut(char *text, const char *lines[LINES])
{
	for (int i = 0; i < LINES; i++) {
		lines[i] = text;
		text += i < LINES - 1 ? strcspn(text, "\n") : strlen(text);
		if (*text)
			*text++ = '\0';
	}
}

static void
check_host(const struct forwarded *f)
{
	char origin[ORIGIN_SIZE];

	CHECK(memchr(f->host, '\0', sizeof(f->host)));
	CHECK(f->host[0] == '\0' || origin_of_host(f->tls, f->host, origin));
}

static void
check(const struct access *access, const struct forwarded_head *head)
{
	struct forwarded_head alone = {head->host, "", "", ""};
	struct forwarded ours, theirs, silent;
	struct ip proxy, stranger;

	CHECK(ip_parse("10.0.0.1", &proxy) && ip_parse("198.51.100.7", &stranger));
	forwarded_read(access, &proxy, false, head, &ours);
	check_host(&ours);
	forwarded_read(access, &stranger, false, head, &theirs);
	forwarded_read(access, &stranger, false, &alone, &silent);
	CHECK(ip_equal(&theirs.client, &stranger) && !theirs.tls);
	CHECK(strcmp(theirs.host, silent.host) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *proxies[] = {trusted};
	const struct access_config config = {.trusted_proxies = {proxies, 1}};
	struct access *access = NULL;
	const char *lines[LINES];

	CHECK(text && access_new(&config, &access, NULL) == 0);
	memcpy(text, data, size);
	text[size] = '\0';
	cut(text, lines);
	check(access, &(struct forwarded_head){lines[0], lines[1], lines[2], lines[3]});
	access_unref(access);
	free(text);
	return 0;
}
