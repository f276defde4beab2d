// SPDX-License-Identifier: MIT
//
// What an opening costs Proxmox: which calls are made, and over how many connections.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../lib/wait.mjs';
import { makeClock } from './shims.mjs';
import { newcomer, openWorld, shows, useWorld } from './world.mjs';

const MINUTE = 60000;

/* What Proxmox is asked from now on: the last word of each path. */
function listen(pve) {
	const from = pve.requests.length;
	return () => pve.requests.slice(from).map((r) => r.path.split('/').at(-1));
}

/* The same, each with its place among the requests of its connection. */
function places(pve) {
	const from = pve.requests.length;
	return () => pve.requests.slice(from).map((r) => `${r.path.split('/').at(-1)} ${r.nth}`);
}

async function reread(gw, changes = {}) {
	const before = gw.log().split('configuration read again').length;
	gw.reload(changes);
	await until(() => gw.log().split('configuration read again').length > before, 5000,
		'the configuration to be read');
}

async function picture(w, url) {
	const c = await w.gw.console(url);
	await shows(c);
	c.ws.destroy();
}

describe('the first browser of a link', () => {
	const w = useWorld({ pve: { nodes: ['pve', 'pve2'] }, pool: 20 });

	test('asks for its console and nothing else; the next one looks again', async () => {
		const asked = listen(w.pve);
		const url = await w.gw.session({ vmid: 101 });
		assert.deepEqual(asked(), ['ticket', 'current']);
		await picture(w, url);
		assert.deepEqual(asked().slice(2), ['vncproxy', 'vncwebsocket']);
		await picture(w, url);
		assert.deepEqual(asked().slice(4), ['current', 'vncproxy', 'vncwebsocket']);
	});

	test('of another link to the same session does so, too', async () => {
		const url = await w.gw.session({ vmid: 105 });
		await picture(w, url);
		const asked = listen(w.pve);
		await picture(w, await w.gw.session({ vmid: 105 }));
		assert.deepEqual(asked(), ['current', 'vncproxy', 'vncwebsocket']);
	});

	test('hears that the guest is off, when it was stopped after the link', async () => {
		const url = await w.gw.session({ vmid: 103 });
		await w.pve.guest(103).stop();
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4001);
		await w.pve.guest(103).start();
		await picture(w, url);
	});

	test('has its picture when the guest has moved since the link', async () => {
		const url = await w.gw.session({ vmid: 104 });
		w.pve.guest(104).migrate('pve2');
		const asked = listen(w.pve);
		await picture(w, url);
		assert.equal(asked()[0], 'vncproxy');
		assert.ok(asked().includes('current'));
		await w.gw.logged(/vm:pve:104\S*: the guest has moved to node pve2/);
	});

	test('of a container looks whether it runs, since its screen would not tell', async () => {
		const url = await w.gw.session({ vmid: 200 });
		const asked = listen(w.pve);
		await picture(w, url);
		assert.deepEqual(asked(), ['current', 'vncproxy', 'vncwebsocket']);
		const other = await w.gw.session({ vmid: 202 });
		await w.pve.guest(202).stop();
		assert.equal((await (await w.gw.websocket(other)).closed()).code, 4001);
	});
});

