// SPDX-License-Identifier: MIT
//
// The terminal page in a browser: paste and copy, search, text size, links, phones,
// screen readers, and output that means harm.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { active, card, PHONE, phase, until } from './fixture.mjs';
import {
	connected, MANDATORY, placeOf, screen, shows, TERMINAL, termFixture, typedIs,
} from './term_scene.mjs';

const setUp = termFixture();

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

const base64 = (text) => Buffer.from(text).toString('base64');

function toClipboard(page, text) {
	return page.evaluate((value) => navigator.clipboard.writeText(value), text);
}

const fromClipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

test('one line is pasted at once, by each of the usual keys', async (t) => {
	const { gateway, page } = await setUp(t, { context: CLIPBOARD });
	await connected(page);
	await toClipboard(page, 'echo Grüße');
	await page.keyboard.press('Control+Shift+V');
	await typedIs(gateway, 'echo Grüße');
	await page.keyboard.press('Shift+Insert');
	await typedIs(gateway, 'echo Grüßeecho Grüße');
});

test('a program that wants to know of a paste is told', async (t) => {
	const { gateway, page } = await setUp(t, { context: CLIPBOARD });
	await connected(page);
	gateway.peer.say('\x1b[?2004hready');
	await shows(page, /ready/);
	await toClipboard(page, 'a\x1b[201~b');
	await page.keyboard.press('Control+Shift+V');
	await typedIs(gateway, '\x1b[200~a[201~b\x1b[201~');
});

test('several lines are shown, with a warning, before they are sent', async (t) => {
	const { gateway, page } = await setUp(t, { context: CLIPBOARD });
	await connected(page);
	await toClipboard(page, 'cd /srv\nrm -r old\n');
	await page.keyboard.press('Control+Shift+V');
	const warning = page.locator('#clipboard-warning');
	await warning.waitFor();
	assert.match(await warning.textContent(), /line/);
	assert.equal(await active(page), 'clipboard-text');
	assert.equal(await page.locator('#clipboard-text').inputValue(), 'cd /srv\nrm -r old\n');
	await page.keyboard.press('Escape');
	assert.equal(await active(page), TERMINAL);
	assert.equal(gateway.peer.typed, '');

	await page.keyboard.press('Control+Shift+V');
	await page.locator('#clipboard-text').fill('cd /srv\nls');
	await page.locator('#clipboard-send').click();
	await typedIs(gateway, 'cd /srv\rls');
	assert.equal(await active(page), TERMINAL);
	await page.locator('#tool-clipboard').click();
	await page.locator('#clipboard-text').fill('ls');
	assert.equal(await warning.isVisible(), false);
});

test('what is selected is copied by Ctrl+Shift+C, and stands in the panel', async (t) => {
	const { gateway, page } = await setUp(t, { context: CLIPBOARD });
	await connected(page);
	gateway.peer.say('one two three');
	await shows(page, /two/);
	const { x, y } = await placeOf(page, 'two');
	await toClipboard(page, 'before');
	await page.keyboard.press('Control+Shift+C');
	assert.equal(await fromClipboard(page), 'before');
	await page.mouse.dblclick(x, y);
	await page.keyboard.press('Control+Shift+C');
	await until(async () => await fromClipboard(page) === 'two', 'the copy');
	assert.equal(await page.locator('#announce').textContent(), 'Copied');
	assert.equal(await active(page), TERMINAL);
	assert.equal(gateway.peer.typed, '');

	await page.locator('#tool-clipboard').click();
	assert.equal(await page.locator('#clipboard-text').inputValue(), 'two');
	await page.locator('#clipboard-screen').click();
	assert.equal(await page.locator('#clipboard-text').inputValue(), '$ one two three');
});

test('on plain http from another machine the panel pastes and copies', async (t) => {
	const { gateway, page } = await setUp(t, { url: (g) => g.url('', 'console.test') });
	assert.equal(await page.evaluate(() => typeof navigator.clipboard), 'undefined');
	await connected(page);
	await page.locator('#tool-clipboard').click();
	await page.locator('#clipboard-text').fill('uptime');
	await page.locator('#clipboard-copy').click();
	await until(async () => await page.locator('#clipboard-copy').textContent() === 'Copied',
		'the copy');
	await page.locator('#clipboard-send').click();
	await typedIs(gateway, 'uptime');
	await page.keyboard.press('Control+Shift+V');       /* a paste needs no permission */
	await typedIs(gateway, 'uptimeuptime');
});

