// SPDX-License-Identifier: MIT
//
// Reconnecting: the same link brings the console back for as long as the session lives, with
// a fresh ticket each time, and a Close code tells the page why when it does not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { pause, until } from '../lib/wait.mjs';
import { FAST, echoes, noSessions, pageOf, sessionOf, shows, tellsNothing,
	useWorld } from './world.mjs';

const CUTS = 20;
const BACK_MS = 3000;
/* Browsers that left before their console was there, and then the next ones wait so long. */
const LEFT = 8;
const LEFT_MS = 10000;

function consolesOf(pve, vmid) {
	return pve.consoles.filter((c) => c.vmid === vmid);
}

/* Opens the console again and says how long that took, picture included. */
async function back(w, url) {
	const start = Date.now();
	const c = await w.gw.console(url);
	await shows(c, BACK_MS);
	const ms = Date.now() - start;
	assert.ok(ms < BACK_MS, `the picture was back after ${ms} ms`);
	return c;
}

/* No listener and no ticket was ever used twice. */
function allFresh(consoles, n) {
	assert.equal(consoles.length, n);
	assert.equal(new Set(consoles.map((c) => c.entry)).size, n, 'a port was used twice');
	assert.ok(consoles.every((c) => c.ticketAgeMs < 8000), 'a ticket grew old');
}

describe('a session survives', () => {
	const w = useWorld({ pool: 20 });

	test('20 cuts of the connection to Proxmox, each time with a picture within 3 s', async () => {
		const url = await w.gw.session({ vmid: 101 });
		let c = await back(w, url);
		for (let i = 0; i < CUTS; i++) {
			w.pve.cutConsoles({ vmid: 101, graceful: i % 2 === 1 });
			const { code, reason } = await c.ws.closed(2000);
			assert.equal(code, 4002);
			tellsNothing(reason, w.pve);
			c.ws.destroy();
			c = await back(w, url);
		}
		allFresh(consolesOf(w.pve, 101), CUTS + 1);
		assert.equal((await sessionOf(w.gw, 101)).status, 'active');
	});

	test('20 cuts of the browser, each time with a picture within 3 s', async () => {
		const url = await w.gw.session({ vmid: 103 });
		for (let i = 0; i < CUTS; i++) {
			const c = await back(w, url);
			if (i % 2)
				c.ws.close();
			c.ws.destroy();
		}
		await shows(await back(w, url));
		allFresh(consolesOf(w.pve, 103), CUTS + 1);
		await until(() => w.pve.liveConsoles.filter((c) => c.vmid === 103).length === 1,
			5000, 'the consoles of gone browsers to end');
	});

	test('a browser that is cut in every phase of its opening', async () => {
		const url = await w.gw.session({ vmid: 104 });
		for (let ms = 0; ms < 60; ms += 3) {
			const ws = await w.gw.websocket(url);
			await pause(ms);
			ws.destroy();
		}
		await shows(await w.gw.console(url), LEFT_MS + BACK_MS);
		await until(() => w.pve.liveConsoles.filter((c) => c.vmid === 104).length === 1,
			15000, 'the consoles of gone browsers to end');
	});

	test('without logging in again', async () => {
		const url = await w.gw.session({ vmid: 105 });
		const before = w.pve.logins.length;
		for (let i = 0; i < 5; i++)
			(await back(w, url)).ws.destroy();
		assert.equal(w.pve.logins.length, before);
	});

	test('and the state tells whether anybody is connected', async () => {
		const url = await w.gw.session({ vmid: 106 });
		assert.equal((await sessionOf(w.gw, 106)).status, 'created');
		const state = async () => (await sessionOf(w.gw, 106)).status;
		for (let i = 0; i < 3; i++) {
			const { ws } = await back(w, url);
			await until(async () => await state() === 'active');
			ws.destroy();
			await until(async () => await state() === 'disconnected');
		}
	});

	test('a reset of the guest, and one that is off for a while', async () => {
		const url = await w.gw.session({ vmid: 107 });
		const c = await back(w, url);
		await w.pve.guest(107).stop();
		assert.equal((await c.ws.closed()).code, 4002);
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4001);
		await w.pve.guest(107).start();
		await back(w, url);
	});
});

