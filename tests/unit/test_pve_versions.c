/* SPDX-License-Identifier: MIT */
/*
 * The answers of Proxmox VE 7.4, 8.4, 9.0 and 9.2 to each call that is made, in their real shapes,
 * and what is made of them. Names, numbers and signatures are invented.
 */
#include "tests/unit/torture.h"

#include <stdio.h>
#include <string.h>

#include "proxmox_api/pve_judge.h"
#include "proxmox_api/pve_parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define SIG    "hT0xFzQ+4mJ9/aB2=="
#define TICKET "PVEVNC:65A1B2C3::" SIG
#define UPID   "UPID:pve1:0000A1B2:00C3D4E5:65A1B2C3:"
#define CERT   "-----BEGIN CERTIFICATE-----\\nMIIF\\n-----END CERTIFICATE-----\\n"

/* ---- what is read of an answer, as text ---- */

static int
read_login(const char *json, size_t len, char out[256], struct err *err)
{
	struct pve_login_reply reply = {.user = ""};
	int r = pve_parse_login(json, len, &reply, err);

	if (r == 0)
		snprintf(out, 256, "%s %.8s %.9s", reply.user, secret_peek(&reply.ticket),
			secret_peek(&reply.csrf));
	pve_login_reply_done(&reply);
	return r;
}

static int
read_guests(const char *json, size_t len, char out[256], struct err *err)
{
	struct pve_listed listed = {.guests = 0};
	int r = pve_parse_guests(json, len, 100, &listed, err);

	if (r == 0)
		snprintf(out, 256, "%zu %s %s", listed.guests, listed.node,
			listed.type == PVE_GUEST_QEMU  ? "qemu"
			: listed.type == PVE_GUEST_LXC ? "lxc"
										   : "-");
	return r;
}

static int
read_nodes(const char *json, size_t len, char out[256], struct err *err)
{
	static const char *const states[] = {"unknown", "online", "offline"};
	struct pve_nodes nodes;
	size_t used = 0;
	int r = pve_parse_nodes(json, len, &nodes, err);

	out[0] = '\0';
	for (size_t i = 0; r == 0 && i < nodes.count && used < 200; i++)
		used += (size_t)snprintf(out + used, 256 - used, "%s%s %s", i > 0 ? ", " : "",
			nodes.at[i].name, states[nodes.at[i].state]);
	return r;
}

static int
read_status(const char *json, size_t len, char out[256], struct err *err)
{
	bool serial = false;
	int r = pve_parse_running(json, len, &serial, err);

	if (r == 0)
		snprintf(out, 256, "running%s", serial ? ", serial" : "");
	return r;
}

static int
read_screen(const char *json, size_t len, char out[256], struct err *err)
{
	struct pve_console_reply reply = {.port = 0};
	int r = pve_parse_vncproxy(json, len, &reply, err);

	if (r == 0)
		snprintf(out, 256, "%u %s %s", reply.port, secret_peek(&reply.password),
			reply.authority != NULL ? "with authority" : "");
	pve_console_reply_done(&reply);
	return r;
}

static int
read_terminal(const char *json, size_t len, char out[256], struct err *err)
{
	struct pve_console_reply reply = {.port = 0};
	int r = pve_parse_termproxy(json, len, &reply, err);

	if (r == 0)
		snprintf(out, 256, "%u %s", reply.port, secret_peek(&reply.login));
	pve_console_reply_done(&reply);
	return r;
}

typedef int reader(const char *json, size_t len, char out[256], struct err *err);

/* ---- 200 ---- */

#define CAP \
	"\"cap\":{\"dc\":{\"Sys.Audit\":1},\"nodes\":{\"Sys.Console\":1},\"vms\":{\"VM.Console\":1}}"

