// SPDX-License-Identifier: MIT
//
// The fake Proxmox keeps its promises: HTTP, TLS, login, permissions, finding guests.
//
// The doubles of other programs' tests are only worth what this file and
// fake_pve_console.test.mjs prove. Times are shortened where the length is not the point.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { PASSWORD, startFakePve, TIMINGS } from '../fake_pve/fake_pve.mjs';
import { haveQemu } from '../fake_pve/qemu.mjs';
import { Conn, rawRequest, request } from '../lib/http.mjs';
import { form, PveClient } from '../lib/pve_client.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until } from '../lib/wait.mjs';

const QUICK = { unauthorizedMs: 200, idleMs: 400, freezeMs: 400 };
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const GUEST = '/nodes/pve/qemu/101';
const API = '/api2/json';
const OPEN_PATH = `${API}/access/domains`;

let pve;
const open = [];

async function fake(options = {}) {
	const p = await startFakePve({ timings: QUICK, ...options });
	open.push(p);
	return p;
}

async function client(target = pve, who) {
	const c = new PveClient(target, who);
	await c.login();
	return c;
}

async function clientAs(user, target = pve) {
	return client(target, { user, password: target.users[user].password });
}

/* A connection that stays open. */
function conn() {
	return Conn.open({ host: pve.host, port: pve.port, tls: true, ca: pve.caFile });
}

/* A request without credentials. */
function get(path, opts) {
	return request(pve.url + path, { ca: pve.caFile, ...opts });
}

/* Exactly these bytes over TLS; keep-alive is up to them. */
function raw(bytes, opts) {
	return rawRequest(pve.url, bytes, { ca: pve.caFile, ms: 3000, ...opts });
}

