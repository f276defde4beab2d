/* SPDX-License-Identifier: MIT */
/* The program's own free() and realloc(), which only this test is linked with. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/death.h"
#include "tests/unit/torture.h"

enum { MARK = 'S' };

/* Fill a block; the compiler may not leave that out although the block is freed next. */
static void
mark(char *block, size_t size)
{
	memset(block, MARK, size);
	__asm__ volatile("" : : "r"(block) : "memory");
}

static bool
marked(const char *block, size_t size)
{
	return memmem(block, size, "SSSSSSSS", 8) != NULL;
}

static uintptr_t
place_of(const void *block)
{
	return (uintptr_t)block;
}

/* malloc() hands out what was freed last of that size: look into it. */
static bool
empty_again(uintptr_t was, size_t size)
{
	char *now = malloc(size);
	bool empty;

	assert_int_equal(place_of(now), was);
	empty = !marked(now, size);
	free(now);
	return empty;
}

static void
what_is_freed_is_empty(void **state)
{
	static const size_t sizes[] = {24, 100, 1000, 5000, 16384, 60000};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* So that the block does not become one with the free rest behind it. */
		char *block = malloc(sizes[i]), *behind = malloc(16);
		uintptr_t was = place_of(block);

		mark(block, malloc_usable_size(block));
		free(block);
		assert_true(empty_again(was, sizes[i]));
		free(behind);
	}
	free(NULL);
}

static void
what_libc_frees_is_empty_too(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	FILE *f = fdopen(fd, "w");
	char *behind;
	uintptr_t was;
	size_t size, i;

	(void)state;
	/* Its buffer is made and freed inside libc. */
	for (i = 0; i < 100; i++)
		fputs("SSSSSSSS", f);
	was = place_of(f->_IO_buf_base);
	size = (size_t)(f->_IO_buf_end - f->_IO_buf_base);
	behind = malloc(16);
	assert_true(marked(f->_IO_buf_base, size));
	fclose(f);
	assert_true(empty_again(was, size));
	free(behind);
}

static void
a_block_that_grows_leaves_nothing_behind(void **state)
{
	char *block = malloc(100);
	uintptr_t was = place_of(block);
	size_t i;

	(void)state;
	mark(block, 100);
	block = realloc(block, 5000);
	assert_non_null(block);
	assert_int_not_equal(place_of(block), was);
	for (i = 0; i < 100; i++)
		assert_int_equal(block[i], MARK);
	assert_true(empty_again(was, 100));
	free(block);
}

static void
a_block_that_shrinks_keeps_nothing_of_its_end(void **state)
{
	char *block = malloc(1000);
	uintptr_t was = place_of(block);

	(void)state;
	mark(block, malloc_usable_size(block));
	block = realloc(block, 600);
	assert_int_equal(place_of(block), was);
	assert_true(marked(block, 600));
	assert_false(marked(block + 600, malloc_usable_size(block) - 600));
	block = realloc(block, 50);
	assert_int_not_equal(place_of(block), was);
	assert_int_equal(block[49], MARK);
	assert_true(empty_again(was, 1000));
	free(block);
}

static void
they_behave_as_the_standard_says(void **state)
{
	volatile size_t huge = SIZE_MAX / 2, zero = 0;
	char *block = realloc(NULL, 10), *other;
	volatile uintptr_t at = place_of(block); /* or gcc fears for the block */

	(void)state;
	assert_non_null(block);
	memcpy(block, "stays", 6);
	errno = 0;
	other = reallocarray((char *)at, huge, 3);
	assert_null(other);
	assert_int_equal(errno, ENOMEM);
	other = realloc((char *)at, huge);
	assert_null(other);
	other = reallocarray((char *)at, 10, 20);
	assert_string_equal(other, "stays");
	assert_true(malloc_usable_size(other) >= 200);
	errno = 77;
	free(other);
	assert_int_equal(errno, 77);
	other = realloc(malloc(10), zero);
	assert_null(other);
}

static void
free_twice(void)
{
	volatile uintptr_t at = place_of(malloc(100)); /* or gcc says what is wrong with it */

	free((void *)at);
	free((void *)at);
}

/* libc notices by what it has written into it, which is not ours to wipe. */
static void
a_block_that_is_freed_twice_ends_the_program(void **state)
{
	(void)state;
	assert_true(aborts(free_twice));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_freed_is_empty),
		cmocka_unit_test(what_libc_frees_is_empty_too),
		cmocka_unit_test(a_block_that_grows_leaves_nothing_behind),
		cmocka_unit_test(a_block_that_shrinks_keeps_nothing_of_its_end),
		cmocka_unit_test(they_behave_as_the_standard_says),
		cmocka_unit_test(a_block_that_is_freed_twice_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
