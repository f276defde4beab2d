// SPDX-License-Identifier: MIT
//
// term_gateway.test - terminals end to end: a backend's /create, the link, the page, and
// what a container, a serial port and a node's shell say, through the real gateway.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { FLOOD_LINE_BYTES } from '../fake_pve/term_kinds.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { launch, newPage } from './browser.mjs';
import { atEnd, card, until } from './fixture.mjs';
import { connected, screen, shows } from './term_scene.mjs';

const PROMPT = /[$#] ?$/;

let pve, gw, browser;

before(async () => {
	pve = await startFakePve();
	gw = await startGateway({ pve, config: { allow_node_shell: true } });
	browser = await launch();
});

after(async () => {
	await browser?.close();
	assert.equal(await gw?.stop(), 0);
	const { violations, secrets } = pve;
	await pve.stop();
	assert.deepEqual(violations, []);
	assert.deepEqual(findLeaks(gw.log(), secrets), []);
});

/* A browser page at a terminal's link; it has had nothing to complain of when the test ends. */
async function open(t, fields, options = {}) {
	const created = await gw.create({ console: 'term', ...fields });
	assert.equal(created.status, 200, created.text);
	const { page, context, complaints } = await newPage(browser, options);
	atEnd(t, async () => {
		await context.close();
		assert.deepEqual(complaints, []);
	});
	await page.goto(created.url);
	return page;
}

describe('a terminal, end to end', () => {
	const consoles = {
		'a container': { vmid: 200 },
		'a serial port': { vmid: 300, serial: 0 },
		'a node’s shell': { vmid: undefined, node: 'pve', type: 'node' },
	};
	for (const [name, fields] of Object.entries(consoles))
		test(`${name} answers what is typed`, async (t) => {
			const page = await open(t, fields);
			await connected(page, PROMPT);
			await page.keyboard.type('hello');
			await page.keyboard.press('Enter');
			await shows(page, /^you said hello$/);
			assert.match(new URL(page.url()).pathname, /^\/[0-9a-f]{32}\/$/);
		});

	test('the terminal has the size of the page, at first and later', async (t) => {
		pve.guest(202).setTerminal('size');
		const page = await open(t, { vmid: 202 });
		const size = () => pve.consoles.filter((c) => c.vmid === 202).at(-1)?.term.size;
		await shows(page, /^\d+x\d+$/);
		const [cols, rows] = size();
		assert.ok(cols > 100 && rows > 30, `${cols} x ${rows}`);
		await page.setViewportSize({ width: 500, height: 400 });
		await until(() => size()[0] < 70 && size()[1] < rows, 'a smaller one');
		await shows(page, new RegExp(`^${size().join('x')}$`));
	});

	test('after a cut the terminal is back by itself', async (t) => {
		const page = await open(t, { vmid: 203 });
		await connected(page, PROMPT);
		await page.keyboard.type('before');
		await page.keyboard.press('Enter');
		await shows(page, /^you said before$/);
		pve.cutConsoles({ vmid: 203 });
		await until(() => pve.consoles.filter((c) => c.vmid === 203).length === 2, 'another one');
		await connected(page, PROMPT);
		await page.keyboard.type('after');
		await page.keyboard.press('Enter');
		await shows(page, /^you said after$/);
	});

	test('a container that is switched off says so, and comes back', async (t) => {
		const page = await open(t, { vmid: 204 });
		await connected(page, PROMPT);
		pve.guest(204).stop();
		await until(async () => /off/.test((await card(page)).title), 'the words');
		pve.guest(204).start();
		await connected(page, PROMPT);
	});

	test('a flood arrives whole and in order', { timeout: 120000 }, async (t) => {
		pve.guest(205).setTerminal({ kind: 'flood', bytes: 3e6, then: 'stay' });
		const page = await open(t, { vmid: 205 });
		page.setDefaultTimeout(60000);
		const lines = 3e6 / FLOOD_LINE_BYTES;
		await shows(page, new RegExp(`^${String(lines - 1).padStart(9, '0')} the terminal`));
		const numbers = (await screen(page)).map((line) => Number.parseInt(line, 10))
			.filter((n) => !Number.isNaN(n));
		assert.ok(numbers.length > 30);
		assert.deepEqual(numbers, numbers.map((_, i) => lines - numbers.length + i));
	});

	test('with TLS the whole way is https and wss', async (t) => {
		const other = await startGateway({ pve, tls: true });
		atEnd(t, () => other.stop());
		const { page, context } = await newPage(browser, { ignoreHTTPSErrors: true });
		atEnd(t, () => context.close());
		await page.goto((await other.create({ vmid: 206, console: 'term' })).url);
		assert.match(page.url(), /^https:/);
		await connected(page, PROMPT);
	});
});
