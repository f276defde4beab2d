// SPDX-License-Identifier: MIT
//
// The terminal page in a browser: connecting, output, size, reconnecting, ending.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { active, card, LOAD_FAILED, phase, SOCKET_FAILED, until } from './fixture.mjs';
import { UNACKNOWLEDGED_MAX, WINDOW } from './term_peer.mjs';
import { connected, MANDATORY, screen, shows, TERMINAL, termFixture, typedIs }
	from './term_scene.mjs';

const setUp = termFixture();

/* Time stands still for the page, so that a countdown waits for the test. */
async function stopClock(page) {
	await page.clock.install({ time: 1000 });
	await page.clock.pauseAt(2000);
}

/* Let time pass in small steps until a line that matches can be seen: drawing takes some. */
async function showsInTime(page, pattern) {
	await until(async () => {
		await page.clock.runFor(50);
		return (await screen(page)).some((line) => pattern.test(line));
	}, `a line like ${pattern}`);
}

test('the page connects by itself and shows what the terminal says', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { plan: [{ term: true,
		say: 'web-01 login: \x1b[1;31mred\x1b[0m \x1b[38;2;1;200;3mgreen\x1b[0m\r\n$ ' }] } });
	await connected(page);
	assert.equal((await screen(page))[0], 'web-01 login: red green');
	const { origin, protocol } = gateway.sockets[0];
	assert.equal(origin, `http://127.0.0.1:${gateway.port}`);
	assert.equal(protocol, undefined);
	assert.equal(await page.locator('#card').isVisible(), false);
	assert.equal(await page.locator('#announce').textContent(), 'Connected');
	assert.equal(await page.title(), 'Console');
	assert.doesNotMatch(await page.content(), /proxmox|\bpve|novnc/i);
	const colours = await page.evaluate(() => Object.fromEntries(
		[...document.querySelectorAll('.xterm-rows span')]
			.map((s) => [s.textContent.trim(), getComputedStyle(s).color])));
	assert.notEqual(colours.red, colours.green);
	assert.match(colours.green, /^rgb\(\d+, 1\d\d, \d+\)$/);
});

test('nothing is loaded from elsewhere, and nothing is kept', async (t) => {
	const urls = [];
	const { gateway, page } = await setUp(t, {
		prepare: (p) => p.on('request', (r) => urls.push(r.url())),
	});
	await connected(page);
	await page.keyboard.press('Control+Equal');
	await page.reload();
	await connected(page);
	assert.ok(urls.length > 20);
	assert.deepEqual(urls.filter((u) => !u.startsWith(gateway.url())), []);
	assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length,
		document.cookie]), [0, 0, '']);
});

test('keys go to the terminal as they are typed, in any script', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	assert.equal(await active(page), TERMINAL);
	await page.keyboard.type('ls -l');
	await page.keyboard.press('Enter');
	await page.keyboard.press('Tab');
	await page.keyboard.press('Control+c');
	await page.keyboard.press('ArrowUp');
	await page.keyboard.insertText('Grüße 日本 😀');
	await typedIs(gateway, 'ls -l\r\t\x03\x1b[AGrüße 日本 😀');
});

test('characters may be cut anywhere on their way', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	for (const byte of Buffer.from('\x1b[32mGrüße €5 日本 😀\x1b[0m!'))
		gateway.peer.say([byte]);
	await shows(page, /Grüße €5 日本 ?😀 ?!/);
});

test('the size is the first thing that is sent, and follows the window', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page);
	assert.equal(gateway.peer.first, 'resize');
	assert.equal(gateway.peer.sizes.length, 1);
	const [[cols, rows]] = gateway.peer.sizes;
	assert.ok(cols > 100 && rows > 30, `${cols} x ${rows}`);
	assert.equal((await screen(page)).length, rows);

	for (const width of [900, 800, 700, 600])
		await page.setViewportSize({ width, height: 400 });
	await until(() => gateway.peer.sizes.some(([c, r]) => c < 75 && r < rows), 'a smaller size');
	const box = await page.locator('.xterm-screen').boundingBox();
	assert.ok(box.x + box.width <= 600 && box.y + box.height <= 400);
});

test('a terminal that is silent is there after a moment', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { plan: [{ term: true }] } });
	await phase(page, 'connected');
	await page.keyboard.press('Enter');
	await typedIs(gateway, '\r');
});

test('a connection that is lost keeps its output, and the next one begins anew', async (t) => {
	const { gateway, page } = await setUp(t, { prepare: stopClock, expect: [SOCKET_FAILED] });
	await showsInTime(page, /\$/);
	gateway.peer.say('old words\r\n\x1b[?1000h\x1b[?2004h\x1b[?1h\x1b[41m\x1b[5;7r'
		+ '\x1b[6Hcut \x1b]0;off');
	await showsInTime(page, /cut/);
	gateway.plan = [{ term: true }];
	gateway.sockets[0].socket.drop();
	await phase(page, 'waiting');
	assert.match((await card(page)).title, /connection was lost/);
	await showsInTime(page, /old words/);
	assert.ok(await page.evaluate(() =>
		Number(getComputedStyle(document.getElementById('screen')).opacity) < 0.5));

	await page.clock.runFor(1000);
	await until(() => gateway.sockets[1]?.peer.sizes.length > 0, 'the next connection');
	await page.clock.runFor(2000);
	await phase(page, 'connected');
	await showsInTime(page, /old words/);   /* nothing new was said yet */
	gateway.peer.say('new $ ');
	await showsInTime(page, /^new \$/);
	assert.equal((await screen(page))[0], 'new $');
	assert.equal(await page.locator('.xterm-rows [class*="xterm-bg-"]').count(), 0);
	await page.mouse.click(300, 300);
	await page.keyboard.press('ArrowUp');
	await typedIs(gateway, '\x1b[A');

	await page.mouse.move(300, 300);
	for (let i = 0; i < 5; i++)
		await page.mouse.wheel(0, -1000);
	await showsInTime(page, /old words/);   /* it can be scrolled back to */
});

