// SPDX-License-Identifier: MIT
//
// Every way in which Proxmox can misbehave at every call: the customer gets a reason in
// bounded time, the log the truth, and the next session is as good as ever.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { parseForm } from '../fake_pve/http_parse.mjs';
import { until } from '../lib/wait.mjs';
import { FAST, newcomer, shows, tellsNothing, useWorld } from './world.mjs';

const OPEN_S = 5;
/* What an opening may take at most, the program's own work included. */
const LIMIT_MS = OPEN_S * 1000 + 2500;
const QUICK_MS = 2500;

/* A fault, the page's status when it hits the login or the guest's status, the Close code. */
const ANSWERS = [
	['not HTTP', { garbage: 'http' }, 502, 4002],
	['not JSON', { garbage: 'json' }, 502, 4002],
	['half of the JSON', { garbage: 'truncated' }, 502, 4002],
	['nothing in the body', { garbage: 'empty' }, 502, 4002],
	['a body cut half-way', { garbage: 'cut' }, 502, 4002],
	['64 MiB', { garbage: 'huge' }, 502, 4002],
	['an end without an answer', { close: true }, 502, 4002],
	['half a head', { close: 'mid' }, 502, 4002],
	['500', { status: 500, reason: 'unexpected thing happened at line 5.' }, 502, 4002],
	['a redirect', { status: 302, reason: 'Found' }, 502, 4002],
	['501', { status: 501, reason: 'Method not implemented' }, 502, 4002],
	['403', { status: 403, reason: 'Permission check failed' }, 502, 4003],
	['595', { status: 595, reason: 'Connection refused' }, 502, 4002],
	['596', { status: 596, reason: 'Connection timed out' }, 504, 4002],
	['null', { reply: null }, 502, 4002],
	['a list', { reply: [] }, 502, 4002],
	['a text', { reply: 'PVE:x' }, 502, 4002],
	['an object of other things', { reply: { a: 1 } }, 502, 4002],
	['a structure 50000 levels deep', { status: 200, type: 'application/json',
		body: `{"data":${'['.repeat(50000)}${']'.repeat(50000)}}` }, 502, 4002],
];

const WRONG_REPLIES = [
	['a port out of range', { port: 99999, ticket: 'x:PVEVNC:1::x', password: 'abc' }],
	['a port that is a text', { port: '59o0', ticket: 'x:PVEVNC:1::x', password: 'abc' }],
	['port 0', { port: 0, ticket: 'x:PVEVNC:1::x', password: 'abc' }],
	['no ticket', { port: 5900, password: 'abc' }],
	['a ticket that is a number', { port: 5900, ticket: 5 }],
	['a ticket of 100 KB', { port: 5900, ticket: 'z'.repeat(100000), password: 'abc' }],
];

/* The log has an error about that guest. */
async function logged(gw, vmid, words = /./) {
	const of = new RegExp(`[: ]${vmid}(?:_\\d+)?\\b`);
	await until(() => gw.log().split('\n').some((l) =>
		l.includes('[ERROR]') && of.test(l) && words.test(l)), 2000, `an error about ${vmid}`);
}

/* The link of a guest leads to a page with that status; the next link to a console. */
async function pageFails(w, fields, status, { limit = QUICK_MS, words } = {}) {
	const { token } = await w.gw.create(fields);
	const start = Date.now();
	const res = await w.gw.openRaw(token, { headers: { Accept: 'text/html' } });
	assert.ok(Date.now() - start < limit, `it took ${Date.now() - start} ms`);
	assert.equal(res.status, status, res.text);
	assert.match(res.headers['content-type'], /^text\/html/);
	tellsNothing(res.text, w.pve);
	await logged(w.gw, fields.vmid, words);
	w.pve.faults = {};
	await shows(await w.gw.console(await w.gw.session({ vmid: fields.vmid })));
}

/* The websocket of a session is closed with that code; the next one is a console. */
async function closeFails(w, url, code, vmid, { limit = QUICK_MS, words } = {}) {
	const ws = await w.gw.websocket(url);
	const start = Date.now();
	const got = await ws.closed(limit + 1000);
	assert.ok(Date.now() - start < limit, `it took ${Date.now() - start} ms`);
	assert.equal(got.code, code, got.reason);
	tellsNothing(got.reason, w.pve);
	assert.ok(got.reason.length > 0 && got.reason.length <= 123);
	await logged(w.gw, vmid, words);
	await shows(await w.gw.console(url));
}

const CONFIG = { open_timeout: OPEN_S };

