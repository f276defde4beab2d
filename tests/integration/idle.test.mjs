// SPDX-License-Identifier: MIT
//
// Consoles that are watched and not used: the guest's end would cut them after 15 or 30
// minutes. The clocks of gateway and Proxmox are moved.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { PageTerminal } from '../lib/terminal.mjs';
import { slow, until } from '../lib/wait.mjs';
import { OP } from '../lib/ws.mjs';
import { makeClock } from './shims.mjs';
import { closeWorld, openWorld, pageOf, shows } from './world.mjs';

const MINUTE = 60000;
/* Less than a browser or Proxmox may be silent, more than a ping's time. */
const STEP_MS = 40000;

const REQUEST = Buffer.from([3, 1, 0, 0, 0, 0, 0, 1, 0, 1]);
const SHIFT = Buffer.from([4, 1, 0, 0, 0, 0, 0xff, 0xe1, 4, 0, 0, 0, 0, 0, 0xff, 0xe1]);

const canMove = makeClock() !== null;

async function idling(t, options) {
	const clock = makeClock();
	const w = await openWorld({ pool: 20, prepared: pageOf('vnc.html', 'term.html'), ...options,
		env: clock.env });
	t.after(() => closeWorld(w));
	w.urls = [];
	w.sockets = [];
	w.open = async (vmid) => {
		const url = await w.gw.session({ vmid });
		const c = await w.gw.console(url);
		w.urls.push(url);
		w.sockets.push(c.ws);
		return { ...c, con: w.pve.consoles.filter((one) => one.vmid === vmid).at(-1) };
	};
	/* Time passes; every browser is pinged and answers in each step. */
	w.pass = async (ms) => {
		for (let left = ms; left > 0; left -= STEP_MS) {
			const pings = w.sockets.map((ws) => ws.seen.filter((f) => f.opcode === OP.PING).length);
			clock.advance(STEP_MS);
			w.pve.advance(STEP_MS);
			await until(async () => {
				if (w.sockets.every((ws, i) => ws.ended ||
					ws.seen.filter((f) => f.opcode === OP.PING).length > pings[i]))
					return true;
				/* A thread may still sleep by the old time. */
				await Promise.all(w.urls.map((url) =>
					w.gw.file(new URL('/', url).href).catch(() => null)));
				return false;
			}, 10000, 'pings');
		}
	};
	return w;
}

/* What came to the guest, without what is not the browser's. */
function without(bytes, said) {
	const out = [];
	let at = 0;
	let n = 0;
	for (let i = bytes.indexOf(said); i >= 0; i = bytes.indexOf(said, at)) {
		out.push(bytes.subarray(at, i));
		at = i + said.length;
		n++;
	}
	return { rest: Buffer.concat([...out, bytes.subarray(at)]), n };
}

/* Messages of all kinds, none of which could be taken for one of the gateway's. */
function someMessages(random) {
	const filled = (head, n) => Buffer.concat([Buffer.from(head), Buffer.alloc(n - head.length, 9)]);
	const kinds = [
		() => filled([0], 20),
		() => filled([2, 0, 0, 5], 24),
		() => filled([3, 0, 0, 1, 0, 1], 10),
		() => filled([4, 0, 0, 0, 0, 0, 0, 97], 8),
		() => filled([5, 1], 6),
		() => filled([6, 0, 0, 0, 0, 0, 0, 200], 208),
		() => filled([6, 0, 0, 0, 0xff, 0xff, 0xff, 0], 264),
		() => filled([150, 1], 10),
		() => filled([248, 0, 0, 0, 0, 0, 0, 0, 20], 29),
		() => filled([250, 0, 1, 2], 4),
		() => filled([251, 0, 4, 0, 3, 0, 1], 24),
		() => filled([255, 0, 0, 1], 12),
	];
	return Buffer.concat(Array.from({ length: 1 + random(8) }, () => kinds[random(kinds.length)]()));
}

const random = (n) => randomBytes(4).readUInt32BE() % n;

