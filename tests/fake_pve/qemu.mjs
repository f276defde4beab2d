// SPDX-License-Identifier: MIT
//
// qemu - a real QEMU as guest 100: our own boot sector, VNC on a unix socket.
//
// As in Proxmox, each console connection sets the VNC password over QMP, lets it expire,
// and then copies bytes to and from the socket. QEMU is told to quit, then killed by its
// pid; should this process die first, the kernel kills it (setpriv --pdeathsig).

import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until, within } from '../lib/wait.mjs';
import { Qmp } from './qmp.mjs';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'guest', 'boot.S');
const BOOT_MS = 20000;
const QUIT_MS = 3000;
/* The first two cells of the title bar: blanks, black on grey. */
const TITLE_CELLS = /0x70207020/;

/* The boot sector, assembled in dir. */
export function buildGuest(dir) {
	const object = join(dir, 'boot.o');
	const image = join(dir, 'boot.img');
	execFileSync('as', ['--32', '-o', object, SOURCE]);
	execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x7c00', '--oformat', 'binary',
		'-o', image, object]);
	return image;
}

/* A running guest that has booted. */
export async function startQemu(dir) {
	const qemu = new Qemu(dir, buildGuest(dir));
	await qemu.start();
	return qemu;
}

export class Qemu {
	constructor(dir, image) {
		this.vncPath = join(dir, 'vnc.sock');
		this.qmpPath = join(dir, 'qmp.sock');
		this.image = image;
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
			'-nodefaults', '-no-user-config', '-machine', 'pc', '-accel', 'tcg',
			'-m', '16', '-nic', 'none', '-vga', 'std', '-display', 'none',
			'-drive', `file=${this.image},format=raw,if=ide,snapshot=on`,
			'-vnc', `unix:${this.vncPath},password=on`,
			'-qmp', `unix:${this.qmpPath},server=on,wait=off`];
		const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] });
		this.child = child;
		this.stderr = '';
		child.stderr.on('data', (d) => (this.stderr += d));
		this.exited = new Promise((resolve) => {
			child.once('error', resolve);
			child.once('close', resolve);
		}).then(() => (this.child = null));
		try {
			this.qmp = await Qmp.connect(this.qmpPath, () => this.running);
			await this.booted();
		} catch (e) {
			await this.stop();
			throw new Error(`${e.message}\n${this.stderr}`);
		}
	}

	/* Waits until the guest shows its title bar. */
	async booted() {
		await until(async () => TITLE_CELLS.test(await this.qmp.monitor('xp /1xw 0xb8000')),
			BOOT_MS, 'the guest to boot');
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
			const socket = net.connect(this.vncPath);
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

	/* Off and on again: consoles end. */
	async restart() {
		await this.stop();
		await this.start();
	}
}

/* True when this machine can run the guest. */
export function haveQemu() {
	return ['/usr/bin/qemu-system-x86_64', '/usr/bin/as', '/usr/bin/ld'].every(existsSync);
}
