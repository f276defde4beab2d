// SPDX-License-Identifier: MIT
//
// The console page in a browser: connecting, reconnecting, ending.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
	card, connected, fixture, LOAD_FAILED, phase, pixel, SOCKET_FAILED, until,
} from './fixture.mjs';
import { PASSWORD } from './stand_in.mjs';

const setUp = fixture();

const BLUE = [0x20, 0x60, 0xc0];

/* Time stands still for the page, so that a countdown waits for the test. */
async function stopClock(page) {
	await page.clock.install({ time: 1000 });
	await page.clock.pauseAt(2000);
}

async function showsPicture(page, colour = BLUE) {
	await until(async () => String(await pixel(page)) === String(colour), `colour ${colour}`);
}

test('the page connects by itself and shows the picture, scaled', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	await showsPicture(page);

	const { origin, protocol, peer } = gateway.sockets[0];
	assert.equal(origin, `http://127.0.0.1:${gateway.port}`);
	assert.equal(protocol, undefined);
	assert.equal(peer.shared, true);
	const box = await page.locator('#screen canvas').boundingBox();
	assert.ok(box.width > 900, `canvas is ${box.width} wide`);
	assert.equal(await page.locator('#card').isVisible(), false);
	assert.equal(await page.locator('#phase').textContent(), 'Connected');
	assert.equal(await page.locator('#announce').textContent(), 'Connected');
});

test('the title is neutral, and no internal name is in the page', async (t) => {
	const { gateway, page } = await setUp(t);
	await connected(page, gateway);
	assert.equal(await page.title(), 'Console');
	assert.doesNotMatch(await page.content(), /internal-name|proxmox|pve|novnc/i);
});

test('nothing is loaded from elsewhere, and nothing is kept', async (t) => {
	const urls = [];
	const { gateway, page } = await setUp(t, {
		prepare: (p) => p.on('request', (r) => urls.push(r.url())),
	});
	await connected(page, gateway);
	await page.reload();
	await phase(page, 'connected');
	assert.ok(urls.length > 10);
	const elsewhere = urls.filter((u) => !u.startsWith(gateway.url()) && !/^data:/.test(u));
	assert.deepEqual(elsewhere, []);
	assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length,
		document.cookie]), [0, 0, '']);
});

test('the query and the hash change nothing', async (t) => {
	const evil = '?host=evil.test&port=1&path=x&password=y&encrypt=1&autoconnect=0&resize=off'
		+ '#host=evil.test&port=1&path=x';
	const { gateway, page } = await setUp(t, { url: (g) => g.url(evil) });
	await connected(page, gateway);
	await showsPicture(page);
	assert.equal(gateway.count('vnc-proxy'), 1);
	assert.equal(gateway.requests.filter((r) => r.includes('evil')).length, 1);
});

const STOPS = {
	4000: [/session has ended/, /new link/, null],
	4003: [/refused/, /new link/, 'Try again'],
	4004: [/Too many/, /new link/, 'Try again'],
	4005: [/administrator/, /new link/, null],
	4099: [/closed/, /new link/, null],
};

for (const [code, [title, text, button]] of Object.entries(STOPS))
	test(`Close ${code} stops the page, with its words`, async (t) => {
		const { gateway, page } = await setUp(t, {
			gateway: { plan: [{ close: Number(code), reason: 'Maintenance.' }] },
			prepare: stopClock,
		});
		await phase(page, 'ended');
		const says = await card(page);
		assert.match(says.title, title);
		assert.match(says.text, text);
		assert.equal(says.reason, 'Maintenance.');
		assert.equal(says.button, button);
		assert.match(await page.locator('#announce').textContent(), title);

		const asked = gateway.requests.length;
		await page.clock.runFor(15 * 60 * 1000);
		await page.evaluate(() => window.dispatchEvent(new Event('online')));
		assert.equal(gateway.requests.length, asked);
	});

const RETRIES = {
	4001: [{ close: 4001, reason: 'It is off.' }, /switched off/],
	4002: [{ close: 4002, reason: 'No answer.' }, /does not answer/],
	1001: [{ close: 1001, reason: '' }, /restarting/],
	1011: [{ close: 1011, reason: 'core/pipe.c:12' }, /could not be opened/],
	1006: [{ drop: true }, /could not be opened/],
	'a refused upgrade': [{ refuse: 403 }, /could not be opened/],
};

for (const [code, [step, title]] of Object.entries(RETRIES))
	test(`after ${code} the page counts down and comes back by itself`, async (t) => {
		const { gateway, page } = await setUp(t, {
			gateway: { plan: [step, { screen: true }] },
			prepare: stopClock, expect: [SOCKET_FAILED],
		});
		await phase(page, 'waiting');
		const says = await card(page);
		assert.match(says.title, title);
		assert.equal(says.reason, Number(code) >= 4000 ? step.reason : '');
		assert.equal(says.count, 'Trying again in 1 s');
		assert.equal(says.button, 'Reconnect now');
		assert.equal(gateway.count('vnc-proxy'), 1);

		await page.clock.runFor(1000);
		await connected(page, gateway);
		await showsPicture(page);
		assert.equal(gateway.count('mandatory.json'), 2);
	});

