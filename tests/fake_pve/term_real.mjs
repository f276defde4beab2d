// SPDX-License-Identifier: MIT
//
// term_real - terminals with something real in them: a shell of this machine in a pty, or the
// serial port of the Linux guest.
//
// The pty is util-linux's script, which passes no size on: stty does, on the pty itself.
// script's child dies with it, and it with us (setpriv --pdeathsig).

import { execFile, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/* Output of a stream or socket to the terminal, no faster than it is taken. */
function pipe(from, term) {
	from.on('data', (bytes) => {
		if (term.say(bytes))
			return;
		from.pause();
		term.wantRead = () => from.resume();
	});
	from.on('error', () => {});
	from.on('close', () => term.hangUp());
}

/* The pty in which the only child of a process runs, or null. */
function ptyOf(pid) {
	try {
		const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
		return readlinkSync(`/proc/${child}/fd/0`);
	} catch {
		return null;
	}
}

export function shell(term) {
	const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'script', '-qefc', 'exec sh', '/dev/null'], {
		stdio: ['pipe', 'pipe', 'ignore'],
		env: { PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8',
			PS1: `${term.place.name}:~# `, HOME: '/', ENV: '' },
	});
	child.on('error', () => term.hangUp());
	child.stdin.on('error', () => {});
	pipe(child.stdout, term);
	const resize = (cols, rows) => {
		const pty = ptyOf(child.pid);
		if (pty)
			execFile('stty', ['-F', pty, 'cols', String(cols), 'rows', String(rows)], () => {});
	};
	child.stdout.once('data', () => resize(...term.record.size));
	return {
		input: (bytes) => child.stdin.write(bytes),
		resize,
		close: () => child.kill('SIGKILL'),
	};
}

export function serial(term) {
	const socket = term.place.qemu.openSerial();
	pipe(socket, term);
	return {
		input: (bytes) => socket.write(bytes),
		close: () => socket.destroy(),
	};
}
