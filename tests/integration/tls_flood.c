/* SPDX-License-Identifier: MIT */
/*
 * tls_flood - TLS 1.3 without an end and without a byte for the one who asked: a server that
 * answers any request by messages of TLS itself.
 *
 *   tls_flood update|ticket CERT KEY
 *
 * It listens on a port of 127.0.0.1 that it prints, serves each connection in a process of
 * its own, and ends when its standard input does.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Until the other side has gone. Records are sent by the megabyte: the receiver shall be the slow one. */
static void
flood(SSL *ssl, int fd, int tickets)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *data;
	long len;
	int ok = 1;

	SSL_set0_wbio(ssl, out);
	while (ok == 1) {
		ok = tickets ? SSL_new_session_ticket(ssl)
					 : SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		if (ok == 1)
			ok = SSL_do_handshake(ssl);
		len = BIO_get_mem_data(out, &data);
		if (len > 1024 * 1024) {
			for (ssize_t n; len > 0; data += n, len -= n)
				if ((n = send(fd, data, (size_t)len, MSG_NOSIGNAL)) <= 0)
					return;
			(void)BIO_reset(out);
		}
	}
}

static void
serve(SSL_CTX *ctx, int fd, int tickets)
{
	SSL *ssl = SSL_new(ctx);
	char request[16384];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ssl && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 &&
		SSL_read(ssl, request, sizeof(request)) > 0)
		flood(ssl, fd, tickets);
	_exit(0);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	char byte;

	if (argc != 4 || SSL_CTX_use_certificate_chain_file(ctx, argv[2]) != 1 ||
		SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) != 1 ||
		SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
		bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 64) < 0 ||
		getsockname(listener, (struct sockaddr *)&address, &len) < 0)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while ((fd = accept(listener, NULL, NULL)) >= 0) {
			if (fork() == 0)
				serve(ctx, fd, strcmp(argv[1], "ticket") == 0);
			close(fd);
		}
		_exit(1);
	}
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
