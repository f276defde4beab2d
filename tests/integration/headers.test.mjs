// SPDX-License-Identifier: MIT
//
// Every header of every kind of answer that a session's port gives, in order: what is not
// here is not sent.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Conn, formatRequest } from '../lib/http.mjs';
import { tempDir } from '../lib/temp.mjs';
import { WsRefused } from '../lib/ws.mjs';
import { useWorld } from './world.mjs';

const WRONG_KEY = 'f'.repeat(32);
const PAGE = '<!doctype html><title>console</title><script>alert(\'Hello, world.\');</script>\n';
/* The example of the CSP specification. */
const PAGE_SCRIPT = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";

/* A page of somebody else's, with an inline script. */
function foreignPage() {
	const dir = tempDir('page');
	writeFileSync(join(dir, 'vnc.html'), PAGE);
	mkdirSync(join(dir, 'app'));
	writeFileSync(join(dir, 'app', 'ui.js'), 'export {};\n');
	writeFileSync(join(dir, 'app', 'base.css'), 'body {}\n');
	writeFileSync(join(dir, 'defaults.json'), '{}\n');
	return dir;
}

/* What ends every head. */
const policy = (ancestors) =>
	`default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors ${ancestors}`;

function common({ ancestors = '*', corp = 'same-origin', hsts } = {}) {
	return [
		['X-Content-Type-Options', 'nosniff'],
		['Referrer-Policy', 'no-referrer'],
		['Cross-Origin-Resource-Policy', corp],
		['Content-Security-Policy', policy(ancestors)],
		...hsts ? [['Strict-Transport-Security', `max-age=${hsts}`]] : [],
	];
}

function document(host, { scheme = 'ws', ancestors = '*', hsts } = {}) {
	return [
		['X-Content-Type-Options', 'nosniff'],
		['Referrer-Policy', 'no-referrer'],
		['Cross-Origin-Resource-Policy', 'cross-origin'],
		['Cross-Origin-Embedder-Policy', 'require-corp'],
		['Content-Security-Policy', `default-src 'none'; script-src 'self' ${PAGE_SCRIPT}; `
			+ "style-src 'self'; img-src 'self' data: blob:; media-src 'self'; font-src 'self'; "
			+ `connect-src 'self' ${scheme}://${host}; base-uri 'none'; form-action 'none'; `
			+ `frame-ancestors ${ancestors}`],
		...hsts ? [['Strict-Transport-Security', `max-age=${hsts}`]] : [],
	];
}

const nothing = ['Content-Length', '0'];
const notKept = ['Cache-Control', 'no-store'];
const checked = ['Cache-Control', 'private, no-cache'];

/* One request on a connection of its own, as it comes from a browser; its answer. */
async function ask(w, url, name = '', { method = 'GET', headers = {}, path } = {}) {
	const u = new URL(url);
	const conn = await Conn.open({ host: '127.0.0.1', port: Number(u.port),
		tls: u.protocol === 'https:', ...w.gw.tls() });
	await conn.write(formatRequest({ method, path: path ?? u.pathname + name, host: u.host,
		headers: { Connection: null, ...headers } }));
	const res = await conn.response({ head: method === 'HEAD' });
	conn.close();
	return res;
}

/* The headers that an upgrade is refused with. */
async function refused(w, url, opts) {
	const e = await w.gw.websocket(url, opts).then(() => assert.fail('upgraded'), (err) => err);
	assert.ok(e instanceof WsRefused, e.stack);
	return e.response;
}

function assertHead(res, status, headers) {
	assert.equal(res.status, status);
	assert.deepEqual(res.rawHeaders, headers);
}

