/* SPDX-License-Identifier: MIT */
/* Heads that a proxy in front of us and we could read differently. */
#include "router/http_head.h"

#include <string.h>

#include "router/request.h"
#include "tests/unit/torture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { HEADERS = 3 };

/* headers, what is wrong (NULL: nothing), the body's length */
static const struct {
	const char *headers[HEADERS][2];
	const char *fault;
	int64_t length;
} rows[] = {
	{{{"Host", "x"}}, NULL, 0},
	{{{"Host", "x"}, {"Content-Length", "0"}}, NULL, 0},
	{{{"Content-Length", "65536"}}, NULL, 65536},
	{{{"content-length", "00012"}}, NULL, 12},
	{{{"Content-Length", "99999999999999999999999"}}, NULL, INT64_MAX},
	{{{"Content-Length", "9223372036854775807"}}, NULL, INT64_MAX},
	{{{"Transfer-Encoding", "chunked"}}, NULL, REQUEST_LENGTH_UNKNOWN},
	{{{"transfer-encoding", "Chunked"}}, NULL, REQUEST_LENGTH_UNKNOWN},
	{{{"X-Host", "a"}, {"X-Host", "b"}}, NULL, 0},
	{{{"Accept", "a"}, {"Accept", "b"}, {"Cookie", NULL}}, NULL, 0},
	{{{"Host", "a"}, {"host", "a"}}, "Host", 0},
	{{{"Content-Length", "5"}, {"Content-Length", "5"}}, "Content-Length", 5},
	{{{"Content-Length", "5"}, {"Content-Length", "6"}}, "Content-Length", 6},
	{{{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}, "exclude", -1},
	{{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, "exclude", -1},
	{{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "gzip, chunked"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "identity"}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", ""}}, "Transfer-Encoding", -1},
	{{{"Transfer-Encoding", "chunked "}}, "Transfer-Encoding", -1},
	{{{"Authorization", "a"}, {"Authorization", "b"}}, "Authorization", 0},
	{{{"Content-Type", "a"}, {"content-type", "b"}}, "Content-Type", 0},
	{{{"Content-Length", ""}}, "Content-Length", 0},
	{{{"Content-Length", NULL}}, "Content-Length", 0},
	{{{"Content-Length", "-1"}}, "Content-Length", 0},
	{{{"Content-Length", "+1"}}, "Content-Length", 0},
	{{{"Content-Length", "5, 5"}}, "Content-Length", 0},
	{{{"Content-Length", "0x5"}}, "Content-Length", 0},
	{{{"Content-Length", "5 "}}, "Content-Length", 0},
};

static void
what_is_ambiguous_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_head head = {0};
		const char *fault;

		for (size_t j = 0; j < HEADERS && rows[i].headers[j][0] != NULL; j++)
			http_head_see(&head, rows[i].headers[j][0], rows[i].headers[j][1]);
		fault = http_head_fault(&head);
		if ((fault == NULL) != (rows[i].fault == NULL) ||
			(fault != NULL && strstr(fault, rows[i].fault) == NULL) ||
			head.length != rows[i].length)
			fail_msg(
				"row %zu: %s, %lld", i, fault != NULL ? fault : "nothing", (long long)head.length);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_ambiguous_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
