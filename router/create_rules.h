/* SPDX-License-Identifier: MIT */
/*
 * create_rules - the fields of POST /create, and which of them go together.
 *
 * What a body asks for is a set of facts: a bit for each field that is there, and
 * a few for what is in them. A rule is broken when some facts hold and some others
 * do not.
 *
 * Threads: no state.
 */
#ifndef ROUTER_CREATE_RULES_H
#define ROUTER_CREATE_RULES_H

#include <stddef.h>

#include "base/err.h"

/* id, name, what its value is: see create_params.c. In the order in which they are read. */
/* clang-format off */
#define CREATE_FIELD_TBL(X) \
	X(HOSTNAME, hostname, HOSTS) \
	X(PORT, port, NUMBER) \
	X(NODE, node, TEXT) \
	X(USERNAME, username, TEXT) \
	X(PASSWORD, password, TEXT) \
	X(TOKEN_ID, token_id, TEXT) \
	X(TOKEN_SECRET, token_secret, TEXT) \
	X(OTP, otp, DIGITS) \
	X(VMID, vmid, NUMBER) \
	X(TYPE, type, TEXT) \
	X(CONSOLE, console, TEXT) \
	X(SERIAL, serial, NUMBER) \
	X(FINGERPRINT, fingerprint, TEXT) \
	X(VERIFY, verify, FLAG)
/* clang-format on */

enum create_field {
#define X(id, name, value) CREATE_##id,
	CREATE_FIELD_TBL(X)
#undef X
		CREATE_FIELD_COUNT
};

#define CREATE_HAS(id) (1U << CREATE_##id)

/* Facts beside the fields that are there. */
enum create_fact {
	CREATE_USER_IS_TOKEN = 1 << CREATE_FIELD_COUNT, /* username is a token's id */
	CREATE_SEVERAL_HOSTS = CREATE_USER_IS_TOKEN << 1,
	CREATE_OF_NODE = CREATE_USER_IS_TOKEN << 2,      /* type is node */
	CREATE_NO_QEMU = CREATE_USER_IS_TOKEN << 3,      /* type is lxc or node */
	CREATE_TERMINAL = CREATE_USER_IS_TOKEN << 4,     /* console is term */
	CREATE_NODES_CLOSED = CREATE_USER_IS_TOKEN << 5, /* this gateway allows no node shells */
	CREATE_NO_TERMINALS = CREATE_USER_IS_TOKEN << 6, /* it has no page for them */
};

struct create_rule {
	unsigned when;   /* broken when all of these facts hold */
	unsigned unless; /* and none of these does */
	enum create_field field;
	enum create_field with; /* the one it clashes with; CREATE_FIELD_COUNT: it is wrong by itself */
	const char *text;
};

/* The table; *n becomes its length. */
const struct create_rule *create_rules(size_t *n);

/* "otp and token_id: a token has no second factor". */
void create_rule_explain(const struct create_rule *rule, struct err *err);

/* 0, or ERR_INVALID with the text of the first rule that is broken. */
int create_rules_check(unsigned facts, struct err *err) __attribute__((warn_unused_result));

#endif
