/* SPDX-License-Identifier: MIT */
/* file - see file.h */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

enum { PIECE = 4096 };

static int
read_all(int fd, struct buf *text, struct err *err)
{
	char piece[PIECE];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0)
			r = err_set(err, ERR_INVALID, "%s", strerror(errno));
		else
			r = buf_add(text, piece, (size_t)n);
	}
	explicit_bzero(piece, sizeof(piece));
	if (r == ERR_LIMIT)
		return err_set(err, ERR_INVALID, "has more than %zu bytes", text->max);
	if (r == ERR_MEMORY)
		return err_set(err, r, "no memory to read it");
	if (r == 0 && text->len == 0)
		return err_set(err, ERR_INVALID, "is empty");
	return r;
}

int
file_read(const char *path, size_t max, struct secret *out, mode_t *mode, struct err *err)
{
	struct buf text = {.max = max};
	struct stat st;
	/* Opening a pipe would wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_set(err, ERR_INVALID, "%s", strerror(errno));
	if (fstat(fd, &st) < 0)
		r = err_set(err, ERR_INVALID, "%s", strerror(errno));
	else
		r = read_all(fd, &text, err);
	close(fd);
	if (r == 0 && secret_set(out, text.data, text.len) < 0)
		r = err_set(err, ERR_MEMORY, "no memory to read it");
	if (r == 0 && mode != NULL)
		*mode = st.st_mode;
	buf_done(&text);
	return r;
}
