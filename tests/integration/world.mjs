// SPDX-License-Identifier: MIT
//
// world - what the tests of this folder share: a fake Proxmox and a gateway in front of it.
//
//   const world = useWorld({ config: { open_timeout: 5 } });     // inside describe()
//   test('...', async () => { const url = await world.gw.session({ vmid: 101 }); ... });
//
// When the last test of the describe() is over the gateway must end by SIGTERM with exit
// code 0, the fake Proxmox must have seen nothing that hurts a real one, and the debug log
// must be free of every secret that passed through: Proxmox's, tokens, keys, passwords.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { Gateway, sanitized } from '../lib/gateway.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { until } from '../lib/wait.mjs';

/* Proxmox's delays where a test is not about them. */
export const FAST = { unauthorizedMs: 100, freezeMs: 300 };

export const TOKEN = /^[0-9a-f]{20}$/;
export const LOCATION = /^https?:\/\/[^/]+:\d+\/[0-9a-f]{32}\/$/;
export const INVALID = /Invalid session\./;

/* A gateway that remembers every secret it gave out. */
export class NotingGateway extends Gateway {
	constructor(options) {
		super(options);
		this.given = new Set();
	}

	async request(path, opts) {
		const res = await super.request(path, opts);
		const token = /"token":\s*"([0-9a-f]+)"/.exec(res.text);
		const key = /\/([0-9a-f]{32})\//.exec(res.headers.location ?? '');
		for (const m of [token, key]) {
			if (m)
				this.given.add(m[1]);
		}
		return res;
	}

	async mandatory(url, opts) {
		const answer = await super.mandatory(url, opts);
		this.given.add(answer.password);
		return answer;
	}

	get secrets() {
		return [this.config.authorization, ...this.given];
	}

	get pid() {
		return this.child.pid;
	}

	/* Resident memory in KiB; 0 where a tool keeps books of its own about it. */
	memory() {
		this.watched ??= Boolean(process.env.GATEWAY_WRAPPER) || sanitized();
		if (this.watched)
			return 0;
		return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`))[1]);
	}

	/* How many file descriptors it holds. */
	descriptors() {
		return readdirSync(`/proc/${this.pid}/fd`).length;
	}
}

/*
 * options: as startGateway(), pve: options of startFakePve(), or null for none, and prepared:
 * called with the gateway when its files are there and it has not started. With a test
 * context t whatever is left of the world is gone when the test is over, also a failed one.
 */
export async function openWorld({ pve: pveOptions, prepared, ...options } = {}, t = null) {
	const pve = pveOptions === null ? null
		: await startFakePve({ ...pveOptions, timings: { ...FAST, ...pveOptions?.timings } });
	const gw = new NotingGateway({ pve, ...options });
	const world = { pve, gw };
	t?.after(() => discard(world));
	try {
		await gw.prepare();
		prepared?.(gw);
		await gw.start();
	} catch (e) {
		await discard(world);
		throw e;
	}
	return world;
}

/* Whatever state it is in. */
async function discard({ pve, gw }) {
	if (gw.child && !gw.exited) {
		gw.child.kill('SIGKILL');
		await gw.ended;
	}
	await pve?.stop();
}

/* Stops everything, and asserts what is promised at the top. */
export async function closeWorld({ pve, gw }) {
	try {
		await gw.stop();
		assert.deepEqual(findLeaks(gw.log(), gw.secrets), [], 'secrets in the log');
		if (!pve)
			return;
		assert.deepEqual(findLeaks(gw.log(), pve.secrets), [], 'secrets of Proxmox in the log');
		assert.equal(pve.overlaps, 0, 'consoles of one guest that authenticated at once');
		assert.deepEqual(pve.violations, []);
	} finally {
		await discard({ pve, gw });
	}
}

/* A world for all tests of the surrounding describe(). */
export function useWorld(options = {}) {
	const world = {};
	before(async () => {
		Object.assign(world, await openWorld(options));
	});
	after(async () => {
		if (world.gw)
			await closeWorld(world);
	});
	return world;
}

/* For prepared: a page folder with these files, a line in each. */
export function pageOf(...names) {
	return (gw) => {
		const folder = join(gw.dir, 'page');
		mkdirSync(folder);
		for (const name of names)
			writeFileSync(join(folder, name), '<!doctype html><title>console</title>\n');
		gw.setConfig({ novnc_path: folder });
	};
}

let newcomers = 0;

/* The fields of somebody with all rights who has never logged in, so that no login is shared. */
export function newcomer(pve) {
	const username = `newcomer${++newcomers}@pve`;
	const password = `fresh-Secret.${newcomers}`;
	pve.users[username] = { audit: true, console: true, password };
	pve.records.secret(password);
	return { username, password };
}

/* Reads bytes of an echo guest: what goes in must come out. */
export async function echoes({ ws }, bytes, ms = 15000) {
	ws.send(bytes);
	const back = await ws.read(bytes.length, ms);
	assert.ok(back.equals(bytes), `${bytes.length} bytes came back changed`);
}

/* Asks for a picture and waits for it: the console works from end to end. */
export async function shows({ rfb }, ms = 5000) {
	rfb.setup();
	rfb.requestUpdate({ w: 16, h: 32 });
	const [rect] = await rfb.readUpdate(ms);
	assert.ok(rect.pixels.length >= 16 * 32, 'a piece of the screen');
}

/* The session of a guest in /status, or undefined. */
export async function sessionOf(gw, vmid) {
	const { sessions } = await gw.status();
	return sessions.find((s) => s.vmid === String(vmid));
}

/*
 * Opens a link as soon as there is room: a session that ends is gone from /status a moment
 * before its port and its place are free.
 */
export function opensSoon(gw, token, opts, ms = 5000) {
	return until(async () => (await gw.openRaw(token, opts)).location, ms, 'room for a session');
}

/* Waits until no session is left. */
export function noSessions(gw, ms = 10000) {
	return gw.statusUntil((s) => s.total_sessions === 0, ms, 'all sessions to end');
}

/* Waits until value() has been the same for a while, and returns it. */
export async function settled(value, { quietMs = 300, ms = 20000, what = 'it to settle' } = {}) {
	let last = value();
	let since = Date.now();
	await until(() => {
		const now = value();
		if (now !== last) {
			last = now;
			since = Date.now();
		}
		return Date.now() - since >= quietMs;
	}, ms, what);
	return last;
}

/* Words that must never reach a customer, whatever went wrong. */
export function tellsNothing(text, pve, what = 'the customer is told') {
	assert.doesNotMatch(text, /proxmox|pve/i, `${what} the product`);
	assert.deepEqual(findLeaks(text, pve.secrets), [], `${what} a secret`);
	for (const word of [`${pve.host}:${pve.port}`, String(pve.port), pve.nodes[0]])
		assert.ok(!text.includes(word), `${what} ${word}`);
}