describe('openings of one guest stand in line', () => {
	const w = useWorld({ pool: 20 });

	test('of eight browsers at once, on two sessions, every one authenticates', async () => {
		const one = await w.gw.session({ vmid: 110 });
		const two = await w.gw.session({ vmid: 110, username: 'other@pve',
			password: 'another-Secret.2' });
		const all = await Promise.all(Array.from({ length: 8 },
			(_, i) => w.gw.console(i % 2 ? one : two)));
		await Promise.all(all.map((c) => shows(c)));
		assert.equal(w.pve.overlaps, 0);
		assert.ok(consolesOf(w.pve, 110).every((c) => c.authOk));
	});

	test('a slow one holds up its own guest only', async () => {
		w.pve.faults.vncwebsocket = (req) => (req.args?.vmid === '111'
			? { delayMs: 1500 } : null);
		const slow = await w.gw.session({ vmid: 111 });
		const other = await w.gw.session({ vmid: 112 });
		const start = Date.now();
		const waiting = [w.gw.console(slow), w.gw.console(slow)];
		await shows(await w.gw.console(other));
		assert.ok(Date.now() - start < 1000, 'another guest waited');
		for (const c of await Promise.all(waiting))
			await shows(c);
		assert.ok(Date.now() - start >= 3000, 'the two were not in line');
		w.pve.faults.vncwebsocket = null;
	});

	test('one that is given up lets the next one in', async () => {
		w.pve.faults.vncwebsocket = { no101: true, times: 1 };
		const url = await w.gw.session({ vmid: 113 });
		const stuck = await w.gw.websocket(url);
		await until(() => w.pve.requests.some((r) => r.status === 'hang'), 5000, 'the hang');
		stuck.destroy();
		await back(w, url);
	});

	test('at most three calls at once reach one host', async () => {
		w.pve.forget();
		await Promise.all(Array.from({ length: 12 }, async (_, i) => {
			await w.gw.session({ vmid: 120 + i });
		}));
		assert.ok(w.pve.maxInFlight <= 3, `${w.pve.maxInFlight} calls at once`);
	});
});

describe('a guest whose password somebody outside overwrites', () => {
	const w = useWorld({ pool: 40 });
	const consoles = (vmid) => w.pve.requests.filter((r) => r.method === 'POST' &&
		r.path.endsWith(`/${vmid}/vncproxy`)).length;

	test('is asked for a second console, and shows its picture', async () => {
		const url = await w.gw.session({ vmid: 150 });
		/* Another console of the guest has just been connected. */
		w.pve.faults.rfb = () => {
			w.pve.faults.rfb = null;
			w.pve.guest(150).setPassword('intruder');
			return null;
		};
		await back(w, url);
		assert.equal(consoles(150), 2);
		await w.gw.logged(/VNC authentication failed: .*; asking for another console/);
		assert.equal((await sessionOf(w.gw, 150)).status, 'active');
	});

	test('gets what was typed meanwhile, once', async () => {
		w.pve.guest(151).setKind('echo');
		const url = await w.gw.session({ vmid: 151 });
		w.pve.faults.vncproxy = { delayMs: 300 };
		w.pve.faults.rfb = { authFail: true, times: 1 };
		const c = await w.gw.console(url);
		await echoes(c, Buffer.from('typed before there was a guest'));
		w.pve.faults.vncproxy = null;
		assert.equal(consoles(151), 2);
	});

	test('is not asked for a third', async () => {
		const url = await w.gw.session({ vmid: 152 });
		w.pve.faults.rfb = { authFail: true };
		const ws = await w.gw.websocket(url);
		assert.equal((await ws.closed()).code, 4002);
		assert.equal(consoles(152), 2);
		w.pve.faults.rfb = null;
		await back(w, url);
		assert.equal(consoles(152), 3);
	});

	test('keeps its gate meanwhile: nobody else overwrites it', async () => {
		const [a, b] = await Promise.all([w.gw.session({ vmid: 153 }), w.gw.session({ vmid: 153 })]);
		w.pve.faults.rfb = { authFail: true, times: 1 };
		await Promise.all([back(w, a), back(w, b), back(w, a), back(w, b)]);
		assert.equal(consoles(153), 5);
		assert.equal(w.pve.overlaps, 0);
	});

	test('a container has a password for each console: it is refused at once', async () => {
		const url = await w.gw.session({ vmid: 203 });
		w.pve.faults.rfb = { authFail: true, times: 1 };
		const ws = await w.gw.websocket(url);
		assert.equal((await ws.closed()).code, 4002);
		assert.equal(consoles(203), 1);
		await back(w, url);
	});
});

