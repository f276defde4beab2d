/* SPDX-License-Identifier: MIT */
/*
 * notice - what a person reads when there is no console to show, pure.
 *
 * No picture, one style sheet and at most one script, allowed by their hashes. The
 * words are neutral: they come from constants and end_tbl.h, never from a request,
 * a log or Proxmox, so nothing in them has to be escaped but in principle.
 *
 * Threads: no state.
 */
#ifndef ROUTER_NOTICE_H
#define ROUTER_NOTICE_H

#include <stdbool.h>

#include "base/buf.h"

struct notice {
	const char *title;  /* "Console not available" */
	const char *reason; /* a sentence */
	const char *advice; /* another one */
	bool again;         /* offer the same link again */
};

/* SHA-256 of style sheet and script in base64, for the policy; a test computes them. */
extern const char notice_style_hash[], notice_script_hash[];

/* 0, ERR_LIMIT or ERR_MEMORY. */
int notice_html(struct buf *out, const struct notice *notice) __attribute__((warn_unused_result));
int notice_text(struct buf *out, const struct notice *notice) __attribute__((warn_unused_result));

/*
 * The page of a link that is to be confirmed: its script sends a POST to its own
 * address, and without script a button does. It is the same for every link, also
 * for those that do not exist.
 */
int notice_confirm_html(struct buf *out) __attribute__((warn_unused_result));
int notice_confirm_text(struct buf *out) __attribute__((warn_unused_result));

#endif