test('a search goes back from the newest line, and counts', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	gateway.peer.say(Array.from({ length: 300 },
		(_, i) => (i % 100 === 7 ? `Needle ${i}\r\n` : `line ${i}\r\n`)).join(''));
	await shows(page, /line 299/);
	await page.keyboard.press('Control+Shift+F');
	assert.equal(await active(page), 'search-text');
	await page.keyboard.type('needle');
	const count = page.locator('#search-count');
	const counts = (wanted) => until(async () => await count.textContent() === wanted, wanted);
	await counts('3 / 3');
	await shows(page, /Needle 207/);
	await page.keyboard.press('Enter');
	await counts('2 / 3');
	await shows(page, /Needle 107/);
	await page.keyboard.press('Shift+Enter');
	await counts('3 / 3');
	await page.locator('#search-on').click();
	await counts('1 / 3');
	await shows(page, /Needle 7$/);
	await page.locator('#search-case').click();
	await counts('No match');
	await page.locator('#search-text').fill('');
	await counts('');
	await page.keyboard.press('Escape');
	assert.equal(await active(page), TERMINAL);
	await page.keyboard.press('Control+f');
	await typedIs(gateway, '\x06');
});

test('text grows and shrinks by buttons and keys, and the terminal is told', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { ...MANDATORY, font_size: 16 } },
	});
	await connected(page);
	const size = () => page.evaluate(() =>
		parseFloat(getComputedStyle(document.querySelector('.xterm-rows')).fontSize));
	assert.equal(await size(), 16);
	const [[cols]] = gateway.peer.sizes;
	await page.keyboard.press('Control+Equal');
	await page.keyboard.press('Control+Equal');
	assert.equal(await size(), 18);
	await until(() => gateway.peer.sizes.at(-1)[0] < cols, 'fewer columns');
	await page.keyboard.press('Control+Minus');
	assert.equal(await size(), 17);
	await page.keyboard.press('Control+0');
	assert.equal(await size(), 16);
	assert.equal(gateway.peer.typed, '');

	await page.locator('#tool-options').click();
	for (let i = 0; i < 3; i++)
		await page.locator('#font-smaller').click();
	assert.equal(await page.locator('#font-size').textContent(), '13');
	await page.keyboard.press('Escape');
	assert.equal(await active(page), TERMINAL);
	for (let i = 0; i < 30; i++)
		await page.keyboard.press('Control+Equal');
	assert.equal(await size(), 32);
	assert.equal(await page.locator('#font-larger').isDisabled(), true);
});

test('colours follow the system, in light and in dark, while the page is open', async (t) => {
	const { page } = await setUp(t, { context: { colorScheme: 'light' } });
	await connected(page);
	const ground = () => page.evaluate(() =>
		getComputedStyle(document.querySelector('.xterm-scrollable-element')).backgroundColor);
	await until(async () => await ground() === 'rgb(255, 255, 255)', 'light');
	await page.emulateMedia({ colorScheme: 'dark' });
	await until(async () => await ground() === 'rgb(13, 16, 20)', 'dark');
});

test('Ctrl, Alt and Shift together lead out of the terminal, and Tab back in', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	for (const key of ['Control', 'Alt', 'Shift'])
		await page.keyboard.down(key);
	for (const key of ['Shift', 'Alt', 'Control'])
		await page.keyboard.up(key);
	assert.equal(await active(page), 'tool-clipboard');
	for (let i = 0; i < 10 && await active(page) !== TERMINAL; i++)
		await page.keyboard.press('Tab');
	await page.keyboard.press('b');
	await typedIs(gateway, 'b');
});

test('a screen reader can have the lines, by the switch or by a setting', async (t) => {
	const { gateway, page } = await setUp(t);
	const tree = page.locator('.xterm-accessibility-tree');
	await connected(page);
	assert.match(await page.locator('#screen textarea').getAttribute('aria-label'),
		/Ctrl, Alt and Shift/);
	assert.equal(await tree.count(), 0);
	await page.locator('#tool-options').click();
	const button = page.locator('#screen-reader');
	await button.click();
	assert.equal(await button.getAttribute('aria-checked'), 'true');
	gateway.peer.say('hello reader\r\n');
	await until(async () => (await tree.textContent()).includes('hello reader'), 'its line');
	await button.click();
	assert.equal(await tree.count(), 0);

	gateway.mandatory = { ...MANDATORY, screen_reader: true };
	await page.reload();
	await connected(page);
	assert.equal(await tree.count(), 1);
});

test('full screen comes and goes with its button', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	const rows = gateway.peer.sizes[0][1];
	await page.locator('#tool-fullscreen').click();
	await page.waitForFunction(() => document.fullscreenElement !== null);
	await until(() => gateway.peer.sizes.at(-1)[1] > rows, 'more rows: the bar is away');
	await page.mouse.move(500, 0);
	await page.locator('#tool-fullscreen').click();
	await page.waitForFunction(() => document.fullscreenElement === null);
});

