// SPDX-License-Identifier: MIT
//
// Whom the gateway calls: never a forbidden address, however it is spelled, wherever a name
// leads, and whenever it changes its mind. A library in the gateway answers its questions
// for names and writes down every connection that it tries.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { readSource } from '../lib/source.mjs';
import { startHostile } from './hostile.mjs';
import { makeResolver } from './shims.mjs';
import { FAST, closeWorld, newcomer, openWorld, shows, tellsNothing } from './world.mjs';

const SPELLINGS = Object.values(JSON.parse(readSource('tests/unit/forbidden_hosts.json'))).flat();
const NOT_ALLOWED = 'hostname: this address is not allowed (allowed_hosts)';
const SENTENCE = 'The console service may not connect to this hypervisor.';
/* Whatever the environment says about proxies, nobody is asked there. */
const PROXIES = { https_proxy: 'http://169.254.1.9:3128', ALL_PROXY: 'http://169.254.1.9:3128' };

/* A world with names; skips what it holds where nothing can be preloaded. */
function useNames(options = {}) {
	const w = {};
	before(async () => {
		w.names = makeResolver();
		if (!w.names)
			return;
		Object.assign(w, await openWorld({ ...options, env: { ...w.names.env, ...PROXIES },
			config: { proxmox_tls: 'insecure', ...options.config } }));
	});
	after(async () => {
		if (w.gw)
			await closeWorld(w);
	});
	w.test = (name, fn) => test(name, (t) => (w.gw ? fn(t) : t.skip('nothing can be preloaded')));
	return w;
}

/* Where connections went since the last look, each address once. */
function reached(w) {
	const all = w.names.connected().slice(w.looked ?? 0);
	w.looked = (w.looked ?? 0) + all.length;
	return [...new Set(all.map((line) => line.split(' ')[0]))];
}

/* Other addresses of loopback that lead to the fake Proxmox: { port, stop(address) }. */
async function relays(t, w, addresses) {
	const servers = new Map();
	const sockets = new Set();
	let port = 0;
	t.after(() => {
		for (const s of servers.values())
			s.close();
		sockets.forEach((s) => s.destroy());
	});
	for (const address of addresses) {
		const server = net.createServer((from) => {
			const to = net.connect(w.pve.port, w.pve.host);
			for (const [a, b] of [[from, to], [to, from]]) {
				sockets.add(a);
				a.on('error', () => b.destroy());
				a.on('close', () => b.destroy());
				a.pipe(b);
			}
		});
		await new Promise((resolve, reject) => {
			server.once('error', reject);
			server.listen(port, address, resolve);
		});
		servers.set(address, server);
		({ port } = server.address());
	}
	const stop = (address) => {
		servers.get(address).close();
		for (const s of sockets)
			if (s.localAddress === address)
				s.destroy();
	};
	return { port, stop };
}

/* A link of that host leads to a page that says so, once more if it is tried again. */
async function forbidden(w, fields, rule) {
	const { status, token } = await w.gw.create(fields);
	assert.equal(status, 200);
	for (let i = 0; i < 2; i++) {
		const res = await w.gw.openRaw(token, { headers: { Accept: 'text/html' } });
		assert.equal(res.status, 502, res.text);
		assert.ok(res.text.includes(SENTENCE), res.text);
		assert.match(res.text, /[Tt]ry again/, 'nobody has judged the password');
		tellsNothing(res.text, w.pve);
	}
	await w.gw.logged(new RegExp(`\\[ERROR\\].*hypervisor not allowed: login: .*${rule}`));
	assert.deepEqual(reached(w), []);
}

