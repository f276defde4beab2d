/* SPDX-License-Identifier: MIT */
/* What the store in memory makes of a grant; the rest is in test_store_memory.c. */
#include <malloc.h>
#include <string.h>

#include "session/store.h"
#include "tests/unit/store_scene.h"

/* Every byte of it is set, so that a field that is added and forgotten by the store is seen. */
static struct grant *
full_grant(void)
{
	struct grant *g = grant_new();

	assert_non_null(g);
	memset(&g->target, 1, sizeof(g->target));
	g->target.host[PVE_HOST_SIZE - 1] = '\0';
	g->target.node[PVE_NODE_SIZE - 1] = '\0';
	g->target.type = PVE_GUEST_LXC;
	g->target.kind = PVE_CONSOLE_TERM;
	g->target.pin.set = true;
	memset(g->credential.user, 'u', PVE_IDENTITY_SIZE - 1);
	assert_int_equal(secret_set(&g->credential.secret, "SEC\0RET", 7), 0);
	assert_int_equal(secret_set(&g->credential.otp, "012345", 6), 0);
	assert_int_equal(pve_hosts_new(&g->hosts, NULL), 0);
	return g;
}

static bool
same_target(struct pve_target a, struct pve_target b)
{
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
	__builtin_clear_padding(&a);
	__builtin_clear_padding(&b);
	return memcmp(&a, &b, sizeof(a)) == 0;
#endif
#endif
	return strcmp(a.host, b.host) == 0 && strcmp(a.node, b.node) == 0;
}

static void
a_grant_comes_back_whole(void **state)
{
	struct scene s = scene_for_test(300, 10);
	struct grant *g = full_grant(), *out = NULL;
	const struct pve_target target = g->target;
	struct pve_hosts *hosts = g->hosts;
	struct secret token = {0};

	(void)state;
	assert_int_equal(s.store->ops->put(s.store, &g, &token, NULL), 0);
	assert_null(g);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(take(&s, secret_peek(&token), &out), 0);
		assert_true(same_target(out->target, target));
		assert_int_equal(strspn(out->credential.user, "u"), PVE_IDENTITY_SIZE - 1);
		assert_true(secret_equal(&out->credential.secret, "SEC\0RET", 7));
		assert_true(secret_equal(&out->credential.otp, "012345", 6));
		assert_ptr_equal(out->hosts, hosts);
		assert_null(out->login);
		if (i == 0)
			s.store->ops->restore(s.store, secret_peek(&token), &out);
	}
	grant_free(out);
	secret_wipe(&token);
	scene_done(&s);
}

static void
a_grant_of_nothing_but_empty_texts_comes_back_as_it_is(void **state)
{
	static const struct pve_target empty;
	struct scene s = scene_for_test(300, 10);
	struct grant *g = grant_new();
	struct secret token = {0};

	(void)state;
	assert_non_null(g);
	assert_int_equal(s.store->ops->put(s.store, &g, &token, NULL), 0);
	assert_int_equal(take(&s, secret_peek(&token), &g), 0);
	assert_true(same_target(g->target, empty));
	assert_string_equal(g->credential.user, "");
	assert_null(g->credential.secret.data);
	assert_null(g->hosts);
	grant_free(g);
	secret_wipe(&token);
	scene_done(&s);
}

static void
a_pending_token_takes_little_more_room_than_its_texts(void **state)
{
	enum { MANY = 1000, MOST = 168 };
	char token[TOKEN_CHARS + 1];
	size_t before, after;
	struct scene s;

	(void)state;
	/* The allocators of sanitizers do not say. */
	if (mallinfo2().uordblks == 0)
		skip();
	s = scene_for_test(300, MANY);
	put(&s, 99, token);
	before = mallinfo2().uordblks;
	for (uint32_t i = 1; i < MANY; i++)
		put(&s, 100 + i, token);
	after = mallinfo2().uordblks;
	assert_in_range((after - before) / (MANY - 1), 1, MOST);
	scene_done(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grant_comes_back_whole),
		cmocka_unit_test(a_grant_of_nothing_but_empty_texts_comes_back_as_it_is),
		cmocka_unit_test(a_pending_token_takes_little_more_room_than_its_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
