/* SPDX-License-Identifier: MIT */
/* text - see text.h */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Characters that are valid UTF-8 and yet steer how a line is shown. */
static const struct range {
	uint32_t first, last;
} steering[] = {
	{0x0000, 0x001f}, /* C0 */
	{0x007f, 0x009f}, /* DEL and C1 */
	{0x061c, 0x061c}, /* Arabic letter mark */
	{0x200e, 0x200f}, /* left-to-right and right-to-left marks */
	{0x2028, 0x202e}, /* line and paragraph separators, embeddings and overrides */
	{0x2066, 0x2069}, /* isolates */
	{0xfeff, 0xfeff}, /* byte order mark */
};

static bool
is_steering(uint32_t c)
{
	for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++) {
		if (c >= steering[i].first && c <= steering[i].last)
			return true;
	}
	return false;
}

/* The number of bytes that a first byte announces; 0 when it cannot be a first byte. */
static size_t
announced(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

size_t
text_printable(const char *text, size_t len)
{
	/* The smallest character that needs so many bytes: a longer form is an alias (RFC 3629, 3). */
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char payload[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	n = announced((unsigned char)text[0]);
	if (n == 0 || n > len)
		return 0;
	c = (unsigned char)text[0] & payload[n];
	for (size_t i = 1; i < n; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (byte & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || is_steering(c))
		return 0;
	return n;
}

size_t
text_ascii(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= ' ' && text[n] < 0x7f)
		n++;
	return n;
}

const char *
text_number(char out[TEXT_NUMBER_SIZE], int64_t n)
{
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char digits[TEXT_NUMBER_SIZE];
	size_t len = 0, at = 0;

	do {
		digits[len++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		digits[len++] = '-';
	while (len > 0)
		out[at++] = digits[--len];
	out[at] = '\0';
	return out;
}

int
text_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
