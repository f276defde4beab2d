// SPDX-License-Identifier: MIT
//
// Trust towards Proxmox: whose certificate gets the credentials, by an authority, by a pin
// or because it was there first; that another one gets none, neither at an API call nor at a
// console's websocket; what is remembered, where, and how it is forgotten.

import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFakePve } from '../fake_pve/fake_pve.mjs';
import { runGateway } from '../lib/gateway.mjs';
import { findLeaks } from '../lib/leaks.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until } from '../lib/wait.mjs';
import { startKeyless } from './hostile.mjs';
import { makeResolver } from './shims.mjs';
import { closeWorld, FAST, newcomer, openWorld, shows, tellsNothing } from './world.mjs';

/* More than an alert, less than the head of a request. */
const ALERT_MAX = 100;

const MAKES_MS = 600;

const AUTO = { proxmox_tls: 'auto', proxmox_ca_file: undefined };

let pve;
before(async () => {
	pve = await startFakePve({ timings: FAST });
});
after(() => pve.stop());

/* A gateway with that configuration before the fake Proxmox, which has forgotten the past. */
async function gateway(t, config = {}, options = {}) {
	pve.setCert('good');
	pve.faults = {};
	pve.forget();
	const w = await openWorld({ pve: null, ...options, config: { ...AUTO, ...config } });
	w.gw.pve = pve;
	t.after(async () => {
		pve.faults = {};
		await closeWorld(w);
		assert.deepEqual(findLeaks(w.gw.log(), pve.secrets), [], 'secrets of Proxmox in the log');
		assert.deepEqual(pve.violations, []);
	});
	return w.gw;
}

/* A console from end to end. */
async function opens(gw, fields) {
	const url = await gw.session({ vmid: 101, ...fields });
	const console = await gw.console(url);
	await shows(console);
	console.ws.close(1000);
	return url;
}

/* Somebody has knocked since then, and sent nothing but greetings. */
async function nothingSent(since) {
	await until(() => pve.handshakes.length > since && pve.handshakes.every((h) => h.ok !== null),
		2000, 'connections to end');
	const met = pve.handshakes.slice(since);
	assert.deepEqual(met.filter((h) => h.ok !== false || h.afterHello > ALERT_MAX), []);
}

/* The log's lines that tell of a refusal. */
function refusals(gw) {
	return gw.log().split('\n').filter((l) => /\[ERROR\] .*hypervisor not verified/.test(l));
}

/* The next of them after so many. */
async function refusal(gw, before) {
	await until(() => refusals(gw).length > before, 5000, 'a line about the refusal');
	return refusals(gw).at(-1);
}

/* A fresh link is refused before anything is sent, stays usable, and the page says so. Its token. */
async function refused(gw, { expected, came, advice, fields } = {}) {
	const requests = pve.requests.length;
	const handshakes = pve.handshakes.length;
	const told = refusals(gw).length;
	const { token } = await gw.create({ vmid: 101, ...fields });
	const res = await gw.openRaw(token, { headers: { Accept: 'text/html' } });
	assert.equal(res.status, 502);
	assert.match(res.text, /The hypervisor could not be verified\./);
	assert.match(res.text, /Try again in \d+ seconds/);
	tellsNothing(res.text, pve);
	await nothingSent(handshakes);
	assert.equal(pve.requests.length, requests, 'no request');
	const line = await refusal(gw, told);
	for (const words of [expected, came, advice, `${pve.host}:${pve.port}`].filter(Boolean))
		assert.ok(line.includes(words), `"${line}" lacks "${words}"`);
	return token;
}

/*
 * While it makes a console the host is restarted with another certificate: the connection
 * that waits for the console is cut.
 */
function restartsMeanwhile(kind) {
	pve.faults.vncproxy = () => {
		setTimeout(() => {
			pve.setCert(kind);
			pve.cutUnasked();
		}, MAKES_MS / 2);
		return { delayMs: MAKES_MS };
	};
}

/* The log's lines about first contacts. */
function firstContacts(gw) {
	return gw.logLines(/first contact/);
}

function endpoint() {
	return `${pve.host}:${pve.port}`;
}

