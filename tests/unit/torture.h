/* SPDX-License-Identifier: MIT */
/*
 * torture - make the nth allocation fail, then the next, and see that nothing breaks.
 *
 * It is linked into every unit test. The linker's --wrap puts it between our own
 * objects and malloc, calloc, realloc, reallocarray, strdup, strndup, free,
 * pthread_create, eventfd, getrandom, open, socket, bind, listen, epoll_create1 and
 * epoll_ctl (adding); what shared libraries call is not seen. A library that can be given an allocator, such as
 * jansson with json_set_alloc_funcs(abandon_alloc, abandon_free), is tortured too when the test
 * gives it that one.
 *
 * Threads: only calls of the thread that asked are refused and counted, so that
 * a scene with several threads fails in the same place every time. Blocks are
 * watched whatever thread makes or frees them.
 */
#ifndef TESTS_UNIT_TORTURE_H
#define TESTS_UNIT_TORTURE_H

/* What cmocka wants before itself; a test need not include more than this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * Play scene once undisturbed, then once for each of its calls with that call
 * refused, then once for each with that call and all after it refused. The scene
 * frees what it makes; the test fails when a block remains. It may assert as
 * any test does; see torture_struck(). Returns how often a call was refused.
 */
unsigned torture(void (*scene)(void *arg), void *arg);

/* Was a call refused since the scene or torture_refuse() began? Then failure is no surprise. */
bool torture_struck(void);

/*
 * Refuse this thread's nth call from now on (1: the next), once. call names one
 * of the functions above, "eventfd"; NULL means any of them. n = 0 refuses no more.
 */
void torture_refuse(const char *call, unsigned n);

/*
 * From now on look for text in every block that is freed: what finds it has
 * forgotten to wipe it. NULL ends it. torture_found() counts the blocks.
 */
void torture_look_for(const char *text);
unsigned torture_found(void);

/* A free() for libraries that can be given one: it wipes, as the release program's does for all. */
void torture_wipe(void *block);

#endif
