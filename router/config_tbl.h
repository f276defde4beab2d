/* SPDX-License-Identifier: MIT */
/*
 * config_tbl - every option of config.json, a row each.
 *
 * key, another name of it (NULL: none), type, default as JSON (REQUIRED: none
 * and it must be there; "null": none), least and most (a number's value, a
 * text's characters), may SIGHUP change it, what it is.
 *
 * struct config, the parser, the redacted dump and -help come from this table;
 * the manual page and config.json.example are checked against it by a test.
 */
/* clang-format off */
#define CONFIG_TBL(X) \
	X(authorization, NULL, SECRET, "null", 1, 512, true, "secret that backends send in the Authorization header; or else it comes from authorization_file or the environment's PROXMOXVNC_AUTHORIZATION") \
	X(authorization_file, NULL, PATH, "null", 0, 0, true, "file with that secret on its first line") \
	X(public_ip, "public_host", HOST, REQUIRED, 1, 253, false, "address or name under which end users reach this machine") \
	X(router_ip, NULL, ADDRESS, "\"0.0.0.0\"", 0, 0, false, "address that the router listens on; :: takes IPv4 too") \
	X(router_port, NULL, NUMBER, "9999", 1, 65535, false, "port that the router listens on; not one of the session ports") \
	X(public_url, NULL, URL, "null", 0, 512, true, "what links begin with, for a reverse proxy in front of the router; by default made of public_ip and router_port") \
	X(session_ip, NULL, ADDRESS, "\"0.0.0.0\"", 0, 0, false, "address that sessions listen on, independent of router_ip") \
	X(session_port_min, NULL, NUMBER, "22000", 1024, 65535, false, "first port for sessions; one that another program holds is left out") \
	X(session_port_max, NULL, NUMBER, "22999", 1024, 65535, false, "last port for sessions") \
	X(session_public_scheme, NULL, SCHEME, "null", 0, 0, false, "what browsers speak to the session ports, for a TLS proxy in front of them; by default https with tls_cert_file, else http") \
	X(tls_cert_file, NULL, PATH, "null", 0, 0, true, "certificate chain (PEM) for the router and the sessions") \
	X(tls_key_file, NULL, PATH, "null", 0, 0, true, "private key (PEM) of that certificate") \
	X(novnc_path, NULL, PATH, "null", 0, 0, false, "folder of the console page, with vnc.html in it; by default the installed one, or novnc of the source tree") \
	X(proxmox_tls, NULL, TRUST, "\"auto\"", 0, 0, true, "which certificates of Proxmox are accepted: auto (verified, or else the one first seen), verify, pin (proxmox_fingerprints only) or insecure (any)") \
	X(proxmox_ca_file, NULL, PATH, "null", 0, 0, true, "authorities (PEM) to trust for Proxmox, instead of the system's") \
	X(proxmox_fingerprints, NULL, PINS, "null", 0, 1024, true, "SHA-256 fingerprints of Proxmox's certificates; where a host has some, no other certificate of it is accepted") \
	X(state_dir, NULL, PATH, "null", 0, 0, false, "folder for what auto remembers of Proxmox's certificates; by default the service's StateDirectory, else memory only") \
	X(allowed_hosts, NULL, HOSTS, "null", 0, 1024, true, "where consoles may be asked for; by default anywhere but link-local, multicast, unspecified and cloud-metadata addresses") \
	X(allow_node_shell, NULL, FLAG, "false", 0, 0, true, "whether consoles of nodes themselves, which are shells on Proxmox hosts, may be asked for") \
	X(link_mode, NULL, LINK_MODE, "\"direct\"", 0, 0, true, "whether a link opens at once, or by a page that asks for it, so that a scanner that follows links does not use it up") \
	X(bind_client, NULL, BINDING, "\"none\"", 0, 0, true, "whether a session's key is good only for the address that opened the link (IPv6: its /64)") \
	X(allowed_origins, NULL, ORIGINS, "null", 0, 1024, true, "pages besides the console's own that may open its websocket") \
	X(allow_missing_origin, NULL, FLAG, "true", 0, 0, true, "whether a client that sends no Origin, and so is no browser, may open a websocket") \
	X(frame_ancestors, NULL, SOURCES, "null", 0, 64, true, "pages that may show the console in a frame; by default any") \
	X(hsts_max_age, NULL, NUMBER, "0", 0, 63072000, true, "seconds for Strict-Transport-Security over TLS; 0: not sent, since it covers every port of the name") \
	X(trusted_proxies, NULL, NETWORKS, "null", 0, 1024, true, "proxies whose X-Forwarded-For, -Proto and -Host are believed") \
	X(limit_loopback, NULL, FLAG, "false", 0, 0, true, "whether limits and penalties per address apply to loopback before trusted_proxies is set") \
	X(token_ttl, NULL, NUMBER, "300", 1, 2592000, true, "seconds that a link can be opened") \
	X(connect_timeout, NULL, NUMBER, "300", 1, 2592000, true, "seconds that a session waits for its first browser") \
	X(reconnect_timeout, NULL, NUMBER, "3600", 1, 2592000, true, "seconds that a session without a browser is kept") \
	X(max_duration, NULL, NUMBER, "0", 0, 2592000, true, "seconds after which any session ends; 0: never") \
	X(open_timeout, NULL, NUMBER, "45", 5, 120, true, "seconds that opening a console may take") \
	X(max_pending_tokens, NULL, NUMBER, "10000", 1, 1000000, true, "links that may wait to be opened") \
	X(max_sessions, NULL, NUMBER, "0", 0, 64512, true, "sessions at a time; 0: as many as there are session ports") \
	X(max_sessions_per_host, NULL, NUMBER, "0", 0, 64512, true, "sessions of one Proxmox host at a time; 0: no limit") \
	X(max_sessions_per_client, NULL, NUMBER, "64", 0, 64512, true, "sessions opened from one address at a time; 0: no limit") \
	X(max_browsers_per_session, NULL, NUMBER, "8", 1, 32, true, "browsers of one session at a time") \
	X(router_connections_per_client, NULL, NUMBER, "256", 1, 1024, true, "connections of one address to the router at a time") \
	X(session_connections_per_client, NULL, NUMBER, "64", 1, 80, true, "connections of one address to a session port at a time") \
	X(request_head_max, NULL, NUMBER, "8192", 1024, 24576, true, "bytes of a request's head that the router takes") \
	X(request_body_max, NULL, NUMBER, "65536", 1024, 1048576, true, "bytes of a request's body that the router takes") \
	X(head_timeout, NULL, NUMBER, "10", 1, 60, true, "seconds in which a request's head must be there, however it drips in") \
	X(body_timeout, NULL, NUMBER, "30", 1, 300, true, "seconds in which its body must be there") \
	X(guess_limit, NULL, NUMBER, "20", 1, 100000, true, "wrong secrets and keys from one address after which its wrong ones are refused for a while") \
	X(guess_penalty, NULL, NUMBER, "300", 1, 86400, true, "seconds of that while") \
	X(logging_enabled, NULL, FLAG, "true", 0, 0, false, "whether to log at all") \
	X(logging_level, NULL, LEVEL, "\"info\"", 0, 0, true, "how much to log") \
	X(log_file, NULL, SINK, "\"stderr\"", 0, 0, false, "where to log; SIGHUP opens the file again")
/* clang-format on */
