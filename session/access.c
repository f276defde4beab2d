/* SPDX-License-Identifier: MIT */
/* access - see access.h */
#include "session/access.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "session/origin.h"

struct access {
	atomic_int refs;
	struct access_rules rules;    /* [i] */
	struct ip_net *proxies;       /* [i] */
	size_t proxy_count;           /* [i] */
	char (*origins)[ORIGIN_SIZE]; /* [i] */
	size_t origin_count;          /* [i] */
	struct buf frame_ancestors;   /* [i] */
};

int
access_check_origin(const char *text, struct err *err)
{
	char origin[ORIGIN_SIZE];

	return origin_parse(text, origin, err);
}

int
access_check_ancestor(const char *text, struct err *err)
{
	char source[ORIGIN_SIZE];

	return origin_parse_source(text, source, err);
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_MEMORY, "no memory for the configuration");
}

static int
add_proxies(struct access *a, const struct access_texts *list, struct err *err)
{
	struct err why = {0};

	a->proxies = calloc(list->count + 1, sizeof(*a->proxies));
	if (!a->proxies)
		return no_memory(err);
	for (; a->proxy_count < list->count; a->proxy_count++)
		if (ip_net_parse(list->texts[a->proxy_count], &a->proxies[a->proxy_count], &why) < 0)
			return err_set(err, ERR_INVALID, "trusted_proxies: %s", why.text);
	return 0;
}

static int
add_origins(struct access *a, const struct access_texts *list, struct err *err)
{
	struct err why = {0};

	a->origins = calloc(list->count + 1, sizeof(*a->origins));
	if (!a->origins)
		return no_memory(err);
	for (; a->origin_count < list->count; a->origin_count++)
		if (origin_parse(list->texts[a->origin_count], a->origins[a->origin_count], &why) < 0)
			return err_set(err, ERR_INVALID, "allowed_origins: %s", why.text);
	return 0;
}

static int
add_ancestors(struct access *a, const struct access_texts *list, struct err *err)
{
	char source[ORIGIN_SIZE];
	struct err why = {0};
	int r = 0;

	a->frame_ancestors.max = ACCESS_ANCESTORS_MAX;
	if (list->count == 0)
		r = buf_addf(&a->frame_ancestors, "*");
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		if (origin_parse_source(list->texts[i], source, &why) < 0)
			return err_set(err, ERR_INVALID, "frame_ancestors: %s", why.text);
		r = buf_addf(&a->frame_ancestors, "%s%s", i > 0 ? " " : "", source);
	}
	if (r == ERR_LIMIT)
		return err_set(err, ERR_INVALID, "frame_ancestors: has more than %d bytes in all",
			ACCESS_ANCESTORS_MAX);
	return r < 0 ? no_memory(err) : 0;
}

int
access_new(const struct access_config *config, struct access **out, struct err *err)
{
	struct access *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return no_memory(err);
	atomic_init(&a->refs, 1);
	a->rules = config->rules;
	r = add_proxies(a, &config->trusted_proxies, err);
	if (r == 0)
		r = add_origins(a, &config->allowed_origins, err);
	if (r == 0)
		r = add_ancestors(a, &config->frame_ancestors, err);
	if (r < 0)
		access_unref(a);
	else
		*out = a;
	return r;
}

struct access *
access_ref(struct access *access)
{
	if (access)
		atomic_fetch_add(&access->refs, 1);
	return access;
}

void
access_unref(struct access *access)
{
	if (!access || atomic_fetch_sub(&access->refs, 1) > 1)
		return;
	free(access->proxies);
	free(access->origins);
	buf_done(&access->frame_ancestors);
	free(access);
}

const struct access_rules *
access_rules(const struct access *access)
{
	return &access->rules;
}

bool
access_trusts(const struct access *access, const struct ip *peer)
{
	for (size_t i = 0; i < access->proxy_count; i++)
		if (ip_net_has(&access->proxies[i], peer))
			return true;
	return false;
}

bool
access_limits(const struct access *access, const struct ip *client)
{
	return !ip_is_loopback(client) || access->rules.limit_loopback || access->proxy_count > 0;
}

bool
access_origin_ok(const struct access *access, const char *origin, const char *own)
{
	char asked[ORIGIN_SIZE];

	if (!origin)
		return access->rules.allow_missing_origin;
	if (origin_parse(origin, asked, NULL) < 0)
		return false;
	if (strcmp(asked, own) == 0)
		return true;
	for (size_t i = 0; i < access->origin_count; i++)
		if (strcmp(asked, access->origins[i]) == 0)
			return true;
	return false;
}

const char *
access_frame_ancestors(const struct access *access)
{
	return buf_text(&access->frame_ancestors);
}