describe('a session\'s port, plain', () => {
	const w = useWorld({ config: { novnc_path: foreignPage(), hsts_max_age: 600 } });
	let url, host;

	async function session() {
		url ??= await w.gw.session();
		host = new URL(url).host;
		return url;
	}

	test('200, the page', async () => {
		const res = await ask(w, await session());
		const [, etag] = res.rawHeaders.find(([name]) => name === 'ETag');
		assert.match(etag, /^"[0-9a-f]{32}"$/);
		assertHead(res, 200, [['Content-Type', 'text/html; charset=utf-8'],
			['Content-Length', String(PAGE.length)], checked, ['ETag', etag], ...document(host)]);
		assert.deepEqual((await ask(w, url, '', { method: 'HEAD' })).rawHeaders, res.rawHeaders);
	});

	test('304, the page', async () => {
		const { etag } = (await ask(w, await session())).headers;
		assertHead(await ask(w, url, '', { headers: { 'If-None-Match': etag } }), 304,
			[['Content-Type', 'text/html; charset=utf-8'], checked, ['ETag', etag],
				...document(host)]);
	});

	for (const [name, type, length] of [['app/ui.js', 'text/javascript; charset=utf-8', 11],
		['app/base.css', 'text/css; charset=utf-8', 8], ['defaults.json', 'application/json', 3]]) {
		test(`200 and 304, ${name}`, async () => {
			const res = await ask(w, await session(), name);
			const { etag } = res.headers;
			assertHead(res, 200, [['Content-Type', type], ['Content-Length', String(length)],
				checked, ['ETag', etag], ...common()]);
			assertHead(await ask(w, url, name, { headers: { 'If-None-Match': etag } }), 304,
				[['Content-Type', type], checked, ['ETag', etag], ...common()]);
		});
	}

	test('200, mandatory.json', async () => {
		const res = await ask(w, await session(), 'mandatory.json');
		w.gw.given.add(JSON.parse(res.text).password);
		assertHead(res, 200, [['Content-Type', 'application/json'],
			['Content-Length', String(res.body.length)], notKept, ...common()]);
	});

	test('302, the key without its slash', async () => {
		const path = new URL(await session()).pathname.slice(0, -1);
		assertHead(await ask(w, url, '', { path }), 302,
			[nothing, notKept, ['Location', `${path.slice(1)}/`],
				...common({ corp: 'cross-origin' })]);
	});

	test('404, whatever is not there, with the key and without', async () => {
		await session();
		for (const path of ['/', '/favicon.ico', `/${WRONG_KEY}/`, `/${WRONG_KEY}/vnc-proxy`,
			`${new URL(url).pathname}nothing`, '/../../etc/passwd', '/mandatory.json'])
			assertHead(await ask(w, url, '', { path }), 404, [nothing, notKept, ...common()]);
	});

	test('405, another method; the connection ends, since there may be a body', async () => {
		await session();
		for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
			assertHead(await ask(w, url, '', { method }), 405,
				[nothing, notKept, ['Allow', 'GET, HEAD'], ['Connection', 'close'], ...common()]);
		assertHead(await ask(w, url, '', { path: '/', method: 'POST' }), 404,
			[nothing, notKept, ['Connection', 'close'], ...common()]);
	});

	test('426, the websocket\'s path without an upgrade, or of another version', async () => {
		const upgrade = [nothing, notKept, ['Upgrade', 'websocket'],
			['Sec-WebSocket-Version', '13'], ['Connection', 'Upgrade'], ...common()];
		assertHead(await ask(w, await session(), 'vnc-proxy'), 426, upgrade);
		assertHead(await refused(w, url, { headers: { 'Sec-WebSocket-Version': 8 } }), 426,
			upgrade);
	});

	test('400, 403, 404, 405: an upgrade that is refused', async () => {
		const bare = [nothing, notKept, ...common()];
		await session();
		assertHead(await refused(w, url, { origin: 'http://evil.example' }), 403, bare);
		assertHead(await refused(w, url, { protocols: ['base64'] }), 400, bare);
		assertHead(await refused(w, url, { path: `/${WRONG_KEY}/vnc-proxy` }), 404, bare);
		assertHead(await refused(w, url, { path: '/' }), 404, bare);
	});

	test('101, the console', async () => {
		const ws = await w.gw.websocket(await session());
		const accept = ws.response.headers['sec-websocket-accept'];
		assertHead(ws.response, 101, [['Upgrade', 'websocket'], ['Connection', 'Upgrade'],
			['Sec-WebSocket-Accept', accept], ['Sec-WebSocket-Protocol', 'binary'], ...common()]);
		ws.destroy();
	});
});