static const struct {
	const char *version;
	reader *read;
	const char *body, *is; /* what is read of it; NULL: code */
	int code;
} answers[] = {
	/* POST access/ticket */
	{"7.4", read_login,
		"{\"data\":{" CAP ",\"CSRFPreventionToken\":\"65A1B2C3:q83v+x\",\"username\":\"joe@pve\","
		"\"ticket\":\"PVE:joe@pve:65A1B2C3::" SIG "\"}}",
		"joe@pve PVE:joe@ 65A1B2C3:", 0},
	{"8.4", read_login,
		"{\"data\":{\"ticket\":\"PVE:joe@pve:65A1B2C3::" SIG "\",\"clustername\":\"lab\"," CAP
		",\"username\":\"joe@pve\",\"CSRFPreventionToken\":\"65A1B2C3:q83v+x\"}}",
		"joe@pve PVE:joe@ 65A1B2C3:", 0},
	{"9.0", read_login,
		"{\"data\":{\"username\":\"joe@pve\",\"CSRFPreventionToken\":\"65A1B2C3:q83v+x\","
		"\"NeedTFA\":"
		"1,\"ticket\":\"PVE:!tfa!{\\\"totp\\\"%3Atrue,\\\"recovery\\\"%3A\\\"high\\\"}:65A1B2C3:"
		":" SIG "\"}}",
		NULL, ERR_NEEDS_OTP},
	{"9.2", read_login,
		"{\"data\":{" CAP ",\"username\":\"joe@pve\",\"ticket\":\"PVE:joe@pve:65A1B2C3::" SIG
		"\",\"CSRFPreventionToken\":\"65A1B2C3:q83v+x\"}}",
		"joe@pve PVE:joe@ 65A1B2C3:", 0},

	/* GET cluster/resources?type=vm */
	{"7.4", read_guests,
		"{\"data\":[{\"vmid\":101,\"type\":\"qemu\",\"node\":\"pve1\",\"id\":\"qemu/"
		"101\",\"status\":"
		"\"stopped\",\"template\":1,\"uptime\":0,\"maxcpu\":1,\"cpu\":0,\"name\":\"debian\"},"
		"{\"cpu\":0.0123,\"diskread\":184467440737095516150,\"id\":\"qemu/"
		"100\",\"maxcpu\":2,\"maxdisk\":"
		"34359738368,\"mem\":1073741824,\"name\":\"web\",\"netin\":1,\"node\":\"pve2\",\"status\":"
		"\"running\",\"template\":0,\"type\":\"qemu\",\"uptime\":4711,\"vmid\":100,\"pool\":"
		"\"shop\"}]}",
		"2 pve2 qemu", 0},
	{"8.4", read_guests,
		"{\"data\":[{\"id\":\"lxc/"
		"100\",\"tags\":\"a;b\",\"lock\":\"backup\",\"hastate\":\"started\","
		"\"node\":\"pve1\",\"type\":\"lxc\",\"status\":\"unknown\",\"vmid\":100}]}",
		"1 pve1 lxc", 0},
	{"9.0", read_guests, "{\"data\":[]}", "0  -", 0},
	{"9.2", read_guests,
		"{\"data\":[{\"type\":\"qemu\",\"vmid\":102,\"node\":\"pve3\",\"status\":\"running\","
		"\"memhost\":"
		"2147483648,\"id\":\"qemu/102\",\"name\":\"mail\",\"template\":0}]}",
		"1  -", 0},

	/* GET nodes: to everybody; the numbers only with Sys.Audit */
	{"7.4", read_nodes,
		"{\"data\":[{\"node\":\"pve1\",\"id\":\"node/"
		"pve1\",\"type\":\"node\",\"status\":\"online\","
		"\"level\":\"\",\"ssl_fingerprint\":\"AA:BB\",\"cpu\":0.01,\"maxcpu\":4,\"uptime\":99,"
		"\"mem\":"
		"1,\"maxmem\":2,\"disk\":1,\"maxdisk\":2}]}",
		"pve1 online", 0},
	{"8.4", read_nodes,
		"{\"data\":[{\"status\":\"online\",\"level\":\"c\",\"ssl_fingerprint\":\"AA:BB\",\"node\":"
		"\"pve1\",\"id\":\"node/pve1\",\"type\":\"node\"},{\"node\":\"pve2\",\"type\":\"node\","
		"\"status\":\"offline\",\"id\":\"node/pve2\",\"ssl_fingerprint\":\"AA:BC\"}]}",
		"pve1 online, pve2 offline", 0},
	{"9.2", read_nodes,
		"{\"data\":[{\"type\":\"node\",\"id\":\"node/"
		"pve1\",\"status\":\"unknown\",\"node\":\"pve1\","
		"\"ssl_fingerprint\":null}]}",
		"pve1 unknown", 0},

	/* GET status/current */
	{"7.4", read_status,
		"{\"data\":{\"vmid\":100,\"status\":\"running\",\"qmpstatus\":\"running\",\"name\":\"web\","
		"\"ha\":"
		"{\"managed\":0},\"pid\":1234,\"cpus\":2,\"nics\":{\"tap100i0\":{\"netin\":1,\"netout\":2}}"
		","
		"\"blockstat\":{\"scsi0\":{\"rd_bytes\":1}},\"proxmox-support\":{\"pbs-dirty-bitmap\":true}"
		","
		"\"running-machine\":\"pc-i440fx-7.2+pve0\",\"running-qemu\":\"7.2.0\",\"shares\":1000}}",
		"running", 0},
	{"7.4", read_status,
		"{\"data\":{\"type\":\"lxc\",\"vmid\":200,\"status\":\"stopped\",\"name\":\"ct\",\"swap\":"
		"0,"
		"\"maxswap\":536870912,\"ha\":{\"managed\":1,\"group\":\"all\",\"state\":\"stopped\"}}}",
		NULL, ERR_NOT_RUNNING},
	{"8.4", read_status,
		"{\"data\":{\"serial\":1,\"agent\":1,\"spice\":1,\"clipboard\":null,\"status\":\"running\","
		"\"qmpstatus\":\"paused\",\"vmid\":100,\"lock\":\"suspended\",\"ha\":{\"managed\":0}}}",
		"running, serial", 0},
	{"9.0", read_status,
		"{\"data\":{\"vmid\":200,\"type\":\"lxc\",\"status\":\"running\",\"pid\":77,\"cpus\":1,"
		"\"pressurecpufull\":\"0.00\",\"pressurememorysome\":\"0.12\",\"tags\":\"x\"}}",
		"running", 0},
	{"9.2", read_status,
		"{\"data\":{\"memhost\":2147483648,\"pressurecpusome\":0.5,\"pressureiofull\":0,\"serial\":"
		"1,"
		"\"status\":\"running\",\"qmpstatus\":\"running\",\"running-machine\":\"pc-q35-10.1+pve0\","
		"\"vmid\":100,\"ha\":{\"managed\":0}}}",
		"running, serial", 0},

	/* POST vncproxy, vncshell */
	{"7.4", read_screen,
		"{\"data\":{\"cert\":\"" CERT "\",\"port\":\"5900\",\"ticket\":\"" TICKET "\",\"user\":"
		"\"joe@pve\",\"upid\":\"" UPID "vncproxy:100:joe@pve:\"}}",
		"5900 PVEVNC:6 with authority", 0},
	{"8.4", read_screen,
		"{\"data\":{\"upid\":\"" UPID
		"vncproxy:200:joe@pve!gw:\",\"user\":\"joe@pve!gw\",\"port\":5901,"
		"\"ticket\":\"" TICKET "\",\"cert\":\"" CERT "\"}}",
		"5901 PVEVNC:6 with authority", 0},
	{"9.0", read_screen,
		"{\"data\":{\"user\":\"root@pam\",\"ticket\":\"" TICKET "\",\"cert\":\"" CERT
		"\",\"upid\":\"" UPID "vncshell::root@pam:\",\"port\":5902}}",
		"5902 PVEVNC:6 with authority", 0},
	{"9.2", read_screen,
		"{\"data\":{\"password\":\"A`\\\"\\\\/<;%\",\"ticket\":\"A`\\\"\\\\/<;%:" TICKET
		"\",\"port\":"
		"\"5903\",\"cert\":\"" CERT "\",\"user\":\"joe@pve\",\"upid\":\"" UPID
		"vncproxy:100:joe@pve:\"}}",
		"5903 A`\"\\/<;% with authority", 0},

	/* POST termproxy */
	{"7.4", read_terminal,
		"{\"data\":{\"port\":\"5900\",\"user\":\"joe@pve\",\"ticket\":\"" TICKET
		"\",\"upid\":\"" UPID "vncproxy:100:joe@pve:\"}}",
		"5900 joe@pve:" TICKET "\n", 0},
	{"8.4", read_terminal,
		"{\"data\":{\"upid\":\"" UPID
		"vncproxy:200:joe@pve!gw:\",\"port\":5901,\"user\":\"joe@pve!gw\","
		"\"ticket\":\"" TICKET "\"}}",
		"5901 joe@pve!gw:" TICKET "\n", 0},
	{"9.0", read_terminal,
		"{\"data\":{\"user\":\"root@pam\",\"ticket\":\"" TICKET "\",\"port\":5902,\"upid\":\"" UPID
		"vncshell::root@pam:\"}}",
		"5902 root@pam:" TICKET "\n", 0},
	{"9.2", read_terminal,
		"{\"data\":{\"ticket\":\"" TICKET
		"\",\"port\":5903,\"user\":\"joe@pve!gw\",\"upid\":\"" UPID "vncshell::joe@pve!gw:\"}}",
		"5903 joe@pve!gw:" TICKET "\n", 0},
};

