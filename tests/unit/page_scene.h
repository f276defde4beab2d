/* SPDX-License-Identifier: MIT */
/*
 * page_scene - a session's loop as far as page.c looks at it, with a page of three files.
 *
 * It brings a stand-in for thread.c's loop_has_key(), so one file of a test
 * program includes it.
 *
 * Threads: none.
 */
#ifndef TESTS_UNIT_PAGE_SCENE_H
#define TESTS_UNIT_PAGE_SCENE_H

#include "session/assets.h"
#include "session/page.h"
#include "session/token.h"
#include "tests/unit/temp_dir.h"

/* The one key that opens the session. */
#define KEY       "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "0123456789abcdef0123456789abcdee"
#define AT        "/" KEY "/"

static struct temp_dir page_dir;
static struct env env;
static struct loop loop = {.env = &env};

bool
loop_has_key(struct loop *l, const char *key, size_t len)
{
	assert_ptr_equal(l, &loop);
	assert_int_equal(len, KEY_CHARS);
	return memcmp(key, KEY, KEY_CHARS) == 0;
}

static inline int
scene_new(void **state)
{
	struct assets *assets = NULL;

	(void)state;
	page_dir = temp_dir_new();
	temp_text(&page_dir, "vnc.html", "<!doctype html><script>alert('Hello, world.');</script>");
	temp_folder(&page_dir, "core");
	temp_text(&page_dir, "core/rfb.js", "export {}");
	temp_text(&page_dir, "icon.svg", "<svg/>");
	if (assets_load(page_dir.path, &assets, NULL) < 0)
		return -1;
	env.assets = assets;
	return secret_set(&loop.password, "Minted01", 8);
}

static inline int
scene_done(void **state)
{
	/* The scene made it, so it may give up the const. */
	union {
		const struct assets *theirs;
		struct assets *mine;
	} assets = {env.assets};

	(void)state;
	assets_free(assets.mine);
	secret_wipe(&loop.password);
	temp_dir_free(&page_dir);
	return 0;
}

/* With a certificate or without: only whether there is one counts. */
static inline void
use_tls(bool on)
{
	env.tls = on ? (struct tls_server *)(void *)&env : NULL;
}

#endif
