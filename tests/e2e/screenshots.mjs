// SPDX-License-Identifier: MIT
//
// screenshots - `make screenshots`: both pages before a real Linux guest, on a desktop and on a
// phone, light and dark, as docs/screens/<page>-<device>-<scheme>.png.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { noLinux } from '../fake_pve/linux.mjs';
import { ROOT, startGateway } from '../lib/gateway.mjs';
import { launch, newPage } from './browser.mjs';
import { phase, PHONE } from './fixture.mjs';
import { shows } from './term_scene.mjs';

const OUT = join(ROOT, 'docs', 'screens');
const PATIENCE_MS = 120000;
/* For a text that is on its way to the guest's screen, which no page can read. */
const DRAWN_MS = 3000;

const DEVICES = {
	desktop: { viewport: { width: 1120, height: 720 } },
	phone: { ...PHONE, deviceScaleFactor: 1.5 },
};

const drawn = () => new Promise((resolve) => setTimeout(resolve, DRAWN_MS));

async function enter(page, words) {
	await page.keyboard.type(words, { delay: 30 });
	await page.keyboard.press('Enter');
}

/* Logs in on the serial port; everybody after that finds the shell as it was left. */
async function prepareTerminal(page, { user, password }) {
	await page.keyboard.press('Enter');
	await shows(page, /login:$/);
	await enter(page, user);
	await shows(page, /^Password:$/);
	await enter(page, password);
	await shows(page, /\$$/);
}

async function prepareScreen(page, { user, password }) {
	await enter(page, user);
	await drawn();
	await enter(page, password);
	await drawn();
	for (const words of ['uname -sr', 'ls -l /', 'free']) {
		await enter(page, words);
		await drawn();
	}
}

/* No more than a phone has lines for: the pattern is to be seen at the end. */
async function fillTerminal(page) {
	const wide = page.viewportSize().width > 600;
	/* A phone's terminal waits for a finger before it takes keys. */
	await page.locator('.xterm-helper-textarea').focus();
	await enter(page, wide ? 'clear; uname -sr; ls -l /; free' : 'clear; uname -sr; ls /; date');
	await shows(page, wide ? /^Mem:/ : /^Linux \d/);
}

const reason = noLinux();
assert.equal(reason ?? null, null, `no guest to take pictures of: ${reason}`);
mkdirSync(OUT, { recursive: true });
const pve = await startFakePve({ linux: true });
const gw = await startGateway({ pve });
const browser = await launch();

/* One picture; prepare(page) is run before the first of a console, fill(page) before each. */
async function take(kind, device, scheme, fields, steps) {
	const { page, context } = await newPage(browser, { ...DEVICES[device], colorScheme: scheme });
	page.setDefaultTimeout(PATIENCE_MS);
	await page.goto((await gw.create({ vmid: 110, ...fields })).url);
	await phase(page, 'connected');
	for (const step of steps)
		await step(page, pve.linux);
	await page.screenshot({ path: join(OUT, `${kind}-${device}-${scheme}.png`) });
	await context.close();
	console.log(`${kind}-${device}-${scheme}.png`);
}

let first = true;
for (const device of Object.keys(DEVICES)) {
	for (const scheme of ['light', 'dark']) {
		await take('console', device, scheme, {}, first ? [prepareScreen] : [drawn]);
		await take('terminal', device, scheme, { console: 'term', serial: 0 },
			first ? [prepareTerminal, fillTerminal] : [fillTerminal]);
		first = false;
	}
}
await browser.close();
await gw.stop();
await pve.stop();
