// SPDX-License-Identifier: MIT
//
// main - the fake Proxmox as a program, for demonstrations and for tests not in JavaScript.
//
//   node tests/fake_pve/main.mjs [--port N] [--host H] [--dir DIR] [--qemu] [--linux LAYOUT]
//                                [--version V] [--mode B] [--cert KIND] [--fast]
//
// Prints one line of JSON (port, caFile, user, password, node, guests, pid) once it
// serves; ends on SIGTERM or SIGINT, and its guests with it. --fast shortens Proxmox's delays.
// Without --dir the certificates live in a temporary folder.

import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startFakePve } from './fake_pve.mjs';

const FAST = { unauthorizedMs: 100, freezeMs: 500, idleMs: 1000 };

const { values } = parseArgs({ options: {
	port: { type: 'string', default: '0' },
	host: { type: 'string', default: '127.0.0.1' },
	dir: { type: 'string' },
	qemu: { type: 'boolean', default: false },
	linux: { type: 'string' },
	version: { type: 'string' },
	mode: { type: 'string', default: 'A' },
	cert: { type: 'string' },
	fast: { type: 'boolean', default: false },
} });

if (values.dir)
	mkdirSync(values.dir, { recursive: true });

const pve = await startFakePve({
	port: Number(values.port), host: values.host, dir: values.dir, qemu: values.qemu,
	linux: values.linux,
	version: values.version, mode: values.mode, cert: values.cert,
	timings: values.fast ? FAST : {},
});

let stopping = false;
async function stop() {
	if (stopping)
		return;
	stopping = true;
	await pve.stop();
	process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

console.log(JSON.stringify({
	host: pve.host, port: pve.port, caFile: pve.caFile, user: pve.user, password: pve.password,
	node: pve.nodes[0], pid: process.pid, qemuPid: pve.qemu?.pid ?? null,
	linuxPid: pve.linux?.pid ?? null,
	guests: { qemu: 100, synthetic: 101, stopped: 102, linux: 110, container: 200, serial: 300 },
}));
