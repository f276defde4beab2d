// SPDX-License-Identifier: MIT
//
// The console page in a browser: text typed as keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	active, connected, fixture, keysAre, keysyms, phase, SOCKET_FAILED, until,
} from './fixture.mjs';

const setUp = fixture();

const SHIFT = 0x2a, ALTGR = 0xb8, ENTER = 0x1c;
const KEYBOARD = { plan: [{ screen: true, keyboard: true }] };

/* A page whose panel for text is open. */
async function openPanel(t, options = {}) {
	const { gateway, page } = await setUp(t, { gateway: KEYBOARD, ...options });
	await connected(page, gateway);
	await page.locator('#tool-type').click();
	return { gateway, page };
}

async function type(page, value, layout) {
	await page.locator('#type-text').fill(value);
	if (layout)
		await page.locator('#type-layout').selectOption(layout);
	await page.locator('#type-start').click();
}

const message = (page) => page.locator('#type-message').textContent();

/* Physical keys that have come: a scancode when pressed, negative when released. */
const scancodes = (gateway) => gateway.peer.received.filter((m) => m.type === 'key')
	.map((m) => (m.down ? m.scancode : -m.scancode));

test('text is typed on the machine’s keyboard, by the chosen layout', async (t) => {
	const { gateway, page } = await openPanel(t);
	assert.equal(await active(page), 'type-text');
	await type(page, 'zY@\r\n', 'de');
	await until(async () => /^Typed: 4/.test(await message(page)), 'the end');
	assert.deepEqual(scancodes(gateway), [0x15, -0x15, SHIFT, 0x2c, -0x2c, -SHIFT, ALTGR, 0x10,
		-0x10, -ALTGR, ENTER, -ENTER]);
	assert.deepEqual(gateway.peer.received.filter((m) => m.down).map((m) => m.keysym),
		[0x7a, 0xffe1, 0x59, 0xfe03, 0x40, 0xff0d]);
	assert.equal(await page.locator('#type-text').inputValue(), '');
	assert.equal(await active(page), 'type-text');
});

test('a server that takes characters gets them, and there is no layout to choose', async (t) => {
	const { gateway, page } = await openPanel(t, { gateway: {} });
	assert.equal(await page.locator('#type-layout').isVisible(), false);
	await type(page, 'Ä\t');
	await keysAre(gateway, [0xc4, -0xc4, 0xff09, -0xff09]);
	await type(page, '1 €');
	await until(async () => /“€” on line 1 cannot be typed here/.test(await message(page)),
		'the words');
});

test('a character that cannot be typed is named and selected, and nothing is sent', async (t) => {
	const { gateway, page } = await openPanel(t);
	await type(page, 'a\nb€c', 'us');
	await until(async () => /“€” on line 2 .* English \(US\)/.test(await message(page)),
		'the words');
	assert.deepEqual(scancodes(gateway), []);
	assert.equal(await page.evaluate(() => getSelection().toString()
		|| document.activeElement.value.slice(document.activeElement.selectionStart,
			document.activeElement.selectionEnd)), '€');
	assert.equal(await page.locator('#type-text').getAttribute('aria-invalid'), 'true');
	assert.equal(await page.locator('#type-text').inputValue(), 'a\nb€c');

	await page.locator('#type-layout').selectOption('uk');
	assert.equal(await message(page), '');
	await page.locator('#type-start').click();
	await until(async () => /^Typed: 5/.test(await message(page)), 'the end');
});

test('no batch of keys comes before the one before it has been taken', async (t) => {
	const { gateway, page } = await openPanel(t);
	gateway.peer.answering = false;
	await type(page, 'abcdefghijkl', 'us');
	for (const [n, events] of [[1, 8], [2, 16], [3, 24]]) {
		await until(() => gateway.peer.questions === n, `question ${n}`);
		assert.equal(keysyms(gateway).length, events);
		assert.match(await page.locator('#type-count').textContent(), new RegExp(`^${n * 4} of`));
		gateway.peer.answer();
	}
	await until(async () => /^Typed: 12/.test(await message(page)), 'the end');
});

test('it can be stopped at any time, tells how far it came, and leaves no key held', async (t) => {
	const { gateway, page } = await openPanel(t);
	gateway.peer.answering = false;
	await type(page, 'A'.repeat(100), 'us');
	await until(() => gateway.peer.questions === 1, 'the first batch');
	assert.equal(await active(page), 'type-cancel');
	assert.ok(await page.locator('#type-bar').isVisible());
	await page.keyboard.press('Enter');
	await until(async () => /^Stopped: 3 of 100/.test(await message(page)), 'the words');
	const codes = scancodes(gateway);
	assert.equal(codes.reduce((sum, c) => sum + c, 0), 0);
	assert.equal(await page.locator('#type-text').inputValue(), 'A'.repeat(100));
	assert.equal(await page.locator('#type-start').isEnabled(), true);
});

test('when the connection ends it stops, and tells how far it came', async (t) => {
	const { gateway, page } = await openPanel(t, { expect: [SOCKET_FAILED] });
	gateway.peer.answering = false;
	await type(page, 'b'.repeat(50), 'us');
	await until(() => gateway.peer.questions === 1, 'the first batch');
	gateway.plan = [{ close: 4001 }];
	gateway.sockets[0].socket.drop();
	await phase(page, 'waiting');
	await until(async () => /^Stopped: 4 of 50/.test(await message(page)), 'the words');
	assert.equal(await page.locator('#type-start').isDisabled(), true);
});

test('Escape stops the typing and closes the panel', async (t) => {
	const { gateway, page } = await openPanel(t);
	gateway.peer.answering = false;
	await type(page, 'c'.repeat(50), 'us');
	await until(() => gateway.peer.questions === 1, 'the first batch');
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('#type').isVisible(), false);
	gateway.peer.answer();
	gateway.peer.answering = true;
	await page.locator('#tool-type').click();
	assert.match(await message(page), /^Stopped: 4 of 50/);
	assert.equal(keysyms(gateway).length, 8);
});

test('what is held is let go before anything is typed', async (t) => {
	const { gateway, page } = await openPanel(t);
	await page.locator('#tool-keys').click();
	await page.locator('#keys-modifiers button', { hasText: 'Ctrl' }).dblclick();
	await page.locator('#tool-type').click();
	await type(page, 'x', 'us');
	await keysAre(gateway, [0xffe3, -0xffe3, 0x78, -0x78]);
});

test('a server that never answers is typed at all the same', async (t) => {
	const { gateway, page } = await openPanel(t, { gateway: {} });
	await type(page, 'no answer at all');
	await until(async () => /^Typed: 16/.test(await message(page)), 'the end');
	assert.equal(gateway.peer.questions, 1);
});

test('the layout is the one of the browser’s language, and stays the chosen one', async (t) => {
	const { page } = await openPanel(t, { context: { locale: 'de-CH' } });
	const layout = page.locator('#type-layout');
	assert.equal(await layout.inputValue(), 'ch');
	assert.equal(await layout.locator('option').count(), 12);
	await layout.selectOption('fr');
	await page.keyboard.press('Escape');
	await page.locator('#tool-type').click();
	assert.equal(await layout.inputValue(), 'fr');
});
