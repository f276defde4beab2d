// SPDX-License-Identifier: MIT
//
// linux_image - what the Linux guest boots: Debian's own kernel and a first root of our making.
//
// The kernel is the one for clouds: the smallest that has the serial port, the text screen and
// the PS/2 keyboard built in. The rest is busybox, and Debian's keyboard layouts turned into
// what the kernel's console loads, by the tools that Debian's own set-up uses. Packages are
// unpacked, not installed; what they gave is kept in build/linux-guest.

import { execFileSync } from 'node:child_process';
import {
	existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Apt } from '../lib/apt.mjs';
import { CHAR, cpio, DIR, EXECUTABLE, FILE, LINK } from '../lib/cpio.mjs';
import { removeTemp, tempDir } from '../lib/temp.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const KEPT = join(HERE, '..', '..', 'build', 'linux-guest');
const SUITE = 'bookworm';
const KERNEL = 'linux-image-cloud-amd64';
const TOOLS = ['busybox-static', 'console-setup', 'kbd', 'xkb-data'];

const UID = 1000;

/* The layouts that the guest knows, by the names of XKB. */
export const LAYOUTS = ['us', 'gb', 'de', 'fr', 'es', 'it', 'pt', 'pl', 'se', 'dk', 'no', 'ch'];
/* Its letters are in the same places on the keys of us, de and fr. */
export const USER = 'guest';
export const PASSWORD = 'secret';

/* A layout as the kernel's console loads it. */
function keymap(root, layout) {
	const quiet = { stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 1 << 24 };
	const text = execFileSync(join(root, 'usr/bin/ckbcomp'),
		[`-I${join(root, 'usr/share/X11/xkb')}`, '-layout', layout], quiet);
	return execFileSync(join(root, 'bin/loadkeys'), ['-b', '-u'], { ...quiet, input: text });
}

function fetchParts(dir) {
	const apt = new Apt(join(dir, 'apt'), SUITE);
	const root = apt.unpack([apt.behind(KERNEL), ...TOOLS]);
	const kernel = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinuz-'));
	const parts = join(dir, 'parts');
	mkdirSync(join(parts, 'keymaps'), { recursive: true });
	writeFileSync(join(parts, 'vmlinuz'), readFileSync(join(root, 'boot', kernel)));
	writeFileSync(join(parts, 'busybox'), readFileSync(join(root, 'bin/busybox')));
	for (const layout of LAYOUTS)
		writeFileSync(join(parts, 'keymaps', layout), keymap(root, layout));
	return parts;
}

/*
 * The folder with vmlinuz, busybox and keymaps/. Of several that fetch at once the last one's
 * parts stay. Throws with the reason when the packages can't be had here.
 */
export function linuxParts() {
	if (existsSync(join(KEPT, 'vmlinuz')))
		return KEPT;
	mkdirSync(join(KEPT, '..'), { recursive: true });
	const dir = tempDir('fpve-linux');
	const made = `${KEPT}.${process.pid}`;
	try {
		execFileSync('cp', ['-r', fetchParts(dir), made]);
		rmSync(KEPT, { recursive: true, force: true });
		renameSync(made, KEPT);
	} catch (e) {
		rmSync(made, { recursive: true, force: true });
		if (!existsSync(join(KEPT, 'vmlinuz')))
			throw e;
	} finally {
		removeTemp(dir);
	}
	return KEPT;
}

/* The first root, as an archive. */
export function initrd(parts) {
	const own = (name) => readFileSync(join(HERE, 'guest', name));
	const hash = execFileSync('openssl', ['passwd', '-5', PASSWORD], { encoding: 'utf8' }).trim();
	const file = (name, data, mode = FILE) => ({ name, data, mode });
	return cpio([
		...['bin', 'dev', 'etc', 'etc/keymaps', 'home', 'proc', 'root', 'sys']
			.map((name) => ({ name, mode: DIR })),
		{ name: 'home/guest', mode: DIR, owner: UID },
		{ name: 'dev/console', mode: CHAR, dev: [5, 1] },
		file('bin/busybox', readFileSync(join(parts, 'busybox')), EXECUTABLE),
		{ name: 'bin/sh', mode: LINK, data: 'busybox' },
		file('init', own('linux_init.sh'), EXECUTABLE),
		file('etc/control', own('linux_control.sh'), EXECUTABLE),
		file('etc/inittab', 'tty1::respawn:/sbin/getty 38400 tty1 linux\n' +
			'ttyS0::respawn:/sbin/getty -L 115200 ttyS0 xterm-256color\n' +
			'ttyS1::respawn:/etc/control\n'),
		file('etc/issue', 'Debian GNU/Linux 12 \\n \\l\n\n'),
		file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n' +
			`${USER}:x:${UID}:${UID}:Guest:/home/guest:/bin/sh\n`),
		file('etc/group', `root:x:0:\n${USER}:x:${UID}:\n`),
		file('etc/shadow', `root:!:19000:0:99999:7:::\n${USER}:${hash}:19000:0:99999:7:::\n`,
			0o100600),
		file('etc/profile', "PS1='\\u@\\h:\\w\\$ '\n"),
		file('home/guest/readme.txt', 'This is a Linux guest for tests and demonstrations.\n'),
		...LAYOUTS.map((name) => file(`etc/keymaps/${name}`,
			readFileSync(join(parts, 'keymaps', name)))),
	]);
}
