// SPDX-License-Identifier: MIT
//
// Whoever scans the ports of live sessions learns that they are open: every answer is the same
// bare 404, or none, whatever is asked, and in whatever protocol.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, rawRequest } from '../lib/http.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { until } from '../lib/wait.mjs';
import { shows, useWorld } from './world.mjs';

const SESSIONS = 20;
const WRONG_KEY = 'f'.repeat(32);
const BARE = [
	'HTTP/1.1 404 Not Found', 'Content-Length: 0', 'Cache-Control: no-store',
	'X-Content-Type-Options: nosniff', 'Referrer-Policy: no-referrer',
	'Cross-Origin-Resource-Policy: same-origin',
	"Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
		+ 'frame-ancestors *', '', '',
].join('\r\n');
/* Where the connection has to end, too. */
const BARE_AND_CLOSED = BARE.replace('no-store\r\n', 'no-store\r\nConnection: close\r\n');

const get = (path, ...lines) =>
	`GET ${path} HTTP/1.1\r\n${['Host: h', ...lines].join('\r\n')}\r\n\r\n`;
const upgrade = (path) => get(path, 'Upgrade: websocket', 'Connection: Upgrade',
	'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');

/* Bytes that a scanner sends, by what they are. */
const PROBES = {
	'the root': get('/'),
	'a well-known path': get('/robots.txt'),
	'the page without a key': get('/vnc.html'),
	'the password without a key': get('/mandatory.json'),
	'another key': get(`/${WRONG_KEY}/`),
	'another key\'s password': get(`/${WRONG_KEY}/mandatory.json`),
	'a way out of the folder': get('/../../../../etc/passwd'),
	'the same, escaped': get('/%2e%2e/%2e%2e/etc/passwd'),
	'a NUL': get('/%00'),
	'a bad escape': get('/%zz'),
	'bytes beyond ASCII': get('/\xff\xfe'),
	'an absolute target': get('http://127.0.0.1/'),
	'a target without a slash': get('x'),
	'a query': get('/?a=b&c'),
	'a query without an end': get(`/?${'&'.repeat(300)}`),
	'HEAD': get('/').replace('GET', 'HEAD'),
	'POST': get('/', 'Content-Length: 0').replace('GET', 'POST'),
	'PUT with chunks': `${get('/', 'Transfer-Encoding: chunked').replace('GET', 'PUT')}0\r\n\r\n`,
	'OPTIONS': get('*').replace('GET', 'OPTIONS'),
	'TRACE': get('/').replace('GET', 'TRACE'),
	'CONNECT': get('x:443').replace('GET', 'CONNECT'),
	'a method that is none': get('/').replace('GET', 'FOO'),
	'a method in lower case': get('/').replace('GET', 'get'),
	'a websocket': upgrade('/'),
	'a websocket of another key': upgrade(`/${WRONG_KEY}/vnc-proxy`),
	'an upgrade to HTTP/2': get('/', 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings',
		'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
	'an upgrade to nothing known': get('/', 'Upgrade: foo', 'Connection: Upgrade'),
	'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
	'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
	'HTTP/0.9': 'GET /\r\n\r\n',
	'line feeds alone': 'GET / HTTP/1.1\nHost: h\n\n',
	'a head that is too long': get('/', `X: ${'a'.repeat(9000)}`),
	'a path that is too long': get(`/${'a'.repeat(9000)}`),
	'too many lines': get('/', ...Array(300).fill('Host: h')),
	'TLS': Buffer.from('1603010200010001fc0303', 'hex').toString('latin1'),
	'SSH': 'SSH-2.0-OpenSSH_9.2\r\n',
	'VNC': 'RFB 003.008\n',
	'RDP': Buffer.from('0300000b06e00000000000', 'hex').toString('latin1'),
	'nothing': '',
};

describe('a port scanner', () => {
	const w = useWorld({ pool: SESSIONS });
	let urls;

	async function ports() {
		urls ??= await Promise.all(Array.from({ length: SESSIONS },
			(_, i) => w.gw.session({ vmid: 210 + i })));
		return urls.map((url) => Number(new URL(url).port));
	}

	test(`finds ${SESSIONS} ports, and the same bare 404 or nothing on each`, async () => {
		const odd = [];
		const answered = new Set();
		for (const port of await ports()) {
			await Promise.all(Object.entries(PROBES).map(async ([what, bytes]) => {
				const res = await rawRequest({ host: '127.0.0.1', port },
					Buffer.from(bytes, 'latin1'), { ms: 300 });
				const text = res.bytes.toString('latin1');
				if (text !== '')
					answered.add(what);
				if (text !== '' && text !== BARE && text !== BARE_AND_CLOSED)
					odd.push(`${what} at ${port}: ${JSON.stringify(text)}`);
				if (text === BARE_AND_CLOSED && !res.ended)
					odd.push(`${what} at ${port}: told to be closed, and is not`);
			}));
		}
		assert.deepEqual(odd, []);
		assert.ok(answered.size > Object.keys(PROBES).length / 2, 'most are answered');
	});

	test('no body that is sent becomes a request of its own', async () => {
		const [port] = await ports();
		const smuggled = get('/');
		for (const head of [get('/', 'Transfer-Encoding: chunked'),
			get('/', 'Content-Length: 0', 'Transfer-Encoding: chunked'),
			get('/', 'Content-Length: 0', `Content-Length: ${smuggled.length}`),
			get('/', 'Content-Length: 0').replace('GET', 'POST')]) {
			const res = await rawRequest({ host: '127.0.0.1', port }, head + smuggled);
			assert.equal(res.bytes.toString(), BARE_AND_CLOSED);
			assert.ok(res.ended);
		}
	});

	test('no connection that says nothing stays', async () => {
		const [port] = await ports();
		const target = { host: '127.0.0.1', port };
		const quiet = await Promise.all(['', 'GET / HT', 'CONNECT x:1 HTTP/1.1\r\n\r\n']
			.map(async (bytes) => {
				const conn = await Conn.open(target);
				await conn.write(bytes);
				return conn;
			}));
		await until(() => quiet.every((conn) => conn.ended), 15000, 'all to be closed');
	});

	test('does not disturb the consoles', async () => {
		await ports();
		for (const url of urls)
			await shows(await w.gw.console(url));
		assert.deepEqual(findLeaks(w.gw.log(), w.gw.secrets), []);
	});
});