/* state_dir/known_hosts when it holds that text. */
async function remembered(dir, text = endpoint()) {
	const file = join(dir, 'known_hosts');
	await until(() => readFileSync(file, 'utf8').includes(text), 5000, `${text} in ${file}`);
	return file;
}

async function reloaded(gw, changes) {
	const before = gw.log().split('configuration read again').length;
	gw.reload(changes);
	await until(() => gw.log().split('configuration read again').length > before, 5000, 'the reload');
}

/* A session's websocket ends with that code; the reason is a customer's. */
async function closesWith(gw, url, code) {
	const got = await (await gw.websocket(url)).closed(8000);
	assert.equal(got.code, code, got.reason);
	tellsNothing(got.reason, pve);
	return got.reason;
}

describe('first use', () => {
	test('trusts the certificate that is there first, and says once how to pin it', async (t) => {
		const gw = await gateway(t);
		await opens(gw);
		await opens(gw, { vmid: 103 });
		const [line, ...others] = await firstContacts(gw);
		assert.equal(others.length, 0);
		assert.match(line, /\[API\] \[INFO\]/);
		assert.ok(line.includes(
			`"proxmox_fingerprints": {"${endpoint()}": "${pve.fingerprintOf('good')}"}`), line);
		assert.match(line, /pvenode cert info/);
	});

	test('what the line says to pin is what pin mode takes', async (t) => {
		const gw = await gateway(t);
		await gw.session({ vmid: 101 });
		const [, json] = /set ("proxmox_fingerprints": \{.*?\})/.exec((await firstContacts(gw))[0]);
		await reloaded(gw, { proxmox_tls: 'pin', ...JSON.parse(`{${json}}`) });
		await opens(gw, { vmid: 103 });
	});

	test('a changed certificate is refused before credentials are sent, at an API call', async (t) => {
		const gw = await gateway(t, { state_dir: tempDir('state') });
		await gw.session({ vmid: 101 });
		for (const kind of ['other-ca', 'self-signed', 'expired', 'wrong-name', 'renewed']) {
			pve.setCert(kind);
			await refused(gw, { expected: pve.fingerprintOf('good'), came: pve.fingerprintOf(kind),
				advice: `remove its lines from ${gw.config.state_dir}/known_hosts and reload` });
		}
		assert.equal(pve.logins.length, 1);
		/* the link of a refusal is good when the certificate is */
		const token = await refused(gw);
		pve.setCert('good');
		await gw.open(token);
	});

	test('a changed certificate is refused before credentials are sent, at a console', async (t) => {
		const gw = await gateway(t);
		const url = await gw.session({ vmid: 101 });
		const handshakes = pve.handshakes.length;
		const told = refusals(gw).length;
		restartsMeanwhile('other-ca');
		const reason = await closesWith(gw, url, 4003);
		assert.match(reason, /could not be verified/);
		/* Before, the console's own; it was cut. */
		await nothingSent(handshakes + 1);
		assert.deepEqual(pve.handshakes.slice(handshakes).map((h) => [h.cert, h.ok]),
			[['good', true], ['other-ca', false]]);
		assert.equal(pve.requests.filter((r) => /vncwebsocket/.test(r.path)).length, 0);
		const line = await refusal(gw, told);
		for (const kind of ['good', 'other-ca'])
			assert.ok(line.includes(pve.fingerprintOf(kind)), line);
		/* and it comes back with the certificate */
		pve.faults = {};
		pve.setCert('good');
		await shows(await gw.console(url));
	});

	test('a running session sends its ticket to no other certificate', async (t) => {
		const gw = await gateway(t);
		const url = await gw.session({ vmid: 101 });
		const [requests, handshakes] = [pve.requests.length, pve.handshakes.length];
		pve.setCert('other-ca');
		await closesWith(gw, url, 4003);
		await nothingSent(handshakes);
		assert.equal(pve.requests.length, requests);
	});

	test('a node renews its certificate: the authority that its console told of vouches', async (t) => {
		const gw = await gateway(t);
		const url = await opens(gw);
		await gw.logged(/certificates that its cluster's authority signs are accepted too/);
		pve.setCert('renewed');
		await opens(gw, { vmid: 103 });
		await shows(await gw.console(url));
		await gw.logged(new RegExp(`another certificate, signed by its cluster's authority: SHA-256 ${
			pve.fingerprintOf('renewed')}`));
		/* the old one is no stranger, and a stranger is one still */
		pve.setCert('good');
		await opens(gw, { vmid: 104 });
		pve.setCert('other-ca');
		await refused(gw, { expected: 'or one of its authority', came: pve.fingerprintOf('other-ca') });
		assert.equal((await firstContacts(gw)).length, 1);
	});

	test('a name with several nodes behind it: each call may meet another one', async (t) => {
		const gw = await gateway(t);
		await opens(gw);
		pve.setCert(['second-node', 'good', 'renewed']);
		for (const vmid of [103, 104, 105])
			await opens(gw, { vmid });
		assert.ok(new Set(pve.handshakes.map((h) => h.cert)).size === 3);
		assert.equal((await firstContacts(gw)).length, 1);
	});

	test('a name for several addresses: its first console makes its other nodes known', async (t) => {
		const names = makeResolver();
		if (!names)
			return t.skip('nothing can be preloaded');
		const cluster = await startFakePve({ timings: FAST, host: '0.0.0.0',
			cert: { '127.0.0.1': 'good', '127.0.0.2': 'second-node' } });
		t.after(() => cluster.stop());
		const gw = await gateway(t, {}, { env: names.env });
		const target = { hostname: 'cluster.test', port: cluster.port };
		names.set('cluster.test', '127.0.0.1', ['127.0.0.2', '127.0.0.1']);
		/* all calls of a login go to the node that has answered it */
		const url = await gw.session({ vmid: 101, ...target });
		const { token } = await gw.create({ vmid: 103, ...target, ...newcomer(cluster) });
		assert.equal((await gw.openRaw(token)).status, 502, 'the other node is a stranger yet');
		await shows(await gw.console(url));
		await shows(await gw.console(await gw.open(token)));
		assert.deepEqual([...new Set(cluster.handshakes.map((h) => `${h.cert} ${h.ok}`))],
			['good true', 'second-node false', 'second-node true']);
		assert.equal((await firstContacts(gw)).length, 1);
		assert.deepEqual(cluster.violations, []);
	});

	test('who was in between at the first contact has not won the true host too', async (t) => {
		const gw = await gateway(t);
		/* passes on whatever Proxmox says, its authority among it */
		pve.setCert('other-ca');
		await opens(gw);
		pve.setCert('good');
		await refused(gw, { expected: pve.fingerprintOf('other-ca'), came: pve.fingerprintOf('good') });
	});

	test('a session is resumed, and another certificate that comes instead is refused', async (t) => {
		const gw = await gateway(t);
		await opens(gw);
		assert.deepEqual(pve.handshakes.map((h) => h.resumed), [false, true]);
		pve.setCert('other-ca');
		await refused(gw, { expected: pve.fingerprintOf('good'), came: pve.fingerprintOf('other-ca') });
	});
});

describe('what is remembered', () => {
	test('survives a restart, in a file for its owner only', async (t) => {
		const dir = join(tempDir('state'), 'made');
		const gw = await gateway(t, { state_dir: dir });
		await opens(gw);
		const file = await remembered(dir, `${endpoint()} authority `);
		assert.equal(statSync(file).mode & 0o7777, 0o600);
		assert.equal(statSync(dir).mode & 0o7777, 0o700);
		assert.match(readFileSync(file, 'utf8'),
			new RegExp(`^${endpoint()} leaf ${pve.fingerprintOf('good')}$`, 'm'));

		const again = await gateway(t, { state_dir: dir });
		await opens(again);
		pve.setCert('renewed');
		await opens(again, { vmid: 103 });
		pve.setCert('other-ca');
		await refused(again, { came: pve.fingerprintOf('other-ca') });
		assert.equal((await firstContacts(again)).length, 0);
	});

	test('is written at once when the gateway stops', async (t) => {
		const dir = tempDir('state');
		const w = await openWorld({ pve: null, config: { ...AUTO, state_dir: dir } }, t);
		w.gw.pve = pve;
		pve.setCert('good');
		await w.gw.session({ vmid: 101 });
		await closeWorld(w);
		assert.match(readFileSync(join(dir, 'known_hosts'), 'utf8'), new RegExp(endpoint()));
	});

	test('is in the first folder of STATE_DIRECTORY unless state_dir says otherwise', async (t) => {
		const [first, second, own] = [tempDir('state'), tempDir('state'), tempDir('state')];
		const env = { STATE_DIRECTORY: `${first}:${second}` };
		const gw = await gateway(t, {}, { env });
		await gw.session({ vmid: 101 });
		await remembered(first);
		const other = await gateway(t, { state_dir: own }, { env });
		await other.session({ vmid: 101 });
		await remembered(own);
		assert.throws(() => statSync(join(second, 'known_hosts')));
	});

	test('is forgotten when its lines are removed and the configuration is read again', async (t) => {
		const dir = tempDir('state');
		const gw = await gateway(t, { state_dir: dir });
		await opens(gw);
		const file = await remembered(dir, `${endpoint()} authority `);
		pve.setCert('other-ca');
		await refused(gw);
		writeFileSync(file, readFileSync(file, 'utf8').split('\n')
			.filter((l) => !l.startsWith(endpoint())).join('\n'));
		await refused(gw);
		await reloaded(gw);
		await opens(gw, { vmid: 103 });
		assert.equal((await firstContacts(gw)).length, 2);
		/* and with the file everything is */
		await remembered(dir);
		rmSync(file);
		await reloaded(gw);
		pve.setCert('self-signed');
		await opens(gw, { vmid: 104 });
	});

	test('without a place for it lives in memory, over a reload', async (t) => {
		const gw = await gateway(t);
		await gw.session({ vmid: 101 });
		await reloaded(gw);
		pve.setCert('other-ca');
		await refused(gw, { advice: 'restart, which forgets it' });
	});

	test('lives in memory, after one warning, when its place cannot be written', async (t) => {
		const plain = join(tempDir('state'), 'file');
		writeFileSync(plain, '');
		for (const dir of [join(plain, 'below'), '/nonexistent/below', plain]) {
			const gw = await gateway(t, { state_dir: dir });
			await opens(gw);
			pve.setCert('other-ca');
			await refused(gw);
			const warnings = await gw.logLines(/in memory only/);
			assert.equal(warnings.length, 1, dir);
			assert.match(warnings[0], /\[INFO\] warning: /);
			assert.ok(warnings[0].includes(dir), warnings[0]);
		}
	});

	test('loses its damaged lines, and tells which', async (t) => {
		const dir = tempDir('state');
		const leaf = pve.fingerprintOf('good');
		writeFileSync(join(dir, 'known_hosts'), [`${endpoint()} leaf AA:BB`, 'rubbish',
			`${endpoint()} leaf ${leaf}`, '\x00\xff', `${endpoint()} authority MIIB`, ''].join('\n'));
		const gw = await gateway(t, { state_dir: dir });
		const told = await gw.logLines(/known_hosts: line \d+ is left out/);
		assert.deepEqual(told.map((l) => /line (\d+)/.exec(l)[1]), ['1', '2', '4', '5']);
		pve.setCert('other-ca');
		await refused(gw, { expected: leaf });
		pve.setCert('good');
		await opens(gw);
		const file = await remembered(dir, `${endpoint()} leaf ${leaf}\n${endpoint()} authority `);
		assert.doesNotMatch(readFileSync(file, 'utf8'), /rubbish|AA:BB$/m);
	});
});

describe('an authority', () => {
	test('is enough in auto mode, and there is no first use after it', async (t) => {
		const dir = tempDir('state');
		const gw = await gateway(t, { proxmox_ca_file: pve.caFile, state_dir: dir });
		await opens(gw);
		pve.setCert('renewed');
		await opens(gw, { vmid: 103 });
		assert.equal((await firstContacts(gw)).length, 0);
		await remembered(dir, `${endpoint()} verified`);
		for (const kind of ['self-signed', 'other-ca', 'expired', 'wrong-name']) {
			pve.setCert(kind);
			await refused(gw, { expected: 'one that an authority verifies, as before',
				came: pve.fingerprintOf(kind) });
		}
	});

	test('ends what first use has taught', async (t) => {
		const gw = await gateway(t);
		pve.setCert('self-signed');
		await gw.session({ vmid: 101 });
		await reloaded(gw, { proxmox_ca_file: pve.caFile });
		pve.setCert('good');
		await opens(gw, { vmid: 103 });
		await gw.logged(/is verified by an authority now/);
		pve.setCert('self-signed');
		await refused(gw, { came: pve.fingerprintOf('self-signed') });
	});

	test('says nothing of who only shows a certificate and has not its key', async (t) => {
		const dir = tempDir('state');
		const host = await startKeyless(t, join(pve.dir, 'good.pem'));
		const known = `127.0.0.1:${host.port} leaf ${pve.fingerprintOf('self-signed')}`;
		const file = join(dir, 'known_hosts');
		writeFileSync(file, `${known}\n`);
		const gw = await gateway(t, { proxmox_ca_file: pve.caFile, state_dir: dir });
		const { token } = await gw.create(host.fields({ vmid: 101 }));
		assert.equal((await gw.openRaw(token)).status, 502);
		/* what is learned here shows that all there is to be written has been */
		await opens(gw);
		await remembered(dir, `${endpoint()} verified`);
		assert.doesNotMatch(await gw.fullLog(), /is verified by an authority now/);
		assert.match(readFileSync(file, 'utf8'), new RegExp(`^${known}$`, 'm'));
	});

	test('is necessary in verify mode, whoever was there first', async (t) => {
		const gw = await gateway(t);
		await gw.session({ vmid: 101 });
		await reloaded(gw, { proxmox_tls: 'verify' });
		await refused(gw, { came: pve.fingerprintOf('good'), advice: 'set proxmox_ca_file' });
		await reloaded(gw, { proxmox_ca_file: pve.caFile });
		await opens(gw, { vmid: 103 });
	});
});

describe('a pin', () => {
	const pins = (...kinds) => ({ proxmox_tls: 'pin', proxmox_ca_file: pve.caFile,
		proxmox_fingerprints: { [endpoint()]: kinds.map((k) => pve.fingerprintOf(k)) } });

	test('in the configuration is what pin mode takes, and nothing else', async (t) => {
		const gw = await gateway(t, pins('self-signed', 'expired'));
		for (const kind of ['self-signed', 'expired']) {
			pve.setCert(kind);
			await opens(gw);
		}
		/* though the authority in proxmox_ca_file has signed it */
		pve.setCert('good');
		await refused(gw, { expected: `proxmox_fingerprints has ${pve.fingerprintOf('self-signed')}`,
			came: pve.fingerprintOf('good'), advice: 'correct it there' });
	});

	test('is a text of any spelling too, and 8006 goes without saying', async (t) => {
		const bare = pve.fingerprintOf('good').replaceAll(':', '').toLowerCase();
		const gw = await gateway(t, { proxmox_tls: 'pin',
			proxmox_fingerprints: { [endpoint()]: bare, '127.0.0.1': pve.fingerprintOf('other-ca') } });
		await opens(gw);
	});

	test('of another host is none: in pin mode who has none is refused', async (t) => {
		const gw = await gateway(t, { proxmox_tls: 'pin', proxmox_ca_file: pve.caFile,
			proxmox_fingerprints: { 'other.example': pve.fingerprintOf('good') } });
		await refused(gw, { expected: 'proxmox_fingerprints has none of it',
			came: pve.fingerprintOf('good'), advice: 'send it as fingerprint' });
	});

	test('counts in the other modes as well', async (t) => {
		const gw = await gateway(t, { ...pins('self-signed'), proxmox_tls: 'auto' });
		await refused(gw, { came: pve.fingerprintOf('good') });
		assert.equal((await firstContacts(gw)).length, 0);
		await reloaded(gw, { proxmox_tls: 'verify' });
		await refused(gw, { came: pve.fingerprintOf('good') });
		pve.setCert('self-signed');
		await opens(gw);
	});

	test('that SIGHUP changes binds the calls and consoles of sessions that live', async (t) => {
		const gw = await gateway(t, pins('good'));
		const url = await opens(gw);
		await reloaded(gw, pins('other-ca'));
		const requests = pve.requests.length;
		await closesWith(gw, url, 4003);
		assert.equal(pve.requests.length, requests);
		pve.setCert('other-ca');
		await shows(await gw.console(url));
	});

	test('holds at the console too, when the certificate changes after the call', async (t) => {
		const gw = await gateway(t, pins('good'));
		const url = await gw.session({ vmid: 101 });
		restartsMeanwhile('renewed');
		await closesWith(gw, url, 4003);
		assert.equal(pve.requests.filter((r) => /vncwebsocket/.test(r.path)).length, 0);
	});

	for (const [what, value] of [['short', 'AA:BB'], ['a number', 5], ['nothing', '']])
		test(`that is ${what} stops the start and names the key`, async () => {
			const file = join(tempDir('pin'), 'config.json');
			writeFileSync(file, JSON.stringify({ authorization: 'x'.repeat(40),
				public_ip: '127.0.0.1', proxmox_fingerprints: { 'pve:8006': value } }));
			const { code, stderr } = await runGateway(['-config', file, '-check']);
			assert.equal(code, 1);
			assert.match(stderr, /proxmox_fingerprints: /);
		});
});

describe("a link's own fingerprint", () => {
	const of = (kind) => ({ fingerprint: pve.fingerprintOf(kind) });

	test('is the one that is accepted, in every mode', async (t) => {
		const gw = await gateway(t, { proxmox_ca_file: pve.caFile });
		for (const mode of ['auto', 'verify', 'pin', 'insecure']) {
			await reloaded(gw, { proxmox_tls: mode });
			pve.setCert('self-signed');
			await opens(gw, of('self-signed'));
			await opens(gw, { vmid: 103,
				fingerprint: pve.fingerprintOf('self-signed').replaceAll(':', '').toLowerCase() });
			/* though proxmox_ca_file's authority has signed it */
			pve.setCert('good');
			await refused(gw, { fields: of('self-signed'), expected: pve.fingerprintOf('self-signed'),
				came: pve.fingerprintOf('good'), advice: 'send it as fingerprint' });
		}
		assert.equal((await firstContacts(gw)).length, 0, 'and it teaches nothing');
	});

	test("holds for its session's consoles", async (t) => {
		const gw = await gateway(t, { proxmox_ca_file: pve.caFile });
		const url = await opens(gw, of('good'));
		pve.setCert('renewed');
		const requests = pve.requests.length;
		await closesWith(gw, url, 4003);
		assert.equal(pve.requests.length, requests);
		pve.setCert('good');
		restartsMeanwhile('renewed');
		await closesWith(gw, url, 4003);
		assert.equal(pve.requests.filter((r) => /vncwebsocket/.test(r.path)).length, 1, 'the first');
	});

	test('is proven by the login of a link that joins a running session', async (t) => {
		const gw = await gateway(t, { proxmox_ca_file: pve.caFile });
		await gw.session({ vmid: 101, ...of('good') });
		await refused(gw, { fields: of('self-signed') });
		await gw.session({ vmid: 101, ...of('good') });
		assert.equal((await gw.status()).total_sessions, 1);
		assert.equal(pve.logins.length, 1, 'shared by those who pin the same certificate');
	});

	test('joins no session of another trust, nor does another link join its session', async (t) => {
		const gw = await gateway(t);
		const trusted = await opens(gw);
		/* somebody in between, to whom every password is right, and a link that names his certificate */
		pve.setCert('other-ca');
		const theirs = await opens(gw, of('other-ca'));
		assert.notEqual(new URL(theirs).port, new URL(trusted).port);
		pve.setCert('good');
		const joined = await opens(gw);
		assert.equal(new URL(joined).port, new URL(trusted).port);
		assert.equal((await gw.status()).total_sessions, 2);
	});

	test('is refused by name when it is none', async (t) => {
		const gw = await gateway(t);
		for (const fingerprint of ['', 'AA:BB', pve.fingerprint + ':00', 7, null]) {
			const { status, json } = await gw.create({ fingerprint });
			assert.equal(status, 400);
			assert.match(json.error, /^fingerprint: must be/);
		}
		assert.equal(pve.handshakes.length, 0);
	});
});
