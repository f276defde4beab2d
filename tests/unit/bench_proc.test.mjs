// SPDX-License-Identifier: MIT
//
// What the bench reads of a process and its children.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { cpuNs, tree, treeMemory } from '../bench/proc.mjs';

/* A shell that has used some CPU time, as a child of its own has, and waits with another. */
const SCRIPT = 'work() { i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done; }\n' +
	'work; (work); sleep 60 & echo there; wait';

async function family() {
	const child = spawn('sh', ['-c', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'],
		detached: true });
	await once(child.stdout, 'data');
	return child;
}

test('a tree is a process and all that descend from it, with their CPU time and memory', async () => {
	const child = await family();
	try {
		const pids = tree(child.pid);
		assert.equal(pids[0], child.pid);
		assert.equal(pids.length, 2);
		assert.ok(tree(process.pid).includes(pids[1]));
		assert.ok(cpuNs(pids) >= 2e7, 'of itself and of the child that has ended');
		const { kib, kind } = treeMemory(child.pid);
		assert.ok(kib > 0);
		assert.equal(kind, 'PSS');
	} finally {
		process.kill(-child.pid, 'SIGKILL');
		await once(child, 'exit');
	}
});

test('a process that is gone has no CPU time and no memory', async () => {
	const child = spawn('true');
	await once(child, 'exit');
	assert.equal(cpuNs([child.pid]), 0);
	assert.equal(treeMemory(child.pid).kib, 0);
});
