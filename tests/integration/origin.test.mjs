// SPDX-License-Identifier: MIT
//
// Which pages may open a console's websocket: its own and those that are allowed, however the
// Origin of another one is written.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../lib/wait.mjs';
import { WsClient, WsRefused } from '../lib/ws.mjs';
import { closeWorld, openWorld, useWorld } from './world.mjs';

/* The status of an upgrade with these headers; 101 when it is one. */
async function status(w, url, headers, opts = {}) {
	const u = new URL(url);
	try {
		const ws = await WsClient.connect(`ws://${u.host}${u.pathname}vnc-proxy`,
			{ ...w.gw.tls(), protocols: ['binary'], headers, ...opts });
		ws.destroy();
		return 101;
	} catch (e) {
		assert.ok(e instanceof WsRefused, e.stack);
		return e.status;
	}
}

/* What the page's own origin may look like, and what only looks like it; h is its host. */
const ORIGINS = {
	'its own': [(h) => `http://${h}`, 101],
	'its own in capitals': [(h) => `HTTP://${h}`, 101],
	'another scheme': [(h) => `https://${h}`, 403],
	'a scheme that is none': [(h) => `ws://${h}`, 403],
	'no scheme': [(h) => h, 403],
	'another port': [(h) => `http://${h.replace(/:\d+$/, ':1')}`, 403],
	'no port': [(h) => `http://${h.replace(/:\d+$/, '')}`, 403],
	'a longer port': [(h) => `http://${h}0`, 403],
	'a port with a zero in front': [(h) => `http://${h.replace(':', ':0')}`, 403],
	'another host': [() => 'http://evil.example', 403],
	'its host as a subdomain': [(h) => `http://${h.replace(':', '.evil.example:')}`, 403],
	'its host behind another': [(h) => `http://evil.${h}`, 403],
	'a dot behind the host': [(h) => `http://${h.replace(':', '.:')}`, 403],
	'its host as a user': [(h) => `http://${h}@evil.example`, 403],
	'a user before it': [(h) => `http://evil.example@${h}`, 403],
	'a user and a password': [(h) => `http://u:p@${h}`, 403],
	'a slash behind it': [(h) => `http://${h}/`, 403],
	'a path': [(h) => `http://${h}/page`, 403],
	'a query': [(h) => `http://${h}?`, 403],
	'a fragment': [(h) => `http://${h}#`, 403],
	'a backslash': [(h) => `http://${h}\\`, 403],
	/* No part of a header's value (RFC 9110, 5.5). */
	'a blank behind it': [(h) => `http://${h} `, 101],
	'a tab before it': [(h) => `\thttp://${h}`, 101],
	'a tab in it': [(h) => `http://${h}\t.evil.example`, 403],
	'two in one': [(h) => `http://${h} http://evil.example`, 403],
	'a list': [(h) => `http://${h}, http://${h}`, 403],
	'null': [() => 'null', 403],
	'file': [() => 'file://', 403],
	'a star': [() => '*', 403],
	'bytes beyond ASCII': [(h) => `http://\xfc${h}`, 403],
	'the other spelling of its address': [(h) => `http://${h.replace('127.0.0.1', '127.1')}`, 403],
};