describe('the login is answered with', () => {
	const w = useWorld({ pool: 60, config: CONFIG });
	ANSWERS.forEach(([what, fault, status], i) => {
		test(`${what}: the page says ${status}`, async () => {
			w.pve.faults.ticket = { ...fault, times: 1 };
			await pageFails(w, { vmid: 110 + i, ...newcomer(w.pve) }, status);
		});
	});

	test('a ticket for somebody with a second factor: 502', async () => {
		await pageFails(w, { vmid: 140, username: 'tfa@pve', password: 'second-Secret.7' }, 502);
	});
});

describe('the guest\'s status is answered with', () => {
	const w = useWorld({ pool: 60, config: CONFIG });
	ANSWERS.forEach(([what, fault, status], i) => {
		test(`${what}: the page says ${status}`, async () => {
			/* A question that got no byte may be put once more. */
			w.pve.faults.status = fault;
			await pageFails(w, { vmid: 110 + i }, status);
		});
	});
});

describe('the console call is answered with', () => {
	const w = useWorld({ pool: 60, config: CONFIG });
	ANSWERS.forEach(([what, fault, , code], i) => {
		test(`${what}: Close ${code}`, async () => {
			const url = await w.gw.session({ vmid: 110 + i });
			w.pve.faults.vncproxy = { ...fault, times: 1 };
			await closeFails(w, url, code, 110 + i);
		});
	});
	WRONG_REPLIES.forEach(([what, reply], i) => {
		test(`${what}: Close 4002, and nothing is dialled`, async () => {
			const url = await w.gw.session({ vmid: 150 + i });
			w.pve.faults.vncproxy = { reply, times: 1 };
			await closeFails(w, url, 4002, 150 + i);
			const asked = w.pve.requests.filter((r) => r.path.endsWith('vncwebsocket') &&
				r.path.includes(`/${150 + i}/`));
			assert.equal(asked.length, 1, 'only the good one');
		});
	});
});

describe('a ticket of strange characters', () => {
	const w = useWorld({ config: CONFIG });

	test('forges no header and no parameter', async () => {
		const url = await w.gw.session({ vmid: 110 });
		w.pve.faults.vncproxy = { times: 1, reply: { port: 5900, password: 'abc',
			ticket: 'a\r\nX-Forged: y\r\n\r\n&port=1;port=2=3#+% \u00e9' } };
		await closeFails(w, url, 4003, 110);
		const asked = w.pve.requests.find((r) => r.path.endsWith('vncwebsocket'));
		assert.deepEqual(asked.names.sort(), ['port', 'vncticket']);
		assert.ok(!asked.headers.includes('x-forged'));
	});
});

describe('the websocket is answered with', () => {
	const w = useWorld({ pool: 60, config: CONFIG });
	[
		['not HTTP', { garbage: 'http' }, 4002],
		['an end without an answer', { close: true }, 4002],
		['half a head', { close: 'mid' }, 4002],
		['200 and JSON', { garbage: 'json' }, 4002],
		['64 MiB', { garbage: 'huge' }, 4002],
		['401', { status: 401, reason: 'permission denied - invalid PVEVNC ticket' }, 4003],
		['403', { status: 403, reason: 'Permission check failed' }, 4003],
		['500', { status: 500, reason: 'command failed' }, 4002],
		['595', { status: 595, reason: 'Connection refused' }, 4002],
		['a 101 with a wrong accept value', { badAccept: true }, 4002],
		['a 101 and illegal frames', { garbageFrames: true }, 4002],
	].forEach(([what, fault, code], i) => {
		test(`${what}: Close ${code}`, async () => {
			const url = await w.gw.session({ vmid: 110 + i });
			w.pve.faults.vncwebsocket = { ...fault, times: 1 };
			await closeFails(w, url, code, 110 + i);
		});
	});
});

