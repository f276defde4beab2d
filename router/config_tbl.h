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
	X(authorization, NULL, SECRET, REQUIRED, 1, 512, true, "secret that backends send in the Authorization header") \
	X(public_ip, "public_host", HOST, REQUIRED, 1, 253, false, "address or name under which end users reach this machine") \
	X(router_ip, NULL, ADDRESS, "\"0.0.0.0\"", 0, 0, false, "address that the router listens on; :: takes IPv4 too") \
	X(router_port, NULL, NUMBER, "9999", 1, 65535, false, "port that the router listens on; not one of the session ports") \
	X(public_url, NULL, URL, "null", 0, 512, true, "what links begin with, for a reverse proxy in front of the router; by default made of public_ip and router_port") \
	X(session_ip, NULL, ADDRESS, "\"0.0.0.0\"", 0, 0, false, "address that sessions listen on, independent of router_ip") \
	X(session_port_min, NULL, NUMBER, "22000", 1024, 65535, false, "first port for sessions; one that another program holds is left out") \
	X(session_port_max, NULL, NUMBER, "22999", 1024, 65535, false, "last port for sessions") \
	X(tls_cert_file, NULL, PATH, "null", 0, 0, false, "certificate chain (PEM) for the router and the sessions") \
	X(tls_key_file, NULL, PATH, "null", 0, 0, false, "private key (PEM) of that certificate") \
	X(novnc_path, NULL, PATH, "null", 0, 0, false, "folder of the console page, with vnc.html in it; by default the installed one, or novnc of the source tree") \
	X(proxmox_tls, NULL, TRUST, "\"verify\"", 0, 0, true, "whether Proxmox must show a certificate that can be verified") \
	X(proxmox_ca_file, NULL, PATH, "null", 0, 0, true, "authorities (PEM) to trust for Proxmox, instead of the system's") \
	X(token_ttl, NULL, NUMBER, "300", 1, 2592000, true, "seconds that a link can be opened") \
	X(connect_timeout, NULL, NUMBER, "300", 1, 2592000, true, "seconds that a session waits for its first browser") \
	X(reconnect_timeout, NULL, NUMBER, "3600", 1, 2592000, true, "seconds that a session without a browser is kept") \
	X(max_duration, NULL, NUMBER, "0", 0, 2592000, true, "seconds after which any session ends; 0: never") \
	X(open_timeout, NULL, NUMBER, "45", 5, 120, true, "seconds that opening a console may take") \
	X(max_pending_tokens, NULL, NUMBER, "10000", 1, 1000000, true, "links that may wait to be opened") \
	X(logging_enabled, NULL, FLAG, "true", 0, 0, false, "whether to log at all") \
	X(logging_level, NULL, LEVEL, "\"info\"", 0, 0, true, "how much to log") \
	X(log_file, NULL, SINK, "\"stderr\"", 0, 0, false, "where to log; SIGHUP opens the file again")
/* clang-format on */
