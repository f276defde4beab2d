// SPDX-License-Identifier: MIT
//
// Logins are shared: how many of them, and renewals, there are at Proxmox, whose login a link may
// ride on, and what a session makes of a guest that moves.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { claimPorts } from '../lib/ports.mjs';
import { until } from '../lib/wait.mjs';
import { makeClock } from './shims.mjs';
import { FAST, INVALID, closeWorld, newcomer, openWorld, sessionOf, shows,
	useWorld } from './world.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const AGAIN = /again in \d+ seconds/i;

const canMove = makeClock() !== null;

/* Links with these fields, one each. */
async function links(gw, list) {
	const all = await Promise.all(list.map((fields) => gw.create(fields)));
	return all.map(({ token, text }) => {
		assert.ok(token, text);
		return token;
	});
}

function openAll(gw, tokens) {
	return Promise.all(tokens.map((token) => gw.openRaw(token)));
}

function count(pve, test) {
	return pve.logins.filter(test).length;
}

/* A world whose time can be moved. */
async function aging(t, options = {}) {
	const clock = makeClock();
	const w = await openWorld({ ...options, env: clock.env }, t);
	w.later = (ms) => {
		clock.advance(ms);
		w.pve.advance(ms);
	};
	return w;
}

describe('a hundred links of one user', () => {
	const w = useWorld({ pool: 30 });

	test('are one login at Proxmox, and a wrong password among them is refused', async () => {
		const fields = Array.from({ length: 100 }, (_, i) => ({ vmid: 110 + i % 20 }));
		const tokens = await links(w.gw, fields);
		const [wrong] = await links(w.gw, [{ vmid: 110, password: 'Not-it.77' }]);
		const answers = await openAll(w.gw, [...tokens.slice(0, 50), wrong, ...tokens.slice(50)]);
		const [refused] = answers.splice(50, 1);
		assert.equal(answers.filter((res) => res.status === 302).length, 100);
		assert.equal(refused.status, 502, refused.text);
		assert.match(refused.text, /refused/);
		assert.equal(count(w.pve, (l) => l.ok), 1);
		assert.equal(count(w.pve, (l) => !l.ok), 1);
		await shows(await w.gw.console(answers[99].location));
	});

	test('with a wrong password are one attempt, which spends them all', async () => {
		w.pve.forget();
		w.pve.timings.unauthorizedMs = 8000;
		const tokens = await links(w.gw, Array.from({ length: 100 }, (_, i) => (
			{ vmid: 110 + i % 20, password: 'Not-it.88' })));
		for (const res of await openAll(w.gw, tokens))
			assert.equal(res.status, 502, res.text);
		assert.equal(w.pve.logins.length, 1);
		for (const res of await openAll(w.gw, tokens))
			assert.match(res.text, INVALID);
		w.pve.timings.unauthorizedMs = FAST.unauthorizedMs;
	});

	test('a failure is nobody\'s who comes later', async () => {
		w.pve.forget();
		for (let n = 1; n <= 2; n++) {
			const [token] = await links(w.gw, [{ vmid: 110, password: 'Not-it.99' }]);
			assert.equal((await w.gw.openRaw(token)).status, 502);
			assert.equal(w.pve.logins.length, n);
		}
	});

	test('by a token are no login at all', async () => {
		w.pve.forget();
		const { secret } = w.pve.users[w.pve.user].tokens.gw;
		const by = { username: undefined, password: undefined, token_id: `${w.pve.user}!gw`,
			token_secret: secret };
		const tokens = await links(w.gw, Array.from({ length: 10 }, () => ({ vmid: 131, ...by })));
		for (const res of await openAll(w.gw, tokens))
			assert.equal(res.status, 302, res.text);
		assert.equal(w.pve.requests.filter((r) => r.path.endsWith('/access/ticket')).length, 0);
	});

	test('with a code of a second factor are a login each', async () => {
		w.pve.forget();
		const fields = { vmid: 132, username: 'tfa@pve', password: 'second-Secret.7', otp: '123456' };
		for (const res of await openAll(w.gw, await links(w.gw, [fields, fields])))
			assert.equal(res.status, 302, res.text);
		assert.deepEqual(w.pve.logins.map((l) => [l.how, l.ok]), [['otp', true], ['otp', true]]);
		const [without] = await links(w.gw, [{ ...fields, otp: undefined }]);
		assert.equal((await w.gw.openRaw(without)).status, 502, 'no code, no ride');
	});
});

