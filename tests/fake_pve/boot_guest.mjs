// SPDX-License-Identifier: MIT
//
// boot_guest - guest 100 as a real QEMU: our own boot sector (guest/boot.S).

import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../lib/wait.mjs';
import { Qemu } from './qemu.mjs';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'guest', 'boot.S');
const BOOT_MS = 20000;
/* The first two cells of the title bar: blanks, black on grey. */
const TITLE_CELLS = /0x70207020/;

/* The boot sector, assembled in dir. */
function assemble(dir) {
	const object = join(dir, 'boot.o');
	const image = join(dir, 'boot.img');
	execFileSync('as', ['--32', '-o', object, SOURCE]);
	execFileSync('ld', ['-m', 'elf_i386', '-Ttext', '0x7c00', '--oformat', 'binary',
		'-o', image, object]);
	return image;
}

class BootGuest extends Qemu {
	constructor(dir) {
		super(dir, 'boot');
		this.image = assemble(dir);
	}

	args() {
		return ['-m', '16', '-drive', `file=${this.image},format=raw,if=ide,snapshot=on`];
	}

	/* Waits until the guest shows its title bar. */
	async booted() {
		await until(async () => TITLE_CELLS.test(await this.qmp.monitor('xp /1xw 0xb8000')),
			BOOT_MS, 'the guest to boot');
	}
}

/* A running guest that has booted. */
export async function startBootGuest(dir) {
	const guest = new BootGuest(dir);
	await guest.start();
	return guest;
}
