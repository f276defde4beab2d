/* SPDX-License-Identifier: MIT */
/* Lists of hosts of one cluster. */
#include "tests/unit/torture.h"

#include "proxmox_api/pve.h"

static struct pve_hosts *
list(const char *const *texts)
{
	struct pve_hosts *hosts = NULL;

	assert_int_equal(pve_hosts_new(&hosts, NULL), 0);
	for (; *texts != NULL; texts++)
		assert_int_equal(pve_hosts_add(hosts, *texts, NULL), 0);
	return hosts;
}

static void
hosts_stay_in_the_order_in_which_they_came(void **state)
{
	struct pve_hosts *hosts = list((const char *const[]){"b.example", "A.example", "[::1]", NULL});

	(void)state;
	assert_int_equal(pve_hosts_count(hosts), 3);
	assert_string_equal(pve_hosts_at(hosts, 0), "b.example");
	assert_string_equal(pve_hosts_at(hosts, 1), "a.example");
	assert_string_equal(pve_hosts_at(hosts, 2), "::1");
	pve_hosts_unref(hosts);
}

static void
what_is_no_host_or_is_there_already_is_refused(void **state)
{
	struct pve_hosts *hosts = list((const char *const[]){"2001:db8::1", NULL});
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(pve_hosts_add(hosts, "https://pve", &err), ERR_INVALID);
	assert_string_equal(err.text, "must not be a URL, only the host in it");
	assert_int_equal(pve_hosts_add(hosts, "[2001:DB8:0::1]", &err), ERR_INVALID);
	assert_string_equal(err.text, "is there twice");
	assert_int_equal(pve_hosts_add(hosts, "", NULL), ERR_INVALID);
	assert_int_equal(pve_hosts_count(hosts), 1);
	pve_hosts_unref(hosts);
}

static void
a_list_has_an_end(void **state)
{
	struct pve_hosts *hosts =
		list((const char *const[]){"a", "b", "c", "d", "e", "f", "g", "h", NULL});
	struct err err = {.code = 0};

	(void)state;
	assert_int_equal(pve_hosts_count(hosts), PVE_HOSTS_MAX);
	assert_int_equal(pve_hosts_add(hosts, "h", NULL), ERR_INVALID);
	assert_int_equal(pve_hosts_add(hosts, "i", &err), ERR_LIMIT);
	assert_string_equal(err.text, "has more than 8 hosts");
	pve_hosts_unref(hosts);
}

static void
lists_are_equal_by_hosts_and_order(void **state)
{
	struct pve_hosts *ab = list((const char *const[]){"a", "b", NULL});
	struct pve_hosts *same = list((const char *const[]){"A", "b", NULL});
	struct pve_hosts *ba = list((const char *const[]){"b", "a", NULL});
	struct pve_hosts *a = list((const char *const[]){"a", NULL});

	(void)state;
	assert_true(pve_hosts_equal(ab, ab));
	assert_true(pve_hosts_equal(ab, same));
	assert_false(pve_hosts_equal(ab, ba));
	assert_false(pve_hosts_equal(ab, a));
	assert_false(pve_hosts_equal(ab, NULL));
	assert_false(pve_hosts_equal(NULL, ab));
	assert_true(pve_hosts_equal(NULL, NULL));
	pve_hosts_unref(ab);
	pve_hosts_unref(same);
	pve_hosts_unref(ba);
	pve_hosts_unref(a);
}

static void
the_last_reference_frees_the_list(void **state)
{
	struct pve_hosts *hosts = list((const char *const[]){"a", NULL});

	(void)state;
	assert_ptr_equal(pve_hosts_ref(hosts), hosts);
	pve_hosts_unref(hosts);
	assert_string_equal(pve_hosts_at(hosts, 0), "a");
	pve_hosts_unref(hosts);
	assert_null(pve_hosts_ref(NULL));
	pve_hosts_unref(NULL);
}

static void
make_one(void *arg)
{
	struct pve_hosts *hosts = NULL;
	int r = pve_hosts_new(&hosts, NULL);

	(void)arg;
	assert_true(r == 0 || (r == ERR_MEMORY && torture_struck() && hosts == NULL));
	pve_hosts_unref(hosts);
}

static void
without_memory_there_is_no_list(void **state)
{
	(void)state;
	assert_true(torture(make_one, NULL) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_stay_in_the_order_in_which_they_came),
		cmocka_unit_test(what_is_no_host_or_is_there_already_is_refused),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(lists_are_equal_by_hosts_and_order),
		cmocka_unit_test(the_last_reference_frees_the_list),
		cmocka_unit_test(without_memory_there_is_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