static void
every_versions_answers_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		char is[256] = "";
		struct err err = {.code = 0};
		int r = answers[i].read(answers[i].body, strlen(answers[i].body), is, &err);

		if (r != answers[i].code)
			fail_msg("%s, row %zu: %s", answers[i].version, i, err.text);
		if (r == 0)
			assert_string_equal(is, answers[i].is);
	}
}

/* ---- refusals ---- */

/* Until 8.2 the reason phrase is all there is; since then the body says it, too. */
#define BARE           "{\"data\":null}"
#define MESSAGE(text)  "{\"data\":null,\"message\":\"" text "\\n\"}"
#define ERRORS(errors) "{\"errors\":{" errors "},\"data\":null}"
#define BOTH(errors) \
	"{\"message\":\"Parameter verification failed.\\n\",\"data\":null,\"errors\":{" errors "}}"

static const struct {
	const char *version;
	int status;
	const char *reason, *body;
	int code;
	const char *says;
} refusals[] = {
	/* POST access/ticket: whatever was wrong */
	{"7.4", 401, "authentication failure", BARE, ERR_REFUSED, "authentication failure"},
	{"9.2", 401, "authentication failure", MESSAGE("authentication failure"), ERR_REFUSED,
		"authentication failure"},
	{"8.4", 400, "Parameter verification failed.",
		BOTH("\"username\":\"value may only be 64 characters long\""), ERR_PROTOCOL,
		"username: value may only be 64 characters long"},
	/* the ticket or token of any call: the body is empty; inner texts until January 2026 */
	{"7.4", 401, "permission denied - invalid PVE ticket", "", ERR_REFUSED, "invalid PVE ticket"},
	{"7.4", 401, "no such token 'gw' for user 'joe@pve'", "", ERR_REFUSED, "no such token 'gw'"},
	{"8.4", 401, "invalid token value!", "", ERR_REFUSED, "invalid token value!"},
	{"9.0", 401, "token 'joe@pve!gw' access expired", "", ERR_REFUSED, "access expired"},
	{"9.2", 401, "Authentication failed!", "", ERR_REFUSED, "Authentication failed!"},
	{"9.2", 401, "No ticket", "", ERR_REFUSED, "No ticket"},
	{"8.4", 401, "Permission denied - invalid csrf token", "", ERR_REFUSED, "csrf"},
	/* GET status/current */
	{"7.4", 403, "Permission check failed (/vms/100, VM.Audit)", BARE, ERR_REFUSED, "VM.Audit"},
	{"9.2", 403, "Permission check failed (/vms/100, VM.Audit)",
		MESSAGE("Permission check failed (/vms/100, VM.Audit)"), ERR_REFUSED, "VM.Audit"},
	{"7.4", 500, "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist", BARE,
		ERR_NOT_FOUND, "does not exist"},
	{"9.0", 500, "Configuration file 'nodes/pve1/lxc/100.conf' does not exist",
		MESSAGE("Configuration file 'nodes/pve1/lxc/100.conf' does not exist"), ERR_NOT_FOUND,
		"does not exist"},
	{"8.4", 500,
		"hostname lookup 'pve9' failed - failed to get address info for: pve9: Name or service not "
		"known",
		MESSAGE("hostname lookup 'pve9' failed"), ERR_NOT_FOUND, "hostname lookup 'pve9'"},
	{"7.4", 595, "No route to host", "", ERR_UNREACHABLE, "No route to host"},
	{"8.4", 595, "Connection refused", "", ERR_UNREACHABLE, "Connection refused"},
	{"9.0", 596, "Connection timed out", "", ERR_TIMEOUT, "timed out"},
	{"9.2", 596, "tls_process_server_certificate: certificate verify failed", "", ERR_UNREACHABLE,
		"certificate verify failed"},
	{"8.4", 599, "Too many redirections", "", ERR_UNREACHABLE, "redirections"},
	/* POST vncproxy, vncshell, termproxy */
	{"7.4", 403, "Permission check failed (/vms/100, VM.Console)", BARE, ERR_REFUSED, "VM.Console"},
	{"7.4", 403, "Permission check failed (realm != pam)", BARE, ERR_REFUSED, "realm != pam"},
	{"7.4", 403, "Permission check failed (realm pve != pam)", BARE, ERR_REFUSED, "!= pam"},
	{"9.2", 403, "Permission check failed (/nodes/pve1, Sys.Console)",
		MESSAGE("Permission check failed (/nodes/pve1, Sys.Console)"), ERR_REFUSED, "Sys.Console"},
	{"8.4", 500, "value 'root@pam!gw' does not look like a valid user name",
		MESSAGE("value 'root@pam!gw' does not look like a valid user name"), ERR_NEEDS_PASSWORD,
		"valid user name"},
	{"7.4", 500, "value 'root@pam!gw' does not look like a valid user name", BARE,
		ERR_NEEDS_PASSWORD, "valid user name"},
	{"8.4", 500, "unable to find free port (5900-6000)",
		MESSAGE("unable to find free port (5900-6000)"), ERR_LIMIT, "free port"},
	{"9.0", 500, "Timeout while waiting for port '5900' to get ready!",
		MESSAGE("Timeout while waiting for port '5900' to get ready!"), ERR_TIMEOUT, "get ready"},
	{"7.4", 400, "Parameter verification failed.",
		ERRORS("\"serial\":\"value 'serial4' does not have a value in the enumeration 'serial0, "
			   "serial1, serial2, serial3'\""),
		ERR_PROTOCOL, "serial: value 'serial4'"},
	{"9.2", 400, "Parameter verification failed.",
		BOTH("\"serial\":\"property is not defined in schema and the schema does not allow "
			 "additional properties\""),
		ERR_PROTOCOL, "serial: property is not defined in schema"},
	/* a call that this version does not have */
	{"7.4", 501, "Method 'GET /nodes/pve1/x' not implemented", BARE, ERR_PROTOCOL,
		"not implemented"},
	/* a reverse proxy in front that drops reason phrases, or speaks itself */
	{"9.2", 500, "", MESSAGE("Configuration file 'nodes/pve1/lxc/100.conf' does not exist"),
		ERR_NOT_FOUND, "does not exist"},
	{"8.4", 401, "", "", ERR_REFUSED, "401"},
	{"9.2", 502, "Bad Gateway", "<html>nginx</html>", ERR_UNREACHABLE, "Bad Gateway"},
	{"9.2", 504, "Gateway Time-out", "<html>nginx</html>", ERR_TIMEOUT, "Gateway Time-out"},
};

static void
every_versions_refusals_have_their_reason(void **state)
{
	static const struct pve_call call = {.what = "call"};

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct pve_answer answer = {.status = refusals[i].status};
		struct err err = {.code = 0};
		int r;

		snprintf(answer.reason, sizeof(answer.reason), "%s", refusals[i].reason);
		assert_int_equal(buf_addf(&answer.body, "%s", refusals[i].body), 0);
		r = pve_judge(&call, &answer, &err);
		buf_done(&answer.body);
		if (r != refusals[i].code || strstr(err.text, refusals[i].says) == NULL)
			fail_msg("%s, %d %s: %s: %s", refusals[i].version, refusals[i].status,
				refusals[i].reason, err_name(r), err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_versions_answers_are_understood),
		cmocka_unit_test(every_versions_refusals_have_their_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
