/* SPDX-License-Identifier: MIT */
/* pve_hosts - the hosts of one cluster, of which any will do; see pve.h. */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "proxmox_api/pve.h"

/* [a] atomic, [i] immutable once shared */
struct pve_hosts {
	atomic_uint refs;                        /* [a] */
	size_t count;                            /* [i] */
	char host[PVE_HOSTS_MAX][PVE_HOST_SIZE]; /* [i] */
};

int
pve_hosts_new(struct pve_hosts **out, struct err *err)
{
	struct pve_hosts *hosts = calloc(1, sizeof(*hosts));

	if (hosts == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a list of hosts");
	atomic_init(&hosts->refs, 1);
	*out = hosts;
	return 0;
}

struct pve_hosts *
pve_hosts_ref(struct pve_hosts *hosts)
{
	if (hosts != NULL)
		atomic_fetch_add_explicit(&hosts->refs, 1, memory_order_relaxed);
	return hosts;
}

void
pve_hosts_unref(struct pve_hosts *hosts)
{
	if (hosts == NULL || atomic_fetch_sub_explicit(&hosts->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(hosts);
}

static bool
has(const struct pve_hosts *hosts, const char *host)
{
	for (size_t i = 0; i < hosts->count; i++) {
		if (strcmp(hosts->host[i], host) == 0)
			return true;
	}
	return false;
}

int
pve_hosts_add(struct pve_hosts *hosts, const char *text, struct err *err)
{
	char host[PVE_HOST_SIZE];
	int r = pve_parse_host(text, host, err);

	if (r < 0)
		return r;
	if (has(hosts, host))
		return err_set(err, ERR_INVALID, "is there twice");
	if (hosts->count == PVE_HOSTS_MAX)
		return err_set(err, ERR_LIMIT, "has more than %d hosts", PVE_HOSTS_MAX);
	memcpy(hosts->host[hosts->count++], host, sizeof(host));
	return 0;
}

size_t
pve_hosts_count(const struct pve_hosts *hosts)
{
	return hosts->count;
}

const char *
pve_hosts_at(const struct pve_hosts *hosts, size_t i)
{
	assert(i < hosts->count);
	return hosts->host[i];
}

bool
pve_hosts_equal(const struct pve_hosts *a, const struct pve_hosts *b)
{
	if (a == NULL || b == NULL || a->count != b->count)
		return a == b;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->host[i], b->host[i]) != 0)
			return false;
	}
	return true;
}
