/* SPDX-License-Identifier: MIT */
/* http_tls - see http_tls.h */
#include "router/http_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

enum { FILE_MAX = 256 * 1024 };

/* TLS 1.2 and 1.3, as on the session ports. */
/* X25519 first: browsers offer a key share of it, and any other costs a second ClientHello. */
static const char priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";

static int
read_file(const char *option, const char *path, struct secret *out, struct err *err)
{
	struct buf text = {.max = FILE_MAX};
	char piece[4096];
	ssize_t n = -1;
	int r = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && r == 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		r = buf_add(&text, piece, (size_t)n);
	if (n < 0)
		r = err_set(err, ERR_INVALID, "%s: %s", option, strerror(errno));
	else if (r < 0 || text.len == 0)
		r = err_set(err, ERR_INVALID, "%s: is empty, or larger than %d bytes", option, FILE_MAX);
	else if (secret_set(out, text.data, text.len) < 0)
		r = err_set(err, ERR_MEMORY, "%s: no memory to read it", option);
	explicit_bzero(piece, sizeof(piece));
	buf_done(&text);
	if (fd >= 0)
		close(fd);
	return r;
}

int
http_tls_read(const char *cert_file, const char *key_file, struct http_tls *out, struct err *err)
{
	struct http_tls tls = {0};
	int r;

	if (cert_file == NULL)
		return 0;
	r = read_file("tls_cert_file", cert_file, &tls.cert, err);
	if (r == 0)
		r = read_file("tls_key_file", key_file, &tls.key, err);
	if (r == 0) {
		tls.priorities = strdup(priorities);
		if (tls.priorities == NULL)
			r = err_set(err, ERR_MEMORY, "no memory for TLS");
	}
	if (r < 0) {
		http_tls_done(&tls);
		return r;
	}
	*out = tls;
	return 0;
}

void
http_tls_done(struct http_tls *tls)
{
	secret_wipe(&tls->cert);
	secret_wipe(&tls->key);
	free(tls->priorities);
	*tls = (struct http_tls){0};
}
