// SPDX-License-Identifier: MIT
//
// proc - what /proc says of a process and its children: memory, CPU time.

import { readdirSync, readFileSync } from 'node:fs';
import { residentKib } from '../lib/process.mjs';

const PSS = 'PSS';

/* The kernel tells these times in hundredths of a second, whatever its own clock does. */
const TICK_NS = 1e7;
/* Fields of /proc/PID/stat, counted from the one after the name. */
const PARENT = 1;
const TIMES = [11, 12, 13, 14]; /* user, system; and of children that were waited for */

/* The fields after the name, which may hold anything; null for a process that is gone. */
function stat(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return text.slice(text.lastIndexOf(')') + 2).split(' ');
	} catch {
		return null;
	}
}

/* The process and all that descend from it, zombies too. */
export function tree(root) {
	const children = new Map();
	for (const name of readdirSync('/proc')) {
		const parent = /^\d+$/.test(name) && stat(name)?.[PARENT];
		if (parent)
			children.set(parent, [...(children.get(parent) ?? []), name]);
	}
	const all = [String(root)];
	for (const pid of all)
		all.push(...(children.get(pid) ?? []));
	return all.map(Number);
}

/* CPU time of processes, with that of children whose end they have seen. In steps of 10 ms. */
export function cpuNs(pids) {
	let ticks = 0;
	for (const pid of pids) {
		const fields = stat(pid);
		for (const i of TIMES)
			ticks += Number(fields?.[i] ?? 0);
	}
	return ticks * TICK_NS;
}

/*
 * A process's memory in KiB: its proportional share (PSS). The gateway makes itself
 * undumpable, after which only root may read that; others get the resident size (RSS),
 * which the table says. One that has just ended has neither.
 */
function memory(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
		return { kib: Number(text.match(/^Pss:\s+(\d+) kB/m)[1]), kind: PSS };
	} catch {
		return resident(pid);
	}
}

function resident(pid) {
	try {
		return { kib: residentKib(pid), kind: 'RSS (not root)' };
	} catch {
		return { kib: 0, kind: PSS };
	}
}

/* The same for a tree: { kib, kind }. */
export function treeMemory(root) {
	const all = tree(root).map(memory);
	return { kib: all.reduce((sum, m) => sum + m.kib, 0),
		kind: all.find((m) => m.kind !== PSS)?.kind ?? PSS };
}
