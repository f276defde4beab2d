// SPDX-License-Identifier: MIT
//
// Keys: wrong ones are slowed and then refused, right ones are always served at once, those of
// ended sessions are no guesses, and one that is bound is good for one address only.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Conn } from '../lib/http.mjs';
import { RfbAuthFailed } from '../lib/rfb.mjs';
import { until } from '../lib/wait.mjs';
import { WsRefused } from '../lib/ws.mjs';
import { makeClock } from './shims.mjs';
import { closeWorld, noSessions, openWorld, shows, useWorld } from './world.mjs';

const LIMIT = 5;
const PENALTY_S = 60;
const RULES = { limit_loopback: true, guess_limit: LIMIT, guess_penalty: PENALTY_S };
/* An answer that is held back takes about a second; one that is not takes no time. */
const SLOW_MS = 800;
const FAST_MS = 500;

const key = () => randomBytes(16).toString('hex');

/* An address that no other test of this file comes from. */
let last = 10;
const newcomer = () => `127.0.0.${++last}`;

/* GET /<key>/ at a session's port, on a connection that may be kept; the answer with its ms. */
async function tryKey(url, from, { name = '', wrong = key(), headers } = {}) {
	const res = await request(url, `/${wrong}/${name}`, from, headers);
	assert.equal(res.status, 404);
	assert.equal(res.text, '');
	return res;
}

async function request(url, path, from, headers = {}) {
	const u = new URL(url);
	const conn = await Conn.open({ host: u.hostname, port: Number(u.port), from });
	const start = Date.now();
	const lines = Object.entries(headers).map(([n, v]) => `${n}: ${v}\r\n`).join('');
	await conn.write(`GET ${path} HTTP/1.1\r\nHost: ${u.host}\r\n${lines}\r\n`);
	const res = await conn.response();
	res.ms = Date.now() - start;
	conn.close();
	return res;
}

function isSlow(res) {
	assert.ok(res.ms >= SLOW_MS, `answered after ${res.ms} ms`);
	assert.equal(res.headers.connection, undefined);
}

function isFast(res) {
	assert.ok(res.ms < FAST_MS, `answered after ${res.ms} ms`);
	assert.equal(res.headers.connection, undefined);
}

function isRefused(res) {
	assert.ok(res.ms < FAST_MS, `answered after ${res.ms} ms`);
	assert.equal(res.headers.connection, 'close');
}

/* Guess until the next guess is refused. */
async function exhaust(url, from, headers) {
	const answers = await Promise.all(Array.from({ length: LIMIT },
		() => tryKey(url, from, { headers })));
	answers.forEach(isSlow);
}

