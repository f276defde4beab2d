// SPDX-License-Identifier: MIT
//
// term_linux.test - real programs behind the terminal page: the login prompt on the serial port
// of a real Linux guest, and a container's shell that knows its size.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { noLinux } from '../fake_pve/linux.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { atEnd, phase, until } from './fixture.mjs';
import { screen, shows } from './term_scene.mjs';

/* A guest without KVM on a busy machine takes its time. */
const PATIENCE_MS = 60000;

let browser;

before(async () => {
	browser = await launch();
});

after(() => browser?.close());

/* A page at a console of its own; the gateway, the page and the guest end with the test. */
async function open(t, options, fields) {
	const pve = await startFakePve(options);
	atEnd(t, async () => {
		await pve.stop();
		assert.deepEqual(pve.violations, []);
	});
	const gw = await startGateway({ pve });
	atEnd(t, async () => assert.equal(await gw.stop(), 0));
	const created = await gw.create({ console: 'term', ...fields });
	assert.equal(created.status, 200, created.text);
	const { page, context, complaints } = await newPage(browser);
	page.setDefaultTimeout(PATIENCE_MS);
	atEnd(t, async () => {
		await context.close();
		assert.deepEqual(complaints, []);
	});
	await page.goto(created.url);
	await phase(page, 'connected');
	return { page, pve };
}

async function enter(page, words) {
	await page.keyboard.type(words);
	await page.keyboard.press('Enter');
}

describe('a serial port with a real Linux', { skip: noLinux() ?? false }, () => {
	test('takes a login, and ls can be read from the page', { timeout: 5 * PATIENCE_MS },
		async (t) => {
			const { page, pve } = await open(t, { linux: true }, { vmid: 110, serial: 0 });
			await page.keyboard.press('Enter');
			await shows(page, /debian login:$/);
			await enter(page, pve.linux.user);
			await shows(page, /^Password:$/);
			await enter(page, pve.linux.password);
			await shows(page, /guest@debian:~\$$/);
			await enter(page, 'ls');
			await shows(page, /^readme\.txt/);
			const lines = await screen(page);
			assert.ok(!lines.some((line) => line.includes(pve.linux.password)), 'no echo of it');
			t.diagnostic(lines.filter((line) => line !== '').slice(-3).join(' | '));
			await enter(page, 'exit');
		});
});

describe('a container with a real shell', () => {
	test('has the size of the page, and answers in colour and any script', async (t) => {
		const { page } = await open(t, { terminals: { 200: 'shell' } }, { vmid: 200 });
		await shows(page, /# $|#$/);
		await enter(page, 'stty size');
		const size = async () => (await screen(page)).find((line) => /^\d+ \d+$/.test(line));
		const [rows, cols] = (await until(size, 'its size')).split(' ').map(Number);
		assert.equal(rows, (await screen(page)).length);
		assert.ok(cols > 100);
		await enter(page, 'printf "\\033[32mGr\\303\\274\\303\\237e\\033[0m %s\\n" done');
		await shows(page, /^Grüße done$/);
		await page.keyboard.type('sleep 600');
		await page.keyboard.press('Enter');
		await page.keyboard.press('Control+c');
		await enter(page, 'echo back again');
		await shows(page, /^back again$/);
	});
});
