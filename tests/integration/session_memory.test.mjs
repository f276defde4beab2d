// SPDX-License-Identifier: MIT
//
// What docs/performance.md promises of a connected session's memory: what it keeps while nothing
// happens, and that what relaying takes is given back within five seconds.
//
// Counted is the memory behind which there is no file. The share in the libraries' pages, which is
// in PSS too, grows by a MiB when another program that uses them ends; no session has a part in it.
// Only of the release program: with a sanitizer in it, it has another allocator.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withGateway } from '../bench/arena.mjs';
import { baseOf, stillness } from '../bench/rows_memory.mjs';
import { KIB, MIB, SIZES } from '../bench/sizes.mjs';
import { ready } from '../bench/subject.mjs';
import { watched } from '../lib/gateway.mjs';
import { ownKib } from '../lib/process.mjs';
import { pause } from '../lib/wait.mjs';

const SESSIONS = 50;
const FRAME = 16 * KIB;
const EACH = 4 * MIB;
const MOST_KIB = { ws: 44, wss: 60 };

/* Why there is nothing to be measured, or false. */
function whyNot() {
	return watched() ||
		(process.getuid() !== 0 && 'only root may read the memory of an undumpable process');
}

/* How much a session keeps, in KiB: connected, and after it has relayed its part. */
async function measure(gateway) {
	await baseOf(gateway, SIZES.main);
	const base = ownKib(gateway.pid);
	const each = async () => {
		await pause(SIZES.main.settleMs);
		return (ownKib(gateway.pid) - base) / (SESSIONS + 1);
	};
	const run = await gateway.held(SESSIONS, `stream-${FRAME}-${EACH}`);
	await ready(run, SESSIONS + 1);
	const connected = await each();
	run.begin();
	await stillness(gateway, run);
	const after = await each();
	const { bytes, failed, errors } = await run.cut();
	/* The one that keeps the others there is not done. */
	assert.deepEqual([bytes, failed], [SESSIONS * EACH, 1], errors.join('; '));
	return { connected, after };
}

describe('of memory', { skip: whyNot(), concurrency: 2 }, () => {
	for (const [scheme, most] of Object.entries(MOST_KIB))
		test(`a ${scheme} session keeps ${most} KiB at most, and no more after much was relayed`,
			async (t) => {
				const { connected, after } = await withGateway(
					{ tls: scheme === 'wss', pool: SESSIONS + 8 }, measure);
				t.diagnostic(`${connected.toFixed(1)} KiB, ${after.toFixed(1)} KiB after`);
				assert.ok(connected > 0 && connected <= most, `${connected} KiB`);
				assert.ok(after <= most, `${after} KiB after ${EACH / MIB} MiB each`);
			});
});
