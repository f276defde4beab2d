// SPDX-License-Identifier: MIT
//
// A few threads serve all sessions. Whatever a browser of one does, those of the others have their
// turn, in the same thread and in others. What fits into a turn is counted by the unit tests
// *_turns.c; here the whole program is under load, and an echo that has not come after seconds
// would never come.

import os from 'node:os';
import { before, describe, test } from 'node:test';
import { pause, until } from '../lib/wait.mjs';
import { LOADS, startBusy } from './busy.mjs';
import { echoes, useWorld } from './world.mjs';

/* Each is served by the thread with the fewest sessions: with so many others one shares the busy one's. */
const THREADS = Math.max(2, Math.min(16, os.availableParallelism?.() ?? os.cpus().length));
const BUSY = 101;
const OTHERS = Array.from({ length: THREADS }, (_, i) => 103 + i);
const ECHO = Object.fromEntries([BUSY, ...OTHERS].map((vmid) => [vmid, 'echo']));
const LOAD_MS = 2000;
const ECHO_MS = 5000;

/* The longest wait of a neighbour that says something as soon as it has heard its echo. */
async function longestOf(neighbour, going) {
	let longest = 0;
	for (let i = 0; going(); i++) {
		const start = performance.now();
		await echoes(neighbour, Buffer.from(`still here ${i}`), ECHO_MS);
		longest = Math.max(longest, performance.now() - start);
		await pause(1);
	}
	return longest;
}

async function leaves(t, w, load) {
	const neighbours = await Promise.all(w.others.map((url) => w.gw.console(url)));
	t.after(() => neighbours.forEach(({ ws }) => ws.destroy()));
	const browser = await startBusy(t, load, w.gw, w.busy);
	const at = browser.done();
	const end = Date.now() + LOAD_MS;
	const longest = await Promise.all(neighbours.map((n) => longestOf(n, () => Date.now() < end)));
	await until(() => browser.done() > at, 5000, 'it to be busy all the time');
	t.diagnostic(`${browser.done() - at} done; ${longest.map((ms) => Math.ceil(ms))} ms`);
	await browser.stop();
}

for (const tls of [false, true]) {
	describe(`a session that is used as hard as can be${tls ? ', TLS' : ''}`, () => {
		const w = useWorld({ tls, pool: THREADS + 2, pve: { kinds: ECHO } });

		before(async () => {
			w.busy = await w.gw.session({ vmid: BUSY });
			w.others = [];
			for (const vmid of OTHERS)
				w.others.push(await w.gw.session({ vmid }));
		});

		for (const load of LOADS)
			test(`by ${load} leaves all others their echo`, (t) => leaves(t, w, load));
	});
}
