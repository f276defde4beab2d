/* SPDX-License-Identifier: MIT */
#include "tests/bench/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Not a multiple of any frame size, so that a frame in the wrong place is seen. */
enum { PATTERN_PERIOD = 65521 };

void
die(const char *fmt, ...)
{
	va_list ap;

	fputs("load: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		die("no memory");
	return p;
}

void *
reallocate(void *block, size_t size)
{
	void *p = realloc(block, size);

	if (!p)
		die("no memory");
	return p;
}

int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Digits up to end (exclusive), at most max. */
static bool
read_number(const char *text, char end, uint64_t max, uint64_t *out, const char **rest)
{
	char *stop;
	unsigned long long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &stop, 10);
	if (errno || *stop != end || n > max)
		return false;
	*out = n;
	*rest = stop + (end != '\0');
	return true;
}

uint64_t
number(const char *text, uint64_t max, const char *what)
{
	uint64_t n;

	if (!read_number(text, '\0', max, &n, &text))
		die("%s must be a number of at most %llu", what, (unsigned long long)max);
	return n;
}

void
print_text(const char *text)
{
	putchar('"');
	for (; *text; text++)
		putchar(*text < ' ' || *text > '~' || *text == '"' || *text == '\\' ? '?' : *text);
	putchar('"');
}

char **
links_read(const char *name, size_t *count)
{
	FILE *f = fopen(name, "re");
	char **links = NULL, line[512];

	if (!f)
		die("%s: %s", name, strerror(errno));
	for (*count = 0; fgets(line, sizeof(line), f); (*count)++) {
		line[strcspn(line, "\r\n")] = '\0';
		links = reallocate(links, (*count + 1) * sizeof(*links));
		links[*count] = strdup(line);
		if (!links[*count])
			die("no memory");
	}
	fclose(f);
	if (*count == 0)
		die("%s holds no links", name);
	return links;
}

bool
work_parse(const char *text, struct work *out)
{
	static const char *const names[] = {"stream-", "sink-", "echo-", "paced-"};
	uint64_t frame, total, rate = 0;
	bool paced;
	size_t i;

	*out = (struct work){.what = WORK_IDLE};
	if (strcmp(text, "idle") == 0)
		return true;
	for (i = 0; strncmp(text, names[i], strlen(names[i])) != 0; i++)
		if (i == 3)
			return false;
	text += strlen(names[i]);
	paced = WORK_STREAM + i == WORK_PACED;
	if (!read_number(text, '-', WORK_FRAME_MAX, &frame, &text) ||
		!read_number(text, paced ? '-' : '\0', UINT64_C(1) << 50, &total, &text) || frame == 0 ||
		total == 0)
		return false;
	if (paced && (!read_number(text, '\0', WORK_RATE_MAX, &rate, &text) || rate == 0))
		return false;
	*out = (struct work){(enum what)(WORK_STREAM + i), (uint32_t)frame, total, (uint32_t)rate};
	return true;
}

const unsigned char *
pattern_at(uint64_t offset)
{
	static unsigned char bytes[PATTERN_PERIOD + PATTERN_MAX];
	static bool made;
	uint32_t x = 2463534242U;
	size_t i;

	if (!made) {
		for (i = 0; i < sizeof(bytes); i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			bytes[i] = i < PATTERN_PERIOD ? (unsigned char)x : bytes[i - PATTERN_PERIOD];
		}
		made = true;
	}
	return bytes + offset % PATTERN_PERIOD;
}

bool
pattern_is(uint64_t offset, const unsigned char *data, size_t len)
{
	return len <= PATTERN_MAX && memcmp(pattern_at(offset), data, len) == 0;
}

void
stamp_write(unsigned char out[STAMP_SIZE], uint64_t offset, int64_t ns)
{
	uint64_t mixed;

	memcpy(&mixed, pattern_at(offset), 8);
	mixed ^= (uint64_t)ns;
	memcpy(out, &ns, 8);
	memcpy(out + 8, &mixed, 8);
}

bool
stamp_read(const unsigned char in[STAMP_SIZE], uint64_t offset, int64_t *ns)
{
	unsigned char expected[STAMP_SIZE];

	memcpy(ns, in, 8);
	stamp_write(expected, offset, *ns);
	return memcmp(in, expected, STAMP_SIZE) == 0;
}
