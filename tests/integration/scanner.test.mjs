// SPDX-License-Identifier: MIT
//
// Whoever scans the ports of live sessions learns that they are open: every answer is the same
// bare 404, or none, whatever is asked, and in whatever protocol; whether a browser is there, has
// been or never was. The router says 401, and neither says what it is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, rawRequest } from '../lib/http.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { until } from '../lib/wait.mjs';
import { shows, useWorld } from './world.mjs';

const SESSIONS = 20;
const POOL = 24;
const ANSWER_MS = 300; /* whoever says nothing for so long does not answer */
const AT_ONCE = 4; /* ports that are scanned */
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

/* The router's answer to whatever it does not know, but for the date. */
const UNAUTHORISED = /^HTTP\/1\.1 401 Unauthorized\r\n(?:[\w-]+: .*\r\n)+\r\n(?:Unauthorized\n?)?$/;
/* What its HTTP library says, or its check of the head, to what is no proper request. */
const IMPROPER = /^HTTP\/1\.1 (?:400|414|431|505) /;
/* Of what there is here: product, libraries, what is behind it. */
const TELLING = new RegExp('proxmox|pve|vnc|console|qemu|guest|virtual|session'
	+ '|microhttpd|websockets|gnutls|openssl|^server:|^x-powered', 'im');

const get = (path, ...lines) =>
	`GET ${path} HTTP/1.1\r\n${['Host: h', ...lines].join('\r\n')}\r\n\r\n`;
const upgrade = (path, ...lines) => get(path, 'Upgrade: websocket', 'Connection: Upgrade',
	'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...lines);

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
	'a websocket with an origin': upgrade('/vnc-proxy', 'Origin: http://h'),
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

/* The same with keys that are nearly right: a guess is no warmer for that. */
function guesses(key) {
	const other = (digit) => (digit === '0' ? '1' : '0');
	const near = key.slice(0, -1) + other(key.at(-1));
	return {
		'a key that is wrong at its end': get(`/${near}/`),
		'a key that is wrong at its beginning': get(`/${other(key[0])}${key.slice(1)}/`),
		'its password': get(`/${near}/mandatory.json`),
		'its websocket': upgrade(`/${near}/vnc-proxy`, 'Origin: http://h'),
		'a key cut short': get(`/${key.slice(0, -1)}/`),
		'a key without its end, and no slash': get(`/${key.slice(0, -1)}`),
		'a key and more': get(`/${key}0/`),
		'a key in upper case': get(`/${key.toUpperCase()}/`),
		'a key that is wrong, escaped': get(`/%${key.charCodeAt(0).toString(16)}${near.slice(1)}/`),
		'a key that is wrong, after two slashes': get(`//${near}/`),
		'a key in the query': get(`/?/${key}/`),
		'a key further down': get(`/x/${key}/`),
	};
}

/* The bytes that come for these; one that promises to close has a while to do so. */
async function probe(target, bytes) {
	const conn = await Conn.open(target);
	await conn.write(Buffer.from(bytes, 'latin1'));
	await conn.closed(ANSWER_MS);
	const text = conn.received.toString('latin1');
	const stays = text === BARE_AND_CLOSED && !await conn.closed();
	conn.close();
	return stays ? `${text}and not closed` : text;
}

/* What came for each probe that got an answer which is none of these. */
async function odd(target, probes, good) {
	const all = await Promise.all(Object.entries(probes).map(async ([what, bytes]) => {
		const text = await probe(target, bytes);
		return text === '' || good(text) ? null
			: `${what} at ${target.port}: ${JSON.stringify(text)}`;
	}));
	return all.filter(Boolean);
}

const bare = (text) => text === BARE || text === BARE_AND_CLOSED;

/* Sessions of every kind: waiting for a browser, with one, and left by it. */
function useSessions(options) {
	const w = useWorld({ pool: POOL, ...options });
	let sessions;
	async function start() {
		const urls = await Promise.all(Array.from({ length: SESSIONS },
			(_, i) => w.gw.session({ vmid: 210 + i })));
		w.consoles = await Promise.all(urls.slice(5).map((url) => w.gw.console(url)));
		w.consoles.splice(0, 5).forEach(({ ws }) => ws.destroy());
		await w.gw.statusUntil((s) => s.sessions_active === SESSIONS - 10
			&& s.sessions_disconnected === 5, 5000, 'sessions of every kind');
		return urls;
	}
	w.urls = () => (sessions ??= start());
	w.at = (port, tls) => ({ host: '127.0.0.1', port: Number(port), tls, ca: w.gw.caFile });
	return w;
}

for (const tls of [false, true]) {
	describe(`a port scanner${tls ? ', TLS' : ''}`, () => {
		const w = useSessions({ tls });

		/* Everything, at one of them. */
		function scan(url, good) {
			const { port, pathname } = new URL(url);
			return odd(w.at(port, tls), { ...PROBES, ...guesses(pathname.slice(1, 33)) }, good);
		}

		test(`finds ${SESSIONS} ports, and the same bare 404 or nothing on each`, async () => {
			const urls = await w.urls();
			for (let i = 0; i < SESSIONS; i += AT_ONCE) {
				const some = urls.slice(i, i + AT_ONCE).map((url) => scan(url, bare));
				assert.deepEqual((await Promise.all(some)).flat(), []);
			}
		});

		test('is answered mostly', async () => {
			const answered = await scan((await w.urls())[0], () => false);
			assert.ok(answered.length > Object.keys(PROBES).length / 2, `${answered.length}`);
		});

		test('finds the rest of the pool closed', async () => {
			const live = new Set((await w.urls()).map((url) => Number(new URL(url).port)));
			const { session_port_min: first, session_port_max: last } = w.gw.config;
			assert.equal(last - first + 1 - live.size, POOL - SESSIONS);
			for (let port = first; port <= last; port++) {
				if (!live.has(port))
					await assert.rejects(rawRequest(w.at(port), ''), { code: 'ECONNREFUSED' });
			}
		});

		test('hears 401 from the router, or that it asks improperly', async () => {
			await w.urls();
			const proper = (text) => (UNAUTHORISED.test(text) || IMPROPER.test(text))
				&& !TELLING.test(text);
			assert.deepEqual(await odd(w.at(w.gw.port, tls),
				{ ...PROBES, ...guesses('e'.repeat(32)) }, proper), []);
		});
	});
}

describe('a port scanner that speaks the wrong protocol', () => {
	const w = useSessions({ tls: true });

	test('hears nothing from ports with TLS but its alerts', async () => {
		const [url] = await w.urls();
		/* 0x15: alert, of TLS 1.x; it says no more than that this is TLS. */
		const alert = (text) => /^\x15\x03[\x01-\x04]\x00\x02[\s\S]{2}$/.test(text);
		for (const port of [new URL(url).port, w.gw.port])
			assert.deepEqual(await odd(w.at(port, false), PROBES, alert), []);
	});
});

describe('a port scanner', () => {
	const w = useSessions();
	const ports = async () => (await w.urls()).map((url) => Number(new URL(url).port));

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
		const [port] = await ports();
		await odd(w.at(port), PROBES, bare);
		for (const c of w.consoles)
			await shows(c);
		for (const url of await w.urls())
			await shows(await w.gw.console(url));
		assert.deepEqual(findLeaks(await w.gw.fullLog(), w.gw.secrets), []);
	});
});
