// SPDX-License-Identifier: MIT
//
// ports - ranges of free TCP ports for a gateway under test.
//
// Test files run side by side in separate processes, and a gateway needs ranges that
// nobody else takes between our look and its bind. So a range is first claimed by a lock
// file holding our pid (a dead owner's is taken over), then tried port by port. All below
// 32768, where the kernel takes no ports for outgoing connections.

import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOW = 12000;
const HIGH = 32000;
const SLOT = 50;
const LOCKS = join(tmpdir(), 'proxmoxvnc-test-ports');

const mine = new Set();

process.on('exit', () => {
	for (const file of mine)
		unlock(file);
});

function alive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (e) {
		return e.code === 'EPERM';
	}
}

function lock(slot) {
	const file = join(LOCKS, String(slot));
	for (let i = 0; i < 2; i++) {
		try {
			writeFileSync(file, String(process.pid), { flag: 'wx' });
			mine.add(file);
			return file;
		} catch (e) {
			if (e.code !== 'EEXIST')
				throw e;
		}
		const owner = Number(readIfThere(file));
		if (owner && alive(owner))
			return null;
		unlock(file);
	}
	return null;
}

function readIfThere(file) {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}

function unlock(file) {
	mine.delete(file);
	try {
		unlinkSync(file);
	} catch {
		/* Somebody else was faster. */
	}
}

/* True when host:port can be bound at this moment. */
export function portFree(port, host = '0.0.0.0') {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host, exclusive: true },
			() => server.close(() => resolve(true)));
	});
}

/*
 * count consecutive free ports: { first, last, release() }. They stay ours until released
 * or this process ends.
 */
export async function claimPorts(count) {
	mkdirSync(LOCKS, { recursive: true });
	const slots = Math.ceil(count / SLOT);
	const all = Math.floor((HIGH - LOW) / SLOT) - slots;
	const start = Math.floor(Math.random() * all);
	for (let i = 0; i < all; i++) {
		const slot = (start + i) % all;
		const files = [];
		while (files.length < slots) {
			const file = lock(slot + files.length);
			if (file === null)
				break;
			files.push(file);
		}
		const first = LOW + slot * SLOT;
		if (files.length === slots && await allFree(first, count)) {
			const release = () => files.forEach(unlock);
			return { first, last: first + count - 1, release };
		}
		files.forEach(unlock);
	}
	throw new Error(`no ${count} consecutive free ports`);
}

async function allFree(first, count) {
	for (let port = first; port < first + count; port++) {
		if (!await portFree(port))
			return false;
	}
	return true;
}