/* The page that a click opens. */
async function opened(page, click) {
	const [tab] = await Promise.all([page.context().waitForEvent('page'), click()]);
	await tab.waitForLoadState();
	return tab;
}

const HERE = (gateway) => `http://127.0.0.1:${gateway.port}/elsewhere`;

const ELSEWHERE = { '/elsewhere': '<!DOCTYPE html><title>elsewhere</title>' };

test('an address opens in a tab of its own, and nothing else is a link', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { pages: ELSEWHERE } });
	await connected(page);
	gateway.peer.say(`see ${HERE(gateway)} or javascript:alert(1) or ftp://a.test/\r\n`);
	await shows(page, /elsewhere/);
	const at = await placeOf(page, 'http://127');
	await page.mouse.move(at.x, at.y);
	await until(async () => await page.locator('#hint').textContent() === HERE(gateway), 'its address');
	const tab = await opened(page, () => page.mouse.click(at.x, at.y));
	assert.equal(await tab.title(), 'elsewhere');
	assert.equal(await tab.evaluate(() => window.opener), null);
	assert.equal(await tab.evaluate(() => document.referrer), '');
	for (const words of ['javascript:', 'ftp:']) {
		const { x, y } = await placeOf(page, words);
		await page.mouse.move(x, y);
		await page.mouse.click(x, y);
	}
	assert.equal(page.context().pages().length, 2);
});

const osc8 = (address, words) => `\x1b]8;;${address}\x1b\\${words}\x1b]8;;\x1b\\`;

test('a link with words of its own is asked about, and only those of the web', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { pages: ELSEWHERE } });
	await connected(page);
	gateway.peer.say(`${osc8('javascript:document.title="x"', 'harmless')}\r\n`
		+ `${osc8('data:text/html,x', 'data')}\r\n${osc8(HERE(gateway), 'my bank')}\r\n`);
	await shows(page, /bank/);
	for (const words of ['harmless', 'data', 'my bank']) {
		const { x, y } = await placeOf(page, words);
		await page.mouse.move(x, y);
		await page.mouse.click(x, y);
	}
	await page.locator('#ask').waitFor();
	assert.equal(await page.locator('#ask-target').textContent(), HERE(gateway));
	assert.equal(await active(page), 'ask-cancel');
	await page.keyboard.press('Escape');
	assert.equal(page.context().pages().length, 1);
	assert.equal(await active(page), TERMINAL);
	assert.equal(await page.title(), 'Console');

	const { x, y } = await placeOf(page, 'my bank');
	await page.mouse.move(x, y + 100);
	await page.mouse.click(x, y);
	const tab = await opened(page, () => page.locator('#ask-open').click());
	assert.equal(await tab.title(), 'elsewhere');
	assert.equal(await tab.evaluate(() => window.opener), null);
});

test('a program may offer text for the clipboard, which goes there by a button', async (t) => {
	const { gateway, page } = await setUp(t, { context: CLIPBOARD });
	const tool = page.locator('#tool-clipboard');
	await connected(page);
	await toClipboard(page, 'mine');
	gateway.peer.say(`\x1b]52;c;?\x07\x1b]52;c;${base64('evil | sh\n')}\x07done`);
	await shows(page, /done/);
	assert.equal(await fromClipboard(page), 'mine');
	assert.match(await tool.getAttribute('aria-label'), /new text/);
	assert.equal(gateway.peer.typed, '');
	await tool.click();
	assert.equal(await page.locator('#clipboard-text').inputValue(), 'evil | sh\n');

	await page.locator('#clipboard-text').fill('my words');
	gateway.peer.say(`\x1b]52;c;${base64('other')}\x07more`);
	await shows(page, /more/);
	assert.equal(await page.locator('#clipboard-text').inputValue(), 'my words');
	await page.locator('#clipboard-copy').click();
	await until(async () => await fromClipboard(page) === 'my words', 'the copy');
});

test('output that means harm does none', { timeout: 120000 }, async (t) => {
	const { gateway, page } = await setUp(t);
	page.setDefaultTimeout(60000);
	await connected(page);
	const before = gateway.peer.sizes.length;
	const harm = [
		'\x1b]0;owned\x07', '\x1b]2;owned\x1b\\', '\x1b[21t', '\x1b[8;1;1t', '\x1b[3;0;0t',
		'<img src=x onerror=alert(1)><script>alert(1)</script>',
		'\x1b]1337;File=inline=1:AAAA\x07', '\x1bP$q"p\x1b\\', '\x1b[?1049h', '\x07'.repeat(1000),
		'\x1b[999999999;999999999H', '\x1b[2147483648b', 'e\u0301'.repeat(1000),
		`e${'\u0301'.repeat(20000)}`, '\x1b]8;;https://a.test/\x07x', '\x1b[?1049l',
		`\x1b]0;${'t'.repeat(200000)}\x07`, `\x1bP${'q'.repeat(200000)}\x1b\\`,
		'x'.repeat(2000000), '\x1b]8;;\x07\x1b[0m',
	];
	gateway.peer.say(`${harm.join('')}\r\n\r\nstill here\r\n`);
	await shows(page, /^still here/);
	assert.equal(await page.title(), 'Console');
	assert.equal(gateway.peer.sizes.length, before);
	assert.equal(await page.locator('#screen img, #screen script').count(), 0);
	/* what the terminal answers to these by itself: neither title nor what it was told */
	assert.doesNotMatch(gateway.peer.typed, /owned|ttt|alert/);
	gateway.peer.say('\x1bc$ ');
	await shows(page, /^\$/);
	await page.keyboard.press('q');
	await until(() => gateway.peer.typed.endsWith('q'), 'a key');
});