test('a connection that is lost keeps its last picture until the next', async (t) => {
	const { gateway, page } = await setUp(t, {
		prepare: stopClock, expect: [SOCKET_FAILED],
	});
	const ghost = () => page.evaluate(() => document.getElementById('ghost').width);
	await connected(page, gateway);
	await showsPicture(page);
	gateway.plan = [{ screen: true, colour: [200, 40, 40] }];
	gateway.sockets[0].socket.drop();
	await phase(page, 'waiting');
	assert.match((await card(page)).title, /connection was lost/);
	assert.equal(await ghost(), 320);

	await page.clock.runFor(1000);
	await connected(page, gateway);
	await showsPicture(page, [200, 40, 40]);
	assert.equal(await ghost(), 0);
});

test('pauses grow, the countdown shows them, and the button cuts them short', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { plan: [{ close: 4002 }] }, prepare: stopClock,
	});
	const counts = [];
	for (let n = 1; n <= 4; n++) {
		await until(() => gateway.count('vnc-proxy') === n, `try ${n}`);
		await phase(page, 'waiting');
		counts.push((await card(page)).count);
		if (n < 4)
			await page.clock.runFor(Number(counts.at(-1).match(/\d+/)[0]) * 1000);
	}
	assert.match(counts.join(), /in 1 s,.* in 2 s,.* in 4 s,.* in [78] s$/);

	gateway.plan = [{ screen: true }];
	await page.locator('#card-button').click();
	await connected(page, gateway);
	assert.equal(await page.evaluate(() => document.activeElement.tagName), 'CANVAS');
});

test('a gateway that is gone is waited for, and found again', async (t) => {
	const { gateway, page } = await setUp(t, {
		prepare: stopClock, expect: [SOCKET_FAILED, LOAD_FAILED],
	});
	await connected(page, gateway);
	await gateway.stop();
	await phase(page, 'waiting');
	assert.match((await card(page)).title, /connection was lost/);
	await page.clock.runFor(1000);
	await until(async () => /cannot be reached/.test((await card(page)).title), 'its words');
	await phase(page, 'waiting');

	await gateway.listen();
	await page.clock.runFor(2000);
	await connected(page, gateway);
});

test('a gateway that stays away is given up after minutes, with a button', async (t) => {
	const { gateway, page } = await setUp(t, {
		prepare: stopClock, expect: [SOCKET_FAILED, LOAD_FAILED],
	});
	await connected(page, gateway);
	await gateway.stop();
	const now = () => page.evaluate(() => document.body.dataset.phase);
	await until(async () => {
		if (await now() === 'waiting')
			await page.clock.runFor(5000);
		return await now() === 'ended';
	}, 'the end');
	const says = await card(page);
	assert.match(says.title, /does not answer/);
	assert.match(says.text, /new link/);
	assert.equal(says.button, 'Try again');

	await gateway.listen();
	await page.locator('#card-button').click();
	await connected(page, gateway);
});

test('when the session’s key is gone, the page says so and stops', async (t) => {
	const { gateway, page } = await setUp(t, {
		prepare: stopClock, expect: [SOCKET_FAILED, LOAD_FAILED],
	});
	await connected(page, gateway);
	gateway.mandatory = 404;
	gateway.sockets[0].socket.drop();
	await phase(page, 'waiting');
	await page.clock.runFor(1000);
	await phase(page, 'ended');
	const says = await card(page);
	assert.match(says.title, /no longer valid/);
	assert.match(says.text, /new link/);
	assert.equal(says.button, null);
	assert.equal(await page.evaluate(() => document.getElementById('ghost').width), 0);
	assert.equal(gateway.count('vnc-proxy'), 1);
});

test('without mandatory.json there is no password, and the page says so', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: 404 }, expect: [LOAD_FAILED],
	});
	await phase(page, 'ended');
	assert.match((await card(page)).text, /no password/);
	assert.equal(gateway.count('vnc-proxy'), 0);
});

test('without defaults.json all is well', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { missing: new Set(['defaults.json']) }, expect: [LOAD_FAILED],
	});
	await connected(page, gateway);
});

test('a wrong password is asked for once more, then the page stops', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { password: 'wrong' } },
	});
	await phase(page, 'ended');
	const says = await card(page);
	assert.match(says.title, /password/);
	assert.match(says.text, /new link/);
	assert.equal(gateway.count('mandatory.json'), 2);
	assert.equal(gateway.count('vnc-proxy'), 2);

	gateway.mandatory = { password: PASSWORD };
	await page.locator('#card-button').click();
	await connected(page, gateway);
});

test('with autoconnect off the page waits for its button', async (t) => {
	const { gateway, page } = await setUp(t, {
		gateway: { mandatory: { password: PASSWORD, autoconnect: false } },
	});
	await phase(page, 'idle');
	assert.equal(gateway.count('vnc-proxy'), 0);
	await page.locator('#card-button').click();
	await connected(page, gateway);
});

test('a page that did not load completely says so', async (t) => {
	const { page } = await setUp(t, {
		gateway: { missing: new Set(['core/display.js']) }, expect: [LOAD_FAILED],
	});
	await phase(page, 'ended');
	const says = await card(page);
	assert.match(says.title, /did not load/);
	assert.equal(says.button, 'Reload the page');
});
