// SPDX-License-Identifier: MIT
//
// The console page in a browser: keys, clipboard, full screen, phones, frames.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	active, card, connected, fixture, keysAre, keysyms, phase, PHONE, pixel, SOCKET_FAILED, until,
} from './fixture.mjs';
import { PASSWORD } from './stand_in.mjs';

const setUp = fixture();

const XK = {
	backspace: 0xff08, tab: 0xff09, enter: 0xff0d, shift: 0xffe1, control: 0xffe3, alt: 0xffe9,
	del: 0xffff,
};
const cuts = (gateway) => gateway.peer.received.filter((m) => m.type === 'cut')
	.map((m) => m.text);

test('the screen has the keys once it is there, and they reach the console', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	await page.keyboard.press('a');
	await page.keyboard.press('Tab');
	await keysAre(gateway, [0x61, -0x61, XK.tab, -XK.tab]);
});

test('Ctrl-Alt-Del sends its six key events, and the screen keeps the keys', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	await page.locator('#tool-ctrlaltdel').click();
	await keysAre(gateway,
		[XK.control, XK.alt, XK.del, -XK.del, -XK.alt, -XK.control]);
	assert.equal(await active(page), 'CANVAS');
});

test('Ctrl, Alt and Shift together lead out of the screen, and no key hangs', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	for (const key of ['Control', 'Alt', 'Shift'])
		await page.keyboard.down(key);
	await keysAre(gateway, [XK.control, XK.alt, -XK.control, -XK.alt]);
	assert.equal(await active(page), 'tool-keys');
	for (const key of ['Shift', 'Alt', 'Control'])
		await page.keyboard.up(key);

	/* and Tab leads back in */
	while (await active(page) !== 'CANVAS')
		await page.keyboard.press('Tab');
	await page.keyboard.press('b');
	await until(() => keysyms(gateway).includes(-0x62), 'b');
});

test('the clipboard panel sends its text, and shows the console’s', async (t) => {
	const { gateway, page } = await setUp(t);
	const tool = page.locator('#tool-clipboard');
	await connected(page, gateway);
	await tool.click();
	assert.equal(await active(page), 'clipboard-text');
	assert.equal(await tool.getAttribute('aria-expanded'), 'true');
	assert.equal(await page.locator('#clipboard-send').isDisabled(), true);
	await page.keyboard.type('Grüße');
	await page.locator('#clipboard-send').click();
	await until(() => cuts(gateway).length > 0, 'the text');
	assert.deepEqual(cuts(gateway), ['Grüße']);
	assert.deepEqual(keysyms(gateway), []);
	assert.equal(await page.locator('#clipboard').isVisible(), false);
	assert.equal(await active(page), 'CANVAS');

	gateway.peer.cutText('from the console');
	await until(() => tool.evaluate((b) => b.title.includes('new text')), 'the sign');
	await tool.click();
	assert.equal(await page.locator('#clipboard-text').inputValue(), 'from the console');
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('#clipboard').isVisible(), false);
	assert.equal(await active(page), 'CANVAS');
});

test('somebody who writes in the clipboard panel keeps the keys', async (t) => {
	const { gateway, page } = await setUp(t, { expect: [SOCKET_FAILED] });
	await connected(page, gateway);
	await page.locator('#tool-clipboard').click();
	gateway.sockets[0].socket.drop();
	await until(() => gateway.sockets.length === 2, 'the next connection');
	await connected(page, gateway);
	assert.equal(await active(page), 'clipboard-text');
});

test('full screen comes and goes with its button', async (t) => {
	const { gateway, page } = await setUp(t);
	const button = page.locator('#tool-fullscreen');
	const label = () => button.getAttribute('aria-label');
	await connected(page, gateway);
	await button.click();
	await page.waitForFunction(() => document.fullscreenElement !== null);
	await until(async () => await label() === 'Leave full screen', 'its other name');
	await page.mouse.move(500, 0);
	await button.click();
	await page.waitForFunction(() => document.fullscreenElement === null);
	await until(async () => await label() === 'Full screen', 'its first name');
});

test('tools that need a console are off without one', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { plan: [{ close: 4001 }] } });
	await phase(page, 'waiting');
	for (const id of ['tool-clipboard', 'tool-ctrlaltdel'])
		assert.equal(await page.locator(`#${id}`).isDisabled(), true);
	gateway.plan = [{ close: 4000 }];
	await phase(page, 'ended');
	assert.equal(await page.locator('#tool-ctrlaltdel').isVisible(), false);
});

