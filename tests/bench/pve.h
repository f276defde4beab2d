/* SPDX-License-Identifier: MIT */
/*
 * pve - the Proxmox end: its listeners and connections (pve.c), and what its
 * API answers (pve_api.c).
 */
#ifndef BENCH_PVE_H
#define BENCH_PVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/conn.h"
#include "tests/bench/guest.h"
#include "tests/bench/http.h"
#include "tests/bench/loop.h"

enum { ANSWER_SIZE = 4096, WORKERS_MAX = 16 };

struct pve {
	struct loop loop;
	struct watch listener, raw_listener, input;
	SSL_CTX *tls[WORKERS_MAX]; /* each worker of Proxmox has keys of its own for its tickets */
	unsigned workers;
	int64_t delay_ns;
	struct work raw_work;
	struct counters counters;
	unsigned char *used; /* one byte a console ticket */
	uint32_t tickets, tickets_room;
};

/* One connection to us. */
struct api {
	struct pve *pve;
	struct conn *conn;
	bool raw; /* not HTTP but the guest itself */
	struct http http;
	struct guest *guest; /* once it is a websocket, or raw */
	unsigned requests;
	bool last;          /* nothing is served after the answer */
	struct timer timer; /* holds the answer back, or waits for the next request */
	char answer[ANSWER_SIZE];
	size_t answer_len; /* 0: no answer is held back */
};

/* ---- pve_api.c ---- */

/* A whole request is in a->http: answer it. */
void api_serve(struct api *a);

/* ---- for pve_api.c, from pve.c ---- */

/* Send this, when Proxmox is as slow as it shall be. */
void pve_answer(struct api *a, const char *status, const char *body);

#endif
