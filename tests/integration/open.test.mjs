// SPDX-License-Identifier: MIT
//
// From a link to a console: the redirect, a session's own port and what it answers, and who
// shares a session with whom.

import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, test } from 'node:test';
import { VERSIONS } from '../fake_pve/fake_pve.mjs';
import { formatRequest, parseResponse, rawRequest } from '../lib/http.mjs';
import { until, within } from '../lib/wait.mjs';
import { WsRefused } from '../lib/ws.mjs';
import { LOCATION, sessionOf, shows, tellsNothing, useWorld } from './world.mjs';

function port(url) {
	return new URL(url).port;
}

/* The status of an upgrade that was refused; 101 when it was not. */
async function upgradeStatus(gw, url, opts) {
	try {
		const ws = await gw.websocket(url, opts);
		ws.destroy();
		return 101;
	} catch (e) {
		if (!(e instanceof WsRefused))
			throw e;
		return e.status;
	}
}

describe('the redirect', () => {
	const w = useWorld({ pool: 30, config: { public_ip: '127.0.0.3', router_ip: '0.0.0.0',
		session_ip: '0.0.0.0' } });

	test('leads to public_ip, a port of the pool and a key of 128 bits', async () => {
		const { status, location, headers } = await w.gw.openRaw((await w.gw.create()).token);
		assert.equal(status, 302);
		assert.match(location, LOCATION);
		const url = new URL(location);
		assert.equal(url.hostname, '127.0.0.3');
		const { session_port_min: min, session_port_max: max } = w.gw.config;
		assert.ok(Number(url.port) >= min && Number(url.port) <= max, url.port);
		assert.match(headers['cache-control'], /no-store/);
	});

	test('is sent when the port accepts connections, every time', async () => {
		for (let vmid = 110; vmid < 130; vmid++) {
			const { token } = await w.gw.create({ vmid });
			await connectsAtOnce(w.gw, token);
		}
	});

	test('no Proxmox console is opened before a browser has come', async () => {
		await w.gw.session({ vmid: 131 });
		assert.equal(w.pve.requests.filter((r) => r.path.endsWith('/vncproxy')).length, 0);
	});
});

/* GETs the link by hand and dials the session's port in the very turn the 302 arrives. */
function connectsAtOnce(gw, token) {
	return within(new Promise((resolve, reject) => {
		const socket = net.connect(gw.port, '127.0.0.1');
		let got = Buffer.alloc(0);
		socket.on('error', reject);
		socket.on('data', (d) => {
			got = Buffer.concat([got, d]);
			const m = /location: https?:\/\/([^:]+):(\d+)\//i.exec(got.toString('latin1'));
			if (!m)
				return;
			socket.destroy();
			const probe = net.connect(Number(m[2]), '127.0.0.1');
			probe.on('error', reject);
			probe.on('connect', () => {
				probe.destroy();
				resolve();
			});
		});
		socket.write(`GET /vnc/${token} HTTP/1.1\r\nHost: x\r\n\r\n`);
	}), 10000, 'the session port');
}