describe('the screen', () => {
	const w = useWorld({ pool: 60, config: CONFIG });
	[
		['speaks garbage', { garbage: true }, 4002],
		['offers no security type', { noTypes: true, times: 2 }, 4002],
		['offers one that we do not speak', { otherType: 19 }, 4002],
		['refuses the password', { authFail: true, times: 2 }, 4002],
		['ends after the authentication', { endAfterAuth: true }, 4002],
	].forEach(([what, rfb, code], i) => {
		test(`${what}: Close ${code}`, async () => {
			const url = await w.gw.session({ vmid: 110 + i });
			w.pve.faults.rfb = { times: 1, ...rfb };
			/* This one comes when all is open already: the log has no error, but the end. */
			if (!rfb.endAfterAuth)
				return closeFails(w, url, code, 110 + i);
			const ws = await w.gw.websocket(url);
			assert.equal((await ws.closed(QUICK_MS)).code, code);
			await w.gw.logged(new RegExp(`:${110 + i}\\S*: browser 1 ends: hypervisor closed`));
			await shows(await w.gw.console(url));
		});
	});

	test('that is switched off without a word: Close 4001', async () => {
		const url = await w.gw.session({ vmid: 130 });
		w.pve.guest(130).setKind('nodisplay');
		const ws = await w.gw.websocket(url);
		assert.equal((await ws.closed(QUICK_MS)).code, 4001);
		await logged(w.gw, 130, /guest is off/);
	});
});

/*
 * Calls that are never answered. Each has a host of its own, since calls of one host stand in
 * line, and all wait at the same time.
 */
describe('nothing at all', { concurrency: 16 }, () => {
	const w = useWorld({ pve: null, pool: 60,
		config: { ...CONFIG, proxmox_tls: 'insecure' } });

	async function host(t) {
		const pve = await startFakePve({ timings: FAST });
		t.after(() => pve.stop());
		const { host: hostname, port, user: username, password } = pve;
		const fields = { hostname, port, username, password, node: 'pve' };
		return { gw: w.gw, pve, fields };
	}

	const limit = { limit: LIMIT_MS };

	for (const [vmid, call, status, fault] of [
		[301, 'ticket', 504, { hang: true }], [302, 'status', 504, { hang: true }],
		[303, 'accept', 502, { hang: true }]])
		test(`after ${call}: the page says ${status} in time`, async (t) => {
			const { gw, pve, fields } = await host(t);
			pve.faults[call] = fault;
			const { token } = await gw.create({ ...fields, vmid });
			const start = Date.now();
			const res = await gw.openRaw(token, { headers: { Accept: 'text/html' } });
			assert.ok(Date.now() - start < LIMIT_MS, `it took ${Date.now() - start} ms`);
			assert.equal(res.status, status, res.text);
			tellsNothing(res.text, pve);
			await logged(gw, vmid);
			pve.faults[call] = null;
			await shows(await gw.console(await gw.session({ ...fields, vmid })));
		});

	/* A node that is late is asked once more: it may only be slow. */
	for (const [vmid, call, fault] of [
		[311, 'status', { hang: true, times: 2 }], [312, 'vncproxy', { hang: true }],
		[313, 'vncwebsocket', { hang: true }], [314, 'vncwebsocket', { no101: true }],
		[315, 'rfb', { never: true }]])
		test(`after ${call}${fault.no101 ? ', no 101' : ''}: Close 4002 in time`, async (t) => {
			const { gw, pve, fields } = await host(t);
			const url = await gw.session({ ...fields, vmid });
			/* The first browser of a link does not ask for the status. */
			if (call === 'status')
				await shows(await gw.console(url));
			pve.faults[call] = { times: 1, ...fault };
			await closeFails({ gw, pve }, url, 4002, vmid, limit);
		});

	test('a login that takes longer than open_timeout, and one that does not', async (t) => {
		const { gw, pve, fields } = await host(t);
		pve.faults.ticket = (req) => ({ delayMs:
			parseForm(req.body.toString()).params.username === 'other@pve' ? 8000 : 2000 });
		const late = { ...fields, vmid: 320, username: 'other@pve', password: 'another-Secret.2' };
		const [slow, fine] = await Promise.all([gw.create(late),
			gw.create({ ...fields, vmid: 321 })]);
		const [a, b] = await Promise.all([gw.openRaw(slow.token), gw.openRaw(fine.token)]);
		assert.deepEqual([a.status, b.status], [504, 302]);
	});

	test('of one host does not hold up another', async (t) => {
		const stuck = await host(t);
		const fine = await host(t);
		stuck.pve.faults.ticket = { hang: true };
		const tokens = await Promise.all(Array.from({ length: 30 }, (_, i) =>
			w.gw.create({ ...stuck.fields, vmid: 330 + i })));
		const waiting = tokens.map((r) => w.gw.openRaw(r.token));
		const start = Date.now();
		await shows(await w.gw.console(await w.gw.session({ ...fine.fields, vmid: 322 })));
		assert.ok(Date.now() - start < 2000, `it took ${Date.now() - start} ms`);
		for (const res of await Promise.all(waiting))
			assert.ok([502, 503, 504].includes(res.status), String(res.status));
	});
});
