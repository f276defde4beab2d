/* SPDX-License-Identifier: MIT */
/*
 * options - the command line: proxmoxvnc [-config FILE] [-port N] [-check] [-version] [-help]
 *
 * Threads: no state.
 */
#ifndef ROUTER_OPTIONS_H
#define ROUTER_OPTIONS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct options {
	const char *config_file; /* borrowed from argv, or the default */
	int port;                /* 0: as in the file */
	bool check;
	bool version;
	bool help;
};

/* One dash or two, "-config FILE" or "-config=FILE". 0, or ERR_INVALID with a text. */
int options_parse(int argc, char *const argv[], struct options *out, struct err *err)
	__attribute__((warn_unused_result));

/* What -help prints: the command line and the keys of config.json. 0, ERR_LIMIT or ERR_MEMORY. */
int options_help(struct buf *out) __attribute__((warn_unused_result));

#endif
