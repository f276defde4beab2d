// SPDX-License-Identifier: MIT
//
// linux - guest 110 as a real Linux: logins on the screen (tty1) and on serial0.
//
// Its second serial port, which Proxmox knows nothing of, takes commands of the test: run(),
// and with it layout(), screen(), record() and typed().

import net from 'node:net';
import { existsSync, writeFileSync } from 'node:fs';
import { deferred, until, within } from '../lib/wait.mjs';
import { initrd, LAYOUTS, linuxParts, PASSWORD, USER } from './linux_image.mjs';
import { Qemu } from './qemu.mjs';

export { LAYOUTS } from './linux_image.mjs';

const MEMORY_MIB = 96;
const BOOT_MS = 180000;
const COMMAND_MS = 20000;
const COLUMNS = 80;
const TYPED = '/tmp/typed';

export class Linux extends Qemu {
	constructor(dir, layout) {
		super(dir, 'linux');
		this.user = USER;
		this.password = PASSWORD;
		this.keyboard = layout;
		this.parts = linuxParts();
		this.initrd = this.path('initrd');
		writeFileSync(this.initrd, initrd(this.parts));
	}

	args() {
		const socket = (what) => `unix:${this.path(what)},server=on,wait=off`;
		return ['-m', String(MEMORY_MIB), '-kernel', `${this.parts}/vmlinuz`,
			'-initrd', this.initrd, '-append',
			`console=tty1 quiet nokaslr mitigations=off layout=${this.keyboard}`,
			'-serial', socket('serial0'), '-serial', socket('control')];
	}

	/* Waits for the shell behind the second serial port, which a reset ends. */
	async booted() {
		if (!this.control || this.control.destroyed)
			this.connectControl();
		this.ready = deferred();
		await within(Promise.race([this.ready.promise, this.exited]), BOOT_MS, 'Linux to boot');
		if (!this.running)
			throw new Error('Linux ended while it booted');
	}

	connectControl() {
		this.text = '';
		this.command = null;
		this.control = net.connect(this.path('control'));
		this.control.setEncoding('utf8');
		this.control.on('error', () => {});
		this.control.on('data', (d) => this.onControl(d));
	}

	onControl(chunk) {
		this.text += chunk;
		const answer = /^([\s\S]*)<status (\d+)>\r?\n$/.exec(this.text);
		if (/<ready>\r?\n$/.test(this.text)) {
			this.text = '';
			this.ready.resolve();
		} else if (answer && this.command) {
			this.text = '';
			this.command.resolve({ text: answer[1], status: Number(answer[2]) });
		}
	}

	/* Runs a shell command line as root: what it said. Throws when it fails. */
	run(line) {
		return this.serial(async () => {
			this.command = deferred();
			this.control.write(`${line}\n`);
			const { text, status } = await within(this.command.promise, COMMAND_MS, line);
			if (status !== 0)
				throw new Error(`${line}: ${status} ${text}`);
			return text;
		});
	}

	/* Another keyboard layout, one of LAYOUTS. */
	layout(name) {
		return this.run(`loadkmap </etc/keymaps/${name}`);
	}

	/* The lines of text on the screen. */
	async screen() {
		const n = Number((await this.run('cat /sys/class/tty/tty0/active')).trim().slice(3));
		const cells = Buffer.from(await this.run(`base64 /dev/vcs${n}`), 'base64').toString('latin1');
		const lines = [];
		for (let at = 0; at < cells.length; at += COLUMNS)
			lines.push(cells.slice(at, at + COLUMNS).trimEnd());
		return lines;
	}

	/* From now on the screen is a blank one that keeps what is typed, byte for byte. */
	async record() {
		const tty = 'stty -icanon -isig -iexten -ixon';
		await this.run(`rm -f ${TYPED}; openvt -c 2 -f -s sh -c '${tty}; exec cat >${TYPED}'`);
		await this.run(`until [ -e ${TYPED} ]; do usleep 20000; done`);
	}

	async typed() {
		return Buffer.from(await this.run(`base64 ${TYPED}`), 'base64');
	}

	/* Back to the login. */
	async recorded() {
		const bytes = await this.typed();
		await this.run('killall cat; chvt 1');
		return bytes;
	}

	/* The serial port as a socket, as "qm terminal" opens it. */
	openSerial() {
		return net.connect(this.path('serial0'));
	}

	async stop() {
		this.control?.destroy();
		await super.stop();
	}
}

/* A running Linux at its login. layout: one of LAYOUTS. */
export async function startLinux(dir, layout = 'us') {
	if (!LAYOUTS.includes(layout))
		throw new Error(`Linux knows no layout ${layout}`);
	const linux = new Linux(dir, layout);
	await linux.start();
	return linux;
}

/* Why this machine can't run the Linux guest, or null. It may have to fetch packages. */
export function noLinux() {
	if (!existsSync('/usr/bin/qemu-system-x86_64'))
		return 'no qemu-system-x86_64';
	try {
		linuxParts();
		return null;
	} catch (e) {
		return `no Linux guest: ${e.message.split('\n')[0]}`;
	}
}
