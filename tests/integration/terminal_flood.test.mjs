// SPDX-License-Identifier: MIT
//
// A terminal that floods: Proxmox has no flow control for it, so the gateway holds what the
// page has not shown within bounds, and ends a viewer that takes nothing; the others beside it
// do not notice.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { floodBytes } from '../fake_pve/term_kinds.mjs';
import { sanitized } from '../lib/gateway.mjs';
import { cpuMs } from '../lib/process.mjs';
import { PageTerminal } from '../lib/terminal.mjs';
import { pause, slow, until } from '../lib/wait.mjs';
import { closeWorld, openWorld, pageOf, settled, shows } from './world.mjs';

const WINDOW = 256 * 1024;
const BLOCKED_MS = 10000;
const GROWTH_KIB = 2048;
const RATE = 10e6;
const SECONDS = 10;
/* Resident memory says nothing where a tool keeps a heap of its own. */
const measured = !sanitized() && !process.env.GATEWAY_WRAPPER;

async function flooded(t, terminals) {
	const w = await openWorld({ pool: 12, pve: { terminals },
		prepared: pageOf('vnc.html', 'term.html') });
	t.after(() => closeWorld(w));
	w.open = async (vmid, opts) => PageTerminal.open(w.gw,
		await w.gw.session({ vmid, console: 'term' }), opts);
	return w;
}

/* The highest memory from now until stop() is called, in KiB more than now. */
function watchMemory(gw) {
	const before = gw.memory();
	let highest = before;
	const timer = setInterval(() => (highest = Math.max(highest, gw.memory())), 50);
	return { before, stop: () => {
		clearInterval(timer);
		return highest - before;
	} };
}

/* A terminal and a screen beside it, both in use until stop(): the longest wait of each. */
async function neighbours(t, w) {
	const term = await w.open(203);
	await term.see(/# $/);
	const screen = await w.gw.console(await w.gw.session({ vmid: 101 }));
	let longest = 0;
	let going = true;
	t.after(() => (going = false));
	const use = (async () => {
		for (let i = 0; going; i++) {
			const start = Date.now();
			term.type(`n${i}\r`);
			await term.see(new RegExp(`you said n${i}\r`));
			await shows(screen);
			longest = Math.max(longest, Date.now() - start);
			await pause(100);
		}
	})();
	return async () => {
		going = false;
		await use;
		return longest;
	};
}

/* Warm: what a first connection costs once is not growth. */
async function warmUp(w) {
	const term = await w.open(202, { keep: 0 });
	await until(() => term.total > 2 * WINDOW, 10000, 'a flood that is read');
	term.ws.destroy();
	await w.gw.statusUntil((s) => s.sessions_active === 0);
}

describe('a terminal that floods', { concurrency: 2 }, () => {
	test('into a browser that does not read ends it, and nobody else notices', async (t) => {
		const w = await flooded(t, { 200: 'flood', 202: 'flood' });
		await warmUp(w);
		const stop = await neighbours(t, w);
		const memory = watchMemory(w.gw);
		const term = await w.open(200, { keep: 0 });
		await until(() => term.total > 0, 5000, 'some output');
		term.ws.pause();
		const start = Date.now();
		await w.gw.logged(/lxc:pve:200\S*: browser 1 ends: browser takes no output/, 2 * BLOCKED_MS);
		const ms = Date.now() - start;
		assert.ok(ms > BLOCKED_MS - 1000 && ms < slow(BLOCKED_MS + 5000), `after ${ms} ms`);
		await w.gw.statusUntil((s) => s.sessions_disconnected === 2);
		await until(() => w.pve.liveConsoles.every((c) => c.vmid !== 200), 5000, 'its end there');
		const grown = memory.stop();
		const longest = await stop();
		if (measured)
			assert.ok(grown < GROWTH_KIB, `${grown} KiB more`);
		assert.ok(longest < slow(3000), `the others waited ${longest} ms`);
		term.ws.destroy();
		/* The link is as good as before. */
		t.diagnostic(`${grown} KiB more, the others waited ${longest} ms at most`);
	});

	test('into a page that shows nothing stops at the window, and closes with 1008', async (t) => {
		const w = await flooded(t, { 200: 'flood', 202: 'flood' });
		await warmUp(w);
		const memory = watchMemory(w.gw);
		const term = await w.open(200, { acks: false });
		await until(() => term.total > WINDOW - 16384, 10000, 'a full window');
		await settled(() => term.total, { quietMs: 1000 });
		assert.ok(term.total <= WINDOW, `${term.total} bytes without an ack`);
		assert.ok(w.pve.liveConsoles.some((c) => c.vmid === 200), 'it is only held');
		const at = term.total;
		term.ack();
		await until(() => term.total > at + WINDOW - 16384, 10000, 'another window');
		const start = Date.now();
		const { code, reason } = await term.ws.closed(2 * BLOCKED_MS);
		const ms = Date.now() - start;
		assert.ok(ms > BLOCKED_MS - 2000 && ms < slow(BLOCKED_MS + 3000), `after ${ms} ms`);
		assert.equal(code, 1008);
		assert.match(reason, /could not keep up/);
		assert.ok(term.bytes().equals(floodBytes(0, term.total)), 'what came is whole');
		const grown = memory.stop();
		if (measured)
			assert.ok(grown < GROWTH_KIB, `${grown} KiB more`);
	});

	test('into a page that acknowledges little at a time goes on', async (t) => {
		const w = await flooded(t, { 200: 'flood' });
		const term = await w.open(200, { acks: false });
		await until(() => term.total > WINDOW - 16384, 10000, 'a full window');
		const before = cpuMs(w.gw.pid);
		for (let i = 0; i < 14; i++) {
			await pause(1000);
			const at = term.total;
			await term.ack(20000);
			await until(() => term.total > at, 5000, 'some more');
		}
		const spent = cpuMs(w.gw.pid) - before;
		assert.ok(spent < slow(2000), `${spent} ms of CPU in 14 s of next to nothing`);
		assert.ok(!term.ws.ended);
	});

	test('at 10 MB/s into a page that keeps up goes on without growing', async (t) => {
		const w = await flooded(t, { 200: { kind: 'flood', rate: RATE, bytes: RATE * SECONDS },
			202: 'flood' });
		await warmUp(w);
		const memory = watchMemory(w.gw);
		let right = true;
		const term = await w.open(200, { keep: 0, onBytes: (bytes, at) => {
			right &&= bytes.equals(floodBytes(at, bytes.length));
		} });
		const start = Date.now();
		await until(() => term.total >= RATE * SECONDS || term.ws.ended, 12 * SECONDS * 1000, 'all');
		const seconds = (Date.now() - start) / 1000;
		const grown = memory.stop();
		assert.equal(term.total, RATE * SECONDS);
		assert.ok(right, 'all of it, in order');
		if (measured)
			assert.ok(grown < GROWTH_KIB, `${grown} KiB more`);
		t.diagnostic(`${(term.total / seconds / 1e6).toFixed(1)} MB/s, ${grown} KiB more`);
	});
});
