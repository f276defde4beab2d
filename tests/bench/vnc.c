/* SPDX-License-Identifier: MIT */
#include "tests/bench/vnc.h"

#include <openssl/evp.h>
#include <string.h>

#include "tests/bench/util.h"

const unsigned char vnc_request[VNC_REQUEST] = {3, 1, 0, 0, 0, 0, 0x03, 0x20, 0x02, 0x58};

static unsigned char
mirrored(unsigned char byte)
{
	unsigned out = 0, i;

	for (i = 0; i < 8; i++)
		out |= ((unsigned)byte >> i & 1U) << (7 - i);
	return (unsigned char)out;
}

void
vnc_answer(const char *password, const unsigned char challenge[VNC_CHALLENGE],
	unsigned char out[VNC_CHALLENGE])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t i, len = strnlen(password, 8);
	unsigned char key[24] = {0};
	int n = 0;

	/* DES is triple DES with one key three times; OpenSSL 3 has it without its legacy provider. */
	for (i = 0; i < len; i++)
		key[i] = key[8 + i] = key[16 + i] = mirrored((unsigned char)password[i]);
	if (!ctx || EVP_EncryptInit_ex(ctx, EVP_des_ede3_ecb(), NULL, key, NULL) != 1 ||
		EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
		EVP_EncryptUpdate(ctx, out, &n, challenge, VNC_CHALLENGE) != 1 || n != VNC_CHALLENGE)
		die("no DES");
	EVP_CIPHER_CTX_free(ctx);
}
