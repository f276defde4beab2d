// SPDX-License-Identifier: MIT
//
// qemu - a real QEMU as a guest: what every such guest shares.
//
// As in Proxmox, each console connection sets the VNC password over QMP, lets it expire,
// and then copies bytes to and from the socket. QEMU is told to quit, then killed by its
// pid; should this process die first, the kernel kills it (setpriv --pdeathsig).

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { within } from '../lib/wait.mjs';
import { Qmp } from './qmp.mjs';

const QUIT_MS = 3000;

export class Qemu {
	/* Its sockets are in dir; subclasses have args() and booted(). */
	constructor(dir, name) {
		this.path = (what) => join(dir, `${name}.${what}`);
		this.child = null;
		this.lock = Promise.resolve();
	}

	get running() {
		return this.child !== null;
	}

	get pid() {
		return this.child?.pid ?? null;
	}

	async start() {
		const args = ['--pdeathsig', 'KILL', 'qemu-system-x86_64',
			'-nodefaults', '-no-user-config', '-machine', 'pc', '-accel', 'tcg,tb-size=64',
			'-nic', 'none', '-vga', 'std', '-display', 'none',
			'-vnc', `unix:${this.path('vnc')},password=on`,
			'-qmp', `unix:${this.path('qmp')},server=on,wait=off`, ...this.args()];
		const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] });
		this.child = child;
		this.stderr = '';
		child.stderr.on('data', (d) => (this.stderr += d));
		this.exited = new Promise((resolve) => {
			child.once('error', resolve);
			child.once('close', resolve);
		}).then(() => (this.child = null));
		try {
			this.qmp = await Qmp.connect(this.path('qmp'), () => this.running);
			await this.booted();
		} catch (e) {
			await this.stop();
			throw new Error(`${e.message}\n${this.stderr}`);
		}
	}

	/* Runs fn after everything before it has ended: password and connection go together. */
	serial(fn) {
		const done = this.lock.then(fn);
		this.lock = done.catch(() => {});
		return done;
	}

	/* Sets the password and connects: a socket whose first bytes are QEMU's greeting. */
	openConsole(password, seconds) {
		return this.serial(async () => {
			await this.qmp.run('set_password', { protocol: 'vnc', password });
			await this.qmp.run('expire_password',
				{ protocol: 'vnc', time: `+${Math.ceil(seconds)}` });
			const socket = net.connect(this.path('vnc'));
			await new Promise((resolve, reject) => {
				socket.once('connect', resolve);
				socket.once('error', reject);
			});
			return socket;
		});
	}

	/* The reset button: consoles stay connected. */
	async reset() {
		await this.qmp.run('system_reset');
		await this.booted();
	}

	/* Power off. */
	async stop() {
		if (!this.child)
			return;
		const { child } = this;
		this.qmp?.run('quit').catch(() => {});
		try {
			if (!this.qmp)
				child.kill('SIGKILL');
			await within(this.exited, QUIT_MS, 'QEMU to quit');
		} catch {
			child.kill('SIGKILL');
			await this.exited;
		}
		this.qmp?.close();
		this.qmp = null;
	}
}

/* True when this machine can run the guest. */
export function haveQemu() {
	return ['/usr/bin/qemu-system-x86_64', '/usr/bin/as', '/usr/bin/ld'].every(existsSync);
}
