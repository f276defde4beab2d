// SPDX-License-Identifier: MIT
//
// callgrind - runs the measures under valgrind and adds up the instructions that each took.
//
// What is counted is the same on every processor: libc and OpenSSL would choose their
// functions by what it can do, so both are told that it can do nothing special.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../lib/source.mjs';
import { tempDir } from '../lib/temp.mjs';

/* Relative, since the path's length is on the program's stack. */
export const PROGRAM = 'build/release/budget/measures';

/* What glibc would choose a faster memcpy() for, and OpenSSL a faster SHA-1. */
const PLAIN = ['AVX', 'AVX2', 'AVX512F', 'AVX512VL', 'AVX512BW', 'ERMS', 'FSRM', 'SSSE3', 'SSE4_1',
	'SSE4_2', 'BMI1', 'BMI2', 'LZCNT', 'MOVBE', 'RTM', 'AVX_Fast_Unaligned_Load'];
const ENV = {
	PATH: '/usr/bin:/bin',
	GLIBC_TUNABLES: `glibc.cpu.hwcaps=${PLAIN.map((name) => `-${name}`).join(',')}`,
	OPENSSL_ia32cap: '~0x1000020000000000:~0x20000020',
};

/* Whose instructions they are, by the object that they are in. */
const OWNERS = [
	{ owner: 'own', objects: /^measures$/ },
	{ owner: 'libc', objects: /^(libc|ld-linux-x86-64)\.so/ },
	{ owner: 'libs', objects: /./ },
];

/*
 * What one dump says: { name, own, libc, libs }; perFunction (function, whose, cost) is told of
 * each cost. A line of a number and a cost is what a
 * function took by itself, but behind "calls=" it is what the called one took, who has it already.
 */
export function readDump(text, perFunction = () => {}) {
	const found = { name: /^desc: Trigger: Client Request: (.*)$/m.exec(text)?.[1],
		own: 0, libc: 0, libs: 0 };
	let owner = 'libs';
	let name = '';
	let called = false;
	for (const line of text.split('\n')) {
		const object = /^ob=(.*)$/.exec(line)?.[1];
		const cost = /^[+*-]?\d*\s+(\d+)$/.exec(line)?.[1];
		if (object !== undefined)
			owner = OWNERS.find(({ objects }) => objects.test(basename(object))).owner;
		else if (line.startsWith('fn='))
			name = line.slice(3);
		else if (cost !== undefined && !called) {
			found[owner] += Number(cost);
			perFunction(name, owner, Number(cost));
		}
		called = line.startsWith('calls=');
	}
	return found;
}

/*
 * Every measure, or those of these names: { with: { compiler, libc, libs }, rows }. env is added
 * to its environment, which is empty otherwise; perFunction is as of readDump().
 */
export async function countInstructions({ names = [], env = {}, perFunction } = {}) {
	const dir = tempDir('budget');
	const { stdout } = await promisify(execFile)('valgrind', ['--tool=callgrind', '-q',
		'--collect-atstart=no', '--compress-strings=no', '--compress-pos=no',
		`--callgrind-out-file=${join(dir, 'out')}`, PROGRAM, ...names],
	{ cwd: ROOT, env: { ...ENV, ...env }, timeout: 120_000 });
	const rows = readdirSync(dir).filter((file) => file.startsWith('out.'))
		.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
		.map((file) => readDump(readFileSync(join(dir, file), 'utf8'), perFunction))
		.filter(({ name }) => name !== undefined);
	const made = JSON.parse(stdout);
	return { with: { ...made, compiler: `${made.compiler} for ${process.arch}` }, rows };
}
