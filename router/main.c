/* SPDX-License-Identifier: MIT */
/*
 * main - read the configuration, build, wire, wait for signals, tear down in reverse.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/abandon.h"
#include "base/clock.h"
#include "base/log.h"
#include "router/certificate.h"
#include "router/check.h"
#include "router/config.h"
#include "router/http.h"
#include "router/listen.h"
#include "router/options.h"
#include "router/process.h"
#include "router/site.h"
#include "router/url.h"
#include "session/core.h"

enum { TICK_MS = 1000 };

struct program {
	struct options options;
	struct config running; /* as it was at the start: what can't change is taken from here */
	bool log_is_file;      /* stderr still has to hear why the start fails */
	int listen_fd;         /* -1: not ours */
	struct pve_known *known;
	struct core *core;
	struct site *site;
	struct http *http;
};

/* ---- words ---- */

static void
log_warning(const char *text)
{
	log_info(LOG_ROUTER, "warning: %s", text);
}

static void
print_warning(const char *text)
{
	fprintf(stderr, "warning: %s\n", text);
}

/* What the room that never logs has to say. */
static void
log_known(void *arg, const char *text)
{
	(void)arg;
	log_info(LOG_API, "%s", text);
}

/* The one line of a start that fails. */
static void
complain(const struct program *p, const char *file, const struct err *err)
{
	fprintf(stderr, "proxmoxvnc: %s%s%s\n", file != NULL ? file : "", file != NULL ? ": " : "",
		err->text);
	if (p->log_is_file)
		log_error(LOG_ROUTER, "start failed: %s", err->text);
}

static void
log_config(const struct config *config)
{
	size_t n;
	const struct config_option *options = config_options(&n);

	for (size_t i = 0; i < n; i++) {
		struct buf value = {0};

		if (config_show(config, &options[i], &value) == 0)
			log_debug(LOG_ROUTER, "%s: %s", options[i].key, buf_text(&value));
		buf_done(&value);
	}
}

static void
log_listening(const struct config *config)
{
	struct buf where = {0};

	if (url_add_host(&where, config->router_ip) == 0)
		log_info(LOG_ROUTER, "listening on %s://%s:%d (proxmoxvnc " PVNC_VERSION ")",
			config_scheme(config), buf_text(&where), config->router_port);
	buf_done(&where);
}

static void
warn_of_name(const struct certificate *certificate, const char *public_ip)
{
	if (certificate->pair != NULL && !tls_pair_covers(certificate->pair, public_ip))
		log_info(LOG_ROUTER,
			"warning: the certificate of tls_cert_file is not for public_ip, %s: browsers will "
			"complain",
			public_ip);
}

/* ---- start and stop ---- */

static int
start_log(struct program *p, struct err *err)
{
	const struct config *c = &p->running;
	struct log_config log = {
		.enabled = c->logging_enabled,
		.level = (enum log_level)c->logging_level,
		.file = c->log_file,
	};
	struct err why = {0};

	if (log_open(&log, &why) < 0)
		return err_set(err, ERR_SYSTEM, "log_file: %s", why.text);
	p->log_is_file = strcmp(c->log_file, "stderr") != 0;
	return 0;
}

static int
start_known(struct program *p, struct err *err)
{
	static const struct pve_tell tell = {.tell = log_known};
	struct buf file = {0};
	int r;

	r = config_known_file(&p->running, &file);
	if (r < 0)
		err_set(err, r, "no memory for a path");
	else
		r = pve_known_new(file.len > 0 ? buf_text(&file) : NULL, &tell, &p->known, err);
	buf_done(&file);
	return r;
}

