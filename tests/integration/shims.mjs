// SPDX-License-Identifier: MIT
//
// clock - a gateway whose monotonic clock a test can move, by a small preloaded library.
//
//   const clock = makeClock();             // null when there is no compiler
//   ... startGateway({ env: clock.env }) ...
//   clock.advance(3600000);                // an hour has passed for the gateway
//
// Threads that sleep in the kernel wake by their old timeout or by anything that happens.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tempDir } from '../lib/temp.mjs';

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), 'clock_shim.c');

export function makeClock() {
	const dir = tempDir('pvclk');
	const library = join(dir, 'clock.so');
	const file = join(dir, 'ahead');
	try {
		execFileSync(process.env.CC || 'cc',
			['-O2', '-shared', '-fPIC', '-o', library, SOURCE], { stdio: 'pipe' });
	} catch {
		return null;
	}
	writeFileSync(file, Buffer.alloc(8));
	return new Clock(library, file);
}

class Clock {
	constructor(library, file) {
		this.env = { LD_PRELOAD: library, CLOCK_SHIM: file };
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
