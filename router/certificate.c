/* SPDX-License-Identifier: MIT */
/* certificate - see certificate.h */
#include "router/certificate.h"

#include "router/config.h"
#include "router/http_tls.h"
#include "session/tls_pair.h"

int
certificate_load(const struct config *config, struct certificate *out, struct err *err)
{
	struct certificate c = {0};
	struct tls_pem pem = {0};
	int r;

	if (config->tls_cert_file == NULL) {
		*out = c;
		return 0;
	}
	r = tls_pem_read(config->tls_cert_file, config->tls_key_file, &pem, err);
	if (r == 0)
		r = tls_pair_new(&pem, &c.pair, err);
	if (r == 0)
		r = http_cred_new(&pem, &c.cred, err);
	tls_pem_done(&pem);
	if (r < 0)
		certificate_done(&c);
	else
		*out = c;
	return r;
}

void
certificate_done(struct certificate *c)
{
	tls_pair_unref(c->pair);
	http_cred_unref(c->cred);
	*c = (struct certificate){0};
}
