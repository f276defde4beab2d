// SPDX-License-Identifier: MIT
//
// Ends and changes: signals, reload, the timeouts of a session, and what /status says.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { until } from '../lib/wait.mjs';
import { FAST, INVALID, closeWorld, noSessions, openWorld, pageOf, sessionOf, shows,
	useWorld } from './world.mjs';

const STOP_MS = 10000;
const DURATION = /^(?:\d+h\d+m\d+s|\d+m\d+s|\d+s)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/* Stops the gateway and says how long that took; exit code 0 or it throws. */
async function stopMs(gw, signal) {
	const start = Date.now();
	await gw.stop(signal);
	return Date.now() - start;
}

describe('a stop', { concurrency: 8 }, () => {
	for (const signal of ['SIGTERM', 'SIGINT'])
		test(`by ${signal} closes browsers with 1001 and exits 0`, async (t) => {
			const { pve, gw } = await openWorld({}, t);
			const all = await Promise.all([101, 103, 200].map(async (vmid) =>
				gw.console(await gw.session({ vmid }))));
			await gw.session({ vmid: 104 });
			assert.ok(await stopMs(gw, signal) < STOP_MS);
			for (const { ws } of all) {
				const { code, reason } = await ws.closed();
				assert.equal(code, 1001);
				assert.ok(reason.length > 0);
			}
			await until(() => pve.liveConsoles.length === 0, 2000, 'Proxmox to be let go');
			await pve.stop();
		});

	test('with a browser that does not read takes less than 10 s', async (t) => {
		const { pve, gw } = await openWorld({ pve: { kinds: { 101: 'source' } } }, t);
		const { ws } = await gw.console(await gw.session(), { ws: { record: false } });
		ws.pause();
		assert.ok(await stopMs(gw) < STOP_MS);
		ws.destroy();
		await pve.stop();
	});

	test('with a browser in its handshake closes it with 1001', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		const ws = await gw.websocket(await gw.session());
		await ws.read(12);
		assert.ok(await stopMs(gw) < STOP_MS);
		assert.equal((await ws.closed()).code, 1001);
		await pve.stop();
	});

	for (const call of ['ticket', 'status'])
		test(`while the ${call} call hangs takes < 10 s and answers the link`, async (t) => {
			const { pve, gw } = await openWorld({}, t);
			pve.faults[call] = { hang: true };
			const { token } = await gw.create();
			const waiting = gw.openRaw(token).then((r) => r.status, () => 0);
			await until(() => pve.requests.some((r) => r.status === 'hang'));
			assert.ok(await stopMs(gw) < STOP_MS);
			assert.ok([0, 503].includes(await waiting));
			await pve.stop();
		});

	test('while the console call hangs takes less than 10 s', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		pve.faults.vncproxy = { hang: true };
		const ws = await gw.websocket(await gw.session());
		await until(() => pve.requests.some((r) => r.status === 'hang'));
		assert.ok(await stopMs(gw) < STOP_MS);
		assert.equal((await ws.closed()).code, 1001);
		await pve.stop();
	});

	test('while the host does not even accept TLS takes less than 10 s', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		pve.faults.accept = { hang: true };
		const { token } = await gw.create();
		const waiting = gw.openRaw(token).catch(() => 0);
		await until(() => pve.listener.raw.size > 0);
		assert.ok(await stopMs(gw) < STOP_MS);
		await waiting;
		await pve.stop();
	});

	test('twice in a row is one stop', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		await gw.console(await gw.session());
		gw.signal('SIGTERM');
		gw.signal('SIGINT');
		assert.ok(await stopMs(gw) < STOP_MS);
		await pve.stop();
	});

	test('says in the log why sessions ended', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		await gw.console(await gw.session());
		await gw.stop();
		assert.match(gw.log(), /vm:pve:101: ended after .*gateway stops/);
		await pve.stop();
	});

	test('lets the same ports be used again at once', async (t) => {
		const { pve, gw } = await openWorld({}, t);
		await gw.console(await gw.session());
		await gw.stop();
		await gw.start();
		await shows(await gw.console(await gw.session()));
		await gw.stop();
		await pve.stop();
	});
});