describe('a forbidden address, without allowed_hosts', () => {
	const w = useNames({ pve: { timings: FAST }, pool: 40 });

	w.test(`is not called in any of ${SPELLINGS.length} spellings`, async () => {
		assert.ok(SPELLINGS.length >= 60);
		for (const hostname of [...SPELLINGS, '169.254.169.254\0.example']) {
			const res = await w.gw.create({ hostname });
			assert.equal(res.status, 400, `${JSON.stringify(hostname)}: ${res.text}`);
			assert.match(res.json.error, /^hostname: /);
		}
		assert.deepEqual(w.names.asked(), []);
		assert.deepEqual(reached(w), []);
	});

	w.test('is refused by name when a link is made, and the log has the rule', async () => {
		const { json } = await w.gw.create({ hostname: '64:ff9b::a9fe:a9fe' });
		assert.equal(json.error, NOT_ALLOWED);
		await w.gw.logged(/no link created: 64:ff9b::a9fe:a9fe .*leads to 169\.254\.169\.254/);
	});

	[
		['169.254.169.254', 'link-local'], ['100.100.100.200', 'Alibaba'], ['0.0.0.0', 'this host'],
		['168.63.129.16', 'Azure'], ['::', 'unspecified'], ['fe80::1', 'link-local'],
		['fd00:ec2::254', 'AWS'], ['fd20:ce::254', 'Google'], ['255.255.255.255', 'broadcast'],
		['224.0.0.1', 'multicast'], ['ff02::1', 'multicast'], ['::ffff:169.254.169.254', 'link-local'],
		['64:ff9b::169.254.169.254', 'leads to 169\\.254\\.169\\.254'], ['2002:a9fe:a9fe::1', 'leads to'],
		[['169.254.169.254', 'fd00:ec2::254', '0.0.0.0'], 'not allowed'],
	].forEach(([answer, rule], i) => {
		w.test(`is not called when a name leads to ${[answer].flat().join(', ')}`, async () => {
			w.names.set(`bad${i}.test`, answer);
			await forbidden(w, { hostname: `bad${i}.test` }, rule);
			assert.ok(w.names.asked().includes(`bad${i}.test`));
		});
	});

	[
		['169.254.169.254', '127.0.0.1'], ['127.0.0.1', '169.254.169.254'],
		['fd00:ec2::254', '169.254.169.254', '127.0.0.1', '0.0.0.0'],
	].forEach((answer, i) => {
		w.test(`is left out of an answer that has others: ${answer.join(', ')}`, async () => {
			w.names.set(`mixed${i}.test`, answer);
			await shows(await w.gw.console(await w.gw.session(
				{ hostname: `mixed${i}.test`, vmid: 110 + i })));
			assert.deepEqual(reached(w), ['127.0.0.1']);
		});
	});

	w.test('is never called by a session whose name leads there later', async () => {
		w.names.set('rebind.test', '127.0.0.1', '169.254.169.254');
		const url = await w.gw.session({ hostname: 'rebind.test', vmid: 120 });
		await shows(await w.gw.console(url));
		await shows(await w.gw.console(url));
		await shows(await w.gw.console(url));
		assert.deepEqual(reached(w), ['127.0.0.1']);
		assert.equal(w.names.asked().filter((name) => name === 'rebind.test').length, 1);
	});

	w.test('is not where a host can send the gateway, and no other is', async (t) => {
		const elsewhere = 'https://127.0.0.2/api2/json/access/ticket';
		const host = await startHostile(t, { ticket: (peer) => peer.end(
			`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${elsewhere}\r\n` +
			`Refresh: 0; url=${elsewhere}\r\nAlt-Svc: h2="127.0.0.2:443"\r\n` +
			'Content-Length: 0\r\n\r\n') });
		const { token } = await w.gw.create(host.fields({ vmid: 119 }));
		assert.equal((await w.gw.openRaw(token)).status, 502);
		assert.deepEqual(reached(w), ['127.0.0.1']);
	});

	w.test('is judged again by the next link', async () => {
		await forbidden(w, { hostname: 'rebind.test', vmid: 120, ...newcomer(w.pve) }, 'link-local');
	});
});

