/* SPDX-License-Identifier: MIT */
/* Whatever an HTML file holds, its policy is two directives of hashes and keywords. */
#include "session/csp.h"
#include "tests/fuzz/fuzz_check.h"

#define BASE64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

/* "script-src 'self'( 'sha256-...')*; style-src 'self'( 'unsafe-inline')?" */
static void
check_policy(const char *p)
{
	static const char script[] = "script-src 'self'", hash[] = " 'sha256-",
					  style[] = "; style-src 'self'";

	CHECK(strncmp(p, script, sizeof(script) - 1) == 0);
	p += sizeof(script) - 1;
	while (strncmp(p, hash, sizeof(hash) - 1) == 0) {
		p += sizeof(hash) - 1;
		CHECK(strspn(p, BASE64) == 44 && p[44] == '\'');
		p += 45;
	}
	CHECK(strncmp(p, style, sizeof(style) - 1) == 0);
	p += sizeof(style) - 1;
	CHECK(*p == '\0' || strcmp(p, " 'unsafe-inline'") == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = {.max = CSP_HTML_MAX};
	char *html = malloc(size ? size : 1);
	int r;

	CHECK(html);
	memcpy(html, data, size);
	r = csp_for_html(&out, html, size);
	CHECK(r == 0 || r == ERR_LIMIT);
	CHECK(out.len <= CSP_HTML_MAX && strlen(buf_text(&out)) == out.len);
	if (r == 0)
		check_policy(buf_text(&out));
	buf_done(&out);
	free(html);
	return 0;
}
