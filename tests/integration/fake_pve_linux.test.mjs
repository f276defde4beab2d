// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: guest 110 as a real Linux, on screen and serial port.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { noLinux } from '../fake_pve/linux.mjs';
import { PveClient } from '../lib/pve_client.mjs';
import { until } from '../lib/wait.mjs';

const PATIENCE_MS = 30000;

describe('a real Linux', { skip: noLinux() ?? false }, () => {
	let p;
	let c;
	let bootMs;
	before(async () => {
		const start = Date.now();
		p = await startFakePve({ linux: true });
		bootMs = Date.now() - start;
		c = new PveClient(p);
		await c.login();
	});
	after(() => p?.stop());

	/* Types and waits for what is on the screen then. */
	async function shown(regex) {
		await until(async () => regex.test((await p.linux.screen()).join('\n')), PATIENCE_MS,
			`${regex} on the screen`);
	}

	test('boots to a login on its screen', async (t) => {
		t.diagnostic(`booted after ${bootMs} ms`);
		await shown(/Debian GNU\/Linux.*tty1\n+debian login:$/m);
	});

	test('has a serial port with a login behind it, and a shell behind that', async () => {
		const status = await c.call('GET', '/nodes/pve/qemu/110/status/current');
		assert.equal(Number(status.data.serial), 1);
		const { ws, term } = await c.terminal(110);
		term.type('\r');
		await term.see(/debian login: $/, PATIENCE_MS);
		term.type(`${p.linux.user}\r`);
		await term.see(/Password: $/, PATIENCE_MS);
		term.type(`${p.linux.password}\r`);
		await term.see(/guest@debian:~\$ /, PATIENCE_MS);
		term.type('ls; tty\r');
		await term.see(/readme\.txt[^]*\/dev\/ttyS0/, PATIENCE_MS);
		term.type('exit\r');
		ws.destroy();
	});

	test('takes a login by keyboard, too', async () => {
		const { rfb, ws } = await c.console(110);
		assert.deepEqual([rfb.width, rfb.height], [720, 400]);
		rfb.type(`${p.linux.user}\n`);
		await shown(/Password:/);
		rfb.type(`${p.linux.password}\n`);
		await shown(/guest@debian:~\$/);
		rfb.type('exit\n');
		await shown(/debian login:$/m);
		ws.destroy();
	});

	for (const [layout, text] of [['us', 'qwy;'], ['de', 'qwzö'], ['fr', 'azym']]) {
		test(`keeps what is typed, with the layout ${layout}`, async () => {
			const { rfb, ws } = await c.console(110);
			await p.linux.layout(layout);
			await p.linux.record();
			rfb.type('qwy;\n');
			await until(async () => (await p.linux.typed()).toString() === `${text}\n`,
				PATIENCE_MS, text);
			assert.equal((await p.linux.recorded()).toString(), `${text}\n`);
			await shown(/debian login:/);
			ws.destroy();
		});
	}

	test('a command that fails says so', async () => {
		await assert.rejects(p.linux.run('ls /nowhere'), /No such file/);
	});

	test('power off ends screen and terminal, and leaves no process', async () => {
		const { pid } = p.linux;
		const screen = await c.console(110);
		const { ws, term } = await c.terminal(110);
		await p.guest(110).stop();
		await Promise.all([screen.ws.closed(), ws.closed()]);
		assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
		const off = await c.terminal(110);
		await off.ws.closed();
		assert.equal(off.term.text(), 'VM 110 not running\r\n');
		assert.ok(term.ok);
	});
});
