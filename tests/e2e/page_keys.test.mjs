// SPDX-License-Identifier: MIT
//
// The console page in a browser: the panel with keys, what it holds, and pictures of the screen.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import {
	active, connected, fixture, keysAre, keysyms, phase, PHONE, pixel, SOCKET_FAILED, until,
} from './fixture.mjs';
import { PASSWORD } from './stand_in.mjs';

const setUp = fixture();

const XK = { control: 0xffe3, alt: 0xffe9, shift: 0xffe1, win: 0xffeb, f1: 0xffbe };

/* A page whose panel with keys is open; `key(name)` is a button of it. */
async function openKeys(t, options) {
	const { gateway, page } = await setUp(t, options);
	await connected(page, gateway);
	await page.locator('#tool-keys').click();
	return { gateway, page, key: (name) => page.getByRole('button', { name, exact: true }) };
}

const state = (page, name) => page.locator('#keys-modifiers button', { hasText: name })
	.getAttribute('data-state');

test('each key of the panel is sent, with all that belongs to it', async (t) => {
	const { gateway, page, key } = await openKeys(t);
	await page.locator('#keys-combinations').getByText('Alt+Tab').click();
	await keysAre(gateway, [XK.alt, 0xff09, -0xff09, -XK.alt]);
	gateway.peer.received.length = 0;
	await key('Ctrl+Alt+F1').click();
	await keysAre(gateway, [XK.control, XK.alt, XK.f1, -XK.f1, -XK.alt, -XK.control]);
	gateway.peer.received.length = 0;
	await page.locator('#keys-combinations').getByText('Win').click();
	await key('Esc').click();
	await key('F12').click();
	await keysAre(gateway, [XK.win, -XK.win, 0xff1b, -0xff1b, XK.f1 + 11, -(XK.f1 + 11)]);
	gateway.peer.received.length = 0;
	const buttons = await page.locator('#keys [role=group] button').count();
	assert.equal(buttons, 4 + 4 + 15 + 12 + 12);
	for (const button of await page.locator('#keys-keys button').all())
		await button.click();
	await until(() => keysyms(gateway).length === 30, 'the single keys');
	assert.equal(new Set(keysyms(gateway)).size, 30);
	assert.equal(await active(page), 'CANVAS');
});

test('a modifier pressed once is held for the next key, and shown as pressed', async (t) => {
	const { gateway, page, key } = await openKeys(t);
	await key('Ctrl').click();
	assert.equal(await state(page, 'Ctrl'), 'once');
	assert.equal(await page.locator('#keys-modifiers [aria-pressed=true]').count(), 1);
	assert.match(await page.locator('#keys-modifiers [aria-pressed=true]')
		.getAttribute('aria-label'), /^Ctrl: .*next key/);
	assert.deepEqual(keysyms(gateway), []);
	await page.keyboard.press('c');
	await page.keyboard.press('d');
	await keysAre(gateway, [XK.control, 0x63, -0x63, -XK.control, 0x64, -0x64]);
	assert.equal(await state(page, 'Ctrl'), 'off');
});

test('a modifier pressed twice is held until it is pressed again', async (t) => {
	const { gateway, page } = await openKeys(t);
	const alt = page.locator('#keys-modifiers button', { hasText: 'Alt' });
	await alt.click();
	await alt.click();
	assert.equal(await state(page, 'Alt'), 'locked');
	await page.locator('#keys-keys').getByText('Tab').click();
	await page.locator('#keys-keys').getByText('Tab').click();
	await alt.click();
	await keysAre(gateway, [XK.alt, 0xff09, -0xff09, 0xff09, -0xff09, -XK.alt]);
	assert.equal(await state(page, 'Alt'), 'off');
});

test('two modifiers go with one key, also one of the panel', async (t) => {
	const { gateway, key } = await openKeys(t);
	await key('Ctrl').click();
	await key('Shift').click();
	await key('Esc').click();
	await keysAre(gateway,
		[XK.control, XK.shift, 0xff1b, -0xff1b, -XK.control, -XK.shift]);
});

test('nothing stays held when the connection ends', async (t) => {
	const { gateway, page, key } = await openKeys(t, { expect: [SOCKET_FAILED] });
	await key('Ctrl').click();
	await page.locator('#keys-modifiers button', { hasText: 'Alt' }).dblclick();
	gateway.sockets[0].socket.drop();
	await until(() => gateway.sockets.length === 2, 'the next connection');
	await connected(page, gateway);
	assert.deepEqual([await state(page, 'Ctrl'), await state(page, 'Alt')], ['off', 'off']);
	await page.locator('#screen canvas').focus();
	await page.keyboard.press('x');
	await keysAre(gateway, [0x78, -0x78]);
});