describe('a session\'s port with TLS, HSTS and ancestors', () => {
	const ancestors = 'https://panel.example https://*.example.com';
	const w = useWorld({ tls: true, config: { novnc_path: foreignPage(), hsts_max_age: 600,
		frame_ancestors: ['https://panel.example', 'https://*.Example.com:443'] } });
	const told = { ancestors, hsts: 600, scheme: 'wss' };

	test('all of them say so', async () => {
		const url = await w.gw.session();
		const { host } = new URL(url);
		const page = await ask(w, url);
		assertHead(page, 200, [['Content-Type', 'text/html; charset=utf-8'],
			['Content-Length', String(PAGE.length)], checked, ['ETag', page.headers.etag],
			...document(host, told)]);
		assertHead(await ask(w, url, '', { path: '/' }), 404, [nothing, notKept, ...common(told)]);
		assertHead(await refused(w, url, { origin: 'https://evil.example' }), 403,
			[nothing, notKept, ...common(told)]);
		const ws = await w.gw.websocket(url);
		assert.deepEqual(ws.response.rawHeaders.slice(4), common(told));
		ws.destroy();
	});

	test('SIGHUP changes it for the next answer of a session that is there', async () => {
		const url = await w.gw.session();
		w.gw.reload({ frame_ancestors: ['https://other.example'], hsts_max_age: 0 });
		await w.gw.logged(/configuration read again/);
		assertHead(await ask(w, url, '', { path: '/' }), 404,
			[nothing, notKept, ...common({ ancestors: 'https://other.example' })]);
	});
});

describe('a session\'s port, beyond a limit', () => {
	const w = useWorld({ config: { limit_loopback: true, session_connections_per_client: 1 } });

	test('503, one connection too many', async () => {
		const url = await w.gw.session();
		const held = await Conn.open({ host: '127.0.0.1', port: Number(new URL(url).port) });
		assertHead(await ask(w, url), 503, [nothing, notKept, ['Retry-After', '10'],
			['Connection', 'close'], ...common()]);
		held.close();
	});
});

describe('behind a TLS proxy in front of session ports', () => {
	const w = useWorld({ config: { novnc_path: foreignPage(), hsts_max_age: 600,
		session_public_scheme: 'https', trusted_proxies: ['127.0.0.9'] } });

	test('the page and its websocket are those of the public scheme', async () => {
		const url = await w.gw.session();
		assert.match(url, /^https:/);
		const inner = url.replace('https:', 'http:');
		const { host } = new URL(url);
		const page = await ask(w, inner);
		assert.deepEqual(page.rawHeaders.slice(4), document(host, { scheme: 'wss', hsts: 600 }));
		assert.equal((await w.gw.mandatory(inner)).encrypt, true);
		const ws = await w.gw.websocket(inner, { origin: new URL(url).origin });
		ws.destroy();
		assertHead(await refused(w, inner, { origin: new URL(inner).origin }), 403,
			[nothing, notKept, ...common({ hsts: 600 })]);
	});

	test('a proxy of ours may say another scheme and host, and nobody else', async () => {
		const inner = (await w.gw.session()).replace('https:', 'http:');
		const headers = { 'X-Forwarded-Proto': 'http', 'X-Forwarded-Host': 'console.example:1' };
		const theirs = await w.gw.file(inner, '', { headers });
		assert.deepEqual(theirs.rawHeaders.slice(4),
			document(new URL(inner).host, { scheme: 'wss', hsts: 600 }));
		const ours = await w.gw.file(inner, '', { headers, from: '127.0.0.9' });
		assert.deepEqual(ours.rawHeaders.slice(4), document('console.example:1'));
	});
});
