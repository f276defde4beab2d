// SPDX-License-Identifier: MIT
//
// What the customer's side gets to see: every byte sent to a browser in twenty scenarios that
// succeed and fail, searched for Proxmox; and the debug log, searched for secrets.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { RfbClient } from '../lib/rfb.mjs';
import { WsRefused } from '../lib/ws.mjs';
import { Conn, formatRequest } from '../lib/http.mjs';
import { FAST, NotingGateway, shows } from './world.mjs';

const PUBLIC = '127.0.0.2';
const NODE = 'hidden-node-7';
const USER = 'billing-robot@hidden-realm';
const PASSWORD = 'Very&Secret;Pass=word+1%';
const HTML = { headers: { Accept: 'text/html' } };

/* The gateway at an address that is not Proxmox's. */
class PublicGateway extends NotingGateway {
	get url() {
		return `${this.scheme}://${PUBLIC}:${this.port}`;
	}
}

/* Whatever came over HTTP, as bytes. */
async function capture(url, path, headers = {}, method = 'GET') {
	const conn = await Conn.open(url);
	conn.write(formatRequest({ method, path, host: new URL(url).host, headers }));
	await conn.closed(15000);
	conn.close();
	return conn.received;
}

describe('of Proxmox, a browser sees', () => {
	let pve;
	let gw;
	const captured = [];

	before(async () => {
		pve = await startFakePve({ nodes: [NODE], timings: FAST, users: {
			[USER]: { audit: true, console: true, password: PASSWORD },
			'poor@hidden-realm': { audit: true, console: false, password: 'Poor-Secret-5' },
		} });
		pve.user = USER;
		pve.password = PASSWORD;
		for (const s of [PASSWORD, 'Poor-Secret-5'])
			pve.records.secret(s);
		gw = new PublicGateway({ pve, pool: 20, config: { public_ip: PUBLIC,
			router_ip: PUBLIC, session_ip: PUBLIC, open_timeout: 5 } });
		await gw.prepare();
		await gw.start();
	});
	after(async () => {
		try {
			await gw.stop();
		} finally {
			await pve.stop();
		}
	});

	/* Nothing in these bytes tells what is behind the gateway. */
	function clean(bytes, what) {
		captured.push(bytes);
		/* Random by nature, and none of anybody's business. */
		const text = bytes.toString('latin1').replace(/^sec-websocket-accept:.*$/im, '');
		const words = [NODE, 'hidden-realm', 'billing-robot', USER, PASSWORD, 'Poor-Secret',
			'127.0.0.1', `:${pve.port}`, 'PVEAuthCookie', 'CSRF', 'vncticket', 'api2'];
		for (const word of words)
			assert.ok(!text.toLowerCase().includes(word.toLowerCase()), `${what}: ${word}`);
		assert.deepEqual(findLeaks(bytes, pve.secrets), [], what);
		/* Not the middle of noVNC's "xvpVer". */
		assert.doesNotMatch(text, /proxmox|(?<![a-z])pve/i, what);
	}

	async function page(what, fields, faults = {}) {
		const { token } = await gw.create({ vmid: 101, ...fields });
		Object.assign(pve.faults, faults);
		try {
			for (const accept of ['text/html', '*/*'])
				clean(await capture(gw.url, `/vnc/${token}`, { Accept: accept }), what);
		} finally {
			Object.keys(faults).forEach((k) => delete pve.faults[k]);
		}
	}

	/* Everything a websocket said until it was closed, or until the picture was there. */
	async function console(what, vmid, { faults = {}, password, picture } = {}) {
		const url = await gw.session({ vmid });
		const { password: right } = await gw.mandatory(url);
		Object.assign(pve.faults, faults);
		try {
			const ws = await gw.websocket(url);
			const rfb = new RfbClient(ws);
			const hands = rfb.handshake({ password: password ?? right, ms: 9000 });
			if (picture) {
				await hands;
				await shows({ rfb });
			} else {
				await hands.catch(() => {});
				await ws.closed(9000);
			}
			clean(ws.received, what);
			ws.destroy();
		} finally {
			Object.keys(faults).forEach((k) => delete pve.faults[k]);
		}
	}

	test('nothing in the redirect of a link that works', async () => {
		const { token } = await gw.create();
		const bytes = await capture(gw.url, `/vnc/${token}`);
		assert.match(bytes.toString(), /^HTTP\/1.1 302/);
		clean(bytes, 'redirect');
	});

	test('nothing in the console page, its files and mandatory.json', async () => {
		const url = await gw.session({ vmid: 120 });
		const { origin, pathname } = new URL(url);
		const root = gw.config.novnc_path;
		const files = readdirSync(root, { recursive: true })
			.map((f) => String(f)).filter((f) => !f.includes('node_modules'));
		for (const f of ['', 'mandatory.json', 'defaults.json', 'vnc-proxy', 'nothing', ...files])
			clean(await capture(origin, `${pathname}${f}`), f);
	});

	test('nothing in a console that works', () => console('picture', 101, { picture: true }));
	test('nothing in a container\'s console', () => console('container', 200, { picture: true }));

	for (const [what, fields, faults] of [
		['an unknown token', null],
		['a wrong password', { password: 'Wrong-Secret-1' }],
		['an unknown user', { username: 'nobody@hidden-realm' }],
		['a guest that is off', { vmid: 102 }],
		['a guest that does not exist', { vmid: 4711 }],
		['an unknown node', { node: 'hidden-node-8' }],
		['a host that refuses connections', { port: 9 }],
		['a host name that does not exist', { hostname: 'hidden-node-7.invalid' }],
		['a host that hangs up', {}, { accept: { close: true } }],
		['a node out of reach', {}, { status: { status: 595, reason: 'hidden-node-7 refused' } }],
		['a chatty error', {}, { status: { status: 500, reason: `pve says ${USER} ${NODE}` } }],
		['garbage', {}, { status: { garbage: 'http' } }],
		['a login that says its secrets', {}, { ticket: { status: 500, reason: PASSWORD } }],
	])
		test(`nothing in the page after ${what}`, () => (fields
			? page(what, fields, faults)
			: capture(gw.url, '/vnc/0123456789abcdef0123', HTML.headers)
				.then((b) => clean(b, what))));

	for (const [what, vmid, options] of [
		['the console is refused', 131, { faults: { vncproxy: { status: 403,
			reason: 'Permission check failed (/vms/131, VM.Console)' } } }],
		['the console call fails chattily', 132, { faults: { vncproxy: { status: 500,
			reason: `proxmox: ${NODE} ${USER}` } } }],
		['the websocket is refused', 133, { faults: { vncwebsocket: { status: 401,
			reason: 'permission denied - invalid PVEVNC ticket' } } }],
		['the screen refuses the password', 134, { faults: { rfb: { authFail: true } } }],
		['the screen speaks another protocol', 135, { faults: { rfb: { garbage: true } } }],
		['the host went away', 136, { faults: { accept: { close: true } } }],
		['the browser\'s password is wrong', 137, { password: 'wrong' }],
	])
		test(`nothing in the websocket when ${what}`, () => console(what, vmid, options));

	test('nothing in the websocket when the guest is switched off', async () => {
		const url = await gw.session({ vmid: 138 });
		const { ws } = await gw.console(url);
		await pve.guest(138).stop();
		await ws.closed();
		clean(ws.received, 'the cut');
		const again = await gw.websocket(url);
		await again.closed();
		clean(again.received, 'guest off');
	});

	test('nothing on a port that is scanned', async () => {
		const { origin, pathname } = new URL(await gw.session({ vmid: 139 }));
		for (const [path, method] of [['/', 'GET'], ['/vnc.html', 'GET'], ['/', 'POST'],
			[pathname, 'DELETE'], [`${pathname}x`, 'GET']])
			clean(await capture(origin, path, {}, method), `${method} ${path}`);
		await assert.rejects(gw.websocket(`${origin}/${'0'.repeat(32)}/`), (e) => {
			assert.ok(e instanceof WsRefused);
			clean(Buffer.from(JSON.stringify(e.response)), 'refused websocket');
			return true;
		});
	});

	test('nothing at the router without the secret', async () => {
		for (const [path, method] of [['/', 'GET'], ['/status', 'GET'], ['/create', 'POST'],
			['/create', 'GET'], ['/vnc/', 'GET'], ['/vnc/x', 'HEAD'], ['/vnc/x/y', 'GET']])
			clean(await capture(gw.url, path, {}, method), `${method} ${path}`);
	});

	test('nothing, in at least 20 captures', () => {
		assert.ok(captured.length >= 20, `${captured.length} captures`);
	});

	describe('and the debug log of all that', () => {
		test('has no password, ticket or CSRF token of Proxmox', async () => {
			assert.ok(pve.secrets.length > 10, `${pve.secrets.length} secrets`);
			assert.deepEqual(findLeaks(await gw.fullLog(), pve.secrets), []);
			assert.deepEqual(findLeaks(await gw.fullLog(), ['Wrong-Secret-1', 'Poor-Secret-5']), []);
		});

		test('has no token, key, minted password or authorization secret', async () => {
			assert.ok(gw.secrets.length > 20);
			assert.deepEqual(findLeaks(await gw.fullLog(), gw.secrets), []);
		});

		test('has every call to Proxmox with method, path, status and milliseconds', async () => {
			const log = await gw.fullLog();
			const path = '/api2/json/access/ticket';
			assert.match(log, new RegExp(`\\[API\\] \\[DEBUG\\] .*POST ${path}.*\\b200\\b`));
			assert.match(log, new RegExp(`\\[DEBUG\\] .*POST ${path}.*\\b401\\b`));
			assert.match(log, /\[DEBUG\] .*GET \/api2\/json\/nodes\/\S+\/status\/current/);
		});

		test('has only lines of the promised form', async () => {
			const rooms = 'ROUTER|PROXY|API|VNC-SERVICE|SESSION-MGR|VNC-SERVER|WS-PROXY|PROXY-CFG';
			const time = '\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d';
			const form = new RegExp(`^${time} \\[(?:${rooms})\\] \\[(?:DEBUG|INFO|ERROR)\\] \\S`);
			for (const line of await gw.logLines(/./))
				assert.match(line, form);
		});

		test('cannot be forged from outside', async () => {
			const line = '\n2025/01/01 00:00:00 [ROUTER] [INFO] forged';
			pve.faults.status = { status: 500, reason: `x\x1b[31m${line}`, times: 1 };
			await gw.openRaw((await gw.create({ vmid: 150 })).token);
			await gw.openRaw(encodeURIComponent(line));
			await gw.create({ hostname: `h${line}` });
			await gw.request(`/${encodeURIComponent(line)}`);
			await capture(gw.url, '/vnc/x', { 'User-Agent': '\x1b[2J', Referer: line.slice(1) });
			const log = await gw.fullLog();
			assert.doesNotMatch(log, /^2025\/01\/01/m);
			assert.doesNotMatch(log, /\x1b/);
		});
	});
});
