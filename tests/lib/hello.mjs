// SPDX-License-Identifier: MIT
//
// hello - a TLS ClientHello written by hand, and what a server says to it.
//
// Today's TLS libraries can no longer offer what a server must refuse: old versions, 3DES,
// RC4. An answer of the server is all that is looked at; no handshake is finished.

import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { slow } from './wait.mjs';

export const VERSIONS = { 'SSL 3': 0x0300, 'TLS 1.0': 0x0301, 'TLS 1.1': 0x0302, 'TLS 1.2': 0x0303 };

/* The numbers of RFC 5246, 5288, 5289, 7905 and others. */
export const SUITES = {
	'NULL-SHA': 0x0002, 'NULL-SHA256': 0x003b, 'ECDHE-RSA-NULL-SHA': 0xc010,
	'RC4-SHA': 0x0005, 'ECDHE-RSA-RC4-SHA': 0xc011,
	'DES-CBC3-SHA': 0x000a, 'ECDHE-RSA-DES-CBC3-SHA': 0xc012,
	'AES128-SHA': 0x002f, 'AES256-SHA': 0x0035, 'AES128-SHA256': 0x003c,
	'AES128-GCM-SHA256': 0x009c, 'AES256-GCM-SHA384': 0x009d,
	'ADH-AES128-SHA': 0x0034, 'AECDH-AES128-SHA': 0xc018,
	'DHE-RSA-AES128-SHA': 0x0033, 'DHE-RSA-AES128-GCM-SHA256': 0x009e,
	'ECDHE-RSA-AES128-SHA': 0xc013, 'ECDHE-RSA-AES256-SHA': 0xc014,
	'ECDHE-RSA-AES128-SHA256': 0xc027, 'ECDHE-RSA-AES256-SHA384': 0xc028,
	'ECDHE-RSA-AES128-CCM': 0xc09c, 'ECDHE-RSA-CAMELLIA128-SHA256': 0xc076,
	'ECDHE-RSA-AES128-GCM-SHA256': 0xc02f, 'ECDHE-RSA-AES256-GCM-SHA384': 0xc030,
	'ECDHE-RSA-CHACHA20-POLY1305': 0xcca8,
};

function u16(...values) {
	return Buffer.concat(values.map((v) => Buffer.from([v >> 8, v & 255])));
}

function sized(bytes, data) {
	const head = Buffer.alloc(bytes);
	head.writeUIntBE(data.length, 0, bytes);
	return Buffer.concat([head, data]);
}

function extension(id, data) {
	return Buffer.concat([u16(id), sized(2, data)]);
}

function clientHello(version, suites, compression) {
	const extensions = Buffer.concat([
		extension(10, sized(2, u16(29, 23, 24))), /* x25519, P-256, P-384 */
		extension(11, sized(1, Buffer.from([0]))), /* uncompressed points */
		/* RSA and ECDSA, with SHA-256, SHA-384 and SHA-1 */
		extension(13, sized(2, u16(0x0804, 0x0401, 0x0403, 0x0501, 0x0201, 0x0203))),
		extension(0xff01, sized(1, Buffer.alloc(0))), /* secure renegotiation */
	]);
	const body = Buffer.concat([
		u16(version), randomBytes(32), sized(1, Buffer.alloc(0)), sized(2, u16(...suites)),
		sized(1, Buffer.from(compression)), sized(2, extensions),
	]);
	const handshake = Buffer.concat([Buffer.from([1]), sized(3, body)]);
	return Buffer.concat([Buffer.from([22]), u16(Math.min(version, 0x0301)), sized(2, handshake)]);
}

/* { accepted, suite, version, compression } of a ServerHello; { alert } or { closed: true }. */
function answerOf(data, ended) {
	if (data[0] === 21 && data.length >= 7)
		return { accepted: false, alert: data[6] };
	if (data[0] === 22 && data[5] === 2) {
		const session = 5 + 4 + 2 + 32;
		const at = session + 1 + data[session];
		if (data.length >= at + 3)
			return { accepted: true, version: data.readUInt16BE(9), suite: data.readUInt16BE(at),
				compression: data[at + 2] };
	}
	return ended ? { accepted: false, closed: true } : null;
}

/* Offers this to a port of loopback: { version, suites, compression }, as numbers. */
export function hello(port, { version = 0x0303, suites, compression = [0] }) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(port, '127.0.0.1');
		let data = Buffer.alloc(0);
		const look = (ended) => {
			const answer = answerOf(data, ended);
			if (!answer)
				return;
			clearTimeout(timer);
			socket.destroy();
			resolve(answer);
		};
		const timer = setTimeout(() => {
			socket.destroy();
			reject(new Error('no answer to a ClientHello'));
		}, slow(8000));
		socket.on('connect', () => socket.write(clientHello(version, suites, compression)));
		socket.on('data', (d) => {
			data = Buffer.concat([data, d]);
			look(false);
		});
		socket.on('error', () => look(true));
		socket.on('close', () => look(true));
	});
}
