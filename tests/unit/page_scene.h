/* SPDX-License-Identifier: MIT */
/*
 * page_scene - a live session as far as page.c looks at it, with a page of four files.
 *
 * It brings a stand-in for thread.c's live_judge_key(), so one file of a test
 * program includes it.
 *
 * Threads: none.
 */
#ifndef TESTS_UNIT_PAGE_SCENE_H
#define TESTS_UNIT_PAGE_SCENE_H

#include "session/assets.h"
#include "session/page.h"
#include "session/token.h"
#include "tests/unit/access_scene.h"
#include "tests/unit/temp_dir.h"

/* The one key that opens the session. */
#define KEY       "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "0123456789abcdef0123456789abcdee"
#define AT        "/" KEY "/"

static struct temp_dir page_dir;
static struct env env;
static struct session session;
static struct live live = {.env = &env, .session = &session};

/* Who asks, by which rules; what KEY is when they ask. */
static struct access *rules;
static struct forwarded from;
static enum key_verdict verdict = KEY_OPENS;

enum key_verdict
live_judge_key(struct live *l, const char *key, const struct ip *client, bool bound)
{
	assert_ptr_equal(l, &live);
	assert_ptr_equal(client, &from.client);
	assert_int_equal(bound, access_rules(rules)->bind_client);
	return memcmp(key, KEY, KEY_CHARS) == 0 ? verdict : KEY_UNKNOWN;
}

/* Ask for this Host, over TLS or not. */
static inline void
come_from(bool tls, const char *host)
{
	const struct ip peer = ip_for_test("192.0.2.9");
	const struct forwarded_head head = {host, "", "", ""};

	forwarded_read(rules, &peer, tls, &head, &from);
}

static inline void
use_rules(const char *proxies, const char *origins, const char *ancestors)
{
	access_unref(rules);
	rules = access_for_test(proxies, origins, ancestors);
}

/* Is the session one of a terminal? */
static inline void
show_terminal(bool terminal)
{
	session.target.kind = terminal ? PVE_CONSOLE_TERM : PVE_CONSOLE_VNC;
}

static inline int
scene_new(void **state)
{
	struct assets *assets = NULL;

	(void)state;
	use_rules(NULL, NULL, NULL);
	show_terminal(false);
	page_dir = temp_dir_new();
	temp_text(&page_dir, "vnc.html", "<!doctype html><script>alert('Hello, world.');</script>");
	temp_text(&page_dir, "term.html", "<!doctype html><title>Terminal</title>");
	temp_folder(&page_dir, "core");
	temp_text(&page_dir, "core/rfb.js", "export {}");
	temp_text(&page_dir, "icon.svg", "<svg/>");
	if (assets_load(page_dir.path, &assets, NULL) < 0)
		return -1;
	env.assets = assets;
	return secret_set(&live.password, "Minted01", 8);
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
	access_unref(rules);
	rules = NULL;
	assets_free(assets.mine);
	secret_wipe(&live.password);
	temp_dir_free(&page_dir);
	return 0;
}

#endif