describe('a login that is shared', () => {
	const w = useWorld({ pool: 20, config: { open_timeout: 5 } });

	test('leaves a link usable whose guest could not be asked', async () => {
		await w.gw.session({ vmid: 110 });
		const logins = w.pve.logins.length;
		const [silent, between] = await links(w.gw, [{ vmid: 111 }, { vmid: 112 }]);
		w.pve.faults.status = { hang: true };
		let res = await w.gw.openRaw(silent);
		w.pve.faults.status = null;
		assert.equal(res.status, 504);
		assert.match(res.text, AGAIN);
		w.pve.faults.accept = { close: true };
		res = await w.gw.openRaw(between);
		w.pve.faults.accept = null;
		assert.equal(res.status, 502);
		assert.match(res.text, AGAIN);
		for (const token of [silent, between])
			await w.gw.open(token);
		assert.equal(w.pve.logins.length, logins);
	});

	test('and one whose guest is off is spent', async () => {
		const [token] = await links(w.gw, [{ vmid: 102 }]);
		assert.equal((await w.gw.openRaw(token)).status, 503);
		assert.match((await w.gw.openRaw(token)).text, INVALID);
	});

	test('is not of use to a user who may not open that guest', async () => {
		await w.gw.session({ vmid: 113 });
		const [token] = await links(w.gw, [{ vmid: 113, username: 'only101@pve',
			password: 'single-Secret.6' }]);
		assert.equal((await w.gw.openRaw(token)).status, 502);
	});

	test('and has lapsed is made anew by the next link, for its sessions too', async () => {
		const who = newcomer(w.pve);
		const url = await w.gw.session({ vmid: 114, ...who });
		w.pve.advance(3 * 60 * MINUTE);
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4003);
		await w.gw.session({ vmid: 115, ...who });
		assert.equal(count(w.pve, (l) => l.user === who.username && l.ok), 2);
		await shows(await w.gw.console(url));
	});

	test('that lapses unnoticed costs the link that notices it one more login', async () => {
		const who = newcomer(w.pve);
		await w.gw.session({ vmid: 116, ...who });
		w.pve.advance(3 * 60 * MINUTE);
		await w.gw.session({ vmid: 117, ...who });
		assert.equal(count(w.pve, (l) => l.user === who.username && l.ok), 2);
	});
});

test('links to a host that is down stay usable and are one login when it is back', async (t) => {
	const ports = await claimPorts(1);
	const w = await openWorld({ pve: null, pool: 12, config: { proxmox_tls: 'insecure' } }, t);
	t.after(() => ports.release());
	const fields = { hostname: '127.0.0.1', port: ports.first, node: 'pve',
		username: 'vncuser@pve', password: 'p&s;s=w+o%r d"\\é' };
	const tokens = await links(w.gw, Array.from({ length: 20 }, (_, i) => (
		{ ...fields, vmid: 110 + i % 5 })));
	for (const res of await openAll(w.gw, tokens)) {
		assert.equal(res.status, 502);
		assert.match(res.text, AGAIN);
	}
	const pve = await startFakePve({ port: ports.first, timings: FAST });
	t.after(() => pve.stop());
	for (const res of await openAll(w.gw, tokens))
		assert.equal(res.status, 302, res.text);
	assert.equal(pve.logins.length, 1);
	await closeWorld(w);
});

describe('as time goes by', { concurrency: 4, skip: !canMove && 'the clock cannot be moved here' },
	() => {
		test('ten sessions of one user are one renewal an hour', async (t) => {
			const w = await aging(t, { pool: 12, config: { connect_timeout: 100000 } });
			const urls = await Promise.all(Array.from({ length: 10 }, (_, i) =>
				w.gw.session({ vmid: 110 + i })));
			for (let n = 1; n <= 3; n++) {
				w.later(61 * MINUTE);
				await until(() => w.gw.log().split('ticket renewed').length - 1 === n, 5000,
					`renewal ${n}`);
				await w.gw.status();
				assert.equal(count(w.pve, (l) => l.how === 'renewal'), n);
			}
			for (const url of urls)
				await shows(await w.gw.console(url));
			assert.equal(count(w.pve, (l) => l.how === 'password'), 1);
			await closeWorld(w);
		});

		test('a password is proven anew after ten minutes, in the same login', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			const who = newcomer(w.pve);
			const url = await w.gw.session({ vmid: 110, ...who });
			w.later(9 * MINUTE);
			await w.gw.session({ vmid: 111, ...who });
			assert.equal(w.pve.logins.length, 1);
			w.later(2 * MINUTE);
			await w.gw.session({ vmid: 112, ...who });
			assert.equal(w.pve.logins.length, 2);
			/* Its old password opens nothing any more; its sessions go on. */
			w.pve.users[who.username].password = w.pve.records.secret('changed-Secret.1');
			w.later(11 * MINUTE);
			const [token] = await links(w.gw, [{ vmid: 110, ...who }]);
			assert.equal((await w.gw.openRaw(token)).status, 502);
			await shows(await w.gw.console(url));
			await closeWorld(w);
		});

		test('a login that nobody uses is forgotten in a minute', async (t) => {
			const w = await aging(t, { config: { connect_timeout: 1, token_ttl: 30 } });
			await w.gw.session({ vmid: 110 });
			w.later(2 * SECOND);
			await w.gw.statusUntil((s) => s.total_sessions === 0, 10000, 'the session to end');
			/* A pending token is dropped by the very look that drops logins: twice is surely after. */
			for (let i = 0; i < 2; i++) {
				await w.gw.create({ vmid: 110 });
				w.later(61 * SECOND);
				await w.gw.statusUntil((s) => s.pending_tokens === 0, 10000, 'the token to go');
			}
			await w.gw.session({ vmid: 110 });
			assert.equal(w.pve.logins.length, 2);
			await closeWorld(w);
		});
	});

