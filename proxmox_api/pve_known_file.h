/* SPDX-License-Identifier: MIT */
/*
 * pve_known_file - what is remembered as a list in memory, as text, and on disk.
 *
 * A line an entry, '#' begins a comment:
 *   pve.example:8006 leaf AA:BB:...        the SHA-256 of a certificate
 *   pve.example:8006 authority MIIF...     a certificate, DER in base64
 *   [2001:db8::1]:8006 verified
 *
 * Threads: no shared state; a list belongs to its holder.
 */
#ifndef PROXMOX_API_PVE_KNOWN_FILE_H
#define PROXMOX_API_PVE_KNOWN_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "proxmox_api/pve.h"

struct x509_st;

enum {
	PVE_KNOWN_HOSTS_MAX = 1024,
	PVE_KNOWN_LEAVES_MAX = 16,
	PVE_KNOWN_FILE_MAX = 16 * 1024 * 1024,
};

struct known_host {
	struct known_host *next;
	char host[PVE_HOST_SIZE];
	uint16_t port;
	bool verified;
	bool written; /* the file has had it */
	bool writing; /* it is in the text that is being written */
	size_t count;
	struct pve_fingerprint leaves[PVE_KNOWN_LEAVES_MAX]; /* oldest first */
	struct x509_st *authority;                           /* or NULL */
};

struct known_list {
	struct known_host *first;
	size_t count;
};

struct known_host *known_find(const struct known_list *list, const char *host, uint16_t port);

/* A new one, empty. NULL without memory, or when there are PVE_KNOWN_HOSTS_MAX. */
struct known_host *known_add(struct known_list *list, const char *host, uint16_t port);

bool known_has_leaf(const struct known_host *h, const struct pve_fingerprint *leaf);

/* The oldest gives way when there are PVE_KNOWN_LEAVES_MAX. */
void known_add_leaf(struct known_host *h, const struct pve_fingerprint *leaf);

/* Forget the leaves and the authority. */
void known_clear(struct known_host *h);

void known_free(struct known_list *list);

/*
 * Read a text into an empty list. bad, which may be NULL, is told of each line that is
 * left out. Returns 0, or ERR_MEMORY; then the list is empty.
 */
int known_read_text(const char *text, size_t len, struct known_list *out,
	void (*bad)(void *arg, size_t line, const char *why), void *arg)
	__attribute__((warn_unused_result));

/* Append the whole list, with a comment that explains it. 0, ERR_LIMIT or ERR_MEMORY. */
int known_write_text(const struct known_list *list, struct buf *out)
	__attribute__((warn_unused_result));

/* What tells one state of a file from another. */
struct known_stamp {
	bool there;
	uint64_t device, inode, size;
	int64_t sec, nsec;
};

/* A file that is not there has a stamp too. 0 or ERR_SYSTEM. */
int known_stamp_file(const char *path, struct known_stamp *out, struct err *err)
	__attribute__((warn_unused_result));
bool known_stamp_same(const struct known_stamp *a, const struct known_stamp *b);

/*
 * All of a file, as far as PVE_KNOWN_FILE_MAX, and its stamp; one that is not there is
 * empty. 0, ERR_SYSTEM, ERR_LIMIT or ERR_MEMORY.
 */
int known_read_file(const char *path, struct buf *out, struct known_stamp *stamp, struct err *err)
	__attribute__((warn_unused_result));

/*
 * Put text in its place, for its owner only, all or nothing, also when the power fails; its
 * folder is made when it is missing. 0 or ERR_SYSTEM.
 */
int known_write_file(const char *path, const struct buf *text, struct known_stamp *stamp,
	struct err *err) __attribute__((warn_unused_result));

#endif
