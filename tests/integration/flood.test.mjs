// SPDX-License-Identifier: MIT
//
// Connections that cost their owner nothing: 500 that say nothing, or stop in the middle of a TLS
// handshake, and 50 that say a byte a second. Who has something to say is served as ever, and
// each of them has its time.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conn, formatRequest } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';
import { makeClock } from './shims.mjs';
import { closeWorld, openWorld, shows } from './world.mjs';

const SECOND = 1000;
const IDLE = 500;
const DRIPS = 50;
const SESSIONS = 10;
const CALLS = 100;
const STATUS_MS = 100;
/* Where the machine itself is busy: so many times what it takes with nobody else there. */
const BUSY = 5;
/* The first half of a ClientHello; the rest never comes. */
const HALF_HELLO = Buffer.from('16030100a50100', 'hex');

/* A world with live consoles: w.ports are the router's and theirs, in turn half and half. */
async function crowded(t, options) {
	const w = await openWorld({ pool: SESSIONS, ...options }, t);
	const urls = await Promise.all(Array.from({ length: SESSIONS },
		(_, i) => w.gw.session({ vmid: 210 + i })));
	w.consoles = await Promise.all(urls.map((url) => w.gw.console(url)));
	w.ports = urls.flatMap((url) => [w.gw.port, Number(new URL(url).port)]);
	return w;
}

/* Opens connections, and waits until the gateway has taken them all. */
async function taken({ gw }, opening) {
	const before = gw.descriptors();
	const conns = await Promise.all(opening);
	await until(() => gw.descriptors() >= before + conns.length, 10000,
		'the connections to be taken');
	return conns;
}

/* n connections over these ports; with TLS a third is silent, a third half-way, a third ready. */
function idle(w, n) {
	const { gw, ports } = w;
	return taken(w, Array.from({ length: n }, async (_, i) => {
		const third = gw.caFile ? Math.floor(i / ports.length) % 3 : 0;
		const conn = await Conn.open({ ...where(gw, ports[i % ports.length]), tls: third === 2 });
		if (third === 1)
			await conn.write(HALF_HELLO);
		return conn;
	}));
}

function where(gw, port) {
	return { host: '127.0.0.1', port, tls: gw.caFile !== undefined, ca: gw.caFile,
		timeoutMs: 30000 };
}

/* Say a byte a second until cut off. */
function drip(conn, bytes) {
	conn.dripping = conn.write(bytes, { piece: 1, everyMs: SECOND });
}

/* Connections that drip, as many heads as bodies. */
async function drips(w, n) {
	const { gw, ports } = w;
	const head = formatRequest({ path: '/status', host: 'x',
		headers: gw.auth({ 'X-Long': 'y'.repeat(1000) }) });
	const body = Buffer.from(JSON.stringify(gw.params()).padEnd(1000));
	const post = formatRequest({ method: 'POST', path: '/create', host: 'x',
		headers: gw.auth({ 'Content-Type': 'application/json', 'Content-Length': body.length,
			Expect: '100-continue' }) });
	const heads = await taken(w, Array.from({ length: n / 2 },
		(_, i) => Conn.open(where(gw, ports[i % ports.length]))));
	const bodies = await taken(w, Array.from({ length: n / 2 },
		() => Conn.open(where(gw, gw.port))));
	heads.forEach((c) => drip(c, head));
	/* A body's time begins when its head has been read, of which 100 is the sign. */
	await Promise.all(bodies.map(async (c) => {
		await c.write(post);
		assert.equal((await c.response()).status, 100);
		drip(c, body);
	}));
	return { heads, bodies };
}

async function end(conns) {
	conns.forEach((c) => c.close());
	await Promise.all(conns.map((c) => c.dripping));
}

/* How long GET /status takes: { median, p95 } in ms. */
async function statusTakes(gw) {
	const took = [];
	for (let i = 0; i < CALLS; i++) {
		const start = performance.now();
		await gw.status();
		took.push(performance.now() - start);
	}
	took.sort((a, b) => a - b);
	return { median: took[CALLS / 2], p95: took[CALLS * 0.95] };
}

async function answersAsEver(t, tls) {
	const w = await crowded(t, { tls, config: { head_timeout: 60, body_timeout: 60 } });
	const alone = await statusTakes(w.gw);
	const silent = await idle(w, IDLE);
	const { heads, bodies } = await drips(w, DRIPS);
	const all = [...silent, ...heads, ...bodies];
	/* A session's port has a time of its own for heads, which may be over by the end. */
	const crowd = all.filter((c) => c.socket.remotePort === w.gw.port);
	const now = await statusTakes(w.gw);
	assert.ok(crowd.every((c) => !c.ended), 'all of them were there all the time');
	t.diagnostic(`median ${now.median.toFixed(1)} ms, p95 ${now.p95.toFixed(1)} ms; alone `
		+ `${alone.median.toFixed(1)} and ${alone.p95.toFixed(1)} ms`);
	for (const what of ['median', 'p95'])
		assert.ok(now[what] < Math.max(STATUS_MS, BUSY * alone[what]),
			`${what} ${now[what]} ms, ${alone[what]} ms without them`);
	for (const c of w.consoles)
		await shows(c);
	await end(all);
	await closeWorld(w);
}

async function dieInTime(t, tls) {
	const clock = makeClock();
	const w = await crowded(t, { tls, env: clock.env });
	const { heads, bodies } = await drips(w, DRIPS);
	const alive = (conns) => conns.filter((c) => !c.ended).length;
	assert.equal(alive(heads) + alive(bodies), DRIPS);
	clock.advance(10 * SECOND);
	await until(() => alive(heads) === 0, 8000, 'all heads to be cut off after 10 s');
	assert.equal(alive(bodies), DRIPS / 2, 'bodies have 30 s');
	clock.advance(20 * SECOND);
	await until(() => alive(bodies) === 0, 8000, 'all bodies to be cut off after 30 s');
	for (const c of w.consoles)
		await shows(c);
	assert.equal((await w.gw.status()).pending_tokens, 0);
	await end([...heads, ...bodies]);
	await closeWorld(w);
}

const skip = makeClock() === null && 'the clock cannot be moved here';

for (const tls of [false, true]) {
	describe(`${IDLE} idle connections and ${DRIPS} slow drips${tls ? ', TLS' : ''}`, () => {
		test(`leave /status answering within ${STATUS_MS} ms, and the consoles undisturbed`,
			(t) => answersAsEver(t, tls));

		test('drips die after 10 s in a head and 30 s in a body', { skip },
			(t) => dieInTime(t, tls));
	});
}