describe('a name with several nodes behind it', () => {
	const w = useNames({ pve: { timings: FAST }, pool: 40 });

	w.test('does not move a session to another while the one that answered is there', async (t) => {
		const { port } = await relays(t, w, ['127.0.0.3', '127.0.0.4']);
		w.names.set('cluster.test', '127.0.0.3', '127.0.0.4');
		const url = await w.gw.session({ hostname: 'cluster.test', port, vmid: 121 });
		for (let i = 0; i < 3; i++)
			await shows(await w.gw.console(url));
		assert.deepEqual(reached(w), ['127.0.0.3']);
	});

	w.test('moves it when that one is gone, after another question', async (t) => {
		const { port, stop } = await relays(t, w, ['127.0.0.5', '127.0.0.6']);
		w.names.set('moving.test', '127.0.0.5', '127.0.0.6');
		const url = await w.gw.session({ hostname: 'moving.test', port, vmid: 122 });
		await shows(await w.gw.console(url));
		assert.deepEqual(reached(w), ['127.0.0.5']);
		stop('127.0.0.5');
		await shows(await w.gw.console(url));
		assert.deepEqual(reached(w), ['127.0.0.5', '127.0.0.6']);
		await shows(await w.gw.console(url));
		assert.deepEqual(reached(w), ['127.0.0.6'], 'that is where it stays');
		assert.equal(w.names.asked().filter((name) => name === 'moving.test').length, 2);
	});

	w.test('does not move it to a forbidden one', async (t) => {
		const { port, stop } = await relays(t, w, ['127.0.0.7']);
		w.names.set('worse.test', '127.0.0.7', '169.254.169.254');
		const url = await w.gw.session({ hostname: 'worse.test', port, vmid: 123 });
		await shows(await w.gw.console(url));
		stop('127.0.0.7');
		const ws = await w.gw.websocket(url);
		assert.deepEqual(await ws.closed(5000).then(({ code, reason }) => [code, reason]),
			[4003, SENTENCE]);
		assert.deepEqual(reached(w), ['127.0.0.7']);
		await w.gw.logged(/:123\S*: browser 2: hypervisor not allowed: guest status: 169\.254/);
	});
});

describe('with allowed_hosts', () => {
	const w = useNames({ pve: { timings: FAST }, pool: 40, config: {
		allowed_hosts: ['rebind.test', '*.nodes.test', '127.0.0.1', '127.0.0.3:1'] } });

	w.test('a target that fits by its name or its address is called', async (t) => {
		const { port } = await relays(t, w, ['127.0.0.4']);
		w.names.set('rebind.test', '127.0.0.4');
		w.names.set('a.b.nodes.test', '127.0.0.4');
		w.names.set('other.test', '127.0.0.1');
		for (const fields of [{ hostname: 'rebind.test', port }, { hostname: 'A.b.Nodes.test', port },
			{ hostname: 'other.test' }, { hostname: '127.0.0.1' }])
			await shows(await w.gw.console(await w.gw.session({ vmid: 124, ...fields })));
		assert.deepEqual(reached(w), ['127.0.0.4', '127.0.0.1']);
	});

	w.test('an address that fits none is refused when the link is made', async () => {
		for (const hostname of ['127.0.0.2', '127.0.0.3', '10.0.0.1', '::1', '169.254.169.254'])
			assert.equal((await w.gw.create({ hostname })).json.error, NOT_ALLOWED);
		await w.gw.logged(/no link created: 127\.0\.0\.2 port \d+ is not one of allowed_hosts/);
		assert.deepEqual(reached(w), []);
	});

	w.test('a name that fits none, and leads where none fits, is not called', async () => {
		w.names.set('elsewhere.test', '127.0.0.2', '10.0.0.1');
		await forbidden(w, { hostname: 'elsewhere.test' }, 'is not one of allowed_hosts');
		w.names.set('nodes.test', '127.0.0.2');
		await forbidden(w, { hostname: 'nodes.test' }, 'is not one of allowed_hosts');
	});

	w.test('a name that fits does not lead to a forbidden address', async () => {
		w.names.set('bad.nodes.test', '169.254.169.254');
		await forbidden(w, { hostname: 'bad.nodes.test' }, 'link-local');
	});

	w.test('a SIGHUP that takes a host away ends what it may open', async () => {
		const url = await w.gw.session({ hostname: 'other.test', vmid: 125 });
		await shows(await w.gw.console(url));
		const { token } = await w.gw.create({ hostname: 'other.test', vmid: 125 });
		w.gw.reload({ allowed_hosts: ['*.nodes.test'] });
		await w.gw.logged(/configuration read again/);
		assert.equal((await w.gw.create({ hostname: 'other.test' })).json.error, NOT_ALLOWED);
		const res = await w.gw.openRaw(token);
		assert.deepEqual([res.status, res.text.split('\n')[0]], [502, SENTENCE]);
		const ws = await w.gw.websocket(url);
		assert.equal((await ws.closed(5000)).code, 4003);
		await w.gw.logged(/browser 2: hypervisor not allowed: guest status: 127\.0\.0\.1 port/);
	});

	w.test('an entry that is none keeps the old ones', async () => {
		w.gw.reload({ allowed_hosts: ['10.0.0.1/8'] });
		await w.gw.logged(/allowed_hosts: "10\.0\.0\.1\/8" has bits set behind its prefix; everything/);
	});
});
