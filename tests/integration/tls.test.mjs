// SPDX-License-Identifier: MIT
//
// TLS of our own: which versions and ciphers are spoken, at the router and on the ports of
// sessions alike, and what a handshake can't be talked into.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { hello, SUITES, VERSIONS } from '../lib/hello.mjs';
import { within } from '../lib/wait.mjs';
import { useWorld } from './world.mjs';

const GOOD = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384',
	'ECDHE-RSA-CHACHA20-POLY1305'];
const BAD = Object.keys(SUITES).filter((name) => !GOOD.includes(name));
const COMMON = ['ECDHE-RSA-AES128-SHA', 'AES128-SHA', 'AES256-SHA', 'DES-CBC3-SHA', 'RC4-SHA',
	...GOOD].map((name) => SUITES[name]);

describe('TLS of our own', () => {
	/* An RSA key, or key exchange by RSA would be refused for want of one. */
	const w = useWorld({ tls: { rsa: true } });
	let session;

	before(async () => {
		session = Number(new URL(await w.gw.session()).port);
	});

	/* A handshake by Node's own TLS; resolves with the socket. */
	function shake(port, options = {}) {
		const socket = tls.connect({ port, host: '127.0.0.1', ca: readFileSync(w.gw.caFile),
			servername: '', ...options });
		const up = new Promise((resolve, reject) => {
			socket.once('secureConnect', () => resolve(socket));
			socket.once('error', reject);
		});
		return within(up, 8000, 'a handshake');
	}

	/* What the session of a finished handshake says, once tickets had their chance to come. */
	async function tickets(port, options) {
		const socket = await shake(port, options);
		const kept = [];
		socket.on('session', (s) => kept.push(s));
		socket.on('error', () => {});
		/* Tickets come before the first answer, which closes the connection. */
		socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
		socket.resume();
		await within(new Promise((resolve) => socket.once('close', resolve)), 8000, 'the end');
		return { kept, old: socket.getSession() };
	}

	for (const [where, port, versionsThatEnd] of [
		['the router', () => w.gw.port, ['TLSv1.2', 'TLSv1.3']],
		['a session port', () => session, ['TLSv1.2']]])
		describe(`TLS of ${where}`, () => {
			for (const name of GOOD)
				test(`takes ${name} of TLS 1.2`, async () => {
					const answer = await hello(port(), { suites: [SUITES[name]] });
					assert.deepEqual(answer, { accepted: true, version: 0x0303, suite: SUITES[name],
						compression: 0 });
				});

			for (const name of BAD)
				test(`refuses ${name}`, async () => {
					assert.equal((await hello(port(), { suites: [SUITES[name]] })).accepted, false);
				});

			for (const [name, version] of Object.entries(VERSIONS).slice(0, 3))
				test(`refuses ${name}`, async () => {
					const answer = await hello(port(), { version, suites: COMMON });
					assert.equal(answer.accepted, false);
				});

			test('speaks TLS 1.3 with who can', async () => {
				const socket = await shake(port());
				assert.equal(socket.getProtocol(), 'TLSv1.3');
				assert.equal(socket.getEphemeralKeyInfo().name, 'X25519');
				socket.destroy();
			});

			test('never compresses', async () => {
				const answer = await hello(port(),
					{ suites: [SUITES[GOOD[0]]], compression: [1, 0] });
				assert.equal(answer.accepted, true);
				assert.equal(answer.compression, 0);
			});

			test('does not renegotiate', async () => {
				const socket = await shake(port(), { maxVersion: 'TLSv1.2' });
				const outcome = new Promise((resolve) => {
					socket.once('error', () => resolve('refused'));
					socket.once('close', () => resolve('refused'));
					socket.renegotiate({}, (e) => resolve(e ? 'refused' : 'renegotiated'));
				});
				assert.equal(await within(outcome, 8000, 'an answer'), 'refused');
				socket.destroy();
			});

			for (const maxVersion of versionsThatEnd)
				test(`resumes no handshake of ${maxVersion}`, async () => {
					const { kept, old } = await tickets(port(), { maxVersion });
					if (maxVersion === 'TLSv1.3')
						assert.equal(kept.length, 0, 'tickets');
					const again = await shake(port(), { maxVersion, session: old });
					assert.equal(again.isSessionReused(), false);
					assert.ok(again.getPeerCertificate().fingerprint256);
					again.destroy();
				});
		});

	/* The page and its websocket come by several connections: one signature is enough. */
	test('a session port resumes TLS 1.3, with a new key exchange', async () => {
		const { kept } = await tickets(session, { maxVersion: 'TLSv1.3' });
		assert.equal(kept.length, 1, 'tickets');
		const again = await shake(session, { session: kept[0] });
		assert.equal(again.isSessionReused(), true);
		assert.equal(again.getEphemeralKeyInfo().name, 'X25519');
		again.destroy();
	});

	/* Without this, a hello that nobody understands would pass for one that is refused. */
	describe('a server that is less strict', () => {
		let server;

		before(async () => {
			const { tls_cert_file: cert, tls_key_file: key } = w.gw.config;
			server = tls.createServer({ key: readFileSync(key), cert: readFileSync(cert),
				minVersion: 'TLSv1', ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0', dhparam: 'auto' });
			server.on('tlsClientError', () => {});
			await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
		});
		after(() => server?.close());

		for (const name of ['AES128-SHA', 'AES128-GCM-SHA256', 'NULL-SHA256', 'ECDHE-RSA-NULL-SHA',
			'ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES256-SHA384', 'DHE-RSA-AES128-GCM-SHA256', GOOD[0]])
			test(`takes the same hello with ${name}`, async () => {
				const answer = await hello(server.address().port, { suites: [SUITES[name]] });
				assert.equal(answer.suite, SUITES[name]);
			});

		for (const name of ['TLS 1.0', 'TLS 1.1'])
			test(`takes the same hello of ${name}`, async () => {
				const answer = await hello(server.address().port,
					{ version: VERSIONS[name], suites: COMMON });
				assert.equal(answer.version, VERSIONS[name]);
			});

		test('renegotiates and resumes', async () => {
			const { port } = server.address();
			const socket = await shake(port, { maxVersion: 'TLSv1.2' });
			await within(new Promise((resolve, reject) =>
				socket.renegotiate({}, (e) => (e ? reject(e) : resolve()))), 8000, 'renegotiation');
			const again = await shake(port, { maxVersion: 'TLSv1.2', session: socket.getSession() });
			assert.equal(again.isSessionReused(), true);
			socket.destroy();
			again.destroy();
		});
	});
});
