// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: several nodes, hosts and vncterms.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { PveClient } from '../lib/pve_client.mjs';
import { RfbClient } from '../lib/rfb.mjs';
import { until } from '../lib/wait.mjs';
import { WsEnded, WsRefused } from '../lib/ws.mjs';

const QUICK = { unauthorizedMs: 100, freezeMs: 300, forwardMs: 200 };
const LXC = { type: 'lxc' };
const MINUTE = 60000;

const open = [];

async function fake(options = {}) {
	const p = await startFakePve({ timings: QUICK, ...options });
	open.push(p);
	return p;
}

async function client(target) {
	const made = new PveClient(target);
	await made.login();
	return made;
}

/* The same login at another address of the cluster. */
function at(made, address) {
	const url = `https://${address}:${made.target.port}`;
	const { user, password, ticket, csrf } = made;
	return Object.assign(new PveClient({ ...made.target, url, user, password,
		caFile: made.target.caFile }), { ticket, csrf });
}

async function row(c, vmid) {
	const { data } = await c.call('GET', '/cluster/resources?type=vm');
	return data.find((r) => Number(r.vmid) === vmid);
}

function status(c, node, vmid, type = 'qemu') {
	return c.call('GET', `/nodes/${node}/${type}/${vmid}/status/current`);
}

after(async () => {
	for (const p of open)
		await p.stop();
});

describe('nodes', () => {
	test('consoles of another node\'s guests are opened where they are asked for', async () => {
		const p = await fake({ nodes: ['pve', 'pve2'] });
		const c = await client(p);
		p.guest(103).node = 'pve2';
		p.guest(200).node = 'pve2';
		assert.equal((await row(c, 103)).node, 'pve2');
		assert.equal((await status(c, 'pve2', 103)).data.status, 'running');
		const { rfb, reply } = await c.console(103, { node: 'pve2' });
		assert.equal(rfb.name, 'QEMU (guest-103)');
		assert.match(reply.upid, /^UPID:pve:/);
		assert.equal((await c.terminal(200, { ...LXC, node: 'pve2' })).ok, true);
		assert.equal((await c.terminal(null, { node: 'pve2' })).ok, true);
	});

	test('a migration ends consoles, and the other node has the guest at once', async () => {
		const p = await fake({ nodes: ['pve', 'pve2'] });
		const c = await client(p);
		const { ws } = await c.console(101);
		p.guest(101).migrate('pve2');
		await ws.closed();
		assert.equal((await row(c, 101)).node, 'pve', 'stale');
		assert.match((await status(c, 'pve', 101)).reason, /does not exist$/);
		assert.match((await c.vncproxy(101)).reason, /does not exist$/);
		assert.equal((await status(c, 'pve2', 101)).status, 200);
		await c.console(101, { node: 'pve2' });
		p.advance(10000);
		assert.equal((await row(c, 101)).node, 'pve2');
		assert.throws(() => p.guest(101).migrate('nowhere'), /no node/);
	});

	test('a restart ends consoles, and a new one opens', async () => {
		const p = await fake();
		const c = await client(p);
		const { ws } = await c.console(101);
		await p.guest(101).restart();
		await ws.closed();
		await c.console(101);
	});

	test('a node that is down: offline, guests unknown, 595, and consoles that end', async () => {
		const p = await fake({ nodes: ['pve', 'pve2'] });
		const c = await client(p);
		for (const vmid of [103, 200, 300])
			p.guest(vmid).node = 'pve2';
		const there = { node: 'pve2' };
		const { ws } = await c.console(103, there);
		await p.node('pve2').down();
		await ws.closed();
		const { data } = await c.call('GET', '/nodes');
		assert.deepEqual(Object.fromEntries(data.map((n) => [n.node, n.status])),
			{ pve: 'online', pve2: 'offline' });
		assert.equal((await row(c, 103)).status, 'unknown');
		const res = await status(c, 'pve2', 103);
		assert.equal(`${res.status} ${res.reason}`, '595 No route to host');
		assert.equal(res.text, '');
		assert.ok(res.ms >= QUICK.forwardMs - 10);
		const reply = (await c.vncproxy(103, there)).data;
		await assert.rejects((await c.websocket(103, reply, there)).read(12), WsEnded);
		await (await c.console(200, { ...LXC, ...there })).ws.closed();
		const dead = await c.terminal(300, there);
		await dead.ws.closed();
		assert.match(dead.term.text(), /^ssh: connect to host pve2 port 22: No route to host\r\n$/);
		await p.node('pve2').up();
		await c.console(103, there);
	});
});

