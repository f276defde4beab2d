/* SPDX-License-Identifier: MIT */
/*
 * notice - what a person reads when there is no console to show, pure.
 *
 * No script, no picture, one style sheet, allowed by its hash. The words are
 * neutral: they come from constants and end_tbl.h, never from a request, a log
 * or Proxmox, so nothing in them has to be escaped but in principle.
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

/* SHA-256 of the style sheet in base64, for the policy; a test computes it. */
extern const char notice_style_hash[];

/* The style sheet as it stands in the page, for that test. */
extern const char notice_style[];

/* 0, ERR_LIMIT or ERR_MEMORY. */
int notice_html(struct buf *out, const struct notice *notice) __attribute__((warn_unused_result));
int notice_text(struct buf *out, const struct notice *notice) __attribute__((warn_unused_result));

#endif
