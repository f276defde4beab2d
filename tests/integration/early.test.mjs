// SPDX-License-Identifier: MIT
//
// The connection for a console is made while Proxmox makes the console. It is one, it is the one that
// is used, it waits no longer than Proxmox lets it, and a host has no more of them than calls.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../lib/wait.mjs';
import { echoes, useWorld } from './world.mjs';

/* Longer than the gateway lets a connection wait (BACK_EARLY_MS), and less than Proxmox does. */
const WAITS_MS = 4500;
const MAKES_MS = 700;
const LEAVES_MS = 3000;

const MANY = 8;
/* So many calls to a host are made at once (session/core.c). */
const HOST_CALLS = 3;

let vmid = 300;

describe('while Proxmox makes a console', () => {
	const w = useWorld({ pool: 20, config: { open_timeout: 20 },
		pve: { kinds: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [300 + i, 'echo'])) } });

	/* A browser whose console is being made, and the connection for it is there. */
	async function begin(delayMs) {
		const url = await w.gw.session({ vmid: vmid++ });
		const made = w.pve.handshakes.length;
		const calls = w.pve.requests.length;
		w.pve.faults.vncproxy = { delayMs, times: 1 };
		const console = w.gw.console(url);
		await until(() => w.pve.requests.length === calls + 1, 5000, 'vncproxy');
		await until(() => unasked().length === 1, 5000, 'the early connection');
		return { made, calls, console };
	}

	/* The connections over which nothing was asked. */
	function unasked() {
		return w.pve.hosts.connections().filter((c) => c.unasked);
	}

	async function opens({ console }) {
		const { ws, rfb } = await console;
		await echoes({ ws, rfb }, Buffer.from('hello'));
		ws.destroy();
	}

	test('one connection is made, over which it is opened', async () => {
		const opening = await begin(MAKES_MS);
		await opens(opening);
		assert.equal(w.pve.handshakes.length, opening.made + 1);
		assert.deepEqual(w.pve.requests.slice(opening.calls).map((r) => r.path.split('/').pop()),
			['vncproxy', 'vncwebsocket']);
	});

	test('a connection that Proxmox closes is replaced', async () => {
		const opening = await begin(MAKES_MS);
		unasked()[0].destroy();
		await opens(opening);
		assert.equal(w.pve.handshakes.length, opening.made + 2);
	});

	test('what says something unasked is left', async () => {
		const opening = await begin(MAKES_MS);
		unasked()[0].socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
		await w.gw.logged(/early connection has ended: an answer to no question/);
		await opens(opening);
		assert.equal(w.pve.handshakes.length, opening.made + 2);
	});

	test('a console that takes long is opened over a connection of its own', async () => {
		const opening = await begin(WAITS_MS);
		await w.gw.logged(/early connection has ended: no console in time/);
		assert.deepEqual(unasked(), []);
		await opens(opening);
		assert.equal(w.pve.handshakes.length, opening.made + 2);
	});

	test('a browser that leaves takes its connection with it', async () => {
		const url = await w.gw.session({ vmid: vmid++ });
		const made = w.pve.handshakes.length;
		w.pve.faults.vncproxy = { delayMs: LEAVES_MS, times: 1 };
		const ws = await w.gw.websocket(url);
		await until(() => unasked().length === 1, 5000, 'the early connection');
		ws.destroy();
		await until(() => unasked().length === 0, LEAVES_MS - 500, 'its end');
		assert.equal(w.pve.handshakes.length, made + 1);
	});

	test('for a guest that is off there is none', async () => {
		const url = await w.gw.session({ vmid });
		let seen = 0;
		await opens({ console: w.gw.console(url) });
		w.pve.guest(vmid).status = 'stopped';
		w.pve.faults.status = () => {
			setTimeout(() => (seen += unasked().length), MAKES_MS / 2);
			return { delayMs: MAKES_MS };
		};
		await (await w.gw.websocket(url)).closed();
		assert.equal(seen, 0);
		w.pve.faults.status = null;
		w.pve.guest(vmid++).status = 'running';
	});

	test('there are no more of them than calls at once', async () => {
		const urls = [];
		for (let i = 0; i < MANY; i++)
			urls.push(await w.gw.session({ vmid: vmid++ }));
		w.pve.faults.vncproxy = { delayMs: MAKES_MS };
		let most = 0;
		const look = setInterval(() => (most = Math.max(most, unasked().length)), 20);
		const consoles = urls.map((url) => w.gw.console(url));
		for (const console of consoles)
			await opens({ console });
		clearInterval(look);
		w.pve.faults.vncproxy = null;
		assert.ok(most >= 2 && most <= HOST_CALLS, `${most} at once`);
	});
});
