/* SPDX-License-Identifier: MIT */
/*
 * file - a small file as a secret.
 *
 * Threads: any; no state.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * Read a whole file; *out becomes the caller's. Never waits, whatever the name leads to.
 * *mode (NULL: not wanted) becomes what stat(2) says of it. Returns 0, ERR_INVALID (it cannot
 * be read, is empty or has more than max bytes) or ERR_MEMORY; the text says why and does not
 * name the file.
 */
int file_read(const char *path, size_t max, struct secret *out, mode_t *mode, struct err *err)
	__attribute__((warn_unused_result));

#endif