test('thirty openings of one guest at once all end authenticated', async (t) => {
	const w = await openWorld({ config: { max_browsers_per_session: 32 } }, t);
	const tokens = await links(w.gw, Array.from({ length: 30 }, () => ({ vmid: 110 })));
	const answers = await openAll(w.gw, tokens);
	const consoles = await Promise.all(answers.map(({ location }) => w.gw.console(location)));
	for (const console of consoles)
		await shows(console);
	assert.equal(w.pve.consoles.filter((c) => c.vmid === 110 && c.authOk).length, 30);
	assert.equal(w.pve.consoles.length, 30, 'none was tried twice');
	assert.equal(w.pve.logins.length, 1);
	await closeWorld(w);
});

describe('a guest that moves during a session', { concurrency: 2 }, () => {
	const GONE = { status: 500,
		reason: "Configuration file 'nodes/pve/qemu-server/110.conf' does not exist" };

	test('has its picture back within 10 s, by the same link', async (t) => {
		const w = await openWorld({ pve: { nodes: ['pve', 'pve2'] } }, t);
		const url = await w.gw.session({ vmid: 110 });
		for (const node of ['pve2', 'pve']) {
			const c = await w.gw.console(url);
			await shows(c);
			w.pve.guest(110).migrate(node);
			const start = Date.now();
			assert.equal((await c.ws.closed()).code, 4002);
			await shows(await w.gw.console(url));
			assert.ok(Date.now() - start < 10000, `after ${Date.now() - start} ms`);
			const session = await sessionOf(w.gw, 110);
			assert.deepEqual([session.node, session.key], [node, 'vm:pve:110']);
			await w.gw.logged(new RegExp(`vnc_\\d+_vm:pve:110: the guest has moved to node ${node}`));
		}
		w.pve.guest(110).migrate('pve2');
		assert.equal(new URL(await w.gw.session({ vmid: 110 })).port, new URL(url).port,
			'a link that names the old node joins it');
		await closeWorld(w);
	});

	test('may be nowhere for two minutes before the page is told to stop',
		{ skip: !canMove && 'the clock cannot be moved here' }, async (t) => {
			const w = await aging(t, { config: { connect_timeout: 100000 } });
			const url = await w.gw.session({ vmid: 110 });
			const closes = async () => (await w.gw.websocket(url)).closed();
			w.later(60 * MINUTE);
			for (let round = 0; round < 2; round++) {
				w.pve.faults.status = GONE;
				const { code, reason } = await closes();
				assert.equal(code, 4002);
				assert.equal(reason, 'The machine is being moved to another server.');
				w.later(90 * SECOND);
				assert.equal((await closes()).code, 4002);
				w.later(31 * SECOND);
				assert.equal((await closes()).code, 4003);
				/* It is found after all, so that the next time counts anew. */
				w.pve.faults.status = null;
				await shows(await w.gw.console(url));
			}
			await closeWorld(w);
		});

	test('a link to one that is nowhere is spent at once', async (t) => {
		const w = await openWorld({}, t);
		w.pve.faults.status = GONE;
		const [token] = await links(w.gw, [{ vmid: 110 }]);
		const res = await w.gw.openRaw(token);
		assert.equal(res.status, 502);
		assert.match(res.text, /not found/);
		assert.match((await w.gw.openRaw(token)).text, INVALID);
		await closeWorld(w);
	});
});
