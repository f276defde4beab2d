// SPDX-License-Identifier: MIT
//
// shims - small libraries preloaded into the gateway: a clock to move, a heap to measure, a
// name server to write.
//
//   const clock = makeClock();             // null when there is no compiler
//   ... startGateway({ env: clock.env }) ...
//   clock.advance(3600000);                // an hour has passed for the gateway
//
//   const names = makeResolver();
//   names.set('a.test', '127.0.0.1', ['169.254.1.1', '127.0.0.2']);   // first answer, all later
//   names.connected();                     // ['127.0.0.1 8006', ...] so far
//
// Threads that sleep in the kernel wake by their old timeout or by anything that happens.
// A gateway behind GATEWAY_WRAPPER has none of them; a sanitizer's heap is not measured.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sanitized } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const libraries = new Map();

/* Compiles <name>_shim.c, once: the library, or null. */
function compiled(name) {
	if (!libraries.has(name)) {
		const library = join(tempDir('pvshim'), `${name}.so`);
		try {
			execFileSync(process.env.CC || 'cc', ['-O2', '-shared', '-fPIC', '-pthread', '-o',
				library, join(HERE, `${name}_shim.c`)], { stdio: 'pipe' });
			libraries.set(name, library);
		} catch {
			libraries.set(name, null);
		}
	}
	return libraries.get(name);
}

/* One <name>_shim.c for one gateway: { env, file }, file being 8 bytes of zero; or null. */
function make(name) {
	const library = process.env.GATEWAY_WRAPPER ? null : compiled(name);
	if (library === null)
		return null;
	const file = join(tempDir('pvshim'), name);
	writeFileSync(file, Buffer.alloc(8));
	/* AddressSanitizer wants to be the first library of all; nothing depends on that here. */
	const asan = [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':');
	return { env: { LD_PRELOAD: library, ASAN_OPTIONS: asan }, file };
}

export function makeClock() {
	const shim = make('clock');
	return shim && new Clock(shim);
}

/* A kernel that cuts writes short: { env }. */
export function makeShortWrites() {
	return make('short');
}

export function makeHeap() {
	const shim = sanitized() ? null : make('heap');
	return shim && new Heap(shim);
}

export function makeResolver() {
	const shim = make('resolver');
	return shim && new Resolver(shim);
}

class Clock {
	constructor({ env, file }) {
		this.env = { ...env, CLOCK_SHIM: file };
		this.file = file;
		this.ahead = 0n;
	}

	advance(ms) {
		this.ahead += BigInt(ms);
		const bytes = Buffer.alloc(8);
		bytes.writeBigInt64LE(this.ahead);
		const fd = openSync(this.file, 'r+');
		writeSync(fd, bytes, 0, 8, 0);
		closeSync(fd);
	}
}

class Heap {
	constructor({ env, file }) {
		this.env = { ...env, HEAP_SHIM: file };
		this.file = file;
	}

	/* Bytes in use some 100 ms ago; 0 when the library is not there. */
	used() {
		return Number(readFileSync(this.file).readBigInt64LE(0));
	}
}

class Resolver {
	constructor({ env, file }) {
		this.env = { ...env, RESOLVER_SHIM: file };
		this.file = file;
		this.names = new Map();
		this.write();
		writeFileSync(`${file}.log`, '');
	}

	write() {
		const lines = [...this.names].map(([name, answers]) => `${name} ${answers}\n`);
		writeFileSync(this.file, lines.join(''));
	}

	/* Each answer is an address or a list; the last one stays. Not to be set twice. */
	set(name, ...answers) {
		this.names.set(name, answers.map((a) => [a].flat().join(' ')).join(' / '));
		this.write();
	}

	/* What was written down, lines of a kind without its word. */
	seen(word) {
		return readFileSync(`${this.file}.log`, 'utf8').split('\n')
			.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
	}

	/* Names that were asked for, in order. */
	asked() {
		return this.seen('resolve');
	}

	/* Where connections went, or were tried to: "address port". */
	connected() {
		return this.seen('connect');
	}
}
