// SPDX-License-Identifier: MIT
//
// The headers of every kind of answer that the router gives, exactly: what is there, what it
// says, and in which order. The HTTP library adds Date and Content-Length and, where the
// connection ends, Connection.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, formatRequest, multipart, rawRequest } from '../lib/http.mjs';
import { closeWorld, openWorld, useWorld } from './world.mjs';

const UNKNOWN = '0123456789abcdef0123';
const HASH = "'sha256-[A-Za-z0-9+/]{43}='";
const JSON_TYPE = { 'Content-Type': 'application/json' };
const HTML = { Accept: 'text/html' };

const TEXT = 'text/plain; charset=utf-8';
const PAGE = 'text/html; charset=utf-8';
const FORMAT = 'application/json';

/* Policies: of what has nothing in it, of a notice, of the page that confirms a link. */
function policies(ancestors = '*', targets = "'self' http:") {
	const with_ = (form) =>
		`default-src 'none'; base-uri 'none'; frame-ancestors ${ancestors}; form-action ${form}`;
	return {
		bare: with_("'none'"),
		notice: `${with_("'none'")}; style-src HASH`,
		confirm: `${with_(targets)}; style-src HASH; script-src HASH`,
	};
}

/* What an answer must have, in order, after what the library puts first and before its length. */
function expected({ policy = 'bare', type, more = {}, hsts }, all = policies()) {
	return [
		['Cache-Control', 'no-store'],
		['X-Content-Type-Options', 'nosniff'],
		['Referrer-Policy', 'no-referrer'],
		['Cross-Origin-Resource-Policy',
			policy !== 'bare' || more.Location ? 'cross-origin' : 'same-origin'],
		...policy !== 'bare' ? [['Cross-Origin-Embedder-Policy', 'require-corp']] : [],
		...hsts ? [['Strict-Transport-Security', `max-age=${hsts}`]] : [],
		['Content-Security-Policy', all[policy]],
		...type ? [['Content-Type', type]] : [],
		...Object.entries(more),
	];
}

function isLibrarys([name]) {
	return /^(?:Date|Connection|Content-Length)$/.test(name);
}

/* An answer's own headers, with what differs from run to run replaced. */
function own(res) {
	return res.rawHeaders.filter((header) => !isLibrarys(header)).map(([name, value]) => [name,
		value.replaceAll(new RegExp(HASH, 'g'), 'HASH')
			.replace(/^(https?:\/\/[^/]+:)\d+(\/)[0-9a-f]{32}\/$/, '$1PORT$2KEY/')]);
}

function has(res, status, what, all) {
	assert.equal(res.status, status, res.text);
	assert.deepEqual(own(res), expected(what, all));
	const librarys = res.rawHeaders.filter(isLibrarys).map(([name]) => name);
	assert.equal(librarys[0], 'Date');
	assert.equal(librarys.filter((name) => name === 'Content-Length').length, 1);
	assert.equal(Number(res.headers['content-length']) > 0, what.type !== undefined);
	assert.ok(res.headers.connection === undefined || res.headers.connection === 'close');
}

const UNAUTHORIZED = { type: TEXT, more: { 'WWW-Authenticate': 'Bearer' } };

