/* SPDX-License-Identifier: MIT */
/*
 * Whatever answers the opening handshake, however it drips in: only a 101 with the answer
 * to our key opens it, no verdict changes with the bytes that come after it, and a verdict
 * that more bytes are needed holds for everything shorter.
 */
#include "session/upgrade.h"

#include <stdbool.h>

#include "tests/fuzz/fuzz_check.h"

/* RFC 6455, section 1.3 */
static const char key[UPGRADE_KEY_SIZE] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char accepted[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/* The verdict on the first len bytes, in memory of exactly that size. */
static int
judge(const uint8_t *data, size_t len, size_t *used)
{
	struct err err = {0};
	char *copy = malloc(len ? len : 1);
	int r;

	CHECK(copy);
	memcpy(copy, data, len);
	*used = 0;
	r = upgrade_response(copy, len, key, used, &err);
	free(copy);
	CHECK(r == UPGRADE_MORE || r == UPGRADE_DONE || r == ERR_PROTOCOL || r == ERR_REFUSED ||
		  r == ERR_UNREACHABLE);
	CHECK((r < 0) == (err.code != 0) && *used <= len);
	CHECK(memchr(err.text, '\0', sizeof(err.text)) && !strpbrk(err.text, "\r\n\x1b\x7f"));
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t used, shorter_used, len, step = size > 512 ? size / 256 : 1;
	int r = judge(data, size, &used), shorter;
	bool decided = false;

	if (r == UPGRADE_DONE) {
		CHECK(used >= 4 && memcmp(data + used - 4, "\r\n\r\n", 4) == 0);
		CHECK(used <= UPGRADE_RESPONSE_MAX && memmem(data, used, accepted, sizeof(accepted) - 1));
		CHECK(memcmp(data, "HTTP/1.", 7) == 0 && memcmp(data + 8, " 101", 4) == 0);
	}
	for (len = 0; len < size; len += step) {
		shorter = judge(data, len, &shorter_used);
		if (shorter == UPGRADE_MORE) {
			CHECK(!decided);
			continue;
		}
		decided = true;
		CHECK((shorter == UPGRADE_DONE) == (r == UPGRADE_DONE));
		CHECK(shorter != UPGRADE_DONE || shorter_used == used);
		/* What is not HTTP is known before its head is whole; then another error may follow. */
		CHECK(shorter == r || (shorter == ERR_PROTOCOL && r < 0));
	}
	CHECK(r != UPGRADE_MORE || !decided);
	return 0;
}
