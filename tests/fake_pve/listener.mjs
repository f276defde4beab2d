// SPDX-License-Identifier: MIT
//
// listener - the TLS side of the fake Proxmox's hosts, and its certificates.
//
// The first byte of a connection tells TLS from plain HTTP, which is redirected. The CA
// and its certificates are made at start; which certificate is shown can be changed while
// running: good, renewed, second-node, wrong-name, expired, other-ca, self-signed; or several
// in turn, as a balancer with several nodes behind it shows them, or one for each address.

import { readFileSync } from 'node:fs';
import { randomBytes, X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { DEFAULT_SAN, makeCa, makeLeaf, makeSelfSigned } from '../lib/certs.mjs';
import { Connection } from './http_conn.mjs';

const TLS_HANDSHAKE = 0x16;
const TICKET_KEYS = 48;

/* Makes the CA, another CA, and the certificates in dir; good ones for addresses, too. */
export async function makeCerts(dir, addresses) {
	const san = [...new Set([...DEFAULT_SAN.split(','),
		...addresses.map((a) => `IP:${a}`)])].join(',');
	const ca = await makeCa(dir, 'pve-root-ca', 'Proxmox Virtual Environment');
	const other = await makeCa(dir, 'other-ca', 'Proxmox Virtual Environment');
	const [good, renewed, second, wrong, expired, foreign, self] = await Promise.all([
		makeLeaf(dir, ca, { name: 'good', cn: 'pve.example', san }),
		makeLeaf(dir, ca, { name: 'renewed', cn: 'pve.example', san }),
		makeLeaf(dir, ca, { name: 'second', cn: 'pve2.example',
			san: 'DNS:pve2.example,IP:192.0.2.2' }),
		makeLeaf(dir, ca, { name: 'wrong', cn: 'pve.example',
			san: 'DNS:pve.example,IP:192.0.2.1' }),
		makeLeaf(dir, ca, { name: 'expired', cn: 'pve.example', days: -1 }),
		makeLeaf(dir, other, { name: 'foreign', cn: 'pve.example' }),
		makeSelfSigned(dir, { name: 'self', cn: 'pve.example' }),
	]);
	return { ca, other, kinds: { good, renewed, 'second-node': second, 'wrong-name': wrong,
		expired, 'other-ca': foreign, 'self-signed': self } };
}

export class Listener {
	constructor(pve, certs) {
		this.pve = pve;
		this.certs = certs;
		this.raw = new Set();
		this.kinds = ['good'];
		this.shown = 'good';
		this.turn = 0;
		this.notes = new Map();
		this.ticketKeys = new Map();
		this.tls = tls.createServer(this.context('good'));
		this.tls.on('secureConnection', (s) => this.accepted(s));
		this.tls.on('tlsClientError', (e, s) => s.destroy());
	}

	pair(kind) {
		const files = this.certs.kinds[kind];
		if (!files)
			throw new Error(`unknown certificate kind: ${kind}`);
		return { cert: readFileSync(files.cert), key: readFileSync(files.key) };
	}

	/* Each certificate is another node's, or comes with a restart: its keys for tickets, too. */
	context(kind) {
		if (!this.ticketKeys.has(kind))
			this.ticketKeys.set(kind, randomBytes(TICKET_KEYS));
		return { minVersion: 'TLSv1.2', ticketKeys: this.ticketKeys.get(kind), ...this.pair(kind) };
	}

	/*
	 * From the next connection on; a list of kinds is dealt out in turn, an object has the
	 * kind for each address that is connected to. kept: TLS sessions can be resumed all the same.
	 */
	setCert(kinds, { kept = false } = {}) {
		const list = typeof kinds === 'object' ? Object.values(kinds) : [kinds];
		list.forEach((kind) => this.pair(kind));
		const keys = this.ticketKeys.get(this.kinds[0]);
		this.ticketKeys.clear();
		if (kept)
			list.forEach((kind) => this.ticketKeys.set(kind, keys));
		this.shown = null;
		this.kinds = list;
		this.byAddress = typeof kinds === 'object' && !Array.isArray(kinds) ? kinds : null;
		this.turn = 0;
	}

	/* SHA-256 of a certificate, by default the one shown, AA:BB:... */
	fingerprint(kind = this.kinds[0]) {
		return new X509Certificate(this.pair(kind).cert).fingerprint256;
	}

	/* Makes TLS of a connection, and notes what became of it and what came in by then. */
	secure(socket, first, host) {
		const kind = this.byAddress?.[socket.localAddress]
			?? this.kinds[this.turn++ % this.kinds.length];
		const note = this.pve.records.handshake({ cert: kind, ok: null, afterHello: 0 });
		if (kind !== this.shown)
			this.tls.setSecureContext(this.context(kind));
		this.shown = kind;
		const key = ends(socket);
		this.notes.set(key, { note, host });
		socket.once('close', () => {
			this.notes.delete(key);
			note.ok ??= false;
			note.afterHello = socket.bytesRead - first.length;
		});
		socket.unshift(first);
		this.tls.emit('connection', socket);
	}

	/* A TCP server for one host. */
	server(host) {
		return net.createServer({ noDelay: true }, (s) => this.incoming(s, host));
	}

	incoming(socket, host) {
		socket.host = host;
		this.raw.add(socket);
		socket.on('error', () => {});
		socket.on('close', () => this.raw.delete(socket));
		const { accept } = this.pve.faults;
		const fault = typeof accept === 'function' ? accept(host.address) : accept;
		if (fault?.close)
			socket.destroy();
		if (fault)
			return;
		socket.setTimeout(this.pve.timings.idleMs, () => socket.destroy());
		socket.once('data', (first) => {
			socket.setTimeout(0);
			socket.pause();
			if (first[0] !== TLS_HANDSHAKE) {
				this.redirect(socket, first);
				return;
			}
			this.secure(socket, first, host);
		});
	}

	/* Plain HTTP: 301 or 308 to https, and the end. */
	redirect(socket, first) {
		const m = /^(\S+) (\S+) HTTP\//.exec(first.toString('latin1'));
		this.pve.records.violation('plain HTTP request');
		if (m) {
			const status = m[1] === 'GET' || m[1] === 'HEAD' ? '301 Moved Permanently'
				: '308 Permanent Redirect';
			socket.write(`HTTP/1.1 ${status}\r\nLocation: ${this.pve.url}${m[2]}\r\n` +
				'Connection: close\r\nContent-Length: 0\r\n\r\n');
		}
		socket.end();
	}

	accepted(socket) {
		const { note, host } = this.notes.get(ends(socket));
		Object.assign(note, { ok: true, resumed: socket.isSessionReused() });
		new Connection(this.pve, socket, host);
	}

	/* Cuts what is connected to a host, in whatever state. */
	cutRaw(host) {
		for (const s of this.raw) {
			if (s.host === host)
				s.destroy();
		}
	}
}

/* What tells a connection from the others while it lives. */
function ends(socket) {
	return `${socket.localAddress} ${socket.remoteAddress} ${socket.remotePort}`;
}