describe('an idle console', { concurrency: 4, skip: !canMove && 'the clock cannot be moved here' },
	() => {
		test('lives for 40 minutes, a virtual machine\'s, a container\'s, and a terminal',
			async (t) => {
				const w = await idling(t, { pve: { kinds: { 101: 'static', 200: 'static',
					300: 'vncterm' } } });
				const consoles = [await w.open(101), await w.open(200), await w.open(300)];
				for (const c of consoles) {
					await shows(c);
					c.before = c.con.received.length;
				}
				const url = await w.gw.session({ vmid: 203, console: 'term' });
				const term = await PageTerminal.open(w.gw, url);
				await term.see(/# $/);
				w.urls.push(url);
				w.sockets.push(term.ws);
				await w.pass(40 * MINUTE);
				for (const { ws } of [...consoles, term])
					assert.ok(!ws.ended && ws.close_ === null, 'it was cut');
				const [vm, container, serial] = consoles.map((c) => c.con.received.subarray(c.before));
				const { n, rest } = without(vm, REQUEST);
				assert.ok(n >= 5 && n <= 8, `${n} requests`);
				assert.equal(rest.length, 0);
				for (const bytes of [container, serial]) {
					const keys = without(bytes, SHIFT);
					assert.ok(keys.n >= 3 && keys.n <= 4, `${keys.n} times the shift key`);
					assert.equal(keys.rest.length, 0);
				}
				for (const c of consoles)
					await shows(c);
				term.type('still there\r');
				await term.see(/you said still there/);
				const theirs = w.pve.consoles.find((c) => c.term);
				assert.equal(theirs.term.keepAliveGaps, 0);
			});

		test('shows all that changes after its half hour', async (t) => {
			const w = await idling(t, { pve: { kinds: { 101: 'static' } } });
			const c = await w.open(101);
			await shows(c);
			/* The page's own request waits all the time. */
			c.rfb.requestUpdate({ incremental: true });
			await w.pass(30 * MINUTE);
			w.pve.guest(101).screen.key(0x34);
			const rects = await c.rfb.readUpdate(5000);
			assert.ok(rects.some((r) => r.w > 1 && r.h > 1), 'more than a pixel');
		});

		test('that is used hears nothing of the gateway', async (t) => {
			const w = await idling(t, { pve: { kinds: { 101: 'static', 200: 'static' } } });
			const [vm, container] = [await w.open(101), await w.open(200)];
			for (let i = 0; i < 40; i++) {
				vm.rfb.pointer(i, i, 0);
				container.rfb.key(true, 0x61);
				container.rfb.key(false, 0x61);
				await w.pass(STEP_MS);
			}
			for (const { con } of [vm, container]) {
				assert.equal(without(con.received, REQUEST).n, 0);
				assert.equal(without(con.received, SHIFT).n, 0);
			}
		});

		test('hears nothing in the middle of a message, wherever that is cut', async (t) => {
			const vmids = [110, 111, 112, 113, 114, 115, 200, 202, 203];
			const w = await idling(t, { pve: { kinds: Object.fromEntries(
				vmids.map((vmid) => [vmid, 'silent'])) } });
			const consoles = [];
			for (const vmid of vmids)
				consoles.push({ ...await w.open(vmid), said: vmid >= 200 ? SHIFT : REQUEST,
					all: Buffer.alloc(0), sent: 0 });
			let injected = 0;
			for (let round = 0; round < 8; round++) {
				for (const c of consoles) {
					c.all = Buffer.concat([c.all, someMessages(random)]);
					/* Some end with a message; who never does for half an hour is cut. */
					const end = round % 2 || random(3) === 0 ? c.all.length
						: c.sent + 1 + random(c.all.length - c.sent);
					c.ws.send(c.all.subarray(c.sent, end));
					c.sent = end;
				}
				for (const c of consoles)
					await until(() => c.con.received.length >= c.sent, 5000,
						`what was sent to ${c.con.vmid} in round ${round}`);
				await w.pass((round % 2 ? 6 : 11) * MINUTE);
			}
			for (const c of consoles) {
				c.ws.send(c.all.subarray(c.sent));
				await until(() => without(c.con.received, c.said).rest.length === c.all.length,
					slow(5000), 'the rest');
				const { rest, n } = without(c.con.received, c.said);
				assert.ok(rest.equals(c.all), 'what the browser said');
				assert.ok(c.con.messages.every((m) => !/garbage|incomplete/.test(m.name)));
				injected += n;
			}
			assert.ok(injected > 0, 'nothing was ever said');
			t.diagnostic(`${injected} times something was said`);
		});

		test('is left alone after a message that nobody knows', async (t) => {
			const w = await idling(t, { pve: { kinds: { 101: 'silent' } } });
			const { ws, con } = await w.open(101);
			const unknown = Buffer.from([77, 1, 2, 3]);
			ws.send(unknown);
			await w.pass(12 * MINUTE);
			assert.ok(con.received.equals(unknown));
			await w.pass(5 * MINUTE);
			assert.equal((await ws.closed()).code, 4002);
			await shows(await w.gw.console(await w.gw.session({ vmid: 103 })));
		});
	});
