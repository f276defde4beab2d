// SPDX-License-Identifier: MIT
//
// The log goes to a pipe that nobody reads: nobody waits for that, and nothing is lost of what fits.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findLeaks } from '../lib/leaks.mjs';
import { until } from '../lib/wait.mjs';
import { closeWorld, openWorld, shows } from './world.mjs';

const FILLING = Buffer.from(`${'x'.repeat(4095)}\n`);

/* Both ends of a named pipe. */
class Pipe {
	constructor(path) {
		execFileSync('mkfifo', [path]);
		this.fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
		this.text = '';
	}

	/* Whoever writes now waits. */
	fill() {
		this.again(() => writeSync(this.fd, FILLING));
	}

	/* Everything that came out of it so far. */
	read() {
		const buffer = Buffer.alloc(65536);
		this.again(() => {
			this.text += buffer.toString('utf8', 0, readSync(this.fd, buffer));
		});
		return this.text;
	}

	again(fn) {
		try {
			for (;;)
				fn();
		} catch (e) {
			if (e.code !== 'EAGAIN')
				throw e;
		}
	}
}

/* A world with a log that takes nothing any more. */
async function stuckLog(t) {
	const w = await openWorld({
		prepared: (gw) => {
			gw.pipe = new Pipe(join(gw.dir, 'log'));
			gw.setConfig({ log_file: join(gw.dir, 'log') });
		},
	}, t);
	t.after(() => closeSync(w.gw.pipe.fd));
	await until(() => w.gw.pipe.read().includes('listening on'), 5000, 'the start to be logged');
	w.gw.pipe.fill();
	return w;
}

describe('a log that takes nothing', () => {
	test('stops neither links nor consoles, and has all lines once it is read', async (t) => {
		const w = await stuckLog(t);
		const consoles = [];
		for (let i = 0; i < 4; i++)
			consoles.push(await w.gw.console(await w.gw.session({ vmid: 101 })));
		w.gw.reload({ logging_level: 'info' });
		for (const one of consoles) {
			await shows(one);
			one.ws.destroy();
		}
		const { pipe } = w.gw;
		await until(() => pipe.read().includes('configuration read again'), 5000, 'the log');
		const links = pipe.text.match(/\[INFO\] link created for /g);
		assert.equal(links.length, consoles.length);
		assert.doesNotMatch(pipe.text, /log lines lost/);
		await closeWorld(w);
		assert.match(pipe.read(), /\] stopping\n(.*\n)*.*\] stopped\n$/);
		assert.deepEqual(findLeaks(pipe.text, [...w.gw.secrets, ...w.pve.secrets]), []);
	});

	test('does not hold up the end', async (t) => {
		const w = await stuckLog(t);
		await w.gw.session({ vmid: 101 });
		await closeWorld(w);
		assert.doesNotMatch(w.gw.pipe.read(), /stopped/);
	});
});