describe('wrong keys', () => {
	const w = useWorld({ config: RULES });
	let url;

	const session = () => (url ??= w.gw.session());

	test('are answered after about a second, and a right one meanwhile at once', async () => {
		const from = newcomer();
		const wrong = tryKey(await session(), from);
		isFast(await request(await session(), new URL(await session()).pathname, from));
		isSlow(await wrong);
	});

	test('are refused after so many of them; right ones and other clients are not', async () => {
		const from = newcomer();
		await exhaust(await session(), from);
		for (let i = 0; i < 3; i++)
			isRefused(await tryKey(await session(), from));
		isFast(await request(await session(), new URL(await session()).pathname, from));
		await shows(await w.gw.console(await session(), { from }));
		isSlow(await tryKey(await session(), newcomer()));
		await w.gw.logged(new RegExp(`5 wrong keys or secrets from ${from}: .* refused for 60 s`));
	});

	test('at one session count at another', async () => {
		const from = newcomer();
		const other = await w.gw.session({ vmid: 103 });
		await exhaust(await session(), from);
		isRefused(await tryKey(other, from));
	});

	test('get the same bare 404 as everything else', async () => {
		const from = newcomer();
		const answers = [await request(await session(), '/', from),
			await request(await session(), `${new URL(await session()).pathname}x`, from),
			await tryKey(await session(), from)];
		for (const { rawHeaders } of answers)
			assert.deepEqual(rawHeaders, answers[0].rawHeaders);
	});

	test('of a websocket are slowed and refused just so', async () => {
		const from = newcomer();
		const upgrade = async () => {
			const start = Date.now();
			const e = await w.gw.websocket(await session(), { from, path: `/${key()}/vnc-proxy` })
				.then(() => assert.fail('upgraded'), (err) => err);
			assert.ok(e instanceof WsRefused, e.stack);
			assert.equal(e.status, 404);
			return { ...e.response, ms: Date.now() - start };
		};
		for (let i = 0; i < LIMIT; i++)
			isSlow(await upgrade());
		isRefused(await upgrade());
		(await w.gw.websocket(await session(), { from })).destroy();
	});

	test('what has no key in it is no guess', async () => {
		const from = newcomer();
		for (let i = 0; i < LIMIT; i++)
			for (const path of ['/', '/favicon.ico', '/robots.txt', '/vnc-proxy',
				`/${key().toUpperCase()}/`, `/${key()}0/`, `/x${key()}/`])
				isFast(await request(await session(), path, from));
		isSlow(await tryKey(await session(), from));
	});

	test('wrong passwords are guesses too', async () => {
		const from = newcomer();
		for (let i = 0; i < LIMIT; i++)
			await assert.rejects(w.gw.console(await session(), { from, password: 'Wrong123' }),
				RfbAuthFailed);
		isRefused(await tryKey(await session(), from));
	});

	test('a connection goes on after a slow answer and after a refused upgrade', async () => {
		const u = new URL(await session());
		const conn = await Conn.open({ host: u.hostname, port: Number(u.port), from: newcomer() });
		const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
			+ 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
		for (const [path, headers, status] of [[`/${key()}/`, '', 404], [u.pathname, '', 200],
			[`${u.pathname}vnc-proxy`, `${upgrade}Origin: null\r\n`, 403], [u.pathname, '', 200],
			[`/${key()}/vnc-proxy`, upgrade, 404], [`${u.pathname}mandatory.json`, '', 200]]) {
			await conn.write(`GET ${path} HTTP/1.1\r\nHost: ${u.host}\r\n${headers}\r\n`);
			const res = await conn.response();
			assert.equal(res.status, status, path);
			if (res.text.includes('password'))
				w.gw.given.add(res.json.password);
		}
		conn.close();
	});

	test('requests that do not wait for their answers get them in their order', async () => {
		const u = new URL(await session());
		const conn = await Conn.open({ host: u.hostname, port: Number(u.port), from: newcomer() });
		const get = (path) => `GET ${path} HTTP/1.1\r\nHost: ${u.host}\r\n\r\n`;
		await conn.write(get(`/${key()}/`) + get(u.pathname) + get('/'));
		for (const status of [404, 200, 404])
			assert.equal((await conn.response()).status, status);
		conn.close();
	});

	test('a client that goes away waits for no answer', async () => {
		const u = new URL(await session());
		const from = newcomer();
		for (let i = 0; i < 3; i++) {
			const conn = await Conn.open({ host: u.hostname, port: Number(u.port), from });
			await conn.write(`GET /${key()}/ HTTP/1.1\r\nHost: ${u.host}\r\n\r\n`);
			conn.close();
		}
		isSlow(await tryKey(await session(), from));
	});
});

describe('wrong keys, many at once', () => {
	const w = useWorld({ config: { ...RULES, guess_limit: 1000 } });

	test('so many answers are held, the others end at once, and consoles go on', async () => {
		const url = await w.gw.session();
		const console = await w.gw.console(url, { from: newcomer() });
		const from = newcomer();
		const guesses = Array.from({ length: 30 }, () => tryKey(url, from));
		await shows(console, FAST_MS);
		const answers = await Promise.all(guesses);
		const slow = answers.filter((a) => a.ms >= SLOW_MS);
		const ended = answers.filter((a) => a.headers.connection === 'close');
		assert.equal(slow.length, 16);
		assert.equal(ended.length, 14);
		console.ws.destroy();
	});
});