static int
start_core(struct program *p, const struct certificate *certificate, struct err *err)
{
	const struct config *c = &p->running;
	struct core_config core = {
		.session_ip = c->session_ip,
		.port_min = (uint16_t)c->session_port_min,
		.port_max = (uint16_t)c->session_port_max,
		.page_dir = c->novnc_path,
		.tls_pair = certificate->pair,
		.public_tls = config_sessions_public_tls(c),
	};
	struct pve_policy *policy = NULL;
	struct access *access = NULL;
	int r;

	r = config_policy(c, p->known, &policy, err);
	if (r == 0)
		r = config_access(c, &access, err);
	if (r == 0) {
		config_tunables(c, policy, access, &core.tunables);
		r = core_new(&core, &p->core, err);
	}
	access_unref(access);
	pve_policy_unref(policy);
	if (r == 0)
		warn_of_name(certificate, c->public_ip);
	return r;
}

static int
start_http(struct program *p, const struct certificate *certificate, struct err *err)
{
	struct http_config http = {.cred = certificate->cred};
	struct access *access = core_access(p->core);
	int r;

	r = site_new(&p->running, access, p->core, &p->site, err);
	access_unref(access);
	if (r < 0)
		return r;
	http.site = p->site;
	return http_start(&http, &p->listen_fd, &p->http, err);
}

static int
start(struct program *p)
{
	struct certificate certificate = {0};
	struct err err = {0};
	int r;

	r = config_read(p->options.config_file, p->options.port, &p->running, &err);
	if (r < 0) {
		complain(p, p->options.config_file, &err);
		return r;
	}
	r = start_log(p, &err);
	if (r == 0) {
		/* First, since it is quick and what most often fails: a program that runs already. */
		r = listen_open(
			p->running.router_ip, (uint16_t)p->running.router_port, &p->listen_fd, &err);
	}
	if (r == 0)
		r = certificate_load(&p->running, &certificate, &err);
	if (r == 0)
		r = start_known(p, &err);
	if (r == 0)
		r = log_start(&err);
	if (r == 0)
		r = start_core(p, &certificate, &err);
	if (r == 0)
		r = start_http(p, &certificate, &err);
	certificate_done(&certificate);
	if (r < 0) {
		complain(p, NULL, &err);
		return r;
	}
	/* Only now: a start that fails says one thing, and this is not it. */
	log_config(&p->running);
	check_warn(&p->running, p->options.config_file, log_warning);
	log_listening(&p->running);
	secret_wipe(&p->running.authorization); /* the site has the one that counts */
	return 0;
}

/* The order is http.h's: nobody new, every waiting request its answer, then the server. */
static void
stop(struct program *p)
{
	if (p->http != NULL)
		http_quiesce(p->http);
	if (p->core != NULL)
		core_stop(p->core);
	http_stop(p->http);
	if (p->listen_fd >= 0)
		close(p->listen_fd);
	site_free(p->site);
	core_free(p->core);
	if (p->known != NULL)
		pve_known_save(p->known);
	pve_known_unref(p->known);
	config_done(&p->running);
}

/* ---- SIGHUP ---- */

/* Ports that speak TLS cannot cease to, nor the others begin: addresses given out say which. */
static bool
tls_switched(const struct program *p, const struct config *now)
{
	return (p->running.tls_cert_file != NULL) != (now->tls_cert_file != NULL);
}

static void
show_certificate(struct program *p, const struct certificate *certificate)
{
	core_change_pair(p->core, certificate->pair);
	http_change_cred(p->http, certificate->cred);
	warn_of_name(certificate, p->running.public_ip);
}

/* Secret, URLs, both kinds of certificates, tunables, level: all of it, or nothing. */
static int
apply(struct program *p, const struct config *now, struct err *err)
{
	struct certificate certificate = {0};
	struct pve_policy *policy = NULL;
	struct access *access = NULL;
	struct tunables tunables;
	int r;

	r = config_policy(now, p->known, &policy, err);
	if (r == 0 && !tls_switched(p, now))
		r = certificate_load(now, &certificate, err);
	if (r == 0)
		r = config_access(now, &access, err);
	if (r == 0)
		r = site_change(p->site, &p->running, now, access, err);
	if (r == 0) {
		config_tunables(now, policy, access, &tunables);
		core_retune(p->core, &tunables);
		http_retune(p->http);
		pve_known_reload(p->known);
		if (certificate.pair != NULL)
			show_certificate(p, &certificate);
		log_set_level((enum log_level)now->logging_level);
	}
	certificate_done(&certificate);
	access_unref(access);
	pve_policy_unref(policy);
	return r;
}