describe('calls', () => {
	const w = useWorld({ pool: 20 });

	test('of an opening go over one connection, its console over another', async () => {
		const handshakes = w.pve.handshakes.length;
		const asked = places(w.pve);
		await picture(w, await w.gw.session({ vmid: 101, ...newcomer(w.pve) }));
		assert.deepEqual(asked(), ['ticket 1', 'current 2', 'vncproxy 3', 'vncwebsocket 1']);
		assert.equal(w.pve.handshakes.length, handshakes + 2);
	});

	test('of the next opening go on over it, also those of another login', async (t) => {
		const w = await openWorld({}, t);
		for (let nth = 1; nth < 9; nth += 3) {
			const asked = places(w.pve);
			await picture(w, await w.gw.session({ vmid: 103, ...newcomer(w.pve) }));
			assert.deepEqual(asked(), [`ticket ${nth}`, `current ${nth + 1}`, `vncproxy ${nth + 2}`,
				'vncwebsocket 1']);
		}
	});

	test('of a link with a fingerprint have their own, which those with the same share', async (t) => {
		const w = await openWorld({}, t);
		const fingerprint = w.pve.fingerprintOf('good');
		await picture(w, await w.gw.session({ vmid: 103, ...newcomer(w.pve) }));
		const asked = places(w.pve);
		for (let i = 0; i < 2; i++)
			await w.gw.session({ vmid: 103, fingerprint, ...newcomer(w.pve) });
		assert.deepEqual(asked(), ['ticket 1', 'current 2', 'ticket 3', 'current 4']);
	});

	test('of a login whose name is to be resolved begin with a connection', async (t) => {
		const w = await openWorld({ config: { proxmox_tls: 'insecure' } }, t);
		const asked = places(w.pve);
		for (let i = 0; i < 2; i++)
			await w.gw.session({ vmid: 103, hostname: 'localhost', ...newcomer(w.pve) });
		assert.deepEqual(asked(), ['ticket 1', 'current 2', 'ticket 1', 'current 2']);
	});

	test('of two browsers at once are answered', async () => {
		const fields = newcomer(w.pve);
		const urls = [await w.gw.session({ vmid: 105, ...fields }),
			await w.gw.session({ vmid: 106, ...fields })];
		for (let i = 0; i < 3; i++)
			await Promise.all(urls.map((url) => picture(w, url)));
	});

	test('after a failed one go over another', async (t) => {
		const w = await openWorld({}, t);
		const fields = newcomer(w.pve);
		await picture(w, await w.gw.session({ vmid: 107, ...fields }));
		w.pve.faults.status = { status: 500, reason: 'whatever' };
		const { token } = await w.gw.create({ vmid: 108, ...fields });
		assert.equal((await w.gw.openRaw(token)).status, 502);
		w.pve.faults.status = null;
		const asked = places(w.pve);
		await picture(w, await w.gw.session({ vmid: 108, ...fields }));
		assert.deepEqual(asked(), ['current 1', 'vncproxy 2', 'vncwebsocket 1']);
	});
});

describe('a connection that waits for a call', () => {
	test('is given up before Proxmox would', async (t) => {
		const w = await openWorld({ pve: { timings: { idleMs: 60000 } } }, t);
		await w.gw.session({ vmid: 101 });
		assert.equal(w.pve.connections, 1);
		await until(() => w.pve.connections === 0, 5500, 'the gateway to hang up');
	});

	test('and that a host closes early costs nothing but another one', async (t) => {
		const w = await openWorld({ pve: { timings: { idleMs: 30 } } }, t);
		const url = await w.gw.session({ vmid: 101 });
		for (let i = 0; i < 3; i++) {
			await until(() => w.pve.connections === 0, 2000, 'the host to hang up');
			const asked = listen(w.pve);
			await picture(w, url);
			assert.equal(asked().filter((word) => word === 'vncproxy').length, 1);
		}
		assert.doesNotMatch(await w.gw.fullLog(), /broke before an answer/);
	});

	test('is left when the configuration is read again, and who is there then is judged', async (t) => {
		const w = await openWorld({ config: { proxmox_tls: 'verify' } }, t);
		const url = await w.gw.session({ vmid: 101 });
		w.pve.setCert('other-ca', { kept: true });
		await reread(w.gw);
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4003);
		await until(() => w.pve.handshakes.every((h) => h.ok !== null), 2000, 'its handshake to end');
		/* That of the call, and the console's own, which is made meanwhile. */
		assert.deepEqual(w.pve.handshakes.map((h) => [h.cert, h.ok]).slice(0, 2),
			[['good', true], ['other-ca', false]]);
		assert.ok(w.pve.handshakes.slice(1).every((h) => h.ok === false));
	});
});

/* Of every connection so far: its certificate, and whether it has resumed a session. */
function resumed(pve) {
	return pve.handshakes.map((h) => `${h.cert} ${h.ok ? h.resumed : 'refused'}`);
}

/* A host that hangs up at once, so that each opening makes a connection. */
const IMPATIENT = { pve: { timings: { idleMs: 30 } } };

async function alone(w, fields) {
	await w.gw.session(fields);
	await until(() => w.pve.connections === 0, 5000, 'the host to hang up');
}

