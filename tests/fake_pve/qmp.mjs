// SPDX-License-Identifier: MIT
//
// qmp - QEMU's machine protocol over a unix socket: one JSON command after the other.

import net from 'node:net';
import { deferred, until, within } from '../lib/wait.mjs';

const CONNECT_MS = 10000;
const COMMAND_MS = 10000;

function connectOnce(path) {
	return new Promise((resolve) => {
		const socket = net.connect(path);
		socket.once('connect', () => resolve(socket));
		socket.once('error', () => resolve(null));
	});
}

export class Qmp {
	/* Connects as soon as QEMU listens, and leaves negotiation mode. */
	static async connect(path, alive) {
		const socket = await until(async () => {
			if (!alive())
				throw new Error('QEMU ended at its start');
			return connectOnce(path);
		}, CONNECT_MS, 'the QMP socket');
		const qmp = new Qmp(socket);
		await qmp.run('qmp_capabilities');
		return qmp;
	}

	constructor(socket) {
		this.socket = socket;
		this.text = '';
		this.waiting = [];
		this.events = [];
		socket.setEncoding('utf8');
		socket.on('data', (d) => this.onData(d));
		socket.on('error', () => {});
		socket.on('close', () => this.onClose());
	}

	onData(chunk) {
		this.text += chunk;
		const lines = this.text.split('\n');
		this.text = lines.pop();
		for (const line of lines.filter((l) => l.trim() !== '')) {
			const msg = JSON.parse(line);
			if (msg.event)
				this.events.push(msg.event);
			else if ('return' in msg)
				this.waiting.shift()?.resolve(msg.return);
			else if (msg.error)
				this.waiting.shift()?.reject(new Error(`QMP: ${msg.error.desc}`));
		}
	}

	onClose() {
		for (const w of this.waiting.splice(0))
			w.reject(new Error('QMP: connection closed'));
	}

	/* Runs one command; its return value. */
	run(command, args) {
		const answer = deferred();
		this.waiting.push(answer);
		this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
		return within(answer.promise, COMMAND_MS, `QMP ${command}`);
	}

	/* A human monitor command; its text. */
	monitor(line) {
		return this.run('human-monitor-command', { 'command-line': line });
	}

	close() {
		this.socket.destroy();
	}
}