static void
report_reload(const struct program *p, const struct config *now)
{
	struct buf names = {0};
	int r = config_restart_needed(&p->running, now, &names);

	log_info(LOG_ROUTER, "configuration read again");
	if (r == 0 && tls_switched(p, now))
		r = buf_addf(&names, "%stls_cert_file, tls_key_file", names.len > 0 ? ", " : "");
	if (r == 0 && names.len > 0)
		log_info(LOG_ROUTER, "changed, but needs a restart: %s", buf_text(&names));
	buf_done(&names);
	check_warn(now, p->options.config_file, log_warning);
}

static void
reload(struct program *p)
{
	struct config now = {0};
	struct err err = {0};
	int r;

	if (log_reopen(&err) < 0)
		log_error(LOG_ROUTER, "log_file: %s", err.text);
	r = config_read(p->options.config_file, p->options.port, &now, &err);
	if (r == 0)
		r = apply(p, &now, &err);
	if (r == 0)
		report_reload(p, &now);
	else
		log_error(
			LOG_ROUTER, "%s: %s; everything stays as it was", p->options.config_file, err.text);
	config_done(&now);
}

/* ---- the program ---- */

static void
serve(struct program *p)
{
	int64_t next_ms = clock_ms() + TICK_MS;

	for (;;) {
		switch (process_wait(next_ms)) {
		case PROCESS_RELOAD:
			reload(p);
			break;
		case PROCESS_STOP:
			return;
		case PROCESS_NOTHING:
			break;
		}
		if (clock_left_ms(next_ms) > 0)
			continue;
		next_ms = clock_ms() + TICK_MS;
		core_tick(p->core);
		http_tick(p->http);
		pve_known_save(p->known);
	}
}

static int
run(struct program *p)
{
	if (start(p) < 0) {
		stop(p);
		log_close();
		return EXIT_FAILURE;
	}
	serve(p);
	log_info(LOG_ROUTER, "stopping");
	stop(p);
	log_info(LOG_ROUTER, "stopped");
	log_close();
	return EXIT_SUCCESS;
}

static int
check(struct program *p)
{
	struct config config = {0};
	struct err err = {0};
	int r;

	r = config_read(p->options.config_file, p->options.port, &config, &err);
	if (r == 0)
		r = check_files(&config, &err);
	if (r == 0) {
		check_warn(&config, p->options.config_file, print_warning);
		puts("ok");
	} else {
		complain(p, p->options.config_file, &err);
	}
	config_done(&config);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
help(void)
{
	struct buf text = {0};
	int r = options_help(&text);

	if (r == 0)
		fputs(buf_text(&text), stdout);
	buf_done(&text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	struct program p = {.listen_fd = -1};
	struct err err = {0};
	int status;

	if (options_parse(argc, argv, &p.options, &err) < 0) {
		complain(&p, NULL, &err);
		return EXIT_FAILURE;
	}
	if (p.options.help)
		return help();
	if (p.options.version) {
		puts("proxmoxvnc " PVNC_VERSION);
		return EXIT_SUCCESS;
	}
	/* Before anything is read. */
	json_set_alloc_funcs(abandon_alloc, abandon_free);
	if (process_prepare(&err) < 0 || pve_global_init(&err) < 0) {
		complain(&p, NULL, &err);
		return EXIT_FAILURE;
	}
	status = p.options.check ? check(&p) : run(&p);
	pve_global_done();
	return status;
}