test('nothing stays held when the page around a frame gets the keys', async (t) => {
	const { gateway, page } = await setUp(t, {
		url: (g) => {
			g.pages['/panel'] = `<!DOCTYPE html><title>panel</title><link rel="icon" href="data:,">
				<input id="search"><iframe src="${g.url()}" width="900" height="600"></iframe>`;
			return `http://localhost:${g.port}/panel`;
		},
	});
	const frame = await until(() => page.frames()[1], 'the frame');
	await phase(frame, 'connected');
	await frame.locator('#tool-keys').click();
	await frame.locator('#keys-close').focus();
	await frame.locator('#keys-modifiers button', { hasText: 'Ctrl' }).dblclick();
	await keysAre(gateway, [XK.control]);
	await page.locator('#search').click();
	await keysAre(gateway, [XK.control, -XK.control]);
	assert.equal(await state(frame, 'Ctrl'), 'off');
});

test('by keyboard: the panel opens to its first key, and closes to the screen', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	await page.locator('#tool-keys').focus();
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Ctrl');
	await page.keyboard.press('Space');
	assert.equal(await state(page, 'Ctrl'), 'once');
	for (let i = 0; i < 4; i++)
		await page.keyboard.press('Tab');
	await page.keyboard.press('Enter');
	await until(() => keysyms(gateway).includes(-0xffff), 'Del');
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('#keys').isVisible(), false);
	assert.equal(await page.locator('#tool-keys').getAttribute('aria-expanded'), 'false');
	assert.equal(await active(page), 'CANVAS');
});

test('one panel is open at a time', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	for (const name of ['keys', 'type', 'clipboard', 'keys']) {
		await page.locator(`#tool-${name}`).click();
		const open = await page.locator('#tools [aria-expanded=true]').all();
		assert.deepEqual(await Promise.all(open.map((b) => b.getAttribute('id'))),
			[`tool-${name}`]);
		assert.equal(await page.locator('#stage > section:visible').count(), 1);
	}
});

test('a picture of the screen is saved, named after the moment and nothing else', async (t) => {
	const { gateway, page } = await setUp(t, { url: (g) => g.url('', 'console.test') });
	await connected(page, gateway);
	await until(async () => (await pixel(page))[2] === 0xc0, 'the picture');
	assert.equal(await page.evaluate(() => isSecureContext), false);
	const [download] = await Promise.all([page.waitForEvent('download'),
		page.locator('#tool-picture').click()]);
	assert.match(download.suggestedFilename(), /^console_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.png$/);
	const png = await readFile(await download.path());
	assert.equal(png.toString('latin1', 1, 4), 'PNG');
	assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [320, 200]);
	assert.equal(await active(page), 'CANVAS');
});

test('who may only watch can save a picture, and has no keys', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { password: PASSWORD, view_only: true } },
	});
	await connected(page, gateway);
	for (const [tool, off] of [['keys', true], ['type', true], ['picture', false]])
		assert.equal(await page.locator(`#tool-${tool}`).isDisabled(), off, tool);
});

test('without a console there is nothing to press, and at its end no panel', async (t) => {
	const { gateway, page } = await openKeys(t, { expect: [SOCKET_FAILED] });
	gateway.plan = [{ close: 4001 }];
	gateway.sockets[0].socket.drop();
	await phase(page, 'waiting');
	assert.equal(await page.locator('#keys [role=group] button:enabled').count(), 0);
	assert.equal(await page.locator('#tool-picture').isDisabled(), true);
	gateway.plan = [{ close: 4000 }];
	await phase(page, 'ended');
	assert.equal(await page.locator('#keys').isVisible(), false);
	assert.equal(await page.locator('#tools button:visible').count(), 0);
});

test('on a phone a key of the panel leaves the on-screen keyboard where it is', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page, gateway);
	await page.locator('#tool-keyboard').tap();
	await page.locator('#tool-keys').tap();
	await page.locator('#keys-modifiers button', { hasText: 'Ctrl' }).tap();
	assert.equal(await active(page), 'typing');
	await page.keyboard.insertText('c');
	await keysAre(gateway, [XK.control, 0x63, -0x63, -XK.control]);
});
