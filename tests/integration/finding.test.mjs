// SPDX-License-Identifier: MIT
//
// Finding guests: on whatever node of the cluster they are, also right after they have moved,
// and what is said when one cannot be found.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LOCATION, pageOf, shows, tellsNothing, useWorld } from './world.mjs';

const NODES = ['pve', 'pve2', 'pve3'];
const STALE_MS = 10000;
const BACK_MS = 10000;

/* The node that each console of the guest was asked on. */
function consoleNodes(pve, vmid) {
	return pve.requests.filter((r) => r.path.endsWith(`/${vmid}/vncproxy`))
		.map((r) => r.path.split('/nodes/')[1].split('/')[0]);
}

async function opens(w, fields) {
	const c = await w.gw.console(await w.gw.session(fields));
	await shows(c);
	c.ws.destroy();
}

async function fails(w, fields, status, words) {
	const { token } = await w.gw.create(fields);
	const res = await w.gw.openRaw(token, { headers: { Accept: 'text/html' } });
	assert.equal(res.status, status, res.text);
	tellsNothing(res.text, w.pve);
	await w.gw.logged(words);
}

describe('a guest is found', () => {
	const w = useWorld({ pve: { nodes: NODES }, pool: 40 });

	test('without its node', async () => {
		w.pve.guest(110).migrate('pve2');
		w.pve.advance(STALE_MS);
		await opens(w, { vmid: 110, node: undefined });
		assert.deepEqual(consoleNodes(w.pve, 110), ['pve2']);
	});

	test('on another node than was said', async () => {
		w.pve.guest(111).migrate('pve3');
		w.pve.advance(STALE_MS);
		await opens(w, { vmid: 111, node: 'pve' });
		assert.deepEqual(consoleNodes(w.pve, 111), ['pve3']);
	});

	test('when the node that was said is none', async () => {
		await opens(w, { vmid: 112, node: 'elsewhere' });
		assert.deepEqual(consoleNodes(w.pve, 112), ['pve']);
	});

	test('right after it has moved, while the cluster still lists it where it was', async () => {
		w.pve.guest(113).migrate('pve3');
		await opens(w, { vmid: 113, node: 'pve' });
		w.pve.guest(114).migrate('pve2');
		await opens(w, { vmid: 114, node: undefined });
		assert.deepEqual(consoleNodes(w.pve, 113), ['pve3']);
		assert.deepEqual(consoleNodes(w.pve, 114), ['pve2']);
	});

	test('when its node is down and it has been started elsewhere', async () => {
		w.pve.guest(115).migrate('pve2');
		w.pve.advance(STALE_MS);
		w.pve.faults.status = (req) => (req.path.includes('/nodes/pve/qemu/115/')
			? { status: 595, reason: 'No route to host', body: '' } : null);
		await opens(w, { vmid: 115, node: 'pve' });
		w.pve.faults.status = null;
		assert.deepEqual(consoleNodes(w.pve, 115), ['pve2']);
	});

	test('and a container is known for one', async () => {
		w.pve.guest(200).migrate('pve3');
		w.pve.advance(STALE_MS);
		await opens(w, { vmid: 200, node: undefined });
		assert.ok(w.pve.requests.some((r) => r.path.endsWith('/nodes/pve3/lxc/200/vncproxy')));
	});

	test('and no query is logged', async () => {
		await w.gw.logged(/GET .*\/cluster\/resources\b/);
		assert.doesNotMatch(await w.gw.fullLog(), /type=vm|resources\?/);
	});
});

describe('a session whose guest moves', () => {
	const w = useWorld({ pve: { nodes: NODES }, pool: 10 });

	test('has its picture back within 10 s, by the same link, wherever it goes', async () => {
		const url = await w.gw.session({ vmid: 101 });
		const c = await w.gw.console(url);
		await shows(c);
		for (const node of ['pve2', 'pve3', 'pve']) {
			w.pve.guest(101).migrate(node);
			const start = Date.now();
			const again = await w.gw.console(url);
			await shows(again, BACK_MS);
			assert.ok(Date.now() - start < BACK_MS, `the picture was back after ${Date.now() - start} ms`);
			again.ws.destroy();
		}
		c.ws.destroy();
		assert.deepEqual(consoleNodes(w.pve, 101), NODES.concat('pve'));
	});
});

describe('a node that does not answer', () => {
	const w = useWorld({ pve: { nodes: NODES }, config: { open_timeout: 10 }, pool: 10 });

	test('does not hide a guest that has been started elsewhere', async () => {
		w.pve.guest(101).migrate('pve2');
		w.pve.advance(STALE_MS);
		w.pve.faults.status = (req) => (req.path.includes('/nodes/pve/') ? { hang: true } : null);
		assert.match(await w.gw.session({ vmid: 101 }), LOCATION);
		w.pve.faults.status = null;
	});
});

describe('what cannot be looked up', () => {
	const w = useWorld({ pve: { nodes: NODES }, pool: 10 });
	const noaudit = () => ({ username: 'noaudit@pve', password: w.pve.users['noaudit@pve'].password });

	test('is asked for by its node', async () => {
		await fails(w, { ...noaudit(), vmid: 120, node: undefined }, 502,
			/guest 120: the user sees no guests \(VM\.Audit is missing\): node is needed/);
	});

	test('and by its type', async () => {
		await fails(w, { ...noaudit(), vmid: 121 }, 502,
			/\b121\b.*VM\.Audit is missing, or node and type have to be given/);
	});

	test('and opens with both', async () => {
		await opens(w, { ...noaudit(), vmid: 122, type: 'qemu' });
	});

	test('is said to be missing, or hidden', async () => {
		await fails(w, { vmid: 4711, node: undefined }, 502,
			/\b4711\b.*is not listed by the cluster: there is none, or the user has no VM\.Audit/);
	});

	test('is said to be of the other type', async () => {
		await fails(w, { vmid: 123, node: undefined, type: 'lxc' }, 502,
			/guest 123 is a virtual machine \(qemu\), not a container \(lxc\)/);
	});
});

describe('a terminal', () => {
	const w = useWorld({ pool: 10, prepared: pageOf('vnc.html', 'term.html') });
	const term = (vmid, serial) => ({ vmid, console: 'term', serial });

	test('of a serial port that is there is opened', async () => {
		assert.match(await w.gw.session(term(300, 0)), LOCATION);
		assert.match(await w.gw.session(term(301, 3)), LOCATION);
	});

	for (const [what, vmid, serial, words] of [
		['of another port than there is', 302, 1, /302.*the guest has no serial1/],
		['of a guest without serial ports', 124, undefined, /guest 124 has no serial port/],
		['of a guest without serial ports, by number', 125, 0, /guest 125 has no serial port/],
	])
		test(`${what} is refused, and it is said why`, async () => {
			await fails(w, term(vmid, serial), 502, words);
		});
});
