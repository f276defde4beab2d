// SPDX-License-Identifier: MIT
//
// How many sessions there may be: in all, of one Proxmox host, of one client. What is too much is
// told before Proxmox is asked, and the link works again when there is room.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { until } from '../lib/wait.mjs';
import {
	closeWorld, FAST, LOCATION, openWorld, opensSoon, shows, tellsNothing,
} from './world.mjs';

const FULL = /^Too many consoles are open at the moment\.\nTry again in 10 seconds\.\n$/;
const FULL_CLIENT =
	/^Too many consoles are open from your address at the moment\.\nTry again in 10 seconds\.\n$/;

let last = 10;
const newcomer = () => `127.0.2.${++last}`;

/* A link to a guest, opened from there: the answer. */
async function open(w, fields = {}, from = undefined) {
	const { token } = await w.gw.create(fields);
	return { token, ...await w.gw.openRaw(token, { from }) };
}

function isFull(w, res, status, text) {
	assert.equal(res.status, status, res.text);
	assert.match(res.text, text);
	assert.equal(res.headers['retry-after'], '10');
	assert.equal(res.headers.location, undefined);
	tellsNothing(res.text, w.pve);
}

async function isOpen(w, res) {
	assert.equal(res.status, 302, res.text);
	assert.match(res.location, LOCATION);
	return res.location;
}

/* Ends one session: its browser comes and leaves. */
async function end(w, url, from) {
	const before = (await w.gw.status()).total_sessions;
	(await w.gw.console(url, { from })).ws.destroy();
	await w.gw.statusUntil((s) => s.total_sessions === before - 1, 5000, 'a session to end');
}

describe('max_sessions', () => {
	test('one more is told so, its link works again, and joining needs no place', async (t) => {
		const w = await openWorld({ config: { max_sessions: 2, reconnect_timeout: 1 } }, t);
		const first = await isOpen(w, await open(w, { vmid: 101 }));
		await isOpen(w, await open(w, { vmid: 103 }));
		const asked = w.pve.requests.length;
		const more = await open(w, { vmid: 104 });
		isFull(w, more, 503, FULL);
		assert.equal(w.pve.requests.length, asked, 'Proxmox was not asked');
		await w.gw.logged(/too many consoles: 2 sessions are there \(max_sessions\).*stays usable/);
		await isOpen(w, await open(w, { vmid: 103 }));
		await end(w, first);
		await opensSoon(w.gw, more.token);
		await closeWorld(w);
	});

	test('SIGHUP raises it', async (t) => {
		const w = await openWorld({ config: { max_sessions: 1 } }, t);
		await isOpen(w, await open(w, { vmid: 101 }));
		const more = await open(w, { vmid: 103 });
		isFull(w, more, 503, FULL);
		w.gw.reload({ max_sessions: 0 });
		await w.gw.logged(/configuration read again/);
		await isOpen(w, await w.gw.openRaw(more.token));
		await closeWorld(w);
	});
});

describe('max_sessions_per_host', () => {
	test('counts a host\'s own, and no other\'s', async (t) => {
		const w = await openWorld({ config: { max_sessions_per_host: 1, proxmox_tls: 'insecure',
			reconnect_timeout: 1 } }, t);
		const other = await startFakePve({ timings: FAST });
		t.after(() => other.stop());
		const there = { port: other.port, username: other.user, password: other.password };
		const first = await isOpen(w, await open(w, { vmid: 101 }));
		const more = await open(w, { vmid: 103 });
		isFull(w, more, 503, FULL);
		await isOpen(w, await open(w, { vmid: 103, ...there }));
		await end(w, first);
		await opensSoon(w.gw, more.token);
		await closeWorld(w);
	});
});

describe('max_sessions_per_client', () => {
	test('counts who opened the links, and answers 429', async (t) => {
		const w = await openWorld({ config: { max_sessions_per_client: 2, limit_loopback: true,
			reconnect_timeout: 1 } }, t);
		const [mine, theirs] = [newcomer(), newcomer()];
		const first = await isOpen(w, await open(w, { vmid: 101 }, mine));
		await isOpen(w, await open(w, { vmid: 103 }, mine));
		const more = await open(w, { vmid: 104 }, mine);
		isFull(w, more, 429, FULL_CLIENT);
		await isOpen(w, await open(w, { vmid: 105 }, theirs));
		/* Whose link joins has opened no session. */
		await isOpen(w, await open(w, { vmid: 105 }, mine));
		await end(w, first, mine);
		await opensSoon(w.gw, more.token, { from: mine });
		await closeWorld(w);
	});

	test('any number of links at once opens as many sessions as are allowed', async (t) => {
		const w = await openWorld({ pool: 16, config: { max_sessions_per_client: 3,
			limit_loopback: true } }, t);
		const from = newcomer();
		const answers = await Promise.all(Array.from({ length: 12 },
			(_, i) => open(w, { vmid: 210 + i }, from)));
		const opened = answers.filter((res) => res.status === 302);
		assert.equal(opened.length, 3);
		answers.filter((res) => res.status !== 302).forEach((res) => isFull(w, res, 429, FULL_CLIENT));
		assert.equal((await w.gw.status()).total_sessions, 3);
		assert.equal((await w.gw.status()).pending_tokens, 9);
		await closeWorld(w);
	});

	test('does not apply to loopback before that is asked for', async (t) => {
		const w = await openWorld({ config: { max_sessions_per_client: 1 } }, t);
		for (const vmid of [101, 103, 104])
			await isOpen(w, await open(w, { vmid }));
		await closeWorld(w);
	});
});

describe('a host that does not answer', () => {
	test('keeps no ports from the others, however many links are opened to it', async (t) => {
		const w = await openWorld({ pool: 6, config: { proxmox_tls: 'insecure', open_timeout: 5,
			reconnect_timeout: 1 } }, t);
		const hung = await startFakePve({ timings: FAST });
		t.after(() => hung.stop());
		const there = { port: hung.port, username: hung.user, password: hung.password };
		/* It has answered, so three calls at once are its due. */
		await isOpen(w, await open(w, { vmid: 105, ...there }));
		hung.forget();
		hung.faults.status = { hang: true };
		const waiting = Array.from({ length: 30 }, (_, i) => open(w, { vmid: 210 + i, ...there }));
		await until(() => hung.requests.length >= 1, 5000, 'the host to be asked');
		/* At most three calls to it are under way; two ports are left, and both of use. */
		const urls = await Promise.all([101, 103].map(async (vmid) =>
			isOpen(w, await open(w, { vmid }))));
		for (const url of urls)
			await shows(await w.gw.console(url));
		const answers = await Promise.all(waiting);
		for (const res of answers)
			assert.ok([502, 503, 504].includes(res.status), `${res.status}`);
		/* Silence is no answer: every link is as good as before. */
		delete hung.faults.status;
		assert.equal((await w.gw.status()).pending_tokens, 30);
		await opensSoon(w.gw, answers[29].token);
		await closeWorld(w);
	});
});
