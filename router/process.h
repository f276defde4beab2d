/* SPDX-License-Identifier: MIT */
/*
 * process - what the program asks of its process, before anything else.
 *
 * Threads: main, before there are others.
 */
#ifndef ROUTER_PROCESS_H
#define ROUTER_PROCESS_H

#include <stdint.h>

#include "base/err.h"

enum process_event { PROCESS_NOTHING, PROCESS_RELOAD, PROCESS_STOP };

/*
 * Block the signals that are waited for, ignore SIGPIPE, raise the limit for
 * file descriptors as far as it goes, allow no core file and no debugger, forget
 * environment variables that would send connections elsewhere or keys to a file.
 * Returns 0 or ERR_SYSTEM.
 */
int process_prepare(struct err *err) __attribute__((warn_unused_result));

/* Wait for SIGHUP, SIGTERM or SIGINT, until deadline_ms at the latest. */
enum process_event process_wait(int64_t deadline_ms);

#endif