describe('SIGHUP', () => {
	const w = useWorld();
	const good = (secret) => w.gw.request('/status', { headers: { Authorization: secret } });

	/* Reloads and waits until the program says so; returns what it said. */
	async function reload(changes, words = /\bread again\b/) {
		const from = w.gw.log().length;
		const said = () => w.gw.log().slice(from);
		w.gw.reload(changes);
		await until(() => words.test(said()), 5000, 'the reload');
		return said();
	}

	/* Whether a request to the router leaves a debug line, which may be late. */
	async function logsRequests() {
		const from = w.gw.log().length;
		await w.gw.request('/');
		return until(() => /DEBUG/.test(w.gw.log().slice(from)), 250, 'a line').then(
			() => true, () => false);
	}

	test('changes the authorization secret', async () => {
		const old = w.gw.config.authorization;
		const now = 'another-authorization-secret-0123456789';
		await reload({ authorization: now });
		assert.equal((await good(now)).status, 200);
		assert.equal((await good(old)).status, 401);
		w.gw.given.add(old);
	});

	test('changes the logging level', async () => {
		assert.ok(await logsRequests());
		w.gw.reload({ logging_level: 'error' });
		await until(async () => !await logsRequests(), 5000, 'silence');
		const from = w.gw.log().length;
		await w.gw.session({ vmid: 103 });
		assert.equal(w.gw.log().slice(from), '');
		w.gw.reload({ logging_level: 'debug' });
		await until(logsRequests, 5000, 'debug lines');
	});

	test('changes token_ttl, max_pending_tokens and public_url', async () => {
		await reload({ token_ttl: 77, max_pending_tokens: 1, public_url: 'https://new.example' });
		const { json } = await w.gw.create();
		assert.equal(json.expires_in, 77);
		assert.match(json.url, /^https:\/\/new\.example\/vnc\//);
		assert.equal((await w.gw.create()).status, 503);
		await reload({ token_ttl: undefined, max_pending_tokens: undefined,
			public_url: undefined });
	});

	test('changes the trust towards Proxmox', async () => {
		await reload({ proxmox_ca_file: undefined });
		const { token } = await w.gw.create({ vmid: 105 });
		assert.equal((await w.gw.openRaw(token)).status, 502);
		await reload({ proxmox_ca_file: w.pve.caFile });
		await w.gw.open(token);
	});

	test('changes the timeouts of sessions that live', async () => {
		await w.gw.session({ vmid: 106 });
		await reload({ connect_timeout: 1 });
		await until(async () => !await sessionOf(w.gw, 106), 5000, 'the session to end');
		await reload({ connect_timeout: undefined });
	});

	test('keeps live consoles', async () => {
		const c = await w.gw.console(await w.gw.session({ vmid: 107 }));
		await reload({});
		await shows(c);
	});

	for (const [what, text] of [['a bad value', null], ['half a file', '{"authorization":'],
		['an empty file', '']])
		test(`with ${what} keeps the old configuration and says why`, async () => {
			const { config } = w.gw;
			const from = w.gw.log().length;
			writeFileSync(w.gw.configFile,
				text ?? JSON.stringify({ ...config, token_ttl: 'x', authorization: 'n' }));
			w.gw.signal('SIGHUP');
			await until(() => /ERROR/.test(w.gw.log().slice(from)), 5000, 'an error line');
			if (text === null)
				assert.match(w.gw.log().slice(from), /token_ttl/);
			assert.equal((await good(config.authorization)).status, 200);
			await reload({});
		});

	test('says which change needs a restart, and does without it', async () => {
		const log = await reload({ session_port_max: w.gw.config.session_port_max - 1 },
			/needs a restart/);
		assert.match(log, /session_port_max/);
		assert.equal((await good(w.gw.config.authorization)).status, 200);
	});
});

describe('a session ends', { concurrency: 8 }, () => {
	test('with 4000 for nobody when nobody connects in connect_timeout', async (t) => {
		const w = await openWorld({ config: { connect_timeout: 1 } }, t);
		const url = await w.gw.session();
		await noSessions(w.gw, 4000);
		await w.gw.logged(/vm:pve:101: ended after \d+s: nobody connected in time/);
		await assert.rejects(w.gw.file(url), /ECONNREFUSED|closed|reset/i);
		await closeWorld(w);
	});

	test('when nobody reconnects in reconnect_timeout', async (t) => {
		const w = await openWorld({ config: { reconnect_timeout: 1 } }, t);
		const { ws } = await w.gw.console(await w.gw.session());
		ws.destroy();
		await noSessions(w.gw, 5000);
		await w.gw.logged(/vm:pve:101: ended after \d+s: nobody reconnected in time/);
		await closeWorld(w);
	});

	test('never by these while a browser is there', async (t) => {
		const w = await openWorld({ config: { connect_timeout: 1, reconnect_timeout: 1 } }, t);
		const c = await w.gw.console(await w.gw.session());
		await w.gw.session({ vmid: 103 });
		await w.gw.statusUntil((s) => s.total_sessions === 1, 5000);
		await shows(c);
		await closeWorld(w);
	});

	test('with 4000 when max_duration is over, and the log says so with the bytes', async (t) => {
		const w = await openWorld({ config: { max_duration: 1 } }, t);
		const url = await w.gw.session();
		const a = await w.gw.console(url);
		const { code, reason } = await a.ws.closed(5000);
		assert.equal(code, 4000);
		assert.match(reason, /time is over/);
		await w.gw.logged(
			/vm:pve:101: ended after \ds: maximum duration reached \(\d+ bytes .*\d+ bytes/);
		await noSessions(w.gw);
		assert.equal(w.pve.liveConsoles.length, 0);
		await closeWorld(w);
	});

	test('and its port serves the next guest, where the old link opens nothing', async (t) => {
		const w = await openWorld({ pool: 1, config: { connect_timeout: 1 } }, t);
		const old = await w.gw.session({ vmid: 101 });
		await noSessions(w.gw);
		const now = await w.gw.session({ vmid: 103 });
		assert.equal(new URL(old).port, new URL(now).port);
		assert.equal((await w.gw.file(old)).status, 404);
		await closeWorld(w);
	});
});

describe('/status', () => {
	const w = useWorld({ config: { allow_node_shell: true },
		prepared: pageOf('vnc.html', 'term.html') });

	test('needs the secret, and GET', async () => {
		assert.equal((await w.gw.request('/status')).status, 401);
		const res = await w.gw.request('/status', { method: 'POST', headers: w.gw.auth() });
		assert.equal(res.status, 405);
		assert.match(res.headers.allow, /GET/);
	});

	test('of an idle gateway counts nothing', async () => {
		assert.deepEqual(await w.gw.status(), { total_sessions: 0, pending_tokens: 0,
			sessions_created: 0, sessions_active: 0, sessions_disconnected: 0, sessions: [] });
	});

	test('counts tokens and sessions by state', async () => {
		const used = await w.gw.create();
		await w.gw.create();
		assert.equal((await w.gw.status()).pending_tokens, 2);
		const url = await w.gw.open(used.token);
		const counts = ({ pending_tokens: p, total_sessions: t, sessions_created: c,
			sessions_active: a, sessions_disconnected: d }) => [p, t, c, a, d];
		assert.deepEqual(counts(await w.gw.status()), [1, 1, 1, 0, 0]);
		const { ws } = await w.gw.console(url);
		await w.gw.statusUntil((s) => counts(s).join() === '1,1,0,1,0');
		ws.destroy();
		await w.gw.statusUntil((s) => counts(s).join() === '1,1,0,0,1');
	});

	test('has every promised field of a session', async () => {
		const url = new URL(await w.gw.session({ vmid: 200 }));
		const before = await sessionOf(w.gw, 200);
		assert.equal(before.connected_at, undefined);
		await w.gw.console(url.href);
		const s = await sessionOf(w.gw, 200);
		assert.equal(s.key, 'lxc:pve:200');
		assert.match(s.session_id, /^vnc_\d{10}_lxc:pve:200/);
		assert.ok(url.href.startsWith(s.url), s.url);
		assert.ok(!s.url.includes(url.pathname.split('/')[1]), 'the key is not told');
		assert.deepEqual([s.node, s.vmid, s.port], ['pve', '200', Number(url.port)]);
		assert.match(s.created_at, TIME);
		assert.match(s.connected_at, TIME);
		assert.match(s.connected_duration, DURATION);
		assert.match(s.age, DURATION);
		assert.equal(s.status, 'active');
	});

	test('says what a console is of, and of which kind', async () => {
		for (const [fields, type, console, key, vmid] of [
			[{ vmid: 104, node: undefined }, 'qemu', 'vnc', 'vm:pve:104', '104'],
			[{ vmid: 300, console: 'term', serial: 0 }, 'qemu', 'term', 'vm:pve:300', '300'],
			[{ vmid: 202, console: 'auto' }, 'lxc', 'term', 'lxc:pve:202', '202'],
			[{ type: 'node', vmid: undefined, console: 'auto' }, 'node', 'term', 'node:pve', '']]) {
			await w.gw.session(fields);
			const s = (await w.gw.status()).sessions.at(-1);
			assert.deepEqual([s.type, s.console, s.key, s.vmid, s.node],
				[type, console, key, vmid, 'pve']);
		}
	});

	test('gives every session an id of its own', async () => {
		await w.gw.session({ vmid: 103 });
		await w.gw.session({ vmid: 103, username: 'other@pve', password: 'another-Secret.2' });
		const ids = (await w.gw.status()).sessions.map((s) => s.session_id);
		assert.equal(new Set(ids).size, ids.length);
	});

	test('names no secret', async () => {
		const res = await w.gw.request('/status', { headers: w.gw.auth() });
		for (const s of [...w.gw.secrets, ...w.pve.secrets])
			assert.ok(!res.text.includes(s));
	});
});

describe('two gateways', () => {
	test('in front of one Proxmox know nothing of each other\'s links', async (t) => {
		const pve = await startFakePve({ timings: FAST });
		t.after(() => pve.stop());
		const [a, b] = await Promise.all([0, 1].map(() => openWorld({ pve: null,
			config: { proxmox_tls: 'insecure' } }, t)));
		a.gw.pve = b.gw.pve = pve;
		const { token } = await a.gw.create();
		assert.match((await b.gw.openRaw(token)).text, INVALID);
		await a.gw.open(token);
		await Promise.all([closeWorld(a), closeWorld(b)]);
	});
});
