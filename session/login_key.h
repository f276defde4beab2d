/* SPDX-License-Identifier: MIT */
/*
 * login_key - what a login is found by: whom it is with, and a proof of the credential.
 *
 * A MAC under a key of this process over hosts, port, pinned certificate and the whole
 * credential. No password can be made of it, and no other password fits it.
 *
 * Threads: any; struct login_keys is immutable.
 */
#ifndef SESSION_LOGIN_KEY_H
#define SESSION_LOGIN_KEY_H

#include "session/logins.h"

struct login_keys; /* what makes them, with the process's key; opaque, see login_key.c */

enum { LOGIN_MAC_SIZE = 32 };

struct login_key {
	unsigned char mac[LOGIN_MAC_SIZE];
	bool alone; /* of a credential with a second factor: equal to none, not even to itself */
};

/* Returns 0, ERR_MEMORY or ERR_SYSTEM. */
int login_keys_new(struct login_keys **out, struct err *err) __attribute__((warn_unused_result));
void login_keys_free(struct login_keys *keys); /* wipes; NULL is fine */

/* 0 or ERR_MEMORY. */
int login_key_make(const struct login_keys *keys, const struct login_ask *ask,
	struct login_key *out, struct err *err) __attribute__((warn_unused_result));

bool login_key_equal(const struct login_key *a, const struct login_key *b);

#endif
