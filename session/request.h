/* SPDX-License-Identifier: MIT */
/*
 * request - the head of an HTTP/1 request (RFC 9112), pure.
 *
 * Strict, so that nobody who stands in front of us can have read another request than we do:
 * lines end with CRLF and are not folded, no blank stands before a colon, methods and names are
 * tokens, there is no control character, and a host is said once. What breaks a rule is no
 * request at all. A target may be a whole URL: then its host counts, and the Host line, which has
 * to be there all the same, does not.
 *
 * Threads: no shared state.
 */
#ifndef SESSION_REQUEST_H
#define SESSION_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { REQUEST_HEAD_MAX = 8192 }; /* bytes of a head, its empty line too */

enum request_method { REQUEST_GET, REQUEST_HEAD, REQUEST_OTHER };

/* The headers that we look at. */
#define REQUEST_HEADER_TBL(X)                        \
	X(REQUEST_HOST, "Host")                          \
	X(REQUEST_CONNECTION, "Connection")              \
	X(REQUEST_UPGRADE, "Upgrade")                    \
	X(REQUEST_ORIGIN, "Origin")                      \
	X(REQUEST_IF_NONE_MATCH, "If-None-Match")        \
	X(REQUEST_WS_KEY, "Sec-WebSocket-Key")           \
	X(REQUEST_WS_VERSION, "Sec-WebSocket-Version")   \
	X(REQUEST_WS_PROTOCOL, "Sec-WebSocket-Protocol") \
	X(REQUEST_FORWARDED_FOR, "X-Forwarded-For")      \
	X(REQUEST_FORWARDED_PROTO, "X-Forwarded-Proto")  \
	X(REQUEST_FORWARDED_HOST, "X-Forwarded-Host")    \
	X(REQUEST_CONTENT_LENGTH, "Content-Length")      \
	X(REQUEST_TRANSFER_ENCODING, "Transfer-Encoding")

enum request_header {
#define X(id, name) id,
	REQUEST_HEADER_TBL(X)
#undef X
		REQUEST_HEADERS
};

struct request {
	enum request_method method;
	const char
		*path; /* of the target, percent-decoded, without its query; it may have NULs in it */
	size_t path_len;
	/*
	 * Values without the blanks around them; "" when absent. Lines of one header are joined by ", ".
	 * Host is that of a target which has one in it.
	 */
	const char *header[REQUEST_HEADERS];
	bool body; /* there may be one: nobody but who reads it knows where the next request begins */
	bool keep; /* the connection may go on after the answer */
	bool websocket; /* asks for one, as far as the headers are concerned that any upgrade has */
};

enum { REQUEST_MORE = 0, REQUEST_DONE = 1 };

/*
 * Is there a head at data[0..len), which begins at its first byte and grows from call to call?
 * REQUEST_MORE; REQUEST_DONE with *size, that of the head; or ERR_PROTOCOL when this is no
 * request, whatever follows.
 */
int request_find(const char *data, size_t len, size_t *size) __attribute__((warn_unused_result));

/*
 * Take a head apart that request_find() has found. texts has room for size bytes: what *out
 * points to is put there. 0 or ERR_PROTOCOL.
 */
int request_parse(const char *head, size_t size, char *texts, struct request *out)
	__attribute__((warn_unused_result));

#endif
