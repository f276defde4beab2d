// SPDX-License-Identifier: MIT
//
// process - what a process holds and uses, by /proc: descriptors, threads, memory, time.

import { readdirSync, readFileSync } from 'node:fs';

export function descriptors(pid) {
	return readdirSync(`/proc/${pid}/fd`).length;
}

export function threads(pid) {
	return readdirSync(`/proc/${pid}/task`).length;
}

/* Processor time so far, in milliseconds (clock ticks are 10 ms). */
export function cpuMs(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

/* The resident size in KiB. */
export function residentKib(pid) {
	return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]);
}

/*
 * What belongs to the process alone (heap, stacks, written data) in KiB, whoever else runs the same
 * program; or null: of an undumpable process only root may read it.
 */
export function ownKib(pid) {
	try {
		const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
		return Number(text.match(/^Anonymous:\s+(\d+) kB/m)[1]);
	} catch {
		return null;
	}
}
