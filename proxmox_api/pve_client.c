/* SPDX-License-Identifier: MIT */
/* pve_client - lifetimes; see pve_client.h and pve.h. */
#include "proxmox_api/pve_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "proxmox_api/pve_conn.h"

int
pve_global_init(struct err *err)
{
	const curl_version_info_data *info;

	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return err_set(err, ERR_SYSTEM, "libcurl cannot be initialised");
	info = curl_version_info(CURLVERSION_NOW);
	/* Without its own resolver thread it would hang in name resolution beyond any deadline. */
	if ((info->features & CURL_VERSION_ASYNCHDNS) && info->ssl_version != NULL &&
		strstr(info->ssl_version, "OpenSSL") != NULL)
		return 0;
	curl_global_cleanup();
	return err_set(err, ERR_SYSTEM, "libcurl is not built with OpenSSL and a threaded resolver");
}

void
pve_global_done(void)
{
	pve_conn_drop_all();
	curl_global_cleanup();
}

/* ---- lifetimes ---- */

int
pve_new(struct pve_policy *policy, const struct pve_trace *trace, const struct pve_target *target,
	struct pve_hosts *hosts, struct pve **out, struct err *err)
{
	struct pve *pve = calloc(1, sizeof(*pve));

	assert(hosts == NULL || strcmp(pve_hosts_at(hosts, 0), target->host) == 0);
	/* It is one certificate's, and each host has another. */
	assert(hosts == NULL || !target->pin.set);
	if (pve == NULL)
		return err_set(err, ERR_MEMORY, "no memory for a login");
	atomic_init(&pve->refs, 1);
	lock_init(&pve->lock, LOCK_PVE);
	pve->policy = pve_policy_ref(policy);
	if (trace != NULL)
		pve->trace = *trace;
	memcpy(pve->host, target->host, sizeof(pve->host));
	pve->hosts = pve_hosts_ref(hosts);
	pve->port = target->port;
	pve->pin = target->pin;
	*out = pve;
	return 0;
}

struct pve *
pve_ref(struct pve *pve)
{
	atomic_fetch_add_explicit(&pve->refs, 1, memory_order_relaxed);
	return pve;
}

void
pve_unref(struct pve *pve)
{
	if (pve == NULL || atomic_fetch_sub_explicit(&pve->refs, 1, memory_order_acq_rel) > 1)
		return;
	pve_identity_done(&pve->identity);
	lock_done(&pve->lock);
	pve_policy_unref(pve->policy);
	pve_hosts_unref(pve->hosts);
	free(pve);
}

bool
pve_is_shared(const struct pve *pve)
{
	return atomic_load_explicit(&pve->refs, memory_order_acquire) > 1;
}

const char *
pve_user(const struct pve *pve)
{
	return pve->user;
}

const struct pve_hosts *
pve_hosts_of(const struct pve *pve)
{
	return pve->hosts;
}

void
pve_use_policy(struct pve *pve, struct pve_policy *policy)
{
	struct pve_policy *old;

	(void)pve_policy_ref(policy);
	lock_take(&pve->lock);
	old = pve->policy;
	pve->policy = policy;
	lock_release(&pve->lock);
	pve_policy_unref(old);
}

struct pve_policy *
pve_policy_now(struct pve *pve)
{
	struct pve_policy *policy;

	/* _ref() is an atomic and takes no lock. */
	lock_take(&pve->lock);
	policy = pve_policy_ref(pve->policy);
	lock_release(&pve->lock);
	return policy;
}

/* ---- where ---- */

size_t
pve_host_count(const struct pve *pve)
{
	return pve->hosts != NULL ? pve_hosts_count(pve->hosts) : 1;
}

const char *
pve_host_at(const struct pve *pve, size_t i)
{
	return pve->hosts != NULL ? pve_hosts_at(pve->hosts, i) : pve->host;
}

void
pve_where_get(struct pve *pve, struct pve_where *out)
{
	lock_take(&pve->lock);
	*out = pve->where;
	lock_release(&pve->lock);
}

void
pve_where_set(struct pve *pve, const struct pve_where *where)
{
	lock_take(&pve->lock);
	pve->where = *where;
	lock_release(&pve->lock);
}

int
pve_way_get(struct pve *pve, struct pve_way *out, struct err *err)
{
	struct pve_where where;
	const char *host;
	struct ip literal;

	pve_where_get(pve, &where);
	host = pve_host_at(pve, where.host);
	if (where.address[0] == '\0' && !ip_parse(host, &literal))
		return err_set(err, ERR_UNREACHABLE, "%s has not answered yet", host);
	*out = (struct pve_way){.port = pve->port, .pin = pve->pin};
	if (where.address[0] != '\0')
		memcpy(out->address, where.address, sizeof(out->address));
	else
		ip_format(&literal, out->address);
	snprintf(out->host, sizeof(out->host), "%s", host);
	out->policy = pve_policy_now(pve);
	return 0;
}

void
pve_way_copy(struct pve_way *to, const struct pve_way *from)
{
	*to = *from;
	(void)pve_policy_ref(to->policy);
}

void
pve_way_done(struct pve_way *way)
{
	pve_policy_unref(way->policy);
	*way = (struct pve_way){.port = 0};
}

bool
pve_way_same(const struct pve_way *a, const struct pve_way *b)
{
	return a->policy == b->policy && strcmp(a->address, b->address) == 0 &&
		   strcmp(a->host, b->host) == 0;
}