describe('a session\'s own port', () => {
	const w = useWorld();
	let url;
	const session = async () => (url ??= await w.gw.session());
	const get = async (name, opts) => w.gw.file(await session(), name, opts);
	const root = async (path, opts) => w.gw.file(new URL('/', await session()).href, '',
		{ path, ...opts });

	test('shows the console page under /<key>/', async () => {
		const res = await get('');
		assert.equal(res.status, 200);
		assert.match(res.headers['content-type'], /^text\/html/);
		assert.match(res.text, /<script/);
	});

	test('sends security headers with the page and can be shown in a frame', async () => {
		const { headers } = await get('');
		assert.equal(headers['x-content-type-options'], 'nosniff');
		assert.equal(headers['referrer-policy'], 'no-referrer');
		assert.match(headers['content-security-policy'], /default-src 'none'/);
		assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
		assert.equal(headers['x-frame-options'], undefined);
		assert.equal(headers.server, undefined);
	});

	test('redirects /<key> relatively to /<key>/', async () => {
		const base = new URL(await session());
		const res = await root(base.pathname.slice(0, -1));
		assert.ok([301, 302, 307, 308].includes(res.status), String(res.status));
		const { location } = res.headers;
		assert.doesNotMatch(location, /^[a-z]+:|^\/\//i);
		assert.equal(new URL(location, base.href.slice(0, -1)).href, base.href);
	});

	test('mandatory.json pins where the page connects, and is never cached', async () => {
		const res = await get('mandatory.json');
		assert.match(res.headers['content-type'], /^application\/json/);
		assert.match(res.headers['cache-control'], /no-store/);
		const { password, ...rest } = res.json;
		assert.deepEqual(rest, { autoconnect: true, reconnect: true, path: 'vnc-proxy',
			resize: 'scale', shared: true, host: '', port: '', encrypt: false });
		assert.equal(password.length, 8);
	});

	test('mandatory.json has a password of its own for every session', async () => {
		const one = await w.gw.mandatory(await session());
		const two = await w.gw.mandatory(await w.gw.session({ vmid: 103 }));
		assert.notEqual(one.password, two.password);
	});

	for (const path of ['/', '/vnc.html', '/favicon.ico', '/mandatory.json', '/vnc-proxy',
		`/${'0'.repeat(32)}/`, `/${'0'.repeat(32)}/mandatory.json`, '//', '/%2e%2e/', '/../'])
		test(`${path} is a bare 404`, async () => {
			for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
				const res = await root(path, { method });
				assert.equal(res.status, 404, method);
				assert.equal(res.text, '');
			}
		});

	test('a key that is cut, longer, or in capitals opens nothing', async () => {
		const key = new URL(await session()).pathname.split('/')[1];
		for (const bad of [key.slice(1), `${key}0`, key.toUpperCase().replace(/[0-9]/g, 'A')])
			assert.equal((await root(`/${bad}/`)).status, 404);
	});

	for (const name of ['nothing.js', 'core/', 'core/nothing.js', '.git/config', 'vnc.html/x',
		'%2e%2e/%2e%2e/etc/passwd', '..%2f..%2fetc%2fpasswd'])
		test(`under the key, ${name} is a bare 404`, async () => {
			const res = await root(`${new URL(await session()).pathname}${name}`);
			assert.ok([404, 403, 400].includes(res.status), String(res.status));
			assert.equal(res.text, '');
		});

	test('a NUL in the path is answered with nothing of use', async () => {
		const res = await root(`${new URL(await session()).pathname}a%00b`).catch(() => null);
		assert.ok(res === null || res.status >= 400);
	});

	test('HEAD is answered like GET, without the body', async () => {
		for (const name of ['', 'vnc.html', 'mandatory.json', 'console.js']) {
			const [head, full] = [await get(name, { method: 'HEAD' }), await get(name)];
			assert.equal(head.status, full.status, name);
			assert.equal(head.text, '');
			assert.deepEqual(head.rawHeaders, full.rawHeaders);
			assert.equal(head.headers['content-length'], String(full.body.length));
		}
	});

	test('other methods get 405 with Allow', async () => {
		for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
			const res = await get('', { method });
			assert.equal(res.status, 405, method);
			assert.match(res.headers.allow, /GET, HEAD/);
		}
	});

	test('files are revalidated, not sent again', async () => {
		const { headers } = await get('console.js');
		const again = await get('console.js', { headers: { 'If-None-Match': headers.etag } });
		assert.equal(again.status, 304);
		assert.equal(again.text, '');
	});

	test('several requests on one connection are answered in turn', async () => {
		const { host, pathname, port: p } = new URL(await session());
		const one = (path) => formatRequest({ path, host, headers: { Connection: 'keep-alive' } });
		const last = formatRequest({ path: `${pathname}console.css`, host });
		const { bytes } = await rawRequest({ host: '127.0.0.1', port: Number(p) },
			Buffer.concat([one(pathname), one('/x'), last]));
		const a = parseResponse(bytes);
		const b = parseResponse(bytes.subarray(a.used));
		const c = parseResponse(bytes.subarray(a.used + b.used), { ended: true });
		assert.deepEqual([a.status, b.status, c.status], [200, 404, 200]);
	});

	test('garbage on the port harms nobody', async () => {
		const p = Number(port(await session()));
		for (const junk of ['\x16\x03\x01\x02\0\x01', 'GET', 'A'.repeat(20000), '\0\0\0\0\r\n\r\n'])
			await rawRequest({ host: '127.0.0.1', port: p }, junk, { ms: 200 });
		assert.equal((await get('')).status, 200);
	});
});

