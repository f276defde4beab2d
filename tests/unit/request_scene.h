/* SPDX-License-Identifier: MIT */
/*
 * request_scene - requests without an HTTP server, and a site for them.
 *
 * Threads: the test's own.
 */
#ifndef TESTS_UNIT_REQUEST_SCENE_H
#define TESTS_UNIT_REQUEST_SCENE_H

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "router/request.h"
#include "router/routes.h"
#include "router/site.h"
#include "tests/unit/torture.h"

#define SECRET "0123456789abcdef0123456789abcdef"

enum { SCENE_HEADERS = 8 };

struct scene {
	struct request request;
	struct reply reply;
	const char *names[SCENE_HEADERS], *values[SCENE_HEADERS];
	int suspended, resumed;
};

static inline const char *
scene_header(const struct request *request, const char *name)
{
	const struct scene *s = request->server;

	for (size_t i = 0; i < SCENE_HEADERS && s->names[i] != NULL; i++)
		if (strcasecmp(s->names[i], name) == 0)
			return s->values[i];
	return NULL;
}

static inline void
scene_suspend(struct request *request)
{
	struct scene *s = request->server;

	assert_int_equal(s->suspended, s->resumed);
	s->suspended++;
}

static inline void
scene_resume(struct request *request)
{
	struct scene *s = request->server;

	s->resumed++;
	assert_int_equal(s->suspended, s->resumed);
}

static const struct request_ops scene_ops = {scene_header, scene_suspend, scene_resume};

/* A request without headers. */
static inline void
scene_begin(struct scene *s, struct site *site, const char *method, const char *path)
{
	*s = (struct scene){.request = {
							.magic = REQUEST_MAGIC,
							.ops = &scene_ops,
							.server = s,
							.site = site,
							.method = method,
							.path = path,
							.settings = site_settings(site),
						}};
	s->request.body.max = s->request.settings->body_max;
	assert_true(ip_parse("192.0.2.9", &s->request.client));
}

static inline void
scene_add(struct scene *s, const char *name, const char *value)
{
	size_t i = 0;

	while (s->names[i] != NULL)
		i++;
	assert_in_range(i, 0, SCENE_HEADERS - 1);
	s->names[i] = name;
	s->values[i] = value;
}

static inline void
scene_end(struct scene *s)
{
	if (s->request.state_free != NULL)
		s->request.state_free(s->request.state);
	buf_done(&s->request.body);
	reply_done(&s->reply);
	settings_unref(s->request.settings);
}

/* What a configuration says of who may ask; the caller's. */
static inline struct access *
scene_access(const struct config *config)
{
	struct access *access = NULL;
	struct err err;

	assert_int_equal(config_access(config, &access, &err), 0);
	return access;
}

/* A site of a configuration that is as plain as can be but for what of it is set. */
static inline struct site *
scene_site_of(struct core *core, struct config config)
{
	struct site *site = NULL;
	struct access *access = scene_access(&config);
	struct err err;

	config.public_ip = config.public_ip != NULL ? config.public_ip : (char[]){"192.0.2.1"};
	config.router_port = 9999;
	config.token_ttl = 300;
	config.request_head_max = 8192;
	config.request_body_max = 65536;
	config.head_timeout = 10;
	config.body_timeout = 30;
	config.router_connections_per_client = 256;
	assert_int_equal(secret_set(&config.authorization, SECRET, strlen(SECRET)), 0);
	assert_int_equal(site_new(&config, access, core, &site, &err), 0);
	access_unref(access);
	secret_wipe(&config.authorization);
	return site;
}

static inline struct site *
scene_site(struct core *core, char *public_url)
{
	return scene_site_of(core, (struct config){.public_url = public_url});
}

/* A header of the answer by these settings, or NULL; valid until the next call. */
static inline const char *
scene_answer_by(
	const struct reply *reply, const struct settings *settings, bool tls, const char *name)
{
	static struct reply_header headers[REPLY_HEADERS_MAX];
	size_t n = reply_headers(reply, settings, tls, headers);

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(headers[i].name, name) == 0)
			return headers[i].value;
	return NULL;
}

/* The same by plain settings. */
static inline const char *
scene_answer(const struct reply *reply, const char *name)
{
	static struct settings *settings;

	if (settings == NULL) {
		struct site *site = scene_site(NULL, NULL);

		settings = site_settings(site);
		site_free(site);
	}
	return scene_answer_by(reply, settings, false, name);
}

/* A text of the answer's JSON object. */
static inline void
scene_assert_json(const struct reply *reply, const char *name, const char *expected)
{
	json_t *object = json_loads(buf_text(&reply->body), 0, NULL);

	assert_non_null(object);
	assert_string_equal(json_string_value(json_object_get(object, name)), expected);
	json_decref(object);
}

#endif