describe('the Close code of a failed reconnect', () => {
	const w = useWorld({ pool: 40, config: { open_timeout: 5 } });
	let vmid = 210;

	/* A session that shows a picture, then a fault, then what the page is told. */
	async function closeAfter(makeFault, undo) {
		const n = vmid++;
		const url = await w.gw.session({ vmid: n });
		(await back(w, url)).ws.destroy();
		await makeFault(n);
		const ws = await w.gw.websocket(url);
		const { code, reason } = await ws.closed(8000);
		assert.ok(reason.length > 0, 'a reason');
		tellsNothing(reason, w.pve);
		await undo(n);
		await back(w, url);
		return code;
	}

	/* The same with a fault of one call. */
	function closeOn(call, fault) {
		return closeAfter(() => (w.pve.faults[call] = fault),
			() => (w.pve.faults[call] = null));
	}

	test('is 4001 when the guest is off', async () => {
		assert.equal(await closeAfter((n) => w.pve.guest(n).stop(),
			(n) => w.pve.guest(n).start()), 4001);
	});

	test('is 4001 when the guest has no display', async () => {
		assert.equal(await closeAfter((n) => w.pve.guest(n).setKind('nodisplay'),
			(n) => w.pve.guest(n).setKind('screen')), 4001);
	});

	test('is 4002 when the host hangs up', async () => {
		assert.equal(await closeOn('accept', { close: true }), 4002);
	});

	for (const [code, what, call, fault] of [
		[4002, 'a node could not be reached', 'status', { status: 595, reason: 'No route' }],
		[4002, 'the console call fails for another reason', 'vncproxy',
			{ status: 500, reason: 'command failed' }],
		[4002, 'the websocket is not let through', 'vncwebsocket',
			{ status: 596, reason: 'Broken pipe' }],
		[4002, 'the screen refuses the password', 'rfb', { authFail: true, times: 2 }],
		[4002, 'the screen speaks garbage', 'rfb', { garbage: true, times: 1 }],
		[4003, 'the status is refused', 'status', { status: 401, reason: 'Authentication failed!' }],
		[4003, 'the console is refused', 'vncproxy', { status: 403, reason: 'no VM.Console' }],
		[4003, 'the login ticket is no good any more', 'vncproxy',
			{ status: 401, reason: 'Authentication failed!' }],
		[4003, 'the websocket is refused', 'vncwebsocket',
			{ status: 401, reason: 'permission denied - invalid PVEVNC ticket' }],
		[4002, 'the guest is gone, perhaps to another node', 'status', { status: 500,
			reason: 'Configuration file \'nodes/n/qemu-server/1.conf\' does not exist' }],
		[4004, 'the host has no console port left', 'vncproxy',
			{ status: 500, reason: 'unable to find free port (5900-6000)' }],
	])
		test(`is ${code} when ${what}`, async () => {
			assert.equal(await closeOn(call, fault), code);
		});

	test('is 4003 when the host shows another certificate', async () => {
		assert.equal(await closeAfter(() => w.pve.setCert('other-ca'),
			() => w.pve.setCert('good')), 4003);
		await w.gw.logged(/proxmox_tls.*proxmox_ca_file|proxmox_ca_file.*proxmox_tls/);
	});
});

describe('a host that goes away', () => {
	const w = useWorld({ pve: null, config: { proxmox_tls: 'insecure', reconnect_timeout: 2 } });

	test('ends its consoles with 4002, and the session when its time is over', async () => {
		const pve = await startFakePve({ timings: FAST });
		w.gw.pve = pve;
		const url = await w.gw.session({ vmid: 101 });
		const { ws } = await w.gw.console(url);
		await pve.stop();
		assert.equal((await ws.closed()).code, 4002);
		const again = await w.gw.websocket(url);
		assert.equal((await again.closed()).code, 4002);
		await noSessions(w.gw, 6000);
	});
});

describe('browsers that leave before their console is there', () => {
	const w = useWorld({ pool: 12, prepared: pageOf('vnc.html', 'term.html') });
	const asked = () => w.pve.requests.filter((r) => /\/(vncproxy|termproxy)$/.test(r.path)).length;

	for (const [call, name, fields] of [['vncproxy', 'vnc-proxy', { vmid: 101 }],
		['termproxy', 'term-proxy', { vmid: 200, console: 'term' }]])
		test(`leave few ports of the host's taken by ${call}, and the next ones wait`, async () => {
			const url = await w.gw.session(fields);
			w.pve.forget();
			w.pve.faults[call] = { delayMs: 200 };
			for (let i = 0; i < 40; i++) {
				const ws = await w.gw.websocket(url, { name });
				await pause(10);
				ws.destroy();
			}
			await w.gw.logged(/browser \d+ waits, since \d+ have left before/);
			w.pve.faults[call] = null;
			/* Those that were under way at once come on top. */
			assert.ok(asked() <= 2 * LEFT, `${asked()} consoles were asked for`);
			const start = Date.now();
			const ws = await w.gw.websocket(url, { name });
			await until(() => w.pve.liveConsoles.some((c) => c.vmid === fields.vmid), 2 * LEFT_MS,
				'its turn');
			assert.ok(Date.now() - start > 1000, 'it did not wait');
			ws.destroy();
		});

	test('hold up no other session', async () => {
		await back(w, await w.gw.session({ vmid: 103 }));
	});
});