test('a machine that is off is waited for, without a flicker', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { plan: [{ close: 4001, reason: 'It is off.' }] }, prepare: stopClock,
	});
	const phases = [];
	await page.exposeFunction('sawPhase', (name) => phases.push(name));
	await page.evaluate(() => new MutationObserver(() => window.sawPhase(
		document.body.dataset.phase)).observe(document.body, { attributeFilter: ['data-phase'] }));
	await phase(page, 'waiting');
	assert.match((await card(page)).title, /switched off/);
	for (let n = 2; n <= 4; n++) {
		await until(async () => {
			await page.clock.runFor(500);
			return gateway.count('term-proxy') >= n;
		}, `try ${n}`);
		await phase(page, 'waiting');
	}
	assert.ok(phases.length >= 4 && !phases.includes('connected'), phases.join());
	gateway.plan = [{ term: true, say: '$ ' }];
	await page.locator('#card-button').click();
	await showsInTime(page, /\$/);
	await phase(page, 'connected');
});

test('a browser that could not keep up comes back by itself', async (t) => {
	const { gateway, page } = await setUp(t, { prepare: stopClock });
	await showsInTime(page, /\$/);
	gateway.sockets[0].socket.close(1008, 'The browser could not keep up with the console.');
	await phase(page, 'waiting');
	assert.match((await card(page)).title, /connection was lost/);
	await page.clock.runFor(1000);
	await phase(page, 'connected');
});

test('at the end of the session nothing is left of what was shown', async (t) => {
	const { gateway, page } = await setUp(t, { gateway: { plan: [{ term: true,
		say: 'secret words $ ' }] } });
	await connected(page);
	gateway.peer.say('more secret words\r\n'.repeat(5000));
	gateway.sockets[0].socket.close(4000, 'Bye.');
	await phase(page, 'ended');
	const says = await card(page);
	assert.match(says.title, /session has ended/);
	assert.equal(says.reason, 'Bye.');
	await until(async () => !(await page.content()).includes('secret words'), 'nothing');
	for (const id of ['tool-clipboard', 'tool-search', 'tool-options'])
		assert.equal(await page.locator(`#${id}`).isVisible(), false);
});

test('a session of another kind of console is none for this page', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { ...MANDATORY, console: 'vnc' } },
	});
	await phase(page, 'ended');
	assert.match((await card(page)).title, /no console here/);
	assert.equal(gateway.count('term-proxy'), 0);
});

test('a page that did not load completely says so', async (t) => {
	const { page } = await setUp(t, {
		gateway: { missing: new Set(['xterm/addon-fit.mjs']) }, expect: [LOAD_FAILED],
	});
	await phase(page, 'ended');
	assert.match((await card(page)).title, /did not load/);
	assert.equal((await card(page)).button, 'Reload the page');
});

test('a console that may only be watched gets no input', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { ...MANDATORY, view_only: true } },
	});
	await connected(page);
	await page.locator('#screen').click();
	await page.keyboard.type('x');
	await page.locator('#tool-clipboard').click();
	await page.locator('#clipboard-text').fill('y');
	assert.equal(await page.locator('#clipboard-send').isDisabled(), true);
	gateway.peer.say('\r\nmore\r\n');
	await shows(page, /more/);
	assert.equal(gateway.peer.typed, '');
});

/* The page's heap after a collection, in bytes. */
async function heap(page) {
	const cdp = await page.context().newCDPSession(page);
	await cdp.send('HeapProfiler.collectGarbage');
	const { usedSize } = await cdp.send('Runtime.getHeapUsage');
	await cdp.detach();
	return usedSize;
}

/* Have the terminal say that many bytes of lines, and the page show the last of them. */
async function flood(gateway, page, bytes, name) {
	const line = `${name} ${'x'.repeat(70)}\r\n`;
	gateway.peer.say(line.repeat(bytes / line.length));
	await gateway.peer.said();
	gateway.peer.say(`end of ${name}\r\n`);
	await shows(page, new RegExp(`end of ${name}`));
}

test('20 MB of output are acknowledged as they are shown, and the page does not grow',
	{ timeout: 240000 }, async (t) => {
		const { gateway, page } = await setUp(t);
		page.setDefaultTimeout(120000);
		await connected(page);
		await flood(gateway, page, 2e6, 'first');
		const before = await heap(page);
		await flood(gateway, page, 20e6, 'second');
		const grown = await heap(page) - before;
		t.diagnostic(`grown by ${(grown / 1024).toFixed(0)} KiB, ${gateway.peer.acks} acks`);
		assert.ok(grown < 4 * 1024 * 1024, `${grown} bytes more`);
		assert.ok(gateway.peer.mostUnacknowledged <= WINDOW);
		assert.ok(gateway.peer.outstanding < UNACKNOWLEDGED_MAX);
		assert.ok(gateway.peer.acks > 20e6 / WINDOW);
	});
