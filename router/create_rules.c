/* SPDX-License-Identifier: MIT */
/* create_rules - see create_rules.h */
#include "router/create_rules.h"

#define HAS(id) CREATE_HAS(id)
#define ALONE   CREATE_FIELD_COUNT

/* What clashes comes before what is missing: the latter may be no surprise then. */
static const struct create_rule rules[] = {
	/* not here */
	{CREATE_OF_NODE | CREATE_NODES_CLOSED, 0, CREATE_TYPE, ALONE,
		"node shells are not allowed here (allow_node_shell)"},
	{CREATE_TERMINAL | CREATE_NO_TERMINALS, 0, CREATE_CONSOLE, ALONE,
		"this gateway's page folder has no page for terminals (novnc_path)"},
	/* who asks */
	{HAS(USERNAME) | HAS(TOKEN_ID), 0, CREATE_USERNAME, CREATE_TOKEN_ID,
		"it is either a user or a token"},
	{HAS(PASSWORD) | HAS(TOKEN_SECRET), 0, CREATE_PASSWORD, CREATE_TOKEN_SECRET,
		"it is either a user or a token"},
	{HAS(PASSWORD) | HAS(TOKEN_ID), 0, CREATE_PASSWORD, CREATE_TOKEN_ID,
		"a token_id goes with a token_secret"},
	{HAS(TOKEN_SECRET) | HAS(USERNAME), 0, CREATE_TOKEN_SECRET, CREATE_USERNAME,
		"a username goes with a password"},
	{HAS(OTP) | HAS(TOKEN_ID), 0, CREATE_OTP, CREATE_TOKEN_ID, "a token has no second factor"},
	{HAS(OTP) | CREATE_USER_IS_TOKEN, 0, CREATE_OTP, CREATE_USERNAME,
		"a token has no second factor"},
	/* for what */
	{HAS(VMID) | CREATE_OF_NODE, 0, CREATE_VMID, CREATE_TYPE, "a node has no vmid"},
	{HAS(SERIAL) | CREATE_NO_QEMU, 0, CREATE_SERIAL, CREATE_TYPE,
		"only QEMU guests have serial ports"},
	{HAS(SERIAL), CREATE_TERMINAL, CREATE_SERIAL, CREATE_CONSOLE,
		"a serial port needs the console term"},
	{HAS(FINGERPRINT) | CREATE_SEVERAL_HOSTS, 0, CREATE_FINGERPRINT, CREATE_HOSTNAME,
		"a fingerprint is of one host, not of several"},
	/* what is missing */
	{0, HAS(HOSTNAME), CREATE_HOSTNAME, ALONE, "is missing"},
	{HAS(TOKEN_SECRET), HAS(TOKEN_ID), CREATE_TOKEN_ID, ALONE, "is missing"},
	{0, HAS(USERNAME) | HAS(TOKEN_ID), CREATE_USERNAME, ALONE, "is missing"},
	{HAS(USERNAME), HAS(PASSWORD), CREATE_PASSWORD, ALONE, "is missing"},
	{HAS(TOKEN_ID), HAS(TOKEN_SECRET), CREATE_TOKEN_SECRET, ALONE, "is missing"},
	{0, HAS(VMID) | CREATE_OF_NODE, CREATE_VMID, ALONE, "is missing"},
	{CREATE_OF_NODE, HAS(NODE), CREATE_NODE, ALONE, "is missing, which the type node needs"},
};

static const char *const names[] = {
#define X(id, name, value) #name,
	CREATE_FIELD_TBL(X)
#undef X
};

const struct create_rule *
create_rules(size_t *n)
{
	*n = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

void
create_rule_explain(const struct create_rule *rule, struct err *err)
{
	if (rule->with == ALONE)
		err_set(err, ERR_INVALID, "%s: %s", names[rule->field], rule->text);
	else
		err_set(
			err, ERR_INVALID, "%s and %s: %s", names[rule->field], names[rule->with], rule->text);
}

int
create_rules_check(unsigned facts, struct err *err)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct create_rule *rule = &rules[i];

		if ((facts & rule->when) != rule->when || (facts & rule->unless) != 0)
			continue;
		create_rule_explain(rule, err);
		return ERR_INVALID;
	}
	return 0;
}
