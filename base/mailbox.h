/* SPDX-License-Identifier: MIT */
/*
 * mailbox - how other threads talk to somebody in an event loop.
 *
 * Posting appends a message and makes an eventfd readable; the owner watches
 * that descriptor and takes all messages at once. Messages are intrusive: a
 * struct starts with a struct mail. A mailbox is shared (ref/unref) and
 * outlives its owner: after mailbox_close() posting says ERR_GONE, so nobody
 * can lose a message to one that has ended.
 *
 * Threads: post, ref, unref from any; take and close from the owner.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include "base/err.h"

struct mail {
	struct mail *next;                  /* the mailbox's */
	int kind;                           /* the owner's own enum */
	void (*discard)(struct mail *mail); /* frees a message that nobody will read */
};

struct mailbox; /* opaque, see mailbox.c */

/* A new mailbox with one reference. Returns 0, ERR_MEMORY or ERR_SYSTEM. */
int mailbox_new(struct mailbox **out, struct err *err) __attribute__((warn_unused_result));
struct mailbox *mailbox_ref(struct mailbox *m);
void mailbox_unref(struct mailbox *m);

/* The eventfd, to be watched while one has a reference. */
int mailbox_fd(const struct mailbox *m);

/*
 * Hand a message over. On success *mail is NULL: it is the mailbox's.
 * Returns 0, or ERR_GONE when the mailbox is closed (*mail stays the caller's).
 */
int mailbox_post(struct mailbox *m, struct mail **mail) __attribute__((warn_unused_result));

/* All messages in the order of posting, as a list over next; NULL when none. They are the caller's. */
struct mail *mailbox_take(struct mailbox *m);

/* Refuse further posts and discard what was not taken. Idempotent. */
void mailbox_close(struct mailbox *m);

#endif