test('a phone has the keys that its keyboard has not', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page);
	assert.notEqual(await active(page), TERMINAL);
	assert.deepEqual(await page.evaluate(() => [document.documentElement.scrollWidth,
		document.documentElement.scrollHeight, visualViewport.scale]), [390, 760, 1]);
	for (const button of await page.locator('#tools button:visible, #keys button').all()) {
		const box = await button.boundingBox();
		assert.ok(box.x >= 0 && box.x + box.width <= 390 && box.height >= 40
			&& box.y + box.height <= 760, 'a button for a finger');
	}

	await page.locator('#tool-keyboard').tap();
	assert.equal(await active(page), TERMINAL);
	assert.equal(await page.locator('#tool-keyboard').getAttribute('aria-pressed'), 'true');
	const key = (name) => page.locator(`#keys button[data-press="${name}"]`);
	const ctrl = page.locator('#keys button[data-modifier="ctrl"]');
	await key('esc').tap();
	await key('tab').tap();
	await key('up').tap();
	assert.equal(await active(page), TERMINAL);
	await ctrl.tap();
	assert.equal(await ctrl.getAttribute('aria-pressed'), 'true');
	await page.keyboard.insertText('c');
	assert.equal(await ctrl.getAttribute('aria-pressed'), 'false');
	await page.keyboard.insertText('c');
	await ctrl.tap();
	await page.locator('#keys button[data-modifier="alt"]').tap();
	await key('left').tap();
	await key('pagedown').tap();
	await typedIs(gateway, '\x1b\t\x1b[A\x03c\x1b[1;7D\x1b[6~');
	await page.locator('#tool-keyboard').tap();
	assert.equal(await page.locator('#tool-keyboard').getAttribute('aria-pressed'), 'false');
});

test('an arrow that is held repeats until it is let go', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page);
	const box = await page.locator('#keys button[data-press="down"]').boundingBox();
	await page.mouse.move(box.x + 10, box.y + 10);
	await page.mouse.down();
	await until(() => gateway.peer.typed.length >= 3 * 3, 'three of them');
	await page.mouse.up();
	await page.locator('#keys button[data-press="/"]').tap();
	await until(() => gateway.peer.typed.endsWith('/'), 'another key');
	assert.match(gateway.peer.typed, /^(\x1b\[B)+\/$/);
});

/* A finger that moves on the terminal, as the browser reports it. */
async function swipe(page, from, to) {
	const cdp = await page.context().newCDPSession(page);
	const send = (type, y) => cdp.send('Input.dispatchTouchEvent', {
		type, touchPoints: y === null ? [] : [{ x: 200, y }],
	});
	await send('touchStart', from);
	for (let i = 1; i <= 10; i++)
		await send('touchMove', from + (to - from) * i / 10);
	await send('touchEnd', null);
	await cdp.detach();
}

test('a finger scrolls, and is no tap', async (t) => {
	const { gateway, page } = await setUp(t, { context: PHONE });
	await connected(page);
	gateway.peer.say(Array.from({ length: 200 }, (_, i) => `line ${i}\r\n`).join(''));
	await shows(page, /line 199/);
	await swipe(page, 200, 500);
	await until(async () => !(await screen(page)).some((line) => /line 199/.test(line)),
		'older lines');
	assert.notEqual(await active(page), TERMINAL);
	await swipe(page, 500, 100);
	await shows(page, /line 199/);

	gateway.peer.say('\x1b[?1049hpager');
	await shows(page, /pager/);
	await swipe(page, 500, 450);
	await until(() => gateway.peer.typed.length > 0, 'cursor keys for a program');
	assert.match(gateway.peer.typed, /^(\x1b\[B)+$/);
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
	await frame.locator('#screen').click();
	await page.keyboard.press('c');
	await typedIs(gateway, 'c');
	gateway.sockets[0].socket.close(4000, '');
	await phase(frame, 'ended');
	assert.match((await card(frame)).title, /ended/);
});