describe('who may open the websocket', () => {
	const w = useWorld();
	let url;
	const session = async () => (url ??= await w.gw.session());
	const upgrade = async (opts) => upgradeStatus(w.gw, await session(), opts);

	test('the page\'s own origin may', async () => {
		assert.equal(await upgrade({}), 101);
	});

	test('no origin at all may: that is no browser', async () => {
		assert.equal(await upgrade({ origin: undefined }), 101);
	});

	for (const [what, origin] of [
		['another host', (u) => `http://evil.example:${u.port}`],
		['another port', (u) => `http://${u.hostname}:1`],
		['no port', (u) => `http://${u.hostname}`],
		['another scheme', (u) => `https://${u.host}`],
		['null', () => 'null'],
		['a longer host', (u) => `http://${u.host}.evil.example`],
	])
		test(`the origin of ${what} may not`, async () => {
			const status = await upgrade({ origin: origin(new URL(await session())) });
			assert.ok(status >= 400, String(status));
		});

	test('a websocket under a wrong key gets 404', async () => {
		const u = new URL(await session());
		assert.equal(await upgrade({ path: `/${'0'.repeat(32)}/vnc-proxy` }), 404);
		assert.equal(await upgrade({ path: '/vnc-proxy' }), 404);
		assert.equal(await upgrade({ path: `${u.pathname}other` }), 404);
	});

	test('no subprotocol is fine and none is echoed', async () => {
		const ws = await w.gw.websocket(await session(), { protocols: undefined });
		assert.equal(ws.protocol, undefined);
		ws.destroy();
	});

	test('binary is echoed, also from a list', async () => {
		for (const protocols of ['binary', ['binary'], ['base64', 'binary'], 'x,binary']) {
			const ws = await w.gw.websocket(await session(), { protocols });
			assert.equal(ws.protocol, 'binary');
			ws.destroy();
		}
	});

	test('no other is picked, whatever stands before binary', async () => {
		/* so the event loop calls its other descriptors, or might */
		for (const other of ['listener', 'mailbox', 'back', 'the']) {
			const ws = await w.gw.websocket(await session(), { protocols: `${other}, binary` });
			assert.equal(ws.protocol, 'binary', other);
			ws.destroy();
		}
		/* and these are no names at all */
		for (const other of ['the listener', '"the mailbox"', 'the back']) {
			const ws = await w.gw.websocket(await session(), { protocols: `${other}, binary` })
				.catch(() => null);
			assert.ok(ws === null || ws.protocol === 'binary', `${other}: ${ws?.protocol}`);
			ws?.destroy();
		}
	});

	test('subprotocols without binary are refused', async () => {
		const status = await upgrade({ protocols: ['base64'] });
		assert.ok(status >= 400, String(status));
	});

	test('an old websocket version is refused', async () => {
		const status = await upgrade({ headers: { 'Sec-WebSocket-Version': 8 } });
		assert.ok(status >= 400, String(status));
	});

	test('no extension is negotiated', async () => {
		const ws = await w.gw.websocket(await session(),
			{ headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } });
		assert.equal(ws.response.headers['sec-websocket-extensions'], undefined);
		ws.destroy();
	});

	test('a GET of the websocket without upgrade says what it is', async () => {
		assert.equal((await w.gw.file(await session(), 'vnc-proxy')).status, 426);
	});
});

