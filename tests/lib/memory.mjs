// SPDX-License-Identifier: MIT
//
// memory - looks for bytes in the writable memory of another process.
//
// Only root may read that of a gateway, which makes itself undumpable.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const STEP = 1024 * 1024;

/* [{ from, to, name }] of what can be written and read. */
function writable(pid) {
	const lines = readFileSync(`/proc/${pid}/maps`, 'latin1').trim().split('\n');
	return lines.map((line) => /^(\w+)-(\w+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line))
		.filter(([, , , rights]) => rights.startsWith('rw'))
		.map(([, from, to, , name]) => ({ from: parseInt(from, 16), to: parseInt(to, 16), name }));
}

/* Everywhere in a region where one of the needles begins. */
function* placesIn(fd, { from, to, name }, needles, overlap) {
	const buffer = Buffer.alloc(STEP + overlap);
	for (let at = from; at < to; at += STEP) {
		let n = 0;
		try {
			n = readSync(fd, buffer, 0, Math.min(buffer.length, to - at), at);
		} catch {
			return; /* it has been unmapped meanwhile */
		}
		const piece = buffer.subarray(0, n);
		for (const needle of needles)
			for (let i = piece.indexOf(needle); i >= 0 && i < STEP;
				i = piece.indexOf(needle, i + 1))
				yield { needle: needle.toString('latin1'), at: at + i, region: name || 'anonymous',
					around: Buffer.from(piece.subarray(Math.max(0, i - 32), i + 64)) };
	}
}

/* needles: strings. Returns [{ needle, at, region, around }]; nothing is copied to a file. */
export function searchMemory(pid, needles) {
	const bytes = needles.map((needle) => Buffer.from(needle));
	const overlap = Math.max(...bytes.map((b) => b.length));
	const fd = openSync(`/proc/${pid}/mem`, 'r');
	try {
		return writable(pid).flatMap((region) => [...placesIn(fd, region, bytes, overlap)]);
	} finally {
		closeSync(fd);
	}
}