/* openssl's client, which tells a clean end from a cut one. */
async function sClient(input) {
	const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${pve.port}`, '-CAfile',
		pve.caFile, '-ign_eof', '-quiet']);
	child.stdin.write(input);
	const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
	return { stdout, stderr };
}

before(async () => {
	pve = await fake();
});
after(async () => {
	for (const p of open)
		await p.stop();
});

describe('HTTP', () => {
	test('the real delays are the default', () => {
		assert.deepEqual([TIMINGS.unauthorizedMs, TIMINGS.idleMs, TIMINGS.freezeMs,
			TIMINGS.listenMs], [3000, 5000, 5000, 10000]);
	});

	test('plain http is redirected: 301 for GET, 308 for POST', async () => {
		const plain = pve.url.replace('https', 'http');
		assert.equal((await request(plain)).status, 301);
		const res = await request(`${plain}/api2/json/x`, { method: 'POST', body: 'x' });
		assert.equal(res.status, 308);
		assert.equal(res.headers.location, `${pve.url}/api2/json/x`);
	});

	test('a silent connection and an idle kept-alive one are closed', async () => {
		const c = await conn();
		await c.write(`GET ${OPEN_PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
		const res = await c.response();
		assert.equal(res.headers.connection, 'Keep-Alive');
		assert.ok(await c.closed(2000));
		const silent = { host: pve.host, port: pve.port };
		assert.ok((await rawRequest(silent, '', { ms: 2000 })).ended);
	});

	test('a connection serves 100 requests', async () => {
		const c = await conn();
		await c.write(`GET ${OPEN_PATH} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(101));
		let n = 0;
		for (let res = await c.response(); res !== null; res = await c.response()) {
			n++;
			assert.equal(res.headers.connection, n < 100 ? 'Keep-Alive' : 'close');
		}
		assert.equal(n, 100);
	});

	for (const [what, extra] of [
		['64 header lines', 'a: b\r\n'.repeat(64)],
		['9 KiB of header', `a: ${'x'.repeat(9000)}\r\n`],
	]) {
		test(`${what}: no answer, closed later`, async () => {
			const { bytes, ended, ms } = await raw(`GET /x HTTP/1.1\r\n${extra}\r\n`);
			assert.equal(bytes.length, 0);
			assert.ok(ended);
			assert.ok(ms >= QUICK.freezeMs - 20, `${ms} ms`);
		});
	}

	test('a 9 KiB URL is fine', async () => {
		assert.equal((await get(`${OPEN_PATH}?_dc=${'1'.repeat(9000)}`)).status, 200);
	});

	test('chunked bodies: 501; other content types: 506; other methods: 501', async () => {
		const status = async (body, headers, method = 'POST') =>
			(await get(`${API}/access/ticket`, { method, body, headers })).status;
		const chunked = { ...FORM, 'Transfer-Encoding': 'chunked' };
		assert.equal(await status('0\r\n\r\n', chunked), 501);
		assert.equal(await status('x', { 'Content-Type': 'text/plain' }), 506);
		assert.equal(await status('x', FORM, 'PATCH'), 501);
		assert.equal(await status('x'.repeat(524289), FORM), 501);
	});

	test('an answer from 400 up closes the connection', async () => {
		const { response, ended } = await raw('GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n');
		assert.equal(response.status, 500);
		assert.equal(response.headers.connection, 'close');
		assert.ok(ended);
	});

	test('the second = of a field and what follows is lost, ; splits', async () => {
		const c = new PveClient(pve);
		const before = pve.violations.length;
		const res = await c.call('POST', '/access/ticket',
			'username=abc=d@pve&password=c;realm=pve');
		assert.equal(res.status, 401);
		assert.equal(pve.logins.at(-1).user, 'abc@pve');
		assert.match(pve.violations[before], /not encoded/);
	});

	test('unknown parameters: 400 with a map of errors', async () => {
		const c = await client();
		const send = (fields) => c.vncproxy(101, { fields });
		const res = await send({ websocket: 1, nonsense: 2 });
		assert.equal(res.status, 400);
		assert.equal(res.reason, 'Parameter verification failed.');
		assert.deepEqual(Object.keys(res.json.errors), ['nonsense']);
		assert.equal((await send({ websocket: 'maybe' })).status, 400);
	});

	test('JSON bodies work, and large answers are gzipped when asked', async () => {
		const c = await client();
		const res = await c.call('POST', `${GUEST}/vncproxy`, undefined, {
			body: '{"websocket":1}', headers: { 'Content-Type': 'application/json' },
		});
		assert.equal(res.status, 200);
		const zipped = await c.call('GET', '/cluster/resources?type=vm', undefined,
			{ headers: { 'Accept-Encoding': 'gzip' } });
		assert.equal(zipped.headers['content-encoding'], 'gzip');
	});

	test('unknown paths: 501', async () => {
		const res = await (await client()).call('GET', '/no/such/thing');
		assert.equal(res.status, 501);
		assert.equal(res.reason, "Method 'GET /no/such/thing' not implemented");
	});
});

describe('TLS', () => {
	test('the CA verifies 127.0.0.1, and nothing else is trusted', async () => {
		await assert.rejects(request(`${pve.url}/`), /certificate|self.signed/i);
		const name = pve.url.replace('127.0.0.1', 'localhost');
		assert.equal((await request(name + OPEN_PATH, { ca: pve.caFile })).status, 200);
	});

	for (const [kind, error] of [
		['wrong-name', /ERR_TLS_CERT_ALTNAME_INVALID/], ['expired', /CERT_HAS_EXPIRED/],
		['other-ca', /SIGNATURE|VERIFY|ISSUER/], ['self-signed', /SELF_SIGNED/],
	]) {
		test(`certificate: ${kind}`, async () => {
			const p = await fake({ cert: kind });
			const got = request(p.url, { ca: p.caFile });
			await assert.rejects(got, (e) => error.test(e.code));
		});
	}

	/* A TLS connection until it has a ticket for a later one; with such a ticket, until it is there. */
	async function handshake(p, session) {
		const s = tls.connect({ host: p.host, port: p.port, session,
			ca: readFileSync(p.caFile), checkServerIdentity: () => undefined });
		try {
			return (await once(s, session ? 'secureConnect' : 'session'))[0];
		} catch {
			return null;
		} finally {
			s.end();
		}
	}

	test('certificates come in turn, and each handshake is noted', async () => {
		const p = await fake({ cert: ['good', 'second-node', 'other-ca'] });
		for (const trusted of [true, true, false])
			assert.equal(await handshake(p) !== null, trusted);
		await until(() => p.handshakes.every((h) => h.ok !== null), 2000, 'connections to end');
		assert.deepEqual(p.handshakes.map((h) => [h.cert, h.ok]),
			[['good', true], ['second-node', true], ['other-ca', false]]);
		assert.ok(p.handshakes[2].afterHello < 100, 'only an alert');
	});

	test('a session that is resumed is noted as such', async () => {
		const p = await fake();
		const ticket = await handshake(p);
		await handshake(p, ticket);
		await until(() => p.handshakes[1]?.ok, 2000, 'the second connection');
		assert.deepEqual(p.handshakes.map((h) => h.resumed), [false, true]);
	});

	test('it ends with close_notify before the FIN', async () => {
		const { stdout, stderr } = await sClient('GET /x HTTP/1.1\r\nHost: x\r\n\r\n');
		assert.match(stdout, /500 no such file/);
		assert.doesNotMatch(stderr, /unexpected eof/);
	});

	test('a crash ends without close_notify', async () => {
		const { stderr } = await sClient('GET /x HTTP/1.1\r\n' + 'a: b\r\n'.repeat(64));
		assert.match(stderr, /unexpected eof/);
	});
});

describe('login', () => {
	test('nasty passwords work when percent-encoded', async () => {
		const res = await new PveClient(pve).login();
		assert.equal(res.status, 200);
		const { ticket } = res.data;
		assert.match(ticket, /^PVE:vncuser@pve:[0-9A-F]{8}::[A-Za-z0-9+/]{342}==$/);
		assert.match(res.data.CSRFPreventionToken, /^[0-9A-F]{8}:/);
		assert.ok(pve.secrets.includes(PASSWORD) && pve.secrets.includes(ticket));
	});

	test('user and realm may come apart', async () => {
		const c = new PveClient(pve, { user: 'vncuser' });
		assert.equal((await c.login({ realm: 'pve' })).data.username, 'vncuser@pve');
	});

	for (const user of ['vncuser@pve', 'nobody@pve', 'disabled@pve', 'no spaces@pve']) {
		test(`a failed login looks the same: ${user}`, async () => {
			const res = await new PveClient(pve, { user, password: 'wrong' }).login();
			assert.equal(`${res.status} ${res.reason}`, '401 authentication failure');
			assert.ok(res.ms >= QUICK.unauthorizedMs - 20, `${res.ms} ms`);
		});
	}

	test('a 401 takes 3 s by default', async () => {
		const p = await fake({ timings: {} });
		const res = await new PveClient(p, { password: 'wrong' }).login();
		assert.ok(res.ms >= 2950 && res.ms < 4000, `${res.ms} ms`);
	});

	test('a ticket lives two hours and renews itself while valid', async () => {
		const p = await fake();
		const c = await client(p);
		p.advance(7100 * 1000);
		assert.equal((await c.call('GET', '/version')).status, 200);
		const renewed = new PveClient(p, { password: c.ticket });
		assert.equal((await renewed.login()).status, 200);
		assert.equal(p.logins.at(-1).how, 'renewal');
		p.advance(200 * 1000);
		const res = await c.call('GET', '/version');
		assert.equal(`${res.status} ${res.reason}`, '401 Authentication failed!');
		assert.equal((await new PveClient(p, { password: c.ticket }).login()).status, 401);
		assert.equal((await renewed.call('GET', '/version')).status, 200);
	});

	test('renewal is bound to the user, but root may', async () => {
		const c = await client();
		const stolen = new PveClient(pve, { user: 'other@pve', password: c.ticket });
		assert.equal((await stolen.login()).status, 401);
		const root = await clientAs('root@pam');
		const minted = new PveClient(pve, { password: root.ticket });
		assert.equal((await minted.login()).status, 200);
	});

	test('forged and foreign tickets are refused, with an empty body', async () => {
		const stranger = await client(await fake());
		const c = await client();
		for (const ticket of [stranger.ticket, c.ticket.replace('vncuser', 'other'),
			c.ticket.replace(/::./, '::~'), 'PVE:x']) {
			c.ticket = ticket;
			const res = await c.call('GET', '/version');
			assert.equal(res.status, 401);
			assert.equal(res.text, '');
			assert.equal(res.headers['content-type'], undefined);
		}
		const none = await get(`${API}/version`);
		assert.equal(`${none.status} ${none.reason}`, '401 No ticket');
	});

	test('raw tickets work in the cookie and in Authorization', async () => {
		const { ticket } = await client();
		for (const headers of [{ Cookie: `a=b; PVEAuthCookie=${ticket}` },
			{ Authorization: `PVEAuthCookie=${ticket}` }]) {
			assert.equal((await get(`${API}/version`, { headers })).status, 200);
		}
	});

	test('POST needs the CSRF token of the same user', async () => {
		const c = await client();
		const other = await clientAs('other@pve');
		for (const CSRFPreventionToken of [null, 'nonsense', other.csrf]) {
			const res = await c.call('POST', `${GUEST}/vncproxy`, { websocket: 1 },
				{ headers: { CSRFPreventionToken } });
			assert.equal(`${res.status} ${res.reason}`,
				'401 Permission denied - invalid csrf token');
			assert.equal(res.text, '');
		}
	});

	test('realms need no login', async () => {
		const res = await get(OPEN_PATH);
		assert.deepEqual(res.json.data.map((d) => d.realm), ['pam', 'pve']);
	});
});

describe('guests', () => {
	test('cluster/resources shows what VM.Audit allows', async () => {
		const list = async (c) => (await c.call('GET', '/cluster/resources?type=vm')).data;
		const all = await list(await client());
		assert.equal(all.length, 300);
		const row = all.find((r) => r.id === 'lxc/200');
		assert.deepEqual([row.node, row.type, row.status, String(row.vmid)],
			['pve', 'lxc', 'running', '200']);
		assert.equal((await list(await clientAs('only101@pve'))).length, 1);
		assert.deepEqual(await list(await clientAs('noaudit@pve')), []);
	});

	test('status/current', async () => {
		const c = await client();
		const status = async (guest) =>
			(await c.call('GET', `/nodes/pve/${guest}/status/current`)).data;
		assert.equal((await status('qemu/101')).status, 'running');
		assert.equal((await status('qemu/102')).status, 'stopped');
		assert.equal((await status('lxc/200')).type, 'lxc');
	});

	test('wrong node, type or number: the texts of a missing configuration', async () => {
		const c = await client();
		const reason = async (path) => {
			const res = await c.call('GET', `/nodes/${path}/status/current`);
			return `${res.status} ${res.reason}`;
		};
		assert.equal(await reason('pve/qemu/200'),
			"500 Configuration file 'nodes/pve/qemu-server/200.conf' does not exist");
		assert.equal(await reason('pve/lxc/101'),
			"500 Configuration file 'nodes/pve/lxc/101.conf' does not exist");
		assert.match(await reason('other/qemu/101'), /^500 hostname lookup 'other' failed/);
		assert.match(await reason('pve/qemu/99'), /^400 Parameter verification failed/);
	});

	test('without VM.Audit or VM.Console: 403 naming path and privilege', async () => {
		const blind = await clientAs('noaudit@pve');
		const noaudit = await blind.call('GET', `${GUEST}/status/current`);
		assert.equal(`${noaudit.status} ${noaudit.reason}`,
			'403 Permission check failed (/vms/101, VM.Audit)');
		const noconsole = await (await clientAs('noconsole@pve')).vncproxy(101);
		assert.equal(noconsole.reason, 'Permission check failed (/vms/101, VM.Console)');
		assert.equal(noconsole.json.message, `${noconsole.reason}\n`);
		assert.equal((await (await clientAs('nothing@pve')).vncproxy(99999)).status, 403);
	});

	test('after a migration resources shows the old node for 10 s', async () => {
		const p = await fake({ nodes: ['pve', 'pve2'] });
		const c = await client(p);
		const node = async () => (await c.call('GET', '/cluster/resources?type=vm')).data
			.find((r) => Number(r.vmid) === 101).node;
		p.guest(101).migrate('pve2');
		assert.equal(await node(), 'pve');
		assert.equal((await c.vncproxy(101)).status, 500);
		p.advance(10000);
		assert.equal(await node(), 'pve2');
		assert.equal((await c.vncproxy(101, { node: 'pve2' })).status, 200);
	});
});

describe('faults', () => {
	const login = (opts) => request(`${pve.url}/api2/json/access/ticket`, { ca: pve.caFile,
		method: 'POST', headers: FORM, timeoutMs: 400, ...opts,
		body: form({ username: pve.user, password: pve.password }) });

	for (const [what, fault, want] of [
		['hang', { hang: true }, /no answer in time/],
		['closed', { close: true }, /closed without/],
		['closed in the head', { close: 'mid' }, /closed without/],
		['not HTTP', { garbage: 'http' }, /closed|not HTTP/],
		['cut body', { garbage: 'cut' }, /closed without/],
		['not JSON', { garbage: 'json' }, /^200 OK <html>/],
		['truncated JSON', { garbage: 'truncated' }, /^200 OK \{"data":\{"ticket":"PVE:$/],
		['nothing', { garbage: 'empty' }, /^200 OK $/],
		['595', { status: 595, reason: 'Connection refused' }, /^595 Connection refused $/],
		['another reply', { reply: { ticket: 5 } }, /^200 OK \{"data":\{"ticket":5\}\}$/],
	]) {
		test(`${what}, once`, async () => {
			pve.faults.ticket = { ...fault, times: 1 };
			const got = await login().then((r) => `${r.status} ${r.reason} ${r.text}`,
				(e) => e.message);
			assert.match(got, want);
			assert.equal((await login()).status, 200);
			delete pve.faults.ticket;
		});
	}

	test('delays and endless bodies', async () => {
		pve.faults.ticket = { delayMs: 150, times: 1 };
		assert.ok((await login()).ms >= 140);
		pve.faults.ticket = { garbage: 'huge', times: 1 };
		const res = await login({ timeoutMs: 10000 });
		assert.ok(res.body.length > 60 * 1024 * 1024);
	});

	test('a host that accepts and says nothing', async () => {
		pve.faults.accept = { hang: true };
		await assert.rejects(rawRequest(pve.url, '', { ca: pve.caFile, timeoutMs: 200 }));
		delete pve.faults.accept;
	});

	test('requests are recorded, and what is in flight', async () => {
		const p = await fake();
		p.faults.version = { delayMs: 200 };
		const c = await client(p);
		await Promise.all([1, 2, 3].map(() => c.call('GET', '/version')));
		assert.equal(p.maxInFlight, 3);
		const r = p.requests.at(-1);
		assert.deepEqual([r.method, r.path, r.status, r.auth],
			['GET', '/api2/json/version', 200, 'vncuser@pve']);
		assert.deepEqual(p.requests[0].names, ['username', 'password']);
		await until(() => p.connections === 0, 2000, 'no connection');
		assert.deepEqual(p.violations, []);
	});
});

describe('the program', () => {
	const MAIN = fileURLToPath(new URL('../fake_pve/main.mjs', import.meta.url));
	const qemu = haveQemu();

	function gone(pid) {
		try {
			process.kill(pid, 0);
			return false;
		} catch {
			return true;
		}
	}

	for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL']) {
		test(`serves, and ends with its QEMU on ${signal}`, async () => {
			const args = [MAIN, '--dir', tempDir('fpve'), ...(qemu ? ['--qemu'] : [])];
			const stdio = ['ignore', 'pipe', 'inherit'];
			const child = spawn(process.execPath, args, { stdio });
			const [line] = await once(child.stdout, 'data');
			const info = JSON.parse(line);
			const url = `https://${info.host}:${info.port}`;
			const c = new PveClient({ ...info, url });
			assert.equal((await c.login()).status, 200);
			child.kill(signal);
			const [code] = await once(child, 'exit');
			assert.equal(code, signal === 'SIGKILL' ? null : 0);
			if (qemu)
				await until(() => gone(info.qemuPid), 2000, 'the end of QEMU');
		});
	}
});
