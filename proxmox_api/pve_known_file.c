/* SPDX-License-Identifier: MIT */
/* pve_known_file - what is remembered, on disk; see pve_known_file.h. */
#include "proxmox_api/pve_known_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

static struct known_stamp
stamp_of(const struct stat *st)
{
	return (struct known_stamp){.there = true,
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.sec = st->st_mtim.tv_sec,
		.nsec = st->st_mtim.tv_nsec};
}

int
known_stamp_file(const char *path, struct known_stamp *out, struct err *err)
{
	struct stat st;

	*out = (struct known_stamp){.there = false};
	if (stat(path, &st) == 0)
		*out = stamp_of(&st);
	else if (errno != ENOENT)
		return err_errno(err, "%s", path);
	return 0;
}

bool
known_stamp_same(const struct known_stamp *a, const struct known_stamp *b)
{
	return a->there == b->there && a->device == b->device && a->inode == b->inode &&
		   a->size == b->size && a->sec == b->sec && a->nsec == b->nsec;
}

static int
read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	char piece[4096];
	ssize_t n;
	int r = 0;

	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		r = buf_add(out, piece, (size_t)n);
		if (r < 0)
			return err_set(err, r, "%s: %s", path, r == ERR_LIMIT ? "too large" : "no memory");
	}
	return n < 0 ? err_errno(err, "%s", path) : 0;
}

int
known_read_file(const char *path, struct buf *out, struct known_stamp *stamp, struct err *err)
{
	/* Not to wait for a writer, should it be a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r;

	*stamp = (struct known_stamp){.there = false};
	out->max = PVE_KNOWN_FILE_MAX;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "%s", path);
	if (fstat(fd, &st) < 0)
		r = err_errno(err, "%s", path);
	else if (!S_ISREG(st.st_mode))
		r = err_set(err, ERR_SYSTEM, "%s: not a file", path);
	else
		r = read_all(fd, path, out, err);
	if (r == 0)
		*stamp = stamp_of(&st);
	close(fd);
	return r;
}

/* The folder's part of path, which names a file. */
static void
folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(
		out, PATH_MAX, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
}

/* So that the new name is on the disk too. */
static int
sync_folder(const char *folder, struct err *err)
{
	int fd = open(folder[0] != '\0' ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0 || fsync(fd) < 0)
		r = err_errno(err, "%s", folder);
	if (fd >= 0)
		close(fd);
	return r;
}

static int
write_all(int fd, const char *path, const struct buf *text, struct err *err)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0)
			return err_errno(err, "%s", path);
		done += (size_t)n;
	}
	return fsync(fd) < 0 ? err_errno(err, "%s", path) : 0;
}

static int
write_new(const char *path, const struct buf *text, struct known_stamp *stamp, struct err *err)
{
	struct stat st;
	int fd, r;

	/* Whatever is left of an earlier try, or put there by somebody else, is not written to. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, "%s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return err_errno(err, "%s", path);
	r = write_all(fd, path, text, err);
	if (r == 0 && fstat(fd, &st) < 0)
		r = err_errno(err, "%s", path);
	if (r == 0)
		*stamp = stamp_of(&st);
	close(fd);
	return r;
}

int
known_write_file(
	const char *path, const struct buf *text, struct known_stamp *stamp, struct err *err)
{
	char folder[PATH_MAX], fresh[PATH_MAX];
	struct known_stamp written;
	int n, r;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return err_set(err, ERR_SYSTEM, "%.100s...: too long for a path", path);
	folder_of(path, folder);
	if (folder[0] != '\0' && mkdir(folder, FOLDER_MODE) < 0 && errno != EEXIST)
		return err_errno(err, "%s", folder);
	r = write_new(fresh, text, &written, err);
	if (r == 0 && rename(fresh, path) < 0)
		r = err_errno(err, "%s", path);
	if (r < 0) {
		(void)unlink(fresh);
		return r;
	}
	*stamp = written;
	return sync_folder(folder, err);
}
