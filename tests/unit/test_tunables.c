/* SPDX-License-Identifier: MIT */
#include "session/tunables.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/torture.h"

/* Stand-ins for proxmox_api's policies that count their references. */
struct pve_policy {
	atomic_int refs;
};

struct pve_policy *
pve_policy_ref(struct pve_policy *policy)
{
	if (policy)
		atomic_fetch_add(&policy->refs, 1);
	return policy;
}

void
pve_policy_unref(struct pve_policy *policy)
{
	if (policy)
		atomic_fetch_sub(&policy->refs, 1);
}

static struct tunables_cell *
cell_for_test(int number, struct pve_policy *policy)
{
	const struct tunables t = {.token_ttl_s = number, .open_timeout_s = number, .policy = policy};
	struct tunables_cell *cell = NULL;

	assert_int_equal(tunables_new(&t, &cell, NULL), 0);
	return cell;
}

static void
a_cell_holds_a_copy_and_its_own_reference(void **state)
{
	struct pve_policy policy = {.refs = 1};
	struct tunables t = {.token_ttl_s = 1,
						.connect_timeout_s = 2,
						.reconnect_timeout_s = 3,
						.max_duration_s = 4,
						.open_timeout_s = 5,
						.max_pending_tokens = 6,
						.policy = &policy},
					got;
	struct tunables_cell *cell = NULL;

	(void)state;
	assert_int_equal(tunables_new(&t, &cell, NULL), 0);
	assert_int_equal(policy.refs, 2);
	t = (struct tunables){0};
	tunables_get(cell, &got);
	assert_int_equal(got.token_ttl_s, 1);
	assert_int_equal(got.connect_timeout_s, 2);
	assert_int_equal(got.reconnect_timeout_s, 3);
	assert_int_equal(got.max_duration_s, 4);
	assert_int_equal(got.open_timeout_s, 5);
	assert_int_equal(got.max_pending_tokens, 6);
	assert_ptr_equal(got.policy, &policy);
	assert_int_equal(policy.refs, 3);
	tunables_done(&got);
	assert_null(got.policy);
	assert_int_equal(policy.refs, 2);
	tunables_free(cell);
	assert_int_equal(policy.refs, 1);
	tunables_free(NULL);
}

static void
a_change_reaches_the_next_look_and_disturbs_no_earlier_one(void **state)
{
	struct pve_policy old = {.refs = 1}, fresh = {.refs = 1};
	struct tunables_cell *cell = cell_for_test(1, &old);
	const struct tunables now = {.token_ttl_s = 2, .policy = &fresh};
	struct tunables before, after;

	(void)state;
	tunables_get(cell, &before);
	tunables_set(cell, &now);
	assert_int_equal(old.refs, 2);
	assert_int_equal(fresh.refs, 2);
	tunables_get(cell, &after);
	assert_int_equal(before.token_ttl_s, 1);
	assert_ptr_equal(before.policy, &old);
	assert_int_equal(after.token_ttl_s, 2);
	assert_ptr_equal(after.policy, &fresh);
	tunables_done(&before);
	tunables_done(&after);
	assert_int_equal(old.refs, 1);
	tunables_free(cell);
	assert_int_equal(fresh.refs, 1);
}

static void
the_same_policy_may_be_set_again(void **state)
{
	struct pve_policy policy = {.refs = 1};
	struct tunables_cell *cell = cell_for_test(1, &policy);
	const struct tunables now = {.token_ttl_s = 2, .policy = &policy};

	(void)state;
	tunables_set(cell, &now);
	tunables_set(cell, &now);
	assert_int_equal(policy.refs, 2);
	tunables_free(cell);
	assert_int_equal(policy.refs, 1);
}

static void
a_cell_keeps_the_rules_of_access_alive(void **state)
{
	const struct access_config config = {.rules = {.hsts_max_age_s = 7}};
	struct tunables_cell *cell = NULL;
	struct tunables t = {0}, got;

	(void)state;
	assert_int_equal(access_new(&config, &t.access, NULL), 0);
	assert_int_equal(tunables_new(&t, &cell, NULL), 0);
	tunables_done(&t);
	assert_null(t.access);
	tunables_get(cell, &got);
	tunables_set(cell, &t);
	assert_int_equal(access_rules(got.access)->hsts_max_age_s, 7);
	tunables_done(&got);
	tunables_free(cell);
}

static void
without_memory_there_is_no_cell(void **state)
{
	struct pve_policy policy = {.refs = 1};
	const struct tunables t = {.policy = &policy};
	struct tunables_cell *cell = NULL;
	struct err err = {0};

	(void)state;
	torture_refuse("calloc", 1);
	assert_int_equal(tunables_new(&t, &cell, &err), ERR_MEMORY);
	assert_int_equal(err.code, ERR_MEMORY);
	assert_null(cell);
	assert_int_equal(policy.refs, 1);
}

/* ---- several threads ---- */

enum { READERS = 3, LOOKS = 20000, CHANGES = 5000 };

static struct tunables_cell *shared;
static struct pve_policy policies[2];
static atomic_int torn;

static void *
look_often(void *arg)
{
	struct tunables t;
	int i;

	for (i = 0; i < LOOKS; i++) {
		tunables_get(shared, &t);
		if (t.token_ttl_s != t.open_timeout_s || t.policy != &policies[t.token_ttl_s & 1] ||
			atomic_load(&t.policy->refs) < 2)
			atomic_fetch_add(&torn, 1);
		tunables_done(&t);
	}
	return arg;
}

static void
readers_never_see_half_a_change(void **state)
{
	struct tunables now = {0};
	pthread_t threads[READERS];
	int i;

	(void)state;
	atomic_store(&policies[0].refs, 1);
	atomic_store(&policies[1].refs, 1);
	shared = cell_for_test(0, &policies[0]);
	for (i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_often, NULL), 0);
	for (i = 0; i < CHANGES; i++) {
		now.token_ttl_s = now.open_timeout_s = i;
		now.policy = &policies[i & 1];
		tunables_set(shared, &now);
	}
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	tunables_free(shared);
	assert_int_equal(torn, 0);
	assert_int_equal(policies[0].refs, 1);
	assert_int_equal(policies[1].refs, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_holds_a_copy_and_its_own_reference),
		cmocka_unit_test(a_change_reaches_the_next_look_and_disturbs_no_earlier_one),
		cmocka_unit_test(the_same_policy_may_be_set_again),
		cmocka_unit_test(a_cell_keeps_the_rules_of_access_alive),
		cmocka_unit_test(without_memory_there_is_no_cell),
		cmocka_unit_test(readers_never_see_half_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