describe('a penalty', () => {
	test('is over after guess_penalty', async (t) => {
		const clock = makeClock();
		if (!clock) {
			t.skip('no library can be put in front of the program here');
			return;
		}
		const w = await openWorld({ config: RULES, env: clock.env }, t);
		const url = await w.gw.session();
		const from = newcomer();
		await exhaust(url, from);
		isRefused(await tryKey(url, from));
		clock.advance(PENALTY_S * 1000 - 30000);
		isRefused(await tryKey(url, from));
		clock.advance(30000);
		isSlow(await tryKey(url, from));
		await closeWorld(w);
	});

	test('does not apply to loopback before that is asked for', async (t) => {
		const w = await openWorld({ config: { guess_limit: 1 } }, t);
		const url = await w.gw.session();
		for (let i = 0; i < 10; i++)
			isFast(await tryKey(url, '127.0.0.1'));
		w.gw.reload({ limit_loopback: true });
		await w.gw.logged(/configuration read again/);
		isSlow(await tryKey(url, '127.0.0.1'));
		isRefused(await tryKey(url, '127.0.0.1'));
		await closeWorld(w);
	});

	test('behind a proxy of ours is the client\'s, and nobody else may name one', async (t) => {
		const w = await openWorld({ config: { ...RULES, limit_loopback: false,
			trusted_proxies: ['127.0.0.9'] } }, t);
		const url = await w.gw.session();
		const by = (client) => ({ 'X-Forwarded-For': `6.6.6.6, ${client}` });
		await exhaust(url, '127.0.0.9', by('198.51.100.7'));
		isRefused(await tryKey(url, '127.0.0.9', { headers: by('198.51.100.7') }));
		isSlow(await tryKey(url, '127.0.0.9', { headers: by('198.51.100.8') }));
		isSlow(await tryKey(url, '127.0.0.8', { headers: by('198.51.100.7') }));
		/* nor does a long way behind it make it the proxy's own */
		isRefused(await tryKey(url, '127.0.0.9',
			{ headers: by(`${'6.6.6.6, '.repeat(700)}198.51.100.7`) }));
		await closeWorld(w);
	});
});

describe('the key of a session that has ended', () => {
	test('is answered at once and counts as no guess', async (t) => {
		const w = await openWorld({ pool: 1, config: { ...RULES, reconnect_timeout: 1 } }, t);
		const old = await w.gw.session();
		(await w.gw.console(old)).ws.destroy();
		await noSessions(w.gw);
		const url = await w.gw.session({ vmid: 103 });
		assert.equal(new URL(url).port, new URL(old).port);
		const from = newcomer();
		const wrong = new URL(old).pathname.split('/')[1];
		for (let i = 0; i < 3 * LIMIT; i++) {
			isFast(await tryKey(url, from, { wrong }));
			isFast(await tryKey(url, from, { wrong, name: 'mandatory.json' }));
		}
		isSlow(await tryKey(url, from));
		await closeWorld(w);
	});
});

describe('bind_client: address', () => {
	const w = useWorld({ config: { ...RULES, bind_client: 'address' } });

	/* A link opened from there. */
	async function session(from) {
		const { token } = await w.gw.create();
		return w.gw.open(token, { from });
	}

	test('a key is good for the address that opened its link, and for no other', async () => {
		const mine = newcomer();
		const theirs = newcomer();
		const url = await session(mine);
		await shows(await w.gw.console(url, { from: mine }));
		const wrong = new URL(url).pathname.split('/')[1];
		for (const name of ['', 'mandatory.json', 'vnc-proxy', 'nothing'])
			isFast(await tryKey(url, theirs, { wrong, name }));
		await assert.rejects(w.gw.websocket(url, { from: theirs }), { status: 404 });
		const { rawHeaders } = await tryKey(url, theirs, { wrong });
		assert.deepEqual(rawHeaders, (await request(url, '/', theirs)).rawHeaders);
		const tells = /a link's key from (\S+), but another address/g;
		const told = [...(await w.gw.fullLog()).matchAll(tells)];
		assert.deepEqual(told.map((m) => m[1]), [theirs]);
	});

	test('it is no guess', async () => {
		const url = await session(newcomer());
		const theirs = newcomer();
		const wrong = new URL(url).pathname.split('/')[1];
		for (let i = 0; i < 2 * LIMIT; i++)
			isFast(await tryKey(url, theirs, { wrong }));
		isSlow(await tryKey(url, theirs));
	});

	test('each link of a session is bound to its own opener', async () => {
		const [one, two] = [newcomer(), newcomer()];
		const [urlOne, urlTwo] = [await session(one), await session(two)];
		assert.equal(new URL(urlOne).port, new URL(urlTwo).port);
		assert.equal((await w.gw.file(urlOne, '', { from: one })).status, 200);
		assert.equal((await w.gw.file(urlTwo, '', { from: two })).status, 200);
		assert.equal((await w.gw.file(urlOne, '', { from: two })).status, 404);
	});

	test('SIGHUP turns it off for keys that are there', async () => {
		const [mine, theirs] = [newcomer(), newcomer()];
		const url = await session(mine);
		w.gw.reload({ bind_client: 'none' });
		await until(async () => (await w.gw.file(url, '', { from: theirs })).status === 200, 5000,
			'the key to open for everybody');
	});
});
