// SPDX-License-Identifier: MIT
//
// socket - a connected TCP or TLS socket from a URL or { host, port, tls, ca }.
//
// Certificates are verified unless insecure is set. TLS 1.3 session tickets and ALPN
// play no role here.

import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { slow } from './wait.mjs';

const SECURE = new Set(['https:', 'wss:']);

/* { host, port, tls, path } of a URL; http, https, ws and wss. */
export function splitUrl(url) {
	const u = new URL(url);
	const secure = SECURE.has(u.protocol);
	return {
		host: u.hostname.replace(/^\[|\]$/g, ''),
		hostHeader: u.host,
		port: Number(u.port || (secure ? 443 : 80)),
		tls: secure,
		path: u.pathname + u.search,
	};
}

/*
 * ca is the path of a PEM file, from the address to come from (any of 127.0.0.0/8 is ours).
 * Resolves once connected, TLS handshake included.
 */
export function dial(where) {
	const { host, port, tls: secure, ca, insecure, servername, from, timeoutMs = 10000 } = where;
	return new Promise((resolve, reject) => {
		const opts = { host, port, noDelay: true, localAddress: from };
		if (secure && ca)
			opts.ca = readFileSync(ca);
		if (secure) {
			opts.rejectUnauthorized = !insecure;
			opts.servername = servername ?? (net.isIP(host) ? '' : host);
		}
		const socket = secure ? tls.connect(opts) : net.connect(opts);
		const timer = setTimeout(() => {
			socket.destroy();
			reject(new Error(`no connection in ${slow(timeoutMs)} ms`));
		}, slow(timeoutMs));
		socket.once(secure ? 'secureConnect' : 'connect', () => {
			clearTimeout(timer);
			socket.removeListener('error', reject);
			resolve(socket);
		});
		socket.once('error', (e) => {
			clearTimeout(timer);
			reject(e);
		});
	});
}
