/* SPDX-License-Identifier: MIT */
/*
 * check - what -check looks at beyond the configuration itself, and what is worth a warning.
 *
 * Threads: main.
 */
#ifndef ROUTER_CHECK_H
#define ROUTER_CHECK_H

#include "base/err.h"
#include "router/config.h"

/* Can page, certificate, key and authorities be loaded? Binds no port. 0, or an error as core_new() has it. */
int check_files(const struct config *config, struct err *err) __attribute__((warn_unused_result));

/* Tell of what is legal but unwise, each as a text without "warning: ". */
void check_warn(const struct config *config, const char *file, void (*tell)(const char *text));

#endif