describe('a TLS session', () => {
	test('is resumed by the console, and by later calls', async (t) => {
		const w = await openWorld({}, t);
		const url = await w.gw.session({ vmid: 101 });
		await picture(w, url);
		assert.deepEqual(resumed(w.pve), ['good false', 'good true']);
		await until(() => w.pve.connections === 0, 6000, 'the connection to be given up');
		await picture(w, url);
		/* Each serves once, and this library gives two with a whole handshake only. */
		assert.deepEqual(resumed(w.pve).slice(2), ['good true', 'good false']);
	});

	test('is resumed by another login', async (t) => {
		const w = await openWorld(IMPATIENT, t);
		for (let i = 0; i < 2; i++)
			await alone(w, { vmid: 101, ...newcomer(w.pve) });
		assert.deepEqual(resumed(w.pve), ['good false', 'good true']);
	});

	test('is not resumed by a link with a fingerprint, but by the next one with the same', async (t) => {
		const w = await openWorld(IMPATIENT, t);
		const fingerprint = w.pve.fingerprintOf('good');
		await alone(w, { vmid: 101, ...newcomer(w.pve) });
		for (let i = 0; i < 2; i++)
			await alone(w, { vmid: 101, fingerprint, ...newcomer(w.pve) });
		assert.deepEqual(resumed(w.pve), ['good false', 'good false', 'good true']);
	});

	test('that the host could resume does not help a link with another fingerprint', async (t) => {
		const w = await openWorld({}, t);
		await w.gw.session({ vmid: 101, ...newcomer(w.pve) });
		w.pve.setCert('other-ca', { kept: true });
		const fingerprint = w.pve.fingerprintOf('good');
		const { token } = await w.gw.create({ vmid: 101, fingerprint, ...newcomer(w.pve) });
		assert.equal((await w.gw.openRaw(token)).status, 502);
		assert.deepEqual(resumed(w.pve), ['good false', 'other-ca refused']);
	});

	test('of another login ends with the certificate: a new one is judged before the password',
		async (t) => {
		const w = await openWorld({}, t);
		await w.gw.session({ vmid: 101, ...newcomer(w.pve) });
		w.pve.setCert('other-ca');
		const asked = listen(w.pve);
		const { token } = await w.gw.create({ vmid: 101, ...newcomer(w.pve) });
		assert.equal((await w.gw.openRaw(token)).status, 502);
		assert.deepEqual(resumed(w.pve), ['good false', 'other-ca refused']);
		assert.deepEqual(asked(), []);
	});

	test('ends when the host is restarted with another certificate, which is judged', async (t) => {
		const w = await openWorld({}, t);
		const url = await w.gw.session({ vmid: 101 });
		await picture(w, url);
		w.pve.setCert('other-ca');
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4003);
		assert.deepEqual(resumed(w.pve).slice(2), ['other-ca refused']);
	});

	test('does not outlive the configuration that it was judged by', async (t) => {
		const w = await openWorld({}, t);
		const url = await w.gw.session({ vmid: 101 });
		await picture(w, url);
		w.pve.setCert('other-ca', { kept: true });
		await picture(w, url);
		assert.deepEqual(resumed(w.pve).slice(2), ['other-ca true']);
		await reread(w.gw);
		assert.equal((await (await w.gw.websocket(url)).closed()).code, 4003);
		assert.deepEqual(resumed(w.pve).slice(3), ['other-ca refused']);
	});

	const clock = makeClock();
	test('counts for ten minutes', { skip: !clock && 'the clock cannot be moved here' },
		async (t) => {
			const w = await openWorld({ env: clock.env }, t);
			const url = await w.gw.session({ vmid: 101 });
			w.pve.setCert('other-ca', { kept: true });
			clock.advance(9 * MINUTE);
			await picture(w, url);
			assert.deepEqual(resumed(w.pve).slice(1), ['other-ca true', 'other-ca true']);
			clock.advance(MINUTE);
			assert.equal((await (await w.gw.websocket(url)).closed()).code, 4003);
			assert.deepEqual(resumed(w.pve).slice(3), ['other-ca refused']);
		});
});
