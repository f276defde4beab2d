/* SPDX-License-Identifier: MIT */
/*
 * end_tbl - why a console could not be opened, and why sessions and viewers end.
 *
 * One row a reason: id, its word for backends (the reason of a refused
 * POST /create), what the log says, the HTTP status of the page at
 * /vnc/<token>, the Close code of the websocket (product.md; 0: none is sent),
 * what the customer reads. The customer's text names no host, node, user or
 * product and never quotes anybody.
 */
/* clang-format off */
#define END_TBL(X) \
	X(END_NONE, "none", "not ended", 200, 0, "") \
	X(END_CONNECT_TIMEOUT, "connect_timeout", "nobody connected in time", 503, 4000, "The console was not used in time.") \
	X(END_RECONNECT_TIMEOUT, "reconnect_timeout", "nobody reconnected in time", 503, 4000, "The console was left for too long.") \
	X(END_MAX_DURATION, "max_duration", "maximum duration reached", 503, 4000, "The console's time is over.") \
	X(END_SUPERSEDED, "superseded", "another session of the same guest was faster", 503, 4000, "The console's session has ended.") \
	X(END_KILLED, "killed", "ended by an admin", 503, 4005, "An administrator ended the console.") \
	X(END_STOPPING, "stopping", "gateway stops", 503, 1001, "The console service is restarting.") \
	X(END_GUEST_OFF, "guest_off", "guest is off", 503, 4001, "The virtual machine is switched off or has no screen.") \
	X(END_GUEST_NONE, "guest_not_found", "guest not found", 502, 4003, "The virtual machine was not found.") \
	X(END_MOVING, "guest_moving", "guest not found, it may be on its way to another node", 503, 4002, "The machine is being moved to another server.") \
	X(END_UNREACHABLE, "unreachable", "hypervisor not reachable", 502, 4002, "The hypervisor can't be reached at the moment.") \
	X(END_TIMEOUT, "timeout", "hypervisor did not answer in time", 504, 4002, "The hypervisor did not answer in time.") \
	X(END_UNTRUSTED, "untrusted", "hypervisor not verified", 502, 4003, "The hypervisor could not be verified.") \
	X(END_FORBIDDEN, "host_not_allowed", "hypervisor not allowed", 502, 4003, "The console service may not connect to this hypervisor.") \
	X(END_REFUSED, "refused", "hypervisor refused", 502, 4003, "The hypervisor refused to open the console.") \
	X(END_NEEDS_OTP, "needs_otp", "account needs a second factor", 502, 4003, "The hypervisor refused to open the console.") \
	X(END_NEEDS_NODE, "needs_node", "guest's node has to be named", 502, 4003, "The virtual machine was not found.") \
	X(END_NEEDS_PASSWORD, "needs_password", "console needs a password user", 502, 4003, "This kind of console is not available here.") \
	X(END_NO_DEVICE, "no_serial_port", "guest has no serial port", 502, 4003, "The machine has no serial console.") \
	X(END_GARBLED, "answer_not_understood", "hypervisor's answer not understood", 502, 4002, "The hypervisor gave an answer that was not understood.") \
	X(END_LIMIT, "too_many_consoles", "too many consoles", 503, 4004, "Too many consoles are open at the moment.") \
	X(END_LIMIT_CLIENT, "too_many_consoles_of_client", "too many consoles of one client", 429, 4004, "Too many consoles are open from your address at the moment.") \
	X(END_INTERNAL, "internal", "internal failure", 503, 4002, "The console service has a problem of its own.") \
	X(END_PVE_AUTH, "console_refused", "VNC authentication failed", 502, 4002, "The screen refused the connection this time.") \
	X(END_PVE_CLOSED, "pve_closed", "hypervisor closed the connection", 502, 4002, "The connection to the screen was interrupted.") \
	X(END_PVE_SILENT, "pve_silent", "hypervisor answers no ping", 504, 4002, "The connection to the screen was lost.") \
	X(END_VIEWER_LEFT, "viewer_left", "browser left", 200, 0, "") \
	X(END_VIEWER_SILENT, "viewer_silent", "browser answers no ping", 200, 0, "") \
	X(END_VIEWER_SLOW, "viewer_slow", "browser's handshake took too long", 200, 1008, "The browser did not finish connecting.") \
	X(END_VIEWER_BLOCKED, "viewer_blocked", "browser takes no output", 200, 1008, "The browser could not keep up with the console.") \
	X(END_VIEWER_AUTH, "viewer_auth", "browser's password is wrong", 200, 1008, "The console's password was wrong.") \
	X(END_VIEWER_GARBLED, "viewer_garbled", "browser broke the protocol", 200, 1002, "The browser sent something that was not understood.")
/* clang-format on */