describe('hosts', () => {
	test('one cluster at several addresses: one login, one state, its own node each', async () => {
		const p = await fake({ hosts: 3 });
		assert.deepEqual(p.addresses, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
		assert.deepEqual(p.nodes, ['pve', 'pve2', 'pve3']);
		const c = await client(p);
		for (const [i, address] of p.addresses.entries()) {
			const there = at(c, address);
			const { reply } = await there.console(101);
			assert.match(reply.upid, new RegExp(`^UPID:${p.nodes[i]}:`));
			assert.equal(p.consoles.at(-1).host, address);
			assert.equal(p.requests.at(-1).host, address);
		}
		assert.deepEqual(p.violations, []);
	});

	test('a console\'s port is dead at any other address, and deadly', async () => {
		const p = await fake({ hosts: 2 });
		const c = await client(p);
		const { data } = await c.vncproxy(101);
		const other = at(c, '127.0.0.2');
		const neighbours = await Promise.all([103, 104, 105].map((n) => other.console(n)));
		p.advance(10001);
		const again = (await c.vncproxy(101)).data;
		assert.notEqual(data.ticket, again.ticket);
		await assert.rejects(other.websocket(101, again), (e) => e instanceof WsRefused);
		assert.match(p.violations[0], /port 59\d\d of 127.0.0.2, where nothing listens/);
		await until(() => neighbours.some((n) => n.ws.ended), 3000, 'the death of a worker');
		assert.equal((await c.call('GET', '/version')).status, 200);
	});

	test('a port that is alive there is somebody else\'s', async () => {
		const p = await fake({ hosts: 2 });
		const c = await client(p);
		const other = at(c, '127.0.0.2');
		const mine = (await c.vncproxy(101)).data;
		assert.equal(Number((await other.vncproxy(104)).data.port), Number(mine.port));
		const ws = await other.websocket(101, mine);
		await assert.rejects(new RfbClient(ws).handshake({ password: mine.password }));
		assert.match(p.violations[0], /with the ticket of another console/);
	});

	test('a node that is down takes its address along', async () => {
		const p = await fake({ hosts: 2 });
		const c = await client(p);
		const other = at(c, '127.0.0.2');
		const { ws } = await other.console(101);
		await p.node('pve2').down();
		await ws.closed();
		await assert.rejects(other.call('GET', '/version'), { code: 'ECONNREFUSED' });
		assert.equal((await c.call('GET', '/version')).status, 200);
		await p.node('pve2').up();
		assert.equal((await other.call('GET', '/version')).status, 200);
	});

	test('faults of one address', async () => {
		const p = await fake({ hosts: 2 });
		const c = await client(p);
		p.faults.accept = (address) => (address === '127.0.0.2' ? { close: true } : null);
		await assert.rejects(at(c, '127.0.0.2').call('GET', '/version'));
		assert.equal((await c.call('GET', '/version')).status, 200);
	});
});

describe('vncterm', () => {
	test('begins with a colour map; a QEMU guest with "vga: serial0" likewise', async () => {
		const p = await fake({ kinds: { 300: 'vncterm' } });
		const c = await client(p);
		for (const [vmid, opts] of [[200, LXC], [300, {}], [null, {}]]) {
			const { rfb, ws } = await c.console(vmid, opts);
			assert.deepEqual([rfb.width, rfb.height, rfb.format.bpp, rfb.format.trueColour],
				[744, 400, 8, false]);
			rfb.setup();
			rfb.requestUpdate();
			await rfb.readUpdate();
			ws.destroy();
		}
	});

	test('20 s for the first viewer, 10 s after the last, several at once', async () => {
		const p = await fake();
		const c = await client(p);
		const { data } = await c.vncproxy(200, LXC);
		p.advance(19000);
		const first = await c.websocket(200, data, LXC);
		const second = await c.websocket(200, data, LXC);
		first.destroy();
		second.destroy();
		await until(() => p.liveConsoles.length === 0, 2000, 'both to leave');
		p.advance(9000);
		const third = await c.websocket(200, data, LXC);
		third.destroy();
		await until(() => p.liveConsoles.length === 0, 2000, 'the third to leave');
		p.advance(10001);
		await assert.rejects(c.websocket(200, data, LXC), WsRefused);
	});

	test('30 minutes without a key of anybody end it; nothing else counts', async () => {
		const p = await fake();
		const c = await client(p);
		const { rfb, ws } = await c.console(200, LXC);
		rfb.setup();
		const entry = p.consoles[0].entry;
		const key = async () => {
			const before = entry.lastKeyAt;
			rfb.type('x');
			await until(() => entry.lastKeyAt > before, 2000, 'a key');
		};
		p.advance(29 * MINUTE);
		await key();
		for (const ask of [() => rfb.requestUpdate(), () => rfb.pointer(1, 1)]) {
			p.advance(14 * MINUTE);
			ask();
		}
		await rfb.readUpdate();
		assert.equal(ws.ended, false);
		p.advance(3 * MINUTE);
		await ws.closed();
		assert.equal(p.consoles[0].ended, 'idle');
	});

	test('QEMU\'s copier goes after 15 minutes, and any byte counts', async () => {
		const p = await fake({ kinds: { 101: 'static' } });
		const { rfb, ws } = await (await client(p)).console(101);
		rfb.setup();
		for (let i = 0; i < 3; i++) {
			p.advance(14 * MINUTE);
			rfb.requestUpdate({ w: 1, h: 1 });
			await rfb.readUpdate();
		}
		assert.equal(ws.ended, false);
		p.advance(16 * MINUTE);
		await ws.closed();
	});
});
