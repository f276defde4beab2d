// SPDX-License-Identifier: MIT
//
// Text typed as keys into a real Linux guest, through the gateway: what arrives there is the text.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { LAYOUTS, loadLayout, readLayout } from '../../novnc/layouts.js';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { noLinux } from '../fake_pve/linux.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { phase } from './fixture.mjs';

const NAMES = { uk: 'gb' };
/* At 25 bytes a second the whole of it is for `make type-long`. */
const KIB = process.env.TYPE_LONG ? 4 : 1;
const BYTES = KIB * 1024;
/* A batch has its time; a machine that is busy needs more. */
const PATIENCE_MS = 1800000;
/* A machine that had no processor for so long may have lost what its keyboard does not hold. */
const STOOD_STILL_MS = 150;
const WATCH_MS = 250;
/* The speeds to try, one after the other, while that is the reason. */
const SPEEDS = ['normal', 'normal', 'slow'];

const cannot = noLinux() ?? false;

let pve, gw, browser, page;

before(async () => {
	if (cannot)
		return;
	pve = await startFakePve({ linux: true });
	gw = await startGateway({ pve });
	browser = await launch();
	({ page } = await newPage(browser));
	const created = await gw.create({ vmid: 110 });
	await page.goto(created.url);
	await phase(page, 'connected');
});

after(async () => {
	await browser?.close();
	assert.equal(await gw?.stop() ?? 0, 0);
	await pve?.stop();
});

/* Every character of a layout, but for those that end a line. */
async function charactersOf(name) {
	const keys = readLayout(await loadLayout(name), (c) => c.codePointAt(0));
	return [...keys.keys()].filter((c) => c !== '\n').join('');
}

/* Type a text in the page; gives what came in the guest, as text. */
async function typed(value, layout, speed = 'normal') {
	await pve.linux.layout(NAMES[layout] ?? layout);
	await pve.linux.record();
	await page.locator('#tool-type').click();
	await page.locator('#type-layout').selectOption(layout);
	await page.locator('#type-speed').selectOption(speed);
	await page.locator('#type-text').fill(value);
	await page.locator('#type-start').click();
	await page.waitForFunction(() => document.getElementById('type-message').textContent !== ''
		&& document.getElementById('type-progress').hidden, null, { timeout: PATIENCE_MS });
	assert.match(await page.locator('#type-message').textContent(), /^Typed/);
	await page.locator('#type-close').click();
	return arrived(Buffer.byteLength(value));
}

/* What the guest has recorded, once it has as much as was typed, or when no more comes. */
async function arrived(bytes) {
	for (let before = -1; ;) {
		const so_far = await pve.linux.typed();
		if (so_far.length >= bytes || so_far.length === before)
			return (await pve.linux.recorded()).toString();
		before = so_far.length;
		await page.waitForTimeout(1000);
	}
}

for (const name of LAYOUTS)
	test(`every character of ${name} arrives in a Linux with that keyboard`, { skip: cannot },
		async () => {
			const text = `${await charactersOf(name)}\n\tend\n`;
			assert.equal(await typed(text, name), text);
		});

/* Lines of a text with all that a layout has, of as many bytes as there are to be. */
function longText(characters) {
	let text = '';
	for (let n = 1; Buffer.byteLength(text) < BYTES; n++)
		text += `${n}. "$HOME/x_${n}" | grep -v '#' && echo [${characters.slice(n % 60,
			n % 60 + 12)}] plain words, and Some Names;\n`;
	while (Buffer.byteLength(text) > BYTES)
		text = text.slice(0, -1);
	return text.padEnd(text.length + BYTES - Buffer.byteLength(text), '.');
}

/* How long each thread of the guest's QEMU has waited for a processor, in milliseconds. */
function waits() {
	const tasks = `/proc/${pve.linux.pid}/task`;
	return readdirSync(tasks).map((id) => {
		try {
			return Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
		} catch {
			return 0;       /* it has ended */
		}
	});
}

/* Whether the guest stood still while `work()` ran, because this machine had too much to do. */
async function stoodStill(work) {
	let longest = 0;
	let before = waits();
	const watch = setInterval(() => {
		const now = waits();
		longest = Math.max(longest, ...now.map((ms, i) => ms - (before[i] ?? ms)));
		before = now;
	}, WATCH_MS);
	await work();
	clearInterval(watch);
	return longest >= STOOD_STILL_MS;
}

for (const name of ['us', 'de', 'fr'])
	test(`${KIB} KiB arrive complete with the keyboard ${name}`, { skip: cannot }, async (t) => {
		const text = longText(await charactersOf(name));
		assert.equal(Buffer.byteLength(text), BYTES);
		let got = '';
		let still = true;
		for (const speed of SPEEDS) {
			if (got === text || !still)
				break;
			const since = Date.now();
			still = await stoodStill(async () => {
				got = await typed(text, name, speed);
			});
			const seconds = (Date.now() - since) / 1000;
			t.diagnostic(`${name}, ${speed}: ${[...text].length} characters in ${seconds} s`
				+ `${got === text ? '' : ', some lost'}${still ? ', the guest stood still' : ''}`);
		}
		assert.equal(got, text);
	});
