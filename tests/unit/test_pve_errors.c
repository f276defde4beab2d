/* SPDX-License-Identifier: MIT */
/* What Proxmox's statuses and reason phrases mean; the phrases are real ones. */
#include "tests/unit/torture.h"

#include "proxmox_api/pve.h"
#include "proxmox_api/pve_errors.h"

static const struct {
	int status;
	const char *reason;
	int code;
} answers[] = {
	{401, "authentication failure", ERR_REFUSED},
	{401, "Authentication failed!", ERR_REFUSED},
	{401, "permission denied - invalid PVE ticket", ERR_REFUSED},
	{401, "Permission denied - invalid csrf token", ERR_REFUSED},
	{401, "No ticket", ERR_REFUSED},
	{401, "", ERR_REFUSED},
	{403, "Permission check failed (/vms/100, VM.Console)", ERR_REFUSED},
	{403, "VM 100 not running", ERR_REFUSED},
	{500, "Configuration file 'nodes/pve/qemu-server/100.conf' does not exist", ERR_NOT_FOUND},
	{500, "Configuration file 'nodes/pve/lxc/100.conf' does not exist", ERR_NOT_FOUND},
	{500, "configuration file 'nodes/pve/lxc/100.conf' does not exist (500)", ERR_NOT_FOUND},
	{500, "hostname lookup 'nope' failed - failed to get address info for: nope: Name or service",
		ERR_NOT_FOUND},
	{500, "address lookup for 'nope' did not find any IP address", ERR_NOT_FOUND},
	{500, "no such cluster node 'nope'", ERR_NOT_FOUND},
	{500, "unable to get remote IP address for node 'pve2'", ERR_NOT_FOUND},
	{500, "no such VM ('100')", ERR_NOT_FOUND},
	{500, "VM 100 not running", ERR_NOT_RUNNING},
	{500, "CT 200 not running", ERR_NOT_RUNNING},
	{500, "unable to find free port (5900-6000)", ERR_LIMIT},
	{500, "Timeout while waiting for port '5900' to get ready!", ERR_TIMEOUT},
	{500, "value 'root@pam!gw' does not look like a valid user name", ERR_NEEDS_PASSWORD},
	{500, "value 'x' is out of range", ERR_PROTOCOL},
	{403, "Permission check failed (realm != pam)", ERR_REFUSED},
	{401, "no such token 'gw' for user 'joe@pve'", ERR_REFUSED},
	{401, "invalid token value!", ERR_REFUSED},
	{401, "token 'joe@pve!gw' access expired", ERR_REFUSED},
	{595, "Connection refused", ERR_UNREACHABLE},
	{595, "No route to host", ERR_UNREACHABLE},
	{595, "", ERR_UNREACHABLE},
	{596, "Connection timed out", ERR_TIMEOUT},
	{596, "tls_process_server_certificate: certificate verify failed", ERR_UNREACHABLE},
	{597, "Broken pipe", ERR_UNREACHABLE},
	{599, "Too many redirections", ERR_UNREACHABLE},
	{502, "Bad Gateway", ERR_UNREACHABLE},
	{503, "Service Unavailable", ERR_UNREACHABLE},
	{504, "Gateway Time-out", ERR_TIMEOUT},
	{400, "Parameter verification failed.", ERR_PROTOCOL},
	{301, "Moved Permanently", ERR_PROTOCOL},
	{204, "No Content", ERR_PROTOCOL},
	{404, "Not Found", ERR_PROTOCOL},
	{404, "VM 100 not running", ERR_PROTOCOL},
	{500, "file '/etc/x' does not exist", ERR_PROTOCOL},
	{500, "Configuration file '/etc/x' is damaged", ERR_PROTOCOL},
	{500, "does not exist: configuration file 'x'", ERR_PROTOCOL},
	{500, "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout", ERR_PROTOCOL},
	{500, "VM is locked (backup)", ERR_PROTOCOL},
	{500, "", ERR_PROTOCOL},
	{501, "Method 'GET /x' not implemented", ERR_PROTOCOL},
	{505, "", ERR_PROTOCOL},
	{594, "", ERR_PROTOCOL},
	{600, "", ERR_PROTOCOL},
	{999, "", ERR_PROTOCOL},
};

static void
a_status_and_its_reason_have_one_meaning(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		int code = pve_error_of(answers[i].status, answers[i].reason);

		if (code != answers[i].code)
			fail_msg("%d %s: %s instead of %s", answers[i].status, answers[i].reason,
				err_name(code), err_name(answers[i].code));
	}
}

static void
only_proxmox_itself_answers(void **state)
{
	static const int yes[] = {200, 204, 301, 400, 401, 403, 404, 500, 501, 506, 594, 600};
	static const int no[] = {0, 502, 503, 504, 595, 596, 597, 598, 599};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(pve_answered(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(pve_answered(no[i]));
}

static void
a_code_tells_whether_proxmox_itself_has_answered(void **state)
{
	static const int yes[] = {0, ERR_REFUSED, ERR_NOT_FOUND, ERR_NOT_RUNNING, ERR_LIMIT,
		ERR_PROTOCOL, ERR_NEEDS_OTP, ERR_NEEDS_NODE, ERR_NEEDS_PASSWORD, ERR_NO_DEVICE};
	static const int no[] = {ERR_MEMORY, ERR_SYSTEM, ERR_INVALID, ERR_BUSY, ERR_GONE,
		ERR_UNREACHABLE, ERR_TIMEOUT, ERR_UNTRUSTED, ERR_STOPPING, ERR_FORBIDDEN};

	(void)state;
	/* A new code has to be put into one of the two. */
	assert_int_equal(sizeof(yes) / sizeof(yes[0]) + sizeof(no) / sizeof(no[0]), ERR_COUNT + 1);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(pve_error_is_answer(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(pve_error_is_answer(no[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_and_its_reason_have_one_meaning),
		cmocka_unit_test(only_proxmox_itself_answers),
		cmocka_unit_test(a_code_tells_whether_proxmox_itself_has_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