test('a console that may only be watched gets no input', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { password: PASSWORD, view_only: true } },
	});
	await connected(page, gateway);
	assert.equal(await page.locator('#tool-ctrlaltdel').isDisabled(), true);
	await page.keyboard.press('a');
	await page.mouse.click(500, 400);
	gateway.peer.cutText('x');
	await page.evaluate(() => new Promise(requestAnimationFrame));
	assert.deepEqual(gateway.peer.received, []);
});

test('plain http from another machine works: no secure context', async (t) => {
	const { gateway, page } = await setUp(t, { url: (g) => g.url('', 'console.test') });
	assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof navigator.clipboard,
		typeof crypto.subtle]), [false, 'undefined', 'undefined']);
	await connected(page, gateway);
	await until(async () => (await pixel(page))[2] === 0xc0, 'the picture');
	assert.equal(gateway.sockets[0].origin, `http://console.test:${gateway.port}`);

	await page.locator('#tool-clipboard').click();
	await page.locator('#clipboard-text').fill('copied');
	await page.locator('#clipboard-copy').click();
	await until(async () => await page.locator('#clipboard-copy').textContent() === 'Copied',
		'the copy');
});

test('in a frame of another origin it works, and takes no keys from the panel', async (t) => {
	const { gateway, page } = await setUp(t, {
		url: (g) => {
			g.pages['/panel'] = `<!DOCTYPE html><input id="search" autofocus>
				<iframe src="${g.url()}" width="900" height="600"></iframe>`;
			return `http://localhost:${g.port}/panel`;
		},
		expect: [/favicon/, /^Failed to load resource.*404/],
	});
	const frame = await until(() => page.frames()[1], 'the frame');
	await phase(frame, 'connected');
	assert.equal(await active(page), 'search');
	assert.equal(await frame.locator('#tool-fullscreen').isVisible(), false);

	await frame.locator('#screen canvas').click();
	await page.keyboard.press('c');
	await keysAre(gateway, [0x63, -0x63]);
	await frame.locator('#tool-clipboard').click();
	await frame.locator('#clipboard-text').fill('copied');
	await frame.locator('#clipboard-copy').click();
	await until(async () => await frame.locator('#clipboard-copy').textContent() !== 'Copy',
		'the copy');
	gateway.plan = [{ close: 4000 }];
	gateway.sockets[0].socket.close(4000, '');
	await phase(frame, 'ended');
	assert.match((await card(frame)).title, /ended/);
});

test('a phone shows the whole page, and its keyboard types', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page, gateway);
	const bar = await page.locator('#bar').boundingBox();
	assert.ok(bar.x === 0 && bar.width === 390, 'the bar is as wide as the phone');
	for (const button of await page.locator('#tools button:visible').all()) {
		const box = await button.boundingBox();
		assert.ok(box.x + box.width <= 390 && box.height >= 44, 'a button for a finger');
	}
	assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth,
		document.documentElement.scrollHeight, visualViewport.scale]), [390, 760, 1]);

	const tool = page.locator('#tool-keyboard');
	await tool.tap();
	assert.equal(await active(page), 'typing');
	assert.equal(await tool.getAttribute('aria-pressed'), 'true');
	await page.keyboard.insertText('ö');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Backspace');
	await keysAre(gateway,
		[0xf6, -0xf6, XK.enter, -XK.enter, XK.backspace, -XK.backspace]);
	await tool.tap();
	assert.equal(await tool.getAttribute('aria-pressed'), 'false');
});

test('a tap is a click, and leaves the phone’s keyboard where it is', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page, gateway);
	await page.locator('#tool-keyboard').tap();
	const box = await page.locator('#screen canvas').boundingBox();
	await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
	const clicks = () => gateway.peer.received.filter((m) => m.type === 'pointer' && m.buttons);
	await until(() => clicks().length > 0, 'the click');
	assert.ok(Math.abs(clicks()[0].x - 160) <= 1 && Math.abs(clicks()[0].y - 100) <= 1);
	assert.equal(await active(page), 'typing');
});

test('what an on-screen keyboard corrects is erased and typed again', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page, gateway);
	await page.locator('#tool-keyboard').tap();
	await page.evaluate(() => {
		const field = document.getElementById('typing');
		const edit = (value) => {
			field.value = value;
			field.dispatchEvent(new InputEvent('input', { bubbles: true }));
		};
		const before = field.value;
		edit(`${before}teh`);
		edit(`${before}the`);
	});
	const typed = (s) => [...s].flatMap((c) => [c.charCodeAt(0), -c.charCodeAt(0)]);
	await keysAre(gateway, [...typed('teh'), XK.backspace, -XK.backspace, XK.backspace,
		-XK.backspace, ...typed('he')]);
});