describe('the headers of', { concurrency: 8 }, () => {
	const w = useWorld({ config: { max_pending_tokens: 40 } });
	const post = (body, headers) => w.gw.request('/create',
		{ method: 'POST', body, headers: w.gw.auth(headers) });
	const raw = async (bytes) => (await rawRequest(w.gw.url, bytes, { ms: 3000 })).response;

	test('401 for an unknown path', async () => {
		has(await w.gw.request('/'), 401, UNAUTHORIZED);
		has(await w.gw.request('/favicon.ico', { method: 'POST' }), 401, UNAUTHORIZED);
	});

	test('401 without the secret and with a wrong one', async () => {
		has(await w.gw.request('/status'), 401, UNAUTHORIZED);
		has(await w.gw.request('/create', { method: 'POST', body: '{}',
			headers: { Authorization: 'no' } }), 401, UNAUTHORIZED);
	});

	test('405', async () => {
		has(await w.gw.request('/create'), 405, { type: TEXT, more: { Allow: 'POST' } });
		has(await w.gw.request('/status', { method: 'POST' }), 405,
			{ type: TEXT, more: { Allow: 'GET, HEAD' } });
		has(await w.gw.openRaw(UNKNOWN, { method: 'DELETE' }), 405,
			{ type: TEXT, more: { Allow: 'GET, HEAD' } });
	});

	test('400 for a bad head', async () => {
		const twice = { 'Content-Type': ['application/json', 'text/plain'] };
		for (const [method, path, type] of [['POST', '/create', FORMAT], ['GET', '/status', TEXT]]) {
			const res = await raw(formatRequest({ method, path, host: 'x',
				headers: w.gw.auth({ Connection: 'keep-alive', ...twice }) }));
			assert.equal(res.headers.connection, 'close');
			has(res, 400, { type });
		}
	});

	test('200, 400, 413 and 415 of /create', async () => {
		has(await post(JSON.stringify(w.gw.params()), JSON_TYPE), 200, { type: FORMAT });
		const form = multipart({ params: JSON.stringify(w.gw.params()) });
		has(await post(form.body, form.headers), 200, { type: FORMAT });
		has(await post('{', JSON_TYPE), 400, { type: FORMAT });
		has(await post('x'.repeat(70000), JSON_TYPE), 413, { type: FORMAT });
		has(await post('x', { 'Content-Type': 'text/html' }), 415, { type: FORMAT });
	});

	test('431', async () => {
		const long = { 'X-Long': 'x'.repeat(8192) };
		has(await w.gw.request('/status', { headers: long }), 431, { type: TEXT });
		has(await w.gw.request('/create', { method: 'POST', headers: long, body: '' }), 431,
			{ type: FORMAT });
	});

	test('200 of /status, with a body and without', async () => {
		has(await w.gw.request('/status', { headers: w.gw.auth() }), 200, { type: FORMAT });
		const head = await w.gw.request('/status', { method: 'HEAD', headers: w.gw.auth() });
		has(head, 200, { type: FORMAT });
		assert.equal(head.text, '');
	});

	test('a link: 302, HEAD, a prefetch, an unknown one, and one with more path', async () => {
		const { token } = await w.gw.create({ vmid: 103 });
		has(await w.gw.openRaw(token, { method: 'HEAD', headers: HTML }), 200, {});
		has(await w.gw.openRaw(token, { headers: { 'Sec-Purpose': 'prefetch', ...HTML } }), 503,
			{ type: TEXT });
		has(await w.gw.openRaw(token, { headers: HTML }), 302,
			{ more: { Location: 'http://127.0.0.1:PORT/KEY/' } });
		has(await w.gw.openRaw(token), 200, { type: TEXT });
		has(await w.gw.openRaw(token, { headers: HTML }), 200, { policy: 'notice', type: PAGE });
		has(await w.gw.request('/vnc/'), 400, { type: TEXT });
	});

	test('a console that cannot be opened, as a page and as text', async () => {
		for (const [headers, what] of [[HTML, { policy: 'notice', type: PAGE }],
			[{}, { type: TEXT }]]) {
			const { token } = await w.gw.create({ vmid: 102 });
			has(await w.gw.openRaw(token, { headers }), 503, what);
			const dead = await w.gw.create({ hostname: '127.0.0.1', port: 1 });
			has(await w.gw.openRaw(dead.token, { headers }), 502,
				{ ...what, more: { 'Retry-After': '10' } });
		}
	});

	/* What the library refuses by itself; its words are neutral, and it does not name itself. */
	for (const [what, bytes, status] of [
		['a line without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n', 400],
		['no version', 'GET /\r\n\r\n', 400],
		['a version from tomorrow', 'GET / HTTP/3.0\r\n\r\n', 505],
		['a path without end', `GET /${'x'.repeat(70000)} HTTP/1.1\r\n\r\n`, 414],
		['a header without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(70000)}\r\n\r\n`, 431],
		['too many headers', `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(3000)}\r\n`, 431],
		['a length beyond all numbers',
			`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`, 413],
		['nothing like HTTP', '\x16\x03\x01\x02\r\n\r\n', null],
	])
		test(`what the HTTP library answers to ${what}`, async () => {
			const { bytes: got, ended } = await rawRequest(w.gw.url, bytes, { ms: 3000 });
			const text = got.toString('latin1');
			assert.ok(ended);
			assert.doesNotMatch(text, /microhttpd|MHD|gnu|proxmox|pve|^Server:/im);
			assert.equal(text.slice(9, 12), status === null ? '' : String(status));
		});
});

test('503 when too many links wait', async (t) => {
	const w = await openWorld({ pve: null, config: { max_pending_tokens: 1 } }, t);
	const fields = { hostname: 'h', node: 'n', username: 'u', password: 'p-0123', vmid: 100 };
	await w.gw.create(fields);
	has(await w.gw.create(fields), 503, { type: FORMAT, more: { 'Retry-After': '30' } });
	await closeWorld(w);
});

test('429 for too many guesses', async (t) => {
	const w = await openWorld({ pve: null,
		config: { limit_loopback: true, guess_limit: 1, guess_penalty: 60 } }, t);
	const guess = (path, method) =>
		w.gw.request(path, { method, headers: { Authorization: 'guess' } });
	has(await guess('/status', 'GET'), 401, UNAUTHORIZED);
	for (const [path, method, type] of [['/status', 'GET', TEXT], ['/create', 'POST', FORMAT]]) {
		const res = await guess(path, method);
		const left = Number(res.headers['retry-after']);
		assert.ok(left > 50 && left <= 60, String(left));
		has(res, 429, { type, more: { 'Retry-After': res.headers['retry-after'] } });
		assert.equal(res.headers.connection, 'close');
	}
	await closeWorld(w);
});

describe('answers over one connection', () => {
	const fields = { hostname: 'h', node: 'n', username: 'u', password: 'p-0123', vmid: 100 };

	async function ask(conn, gw, { path = '/create', body = JSON.stringify(fields) } = {}) {
		await conn.write(formatRequest({ method: path === '/create' ? 'POST' : 'GET', path,
			host: 'x', headers: gw.auth({ Connection: 'keep-alive', ...JSON_TYPE }), body }));
		return conn.response();
	}

	test('have each their own body, whatever came between them', async (t) => {
		const w = await openWorld({ pve: null }, t);
		const conn = await Conn.open(w.gw.url);
		const tokens = new Set();
		for (const [other, status] of [[null], [{ body: '{' }, 400], [{ path: '/status' }, 200],
			[{ path: '/' }, 401], [null]]) {
			for (let i = 0; i < 3; i++) {
				const res = await ask(conn, w.gw);
				has(res, 200, { type: FORMAT });
				tokens.add(JSON.parse(res.text).token);
			}
			if (other !== null)
				assert.equal((await ask(conn, w.gw, other)).status, status);
		}
		assert.equal(tokens.size, 15);
		for (const token of tokens)
			assert.match(token, /^[0-9a-f]{20,}$/);
		conn.close();
		await closeWorld(w);
	});

	test('have the headers of the configuration that is read meanwhile', async (t) => {
		const w = await openWorld({ pve: null, config: { trusted_proxies: ['127.0.0.1'] } }, t);
		const conn = await Conn.open(w.gw.url);
		has(await ask(conn, w.gw), 200, { type: FORMAT });
		w.gw.reload({ frame_ancestors: ['https://panel.example.com'] });
		await w.gw.logged(/configuration read again/);
		for (let i = 0; i < 2; i++)
			has(await ask(conn, w.gw), 200, { type: FORMAT },
				policies('https://panel.example.com'));
		conn.close();
		await closeWorld(w);
	});

	test('have HSTS where the browser of the request speaks TLS, and only there', async (t) => {
		const w = await openWorld({ pve: null,
			config: { trusted_proxies: ['127.0.0.1'], hsts_max_age: 60 } }, t);
		const conn = await Conn.open(w.gw.url);
		for (const proto of ['http', 'https', 'https', 'http']) {
			await conn.write(formatRequest({ path: '/create', method: 'POST', host: 'x',
				headers: w.gw.auth({ Connection: 'keep-alive', 'X-Forwarded-Proto': proto,
					...JSON_TYPE }), body: JSON.stringify(fields) }));
			has(await conn.response(), 200,
				{ type: FORMAT, hsts: proto === 'https' ? 60 : undefined });
		}
		conn.close();
		await closeWorld(w);
	});
});

describe('the page of a link that is to be confirmed', () => {
	const w = useWorld({ config: { link_mode: 'confirm', public_ip: 'localhost',
		frame_ancestors: ['https://panel.example.com', 'https://*.example.net'] } });
	const all = policies('https://panel.example.com https://*.example.net',
		"'self' http://localhost:*");

	test('allows its own script and form, and the frames of the configuration', async () => {
		has(await w.gw.openRaw(UNKNOWN, { headers: HTML }), 200,
			{ policy: 'confirm', type: PAGE }, all);
		has(await w.gw.openRaw(UNKNOWN), 200, { type: TEXT }, all);
	});

	test('leads to the session by 303', async () => {
		const { token } = await w.gw.create();
		has(await w.gw.openRaw(token, { method: 'POST', headers: HTML }), 303,
			{ more: { Location: 'http://localhost:PORT/KEY/' } }, all);
	});
});

describe('HSTS', () => {
	const YEAR = { hsts_max_age: 31536000 };

	test('is sent over our own TLS, by every answer', async (t) => {
		const w = await openWorld({ tls: true, config: YEAR }, t);
		has(await w.gw.request('/'), 401, { ...UNAUTHORIZED, hsts: 31536000 });
		const { token } = await w.gw.create();
		has(await w.gw.openRaw(token), 302, { hsts: 31536000,
			more: { Location: 'https://127.0.0.1:PORT/KEY/' } });
		await closeWorld(w);
	});

	test('is sent when a proxy of ours speaks TLS, and believed of nobody else', async (t) => {
		const w = await openWorld({ pve: null, config: YEAR }, t);
		const https = { 'X-Forwarded-Proto': 'https' };
		has(await w.gw.request('/'), 401, UNAUTHORIZED);
		has(await w.gw.request('/', { headers: https }), 401, UNAUTHORIZED);
		w.gw.reload({ trusted_proxies: ['127.0.0.1'] });
		await w.gw.logged(/configuration read again/);
		has(await w.gw.request('/', { headers: https }), 401,
			{ ...UNAUTHORIZED, hsts: 31536000 });
		has(await w.gw.request('/', { headers: { 'X-Forwarded-Proto': 'http' } }), 401,
			UNAUTHORIZED);
		await closeWorld(w);
	});

	test('is not sent over TLS unless it is asked for', async (t) => {
		const w = await openWorld({ pve: null, tls: true }, t);
		has(await w.gw.request('/'), 401, UNAUTHORIZED);
		await closeWorld(w);
	});
});
