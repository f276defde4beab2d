// SPDX-License-Identifier: MIT
//
// The unit: what it says is understood and strict, and the program lives with it: as a user
// without rights, under the unit's system calls, unreadable even to that user.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
	chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { makeLeaf } from '../lib/certs.mjs';
import { BINARY, ROOT, watched } from '../lib/gateway.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until } from '../lib/wait.mjs';
import { openWorld, closeWorld, shows } from './world.mjs';

/* Of `systemd-analyze security`, in tenths. */
const EXPOSURE_MAX = 15;
const NOBODY = 65534;
const HERE = dirname(fileURLToPath(import.meta.url));

const dir = tempDir('unit');
const unit = join(dir, 'root/usr/local/lib/systemd/system/proxmoxvnc.service');

before(() => {
	mkdirSync(join(dir, 'root'));
	execFileSync('make', ['-s', 'install', `DESTDIR=${join(dir, 'root')}`],
		{ cwd: ROOT, stdio: 'pipe' });
});

function analyze(...args) {
	const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
	return { status, stdout, stderr };
}

/* The values of a key, in their order. */
function values(key) {
	return readFileSync(unit, 'utf8').split('\n')
		.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

describe('the unit', () => {
	test('is understood by systemd, every line of it', () => {
		const here = join(dir, 'proxmoxvnc.service');
		writeFileSync(here, readFileSync(unit, 'utf8')
			.replaceAll('/usr/local/sbin', join(dir, 'root/usr/local/sbin')));
		assert.deepEqual(analyze('verify', '--man=no', here), { status: 0, stdout: '', stderr: '' });
	});

	test(`leaves an exposure of at most ${EXPOSURE_MAX / 10}`, () => {
		const { status, stdout, stderr } = analyze('security', '--offline=true', '--no-pager',
			`--threshold=${EXPOSURE_MAX}`, unit);
		assert.equal(status, 0, stdout.slice(-200) + stderr);
		assert.match(stdout, /Overall exposure level/);
	});

	test('also with the drop-in of the README for ports below 1024', () => {
		const [, text] = /```ini\n([^`]*CAP_NET_BIND_SERVICE[^`]*)```/
			.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'));
		const both = join(dir, 'dropped-in.service');
		writeFileSync(both, `${readFileSync(unit, 'utf8')}\n${text}`);
		const { status, stdout } = analyze('security', '--offline=true', '--no-pager',
			`--threshold=${EXPOSURE_MAX}`, both);
		assert.equal(status, 0, stdout.slice(-200));
		assert.match(stdout, /✗ AmbientCapabilities=/);
	});

	test('names a static user, for whom certificates can be made readable', () => {
		assert.deepEqual(values('User'), ['proxmoxvnc']);
		assert.deepEqual(values('DynamicUser'), []);
	});
});

/* The system calls of groups like @system-service, all the way down. */
function callsOf(group) {
	return analyze('syscall-filter', '--no-pager', group).stdout.split('\n').slice(1)
		.map((line) => line.trim()).filter((line) => line && !line.startsWith('#'))
		.flatMap((name) => (name.startsWith('@') ? callsOf(name) : [name]));
}

/* What SystemCallFilter= comes to: a list to begin with, and "~" takes away. */
function allowedCalls() {
	const allowed = new Set(callsOf('@default'));
	for (const value of values('SystemCallFilter')) {
		const names = value.replace(/^~/, '').split(' ')
			.flatMap((name) => (name.startsWith('@') ? callsOf(name) : [name]));
		for (const name of names)
			allowed[value.startsWith('~') ? 'delete' : 'add'](name);
	}
	return allowed;
}

function noSandbox() {
	return watched() || (process.getuid() !== 0 && 'only root can become somebody else');
}

describe('under the unit the program', { skip: noSandbox() }, () => {
	let world, gw;

	/* As the documentation wants it: of root, readable for the group of the service. */
	function readable(file, mode = 0o640) {
		chownSync(file, 0, NOBODY);
		chmodSync(file, mode);
	}

	before(async () => {
		const names = join(dir, 'calls');
		const sandbox = join(dir, 'sandbox');
		const binary = join(dir, 'proxmoxvnc');
		execFileSync(process.env.CC || 'cc', ['-O1', '-Wall', '-o', sandbox,
			join(HERE, 'sandbox.c'), '-lseccomp'], { stdio: 'pipe' });
		copyFileSync(BINARY, binary);
		chmodSync(dir, 0o755);
		writeFileSync(names, [...allowedCalls()].join('\n'));
		world = await openWorld({ tls: true, binary, wrapper: [sandbox, String(NOBODY), names],
			prepared: (g) => {
				for (const folder of [g.dir, g.pve.dir])
					chmodSync(folder, 0o755);
				for (const file of readdirSync(g.dir))
					readable(join(g.dir, file));
				const page = join(g.dir, 'page');
				mkdirSync(page);
				writeFileSync(join(page, 'vnc.html'), '<!doctype html><title>console</title>\n');
				g.setConfig({ novnc_path: page });
			} });
		({ gw } = world);
	});
	/* Also when only some of these are asked for. */
	after(async () => {
		if (world)
			await closeWorld(world);
	});

	test('starts as that user, without capabilities, filtered', () => {
		const status = readFileSync(`/proc/${gw.pid}/status`, 'utf8');
		assert.match(status, /^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
		for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
			assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
		assert.match(status, /^NoNewPrivs:\s+1$/m);
		assert.match(status, /^Seccomp:\s+2$/m);
		assert.doesNotMatch(gw.log(), /warning|ERROR/);
	});

	test('cannot be read or traced, not even by its own user, and leaves no core', () => {
		/* The files of a process belong to root when it is undumpable, else to its user. */
		assert.equal(statSync(`/proc/${gw.pid}/environ`).uid, 0);
		const { status, stderr } = spawnSync('setpriv', [`--reuid=${NOBODY}`, `--regid=${NOBODY}`,
			'--clear-groups', 'cat', `/proc/${gw.pid}/environ`], { encoding: 'utf8' });
		assert.notEqual(status, 0);
		assert.match(stderr, /Permission denied/);
		assert.match(readFileSync(`/proc/${gw.pid}/limits`, 'utf8'),
			/^Max core file size\s+0\s+0\s/m);
	});

	test('opens a console', async () => {
		await shows(await gw.console(await gw.session()));
	});

	async function reloadWith({ cert, key }, words) {
		const from = gw.log().length;
		gw.reload({ tls_cert_file: cert, tls_key_file: key });
		await until(() => words.test(gw.log().slice(from)), 5000, `${words}`);
		return gw.log().slice(from);
	}

	test('reads a new certificate, and keeps the old one when it may not', async () => {
		const next = await makeLeaf(gw.dir, gw.ca, { name: 'next' });
		readable(next.cert);
		readable(next.key, 0o600);
		const log = await reloadWith(next, /stays as it was/);
		assert.match(log, /\[ERROR\] .*tls_key_file: .*Permission denied/);
		readable(next.key);
		await reloadWith(next, /read again/);
		await shows(await gw.console(await gw.session({ vmid: 103 })));
	});

});