describe('later links', () => {
	const w = useWorld();

	test('one for the same guest and user joins, with a key of its own', async () => {
		const one = await w.gw.session({ vmid: 120 });
		const two = await w.gw.session({ vmid: 120 });
		assert.equal(port(one), port(two));
		assert.notEqual(new URL(one).pathname, new URL(two).pathname);
		const a = await w.gw.console(one);
		const b = await w.gw.console(two);
		await shows(a);
		await shows(b);
		assert.equal(w.pve.liveConsoles.filter((c) => c.vmid === 120).length, 2);
		const { sessions } = await w.gw.status();
		assert.equal(sessions.filter((s) => s.vmid === '120').length, 1);
		a.ws.destroy();
		await until(() => w.pve.liveConsoles.filter((c) => c.vmid === 120).length === 1);
		await shows(b);
		b.ws.destroy();
	});

	test('one with a wrong password does not join', async () => {
		await w.gw.session({ vmid: 121 });
		const { token } = await w.gw.create({ vmid: 121, password: 'not-it' });
		assert.equal((await w.gw.openRaw(token)).status, 502);
	});

	test('one of another user gets a session of its own', async () => {
		const one = await w.gw.session({ vmid: 122 });
		const two = await w.gw.session({ vmid: 122, username: 'other@pve',
			password: 'another-Secret.2' });
		assert.notEqual(port(one), port(two));
		await Promise.all([one, two].map(async (u) => shows(await w.gw.console(u))));
	});

	test('a key of one session opens nothing on the port of another', async () => {
		const one = new URL(await w.gw.session({ vmid: 123 }));
		const two = new URL(await w.gw.session({ vmid: 124 }));
		const res = await w.gw.file(`http://${one.host}${two.pathname}`);
		assert.equal(res.status, 404);
	});
});

for (const version of Object.keys(VERSIONS)) {
	describe(`Proxmox VE ${version}`, () => {
		const w = useWorld({ pve: { version } });

		test('a virtual machine is at vm:<node>:<vmid>', async () => {
			const c = await w.gw.console(await w.gw.session({ vmid: 101 }));
			await shows(c);
			const s = await sessionOf(w.gw, 101);
			assert.deepEqual([s.key, s.status, s.node], ['vm:pve:101', 'active', 'pve']);
		});

		test('a container is at lxc:<node>:<vmid>', async () => {
			const c = await w.gw.console(await w.gw.session({ vmid: 200 }));
			await shows(c);
			assert.equal((await sessionOf(w.gw, 200)).key, 'lxc:pve:200');
		});

		test('a refusal is understood without a message in its body', async () => {
			const { token } = await w.gw.create({ vmid: 4711 });
			assert.equal((await w.gw.openRaw(token)).status, 502);
		});
	});
}

describe('when Proxmox says no, the page has a reason and a status', () => {
	const w = useWorld();

	for (const [status, reason, page, words] of [
		[595, 'Connection refused', 502, /can't be reached/],
		[596, 'tls_process_server_certificate: certificate verify failed', 502,
			/can't be reached/],
		[596, 'Connection timed out', 504, /in time/],
		[599, 'Too many redirections', 502, /can't be reached/],
		[401, 'permission denied - invalid PVE ticket', 502, /refused/],
		[403, 'Permission check failed (/vms/101, VM.Audit)', 502, /refused/],
		[500, 'VM 101 not running', 503, /switched off/],
		[500, 'can\'t lock file \'/var/lock/qemu-server/lock-101.conf\'', 502, /understood/],
		[501, 'Method \'GET\' not implemented', 502, /understood/],
		[503, 'Service Unavailable', 502, /can't be reached/],
		[504, 'Gateway Timeout', 504, /in time/],
	])
		test(`${status} ${reason.slice(0, 40)} becomes ${page}`, async () => {
			/* A shared login that is refused is made anew, once. */
			w.pve.faults.status = { status, reason, times: status === 401 ? 2 : 1 };
			const { token } = await w.gw.create();
			const res = await w.gw.openRaw(token, { headers: { Accept: 'text/html' } });
			assert.equal(res.status, page);
			assert.match(res.text, words);
			tellsNothing(res.text, w.pve);
			await w.gw.logged(new RegExp(`ERROR.*: ${status} `));
		});
});