describe('the Origin of a websocket', () => {
	const w = useWorld();
	let url;

	const session = () => (url ??= w.gw.session());

	for (const [what, [origin, expected]] of Object.entries(ORIGINS)) {
		test(`${what}: ${expected}`, async () => {
			const { host } = new URL(await session());
			assert.equal(await status(w, await session(), { Origin: origin(host) }), expected);
		});
	}

	test('empty: as good as absent', async () => {
		assert.equal(await status(w, await session(), { Origin: '' }), 101);
	});

	test('absent: it is no browser, and the key is enough', async () => {
		assert.equal(await status(w, await session(), {}), 101);
	});

	test('there twice: 403, even when both are right', async () => {
		const { origin } = new URL(await session());
		assert.equal(await status(w, await session(), { Origin: [origin, origin] }), 403);
		assert.equal(await status(w, await session(), { Origin: [origin, 'http://evil.example'] }),
			403);
		assert.equal(await status(w, await session(), { Origin: ['http://evil.example', origin] }),
			403);
	});

	test('another Host, or an empty one: 403, since nothing is the page\'s own', async () => {
		const { origin } = new URL(await session());
		assert.equal(await status(w, await session(), { Origin: origin, Host: 'evil.example' }), 403);
		assert.equal(await status(w, await session(), { Origin: 'http://', Host: '' }), 403);
	});

	test('two Hosts, or no Host line, make it no request at all', async () => {
		const { origin, host } = new URL(await session());
		for (const Host of [[host, host], [host, 'evil.example'], null])
			assert.equal(await status(w, await session(), { Origin: origin, Host }), 404);
	});

	test('its own where the target is a URL: that one\'s, whatever Host is', async () => {
		const { origin, pathname } = new URL(await session());
		const at = async (target, Origin) => status(w, await session(),
			{ Origin, Host: 'evil.example' }, { path: `${target}${pathname}vnc-proxy` });
		assert.equal(await at(origin, origin), 101);
		assert.equal(await at(origin.toUpperCase(), origin), 101);
		assert.equal(await at('https://console.example', 'http://console.example'), 101);
		assert.equal(await at(origin, 'http://evil.example'), 403);
		assert.equal(await at('http://user@console.example', 'http://console.example'), 404);
	});

	test('the page\'s own at the address that the browser used', async () => {
		const { port } = new URL(await session());
		assert.equal(await status(w, await session(),
			{ Origin: `http://console.example:${port}`, Host: `Console.Example:${port}` }), 101);
	});

	test('a proxy that nobody trusts names no host', async () => {
		assert.equal(await status(w, await session(),
			{ Origin: 'http://evil.example', 'X-Forwarded-Host': 'evil.example' }), 403);
		assert.equal(await status(w, await session(),
			{ Origin: 'https://evil.example', 'X-Forwarded-Host': 'evil.example',
				'X-Forwarded-Proto': 'https' }), 403);
	});
});

describe('the Origin of a websocket, configured', () => {
	test('allowed_origins adds pages, and SIGHUP takes them back', async (t) => {
		const w = await openWorld({ config: { allowed_origins: ['https://Panel.example:443'] } }, t);
		const url = await w.gw.session();
		const panel = { Origin: 'https://panel.example' };
		assert.equal(await status(w, url, panel), 101);
		assert.equal(await status(w, url, { Origin: new URL(url).origin }), 101);
		assert.equal(await status(w, url, { Origin: 'http://panel.example' }), 403);
		assert.equal(await status(w, url, { Origin: 'https://panel.example.evil.example' }), 403);
		w.gw.reload({ allowed_origins: [] });
		await until(async () => await status(w, url, panel) === 403, 5000, 'it to be refused');
		await closeWorld(w);
	});

	test('without allow_missing_origin only browsers come in', async (t) => {
		const w = await openWorld({ config: { allow_missing_origin: false } }, t);
		const url = await w.gw.session();
		assert.equal(await status(w, url, {}), 403);
		assert.equal(await status(w, url, { Origin: '' }), 403);
		assert.equal(await status(w, url, { Origin: new URL(url).origin }), 101);
		await closeWorld(w);
	});

	test('behind a proxy of ours the page\'s own is what the proxy says', async (t) => {
		const w = await openWorld({ config: { trusted_proxies: ['127.0.0.9'] } }, t);
		const url = await w.gw.session();
		const said = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'console.example' };
		const by = { from: '127.0.0.9' };
		assert.equal(await status(w, url, { ...said, Origin: 'https://console.example' }, by), 101);
		assert.equal(await status(w, url, { ...said, Origin: 'http://console.example' }, by), 403);
		assert.equal(await status(w, url, { ...said, Origin: new URL(url).origin }, by), 403);
		assert.equal(await status(w, url, { ...said, Origin: 'https://console.example' }), 403);
		assert.equal(await status(w, url, { ...said, Origin: new URL(url).origin }), 101);
		await closeWorld(w);
	});

	test('a certificate of our own makes it https', async (t) => {
		const w = await openWorld({ tls: true }, t);
		const url = await w.gw.session();
		const { host } = new URL(url);
		const open = (origin) => w.gw.websocket(url, { origin }).then((ws) => {
			ws.destroy();
			return 101;
		}, (e) => e.status);
		assert.equal(await open(`https://${host}`), 101);
		assert.equal(await open(`http://${host}`), 403);
		await closeWorld(w);
	});
});
