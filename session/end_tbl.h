/* SPDX-License-Identifier: MIT */
/*
 * end_tbl - why a console could not be opened, and why sessions and viewers end.
 *
 * One row a reason: id, what the log says, the HTTP status of the page at
 * /vnc/<token>, the Close code of the websocket (product.md; 0: none is sent),
 * what the customer reads. The customer's text names no host, node, user or
 * product and never quotes anybody.
 */
/* clang-format off */
#define END_TBL(X) \
	X(END_NONE, "not ended", 200, 0, "") \
	X(END_CONNECT_TIMEOUT, "nobody connected in time", 503, 4000, "The console was not used in time.") \
	X(END_RECONNECT_TIMEOUT, "nobody reconnected in time", 503, 4000, "The console was left for too long.") \
	X(END_MAX_DURATION, "maximum duration reached", 503, 4000, "The console's time is over.") \
	X(END_SUPERSEDED, "another session of the same guest was faster", 503, 4000, "The console's session has ended.") \
	X(END_KILLED, "ended by an admin", 503, 4005, "An administrator ended the console.") \
	X(END_STOPPING, "gateway stops", 503, 1001, "The console service is restarting.") \
	X(END_GUEST_OFF, "guest is off", 503, 4001, "The virtual machine is switched off or has no screen.") \
	X(END_GUEST_NONE, "guest not found", 502, 4003, "The virtual machine was not found.") \
	X(END_UNREACHABLE, "hypervisor not reachable", 502, 4002, "The hypervisor can't be reached at the moment.") \
	X(END_TIMEOUT, "hypervisor did not answer in time", 504, 4002, "The hypervisor did not answer in time.") \
	X(END_UNTRUSTED, "hypervisor not verified", 502, 4003, "The hypervisor could not be verified.") \
	X(END_FORBIDDEN, "hypervisor not allowed", 502, 4003, "The console service may not connect to this hypervisor.") \
	X(END_REFUSED, "hypervisor refused", 502, 4003, "The hypervisor refused to open the console.") \
	X(END_GARBLED, "hypervisor's answer not understood", 502, 4002, "The hypervisor gave an answer that was not understood.") \
	X(END_LIMIT, "too many consoles", 503, 4004, "Too many consoles are open at the moment.") \
	X(END_LIMIT_CLIENT, "too many consoles of one client", 429, 4004, "Too many consoles are open from your address at the moment.") \
	X(END_INTERNAL, "internal failure", 503, 4002, "The console service has a problem of its own.") \
	X(END_PVE_AUTH, "VNC authentication failed", 502, 4002, "The screen refused the connection this time.") \
	X(END_PVE_CLOSED, "hypervisor closed the connection", 502, 4002, "The connection to the screen was interrupted.") \
	X(END_PVE_SILENT, "hypervisor answers no ping", 504, 4002, "The connection to the screen was lost.") \
	X(END_VIEWER_LEFT, "browser left", 200, 0, "") \
	X(END_VIEWER_SILENT, "browser answers no ping", 200, 0, "") \
	X(END_VIEWER_SLOW, "browser's handshake took too long", 200, 1008, "The browser did not finish connecting.") \
	X(END_VIEWER_AUTH, "browser's password is wrong", 200, 1008, "The console's password was wrong.") \
	X(END_VIEWER_GARBLED, "browser broke the protocol", 200, 1002, "The browser sent something that was not understood.")
/* clang-format on */
