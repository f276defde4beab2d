/* SPDX-License-Identifier: MIT */
/*
 * lws_glue - the libwebsockets callbacks of a session's descriptors, for the table in thread.c.
 *
 * Included by thread.c, front.c and back.c only. Threads: the session's.
 */
#ifndef SESSION_LWS_GLUE_H
#define SESSION_LWS_GLUE_H

#include <libwebsockets.h>

/*
 * A websocket gets the first of these that it offers. Only the first one may be offered: a blank
 * is in no subprotocol's name (RFC 6455, 4.1).
 */
#define LWS_PROTOCOL_BROWSER  "binary" /* also the only websocket subprotocol */
#define LWS_PROTOCOL_LISTENER "the listener"
#define LWS_PROTOCOL_MAILBOX  "the mailbox"
#define LWS_PROTOCOL_BACK     "the back"

/* front.c: a browser's connection, and the listening socket */
size_t front_user_size(void);
int front_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
int listener_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* back.c: the connection to Proxmox */
int back_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
