// SPDX-License-Identifier: MIT
//
// Whatever a session's opening asks the system for is refused once: the nth allocation of our
// own code, the nth read or write of a socket. Each time the opening ends cleanly or works, the
// next one of the same guest works, and in the end nothing is left: no session, no descriptor,
// no port, no memory.
//
// The program is build/asan/torture/proxmoxvnc, see inject.c; a crash, a leak or undefined
// behaviour changes its exit code. TORTURE_ALL=1 refuses all of them, else a sample of every kind.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../lib/gateway.mjs';
import { until } from '../lib/wait.mjs';
import { makeClock } from '../integration/shims.mjs';
import { closeWorld, newcomer, noSessions, openWorld } from '../integration/world.mjs';
import { Injector, opening } from './scene.mjs';

const BINARY = join(ROOT, 'build', 'asan', 'torture', 'proxmoxvnc');
const SAMPLE = process.env.TORTURE_ALL === '1' ? Infinity : 120;
/* Sessions that live at once, each of a guest of its own, before they are ended together. */
const BATCH = 30;
const FIRST_GUEST = 210;
const LIFE_S = 1000;
/* Threads take turns differently each time, so that some openings have a few calls less. */
const MISSES = 3;
const ALMOST_ALL = 0.9;

/* A world with an injector, whose sessions all end when w.sweep() says so. */
async function world(t, tls) {
	const injector = new Injector();
	const clock = makeClock();
	const w = await openWorld({ tls, pool: BATCH, binary: BINARY,
		env: { ...clock.env, ...injector.env },
		pve: { timings: { portReserveMs: 0 } },
		config: { connect_timeout: LIFE_S, reconnect_timeout: LIFE_S, token_ttl: LIFE_S } }, t);
	w.injector = injector;
	w.sweep = async () => {
		/* Who leaves after the clock was moved has yet to stay away for so long. */
		await w.gw.statusUntil((s) => s.sessions_active === 0, 5000, 'all browsers to leave');
		clock.advance(LIFE_S * 1000 + 1000);
		await noSessions(w.gw, 20000);
		await until(() => w.pve.liveConsoles.length === 0, 5000, 'all consoles to end');
		w.pve.forget();
	};
	return w;
}

/* Where in our source that was, for the message. */
function place(call) {
	const own = /^(\w+) of proxmoxvnc\+(0x[0-9a-f]+)$/.exec(call);
	if (!own)
		return call;
	const at = execFileSync('addr2line', ['-sfe', BINARY, own[2]], { encoding: 'utf8' });
	return `${own[1]} in ${at.trim().replace('\n', ' at ')}`;
}

/* One opening with the nth call refused, and one without: was anything struck, and where? */
async function strike(w, kind, nth, vmid) {
	const who = newcomer(w.pve);
	/* Proxmox is restarted: nothing is left of the calls before. */
	w.pve.setCert('good');
	w.injector.arm(kind, nth);
	let how;
	let hit;
	try {
		how = await opening(w, vmid, who);
	} catch (e) {
		hit = w.injector.disarm();
		e.message = `number ${nth}, ${place(hit.call)}: ${e.message}`;
		throw e;
	}
	hit = w.injector.disarm();
	assert.equal(await opening(w, vmid, who), 'all',
		`the next opening, after number ${nth}, ${place(hit.call)}, that had ended at "${how}"`);
	return { ...hit, how };
}

/* How many of a kind an opening has. */
async function count(w, kind) {
	w.injector.arm(kind, 0);
	assert.equal(await opening(w, FIRST_GUEST), 'all');
	const { count: n } = w.injector.disarm();
	await w.sweep();
	return n;
}

async function torture(t, kind, tls) {
	const w = await world(t, tls);
	await opening(w, FIRST_GUEST);
	await w.sweep();
	const calls = await count(w, kind);
	const stride = Math.max(1, Math.ceil(calls / SAMPLE));
	const descriptors = w.gw.descriptors();
	const seen = { struck: 0, ended: 0, misses: 0 };
	for (let nth = 1; seen.misses < MISSES;) {
		for (let i = 0; i < BATCH && seen.misses < MISSES; i++, nth += stride) {
			const { struck, how } = await strike(w, kind, nth, FIRST_GUEST + i);
			seen.struck += struck ? 1 : 0;
			seen.ended += struck && how !== 'all' ? 1 : 0;
			seen.misses = struck ? 0 : seen.misses + 1;
		}
		await w.sweep();
		await until(() => w.gw.descriptors() <= descriptors, 5000, `${descriptors} descriptors `
			+ `again before number ${nth}, not ${w.gw.descriptors()}`);
	}
	for (let i = 0; i < BATCH; i++)
		await w.gw.session({ vmid: FIRST_GUEST + i });
	assert.equal((await w.gw.status()).total_sessions, BATCH, 'every port serves again');
	await closeWorld(w);
	assert.ok(seen.struck >= ALMOST_ALL * Math.floor(calls / stride),
		`only ${seen.struck} struck, every ${stride}. of ${calls}`);
	assert.ok(seen.ended > 0, 'no opening ended early: was anything refused?');
	t.diagnostic(`torture: ${tls ? 'TLS' : 'plain'}, ${calls} ${kind} in an opening, `
		+ `${seen.struck} of them refused, ${seen.ended} openings ended by that: all clean`);
}

const skip = !existsSync(BINARY) && 'build/asan/torture/proxmoxvnc is not built';

describe('an opening survives that it is refused', { concurrency: 2, skip }, () => {
	test('memory, plain', (t) => torture(t, 'allocations', false));
	test('memory, with TLS', (t) => torture(t, 'allocations', true));
	test('reads and writes of sockets, plain', (t) => torture(t, 'reads and writes', false));
	test('reads and writes of sockets, with TLS', (t) => torture(t, 'reads and writes', true));
});
