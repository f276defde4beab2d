/* SPDX-License-Identifier: MIT */
/*
 * Whatever a browser sends as Origin or Host, or a configuration lists: what is taken
 * can be quoted in a header, and reading it once more changes nothing.
 */
#include "session/origin.h"
#include "tests/fuzz/fuzz_check.h"

#define NAMES "abcdefghijklmnopqrstuvwxyz0123456789.-_"

static void
check_origin(const char *out, bool wildcard)
{
	char again[ORIGIN_SIZE];
	const char *host = out + (strncmp(out, "https://", 8) == 0 ? 8 : 7);
	struct err err;

	CHECK(strlen(out) < ORIGIN_SIZE);
	CHECK(strncmp(out, "http://", 7) == 0 || strncmp(out, "https://", 8) == 0);
	if (wildcard && strncmp(host, "*.", 2) == 0)
		host += 2;
	if (*host == '[')
		host += strspn(host + 1, "0123456789abcdef:.") + 2;
	else
		host += strspn(host, NAMES);
	CHECK(host[-1] != '/');
	if (*host == ':')
		host += 1 + strspn(host + 1, "0123456789");
	CHECK(*host == '\0');
	CHECK((wildcard ? origin_parse_source : origin_parse)(out, again, &err) == 0);
	CHECK(strcmp(out, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[ORIGIN_SIZE], *text = malloc(size + 1);
	struct err err = {.code = 0};

	CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (origin_parse(text, out, &err) == 0)
		check_origin(out, false);
	else
		CHECK(err.code == ERR_INVALID && err.text[0] != '\0');
	if (origin_parse_source(text, out, NULL) == 0)
		check_origin(out, true);
	for (int tls = 0; tls < 2; tls++)
		if (origin_of_host(tls, text, out))
			check_origin(out, false);
	free(text);
	return 0;
}
