// SPDX-License-Identifier: MIT
//
// The console page's files come from a table made at the start: what happens to the folder later,
// and what a path says, makes no difference.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT, runGateway } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { closeWorld, openWorld } from './world.mjs';

const START_MS = 5000;

/* A copy of the console page, which may be changed. */
function pageCopy() {
	const dir = join(tempDir('page'), 'novnc');
	cpSync(join(ROOT, 'novnc'), dir, { recursive: true,
		filter: (path) => !path.includes('node_modules') });
	return dir;
}

/* The files below a folder, relative to it. */
function filesOf(dir, prefix = '') {
	return readdirSync(join(dir, prefix)).flatMap((name) => {
		const path = prefix ? `${prefix}/${name}` : name;
		return statSync(join(dir, path)).isDirectory() ? filesOf(dir, path) : [path];
	});
}

/* What may not be in a page, and must not be opened. */
function spoil(dir) {
	execFileSync('mkfifo', [join(dir, 'pipe.js')]);
	symlinkSync('/dev/zero', join(dir, 'zero.js'));
	symlinkSync('/etc/passwd', join(dir, 'passwd.txt'));
	symlinkSync('..', join(dir, 'up'));
	symlinkSync('nowhere.js', join(dir, 'nothing.js'));
}

describe('the files of the console page', () => {
	test('are the same after the folder is gone, and nothing new appears', async (t) => {
		const dir = pageCopy();
		const w = await openWorld({ config: { novnc_path: dir } }, t);
		const url = await w.gw.session();
		const files = filesOf(dir).filter((name) => /\.(html|js|css|svg)$/.test(name));
		assert.ok(files.length > 40, `${files.length} files`);
		const before = new Map();
		for (const name of files)
			before.set(name, await w.gw.file(url, name));
		rmSync(dir, { recursive: true });
		mkdirSync(dir);
		writeFileSync(join(dir, 'vnc.html'), 'another page');
		writeFileSync(join(dir, 'new.js'), 'new');
		for (const [name, { status, body, headers }] of before) {
			const now = await w.gw.file(url, name);
			assert.equal(status, 200, name);
			assert.equal(now.status, 200, name);
			assert.ok(now.body.equals(body), name);
			assert.equal(now.headers.etag, headers.etag, name);
		}
		assert.equal((await w.gw.file(url, 'new.js')).status, 404);
		await closeWorld(w);
	});

	test('are regular ones of the folder: the rest is left out with one line', async (t) => {
		const dir = pageCopy();
		spoil(dir);
		const start = Date.now();
		const w = await openWorld({ config: { novnc_path: dir } }, t);
		assert.ok(Date.now() - start < START_MS, 'nothing blocks the start');
		const url = await w.gw.session();
		for (const name of ['pipe.js', 'zero.js', 'passwd.txt', 'up/vnc.html', 'nothing.js'])
			assert.equal((await w.gw.file(url, name)).status, 404, name);
		assert.equal((await w.gw.file(url)).status, 200);
		const lines = await w.gw.logLines(/novnc_path/);
		assert.equal(lines.filter((line) => line.includes('left out')).length, 1);
		assert.match(lines.join('\n'), /left out: "\S+", it .* \(and 4 more\)/);
		await closeWorld(w);
	});

	test('that are pipes do not block -check either', async () => {
		const dir = tempDir('page');
		execFileSync('mkfifo', [join(dir, 'vnc.html')]);
		const config = join(dir, 'config.json');
		writeFileSync(config, JSON.stringify({ authorization: 'x'.repeat(32),
			public_ip: '192.0.2.1', novnc_path: '.' }), { mode: 0o600 });
		const how = await runGateway(['-config', config, '-check'], { ms: START_MS });
		assert.equal(how.code, 1);
		assert.match(how.stderr, /novnc_path: no vnc\.html/);
	});
});
