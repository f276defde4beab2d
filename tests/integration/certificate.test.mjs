// SPDX-License-Identifier: MIT
//
// The certificate of our own: bad ones stop the start, SIGHUP brings a new one to every
// port without ending a session, and a bad new one changes nothing.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { makeCa, makeLeaf } from '../lib/certs.mjs';
import { Gateway, runGateway } from '../lib/gateway.mjs';
import { Conn } from '../lib/http.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until, within } from '../lib/wait.mjs';
import { echoes, useWorld } from './world.mjs';

const LIVE = 50;

function fingerprint(file) {
	return new X509Certificate(readFileSync(file)).fingerprint256;
}

function portOf(url) {
	return Number(new URL(url).port);
}

/* The fingerprint that a new handshake is shown, whatever the version. */
function shown(port, maxVersion) {
	const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false,
		servername: '', maxVersion });
	const up = new Promise((resolve, reject) => {
		socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
		socket.once('error', reject);
	});
	return within(up, 8000, 'a handshake').finally(() => socket.destroy());
}

/* Names of bad pairs: { cert, key, option, words }, made in dir beside a good one. */
async function badPairs(dir, ca, good) {
	const other = await makeLeaf(dir, ca, { name: 'other' });
	const expired = await makeLeaf(dir, ca, { name: 'expired', days: -1 });
	const future = await makeLeaf(dir, ca, { name: 'future', begins: 2, days: 30 });
	const garbage = join(dir, 'garbage.pem');
	const half = join(dir, 'half.pem');
	const folder = join(dir, 'folder');
	const missing = join(dir, 'missing.pem');
	writeFileSync(garbage, 'This is no certificate.\n');
	writeFileSync(half, readFileSync(good.cert).subarray(0, 300));
	mkdirSync(folder);
	return {
		'a certificate that is missing':
			{ ...good, cert: missing, option: 'tls_cert_file', words: 'No such file' },
		'a key that is missing':
			{ ...good, key: missing, option: 'tls_key_file', words: 'No such file' },
		'a certificate that cannot be read':
			{ ...good, cert: folder, option: 'tls_cert_file', words: 'Is a directory' },
		'a key that cannot be read':
			{ ...good, key: folder, option: 'tls_key_file', words: 'Is a directory' },
		'a key of another certificate': { ...good, key: other.key, option: 'tls_key_file',
			words: 'is not the key of the certificate' },
		'a certificate that has expired':
			{ ...expired, option: 'tls_cert_file', words: 'has expired' },
		'a certificate that is not valid yet':
			{ ...future, option: 'tls_cert_file', words: 'is not valid yet' },
		'garbage as certificate':
			{ ...good, cert: garbage, option: 'tls_cert_file', words: 'holds no certificate' },
		'half a certificate': { ...good, cert: half, option: 'tls_cert_file', words: '' },
		'garbage as key':
			{ ...good, key: garbage, option: 'tls_key_file', words: 'holds no usable key' },
	};
}

const dir = tempDir('cert');
const ca = await makeCa(dir);
const good = await makeLeaf(dir, ca, { name: 'good' });
const bad = await badPairs(dir, ca, good);

describe('a start', () => {
	const gw = new Gateway({ tls: true });

	before(() => gw.prepare());
	after(() => gw.ports.release());

	function run({ cert, key }, ...args) {
		gw.setConfig({ tls_cert_file: cert, tls_key_file: key });
		return runGateway(['-config', gw.configFile, ...args]);
	}

	for (const [what, pair] of Object.entries(bad))
		test(`fails with ${what}, and -check says the same`, async () => {
			const { code, stdout, stderr } = await run(pair);
			assert.equal(code, 1);
			const lines = stderr.split('\n').filter((line) => line.startsWith('proxmoxvnc: '));
			assert.equal(lines.length, 1, stderr);
			assert.ok(lines[0].includes(`${pair.option}: `) && lines[0].includes(pair.words),
				lines[0]);
			assert.doesNotMatch(stderr, /\[ERROR\]/);
			const checked = await run(pair, '-check');
			assert.deepEqual({ code: checked.code, stdout: checked.stdout }, { code, stdout });
			assert.ok(checked.stderr.includes(lines[0].slice('proxmoxvnc: '.length)),
				checked.stderr);
		});

	test('is good with the good one, says -check', async () => {
		const { code, stdout } = await run(good, '-check');
		assert.deepEqual({ code, stdout }, { code: 0, stdout: 'ok\n' });
	});
});

/* SIGHUP, after putting a pair where the running one is; returns what the program said. */
async function reloadWith(gw, { cert, key }, words = /\bread again\b/) {
	const from = gw.log().length;
	const said = () => gw.log().slice(from);
	gw.reload({ tls_cert_file: cert, tls_key_file: key });
	await until(() => words.test(said()), 8000, 'the reload');
	return said();
}

describe('SIGHUP', () => {
	const kinds = Object.fromEntries([...Array(LIVE)].map((_, i) => [210 + i, 'echo']));
	const w = useWorld({ tls: true, pool: LIVE + 6, pve: { kinds } });
	let consoles, first, kept, current;

	/* Handshakes on all kinds of ports show this one, in both versions. */
	async function allShow(print) {
		const fresh = await w.gw.session({ vmid: 101 });
		const ports = [w.gw.port, portOf(first), portOf(consoles.at(-1).url), portOf(fresh)];
		for (const port of ports)
			for (const version of ['TLSv1.2', 'TLSv1.3'])
				assert.equal(await shown(port, version), print, `port ${port}, ${version}`);
	}

	async function allRelay() {
		await Promise.all(consoles.map((c, i) => echoes(c, Buffer.from(`still here ${i}`))));
		const { sessions_active: active } = await w.gw.status();
		assert.equal(active, LIVE);
	}

	before(async () => {
		const urls = [];
		for (let i = 0; i < LIVE; i++)
			urls.push(await w.gw.session({ vmid: 210 + i }));
		consoles = await Promise.all(urls.map(async (url) =>
			({ url, ...await w.gw.console(url) })));
		[first] = urls;
		current = w.gw.config.tls_cert_file;
		kept = await Conn.open({ host: '127.0.0.1', port: w.gw.port, tls: true,
			ca: w.gw.caFile });
	});
	after(() => kept?.close());

	async function keptAnswers() {
		kept.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
		assert.equal((await kept.response({ ms: 5000 })).status, 401);
	}

	test('finds the first certificate on every port', () => allShow(fingerprint(current)));

	test('brings a new one to every port, and no session drops', async () => {
		const next = await makeLeaf(w.gw.dir, w.gw.ca, { name: 'next' });
		await keptAnswers();
		const log = await reloadWith(w.gw, next);
		assert.doesNotMatch(log, /\[ERROR\]/);
		await allRelay();
		await keptAnswers();
		await allShow(fingerprint(next.cert));
		current = next.cert;
	});

	test('brings one that was put in the place of the old file', async () => {
		const { tls_cert_file: cert, tls_key_file: key } = w.gw.config;
		const renewed = await makeLeaf(w.gw.dir, w.gw.ca, { name: 'renewed', rsa: true });
		copyFileSync(renewed.cert, cert);
		copyFileSync(renewed.key, key);
		await reloadWith(w.gw, { cert, key });
		await allRelay();
		await allShow(fingerprint(renewed.cert));
		current = renewed.cert;
	});

	for (const [what, pair] of Object.entries(bad))
		test(`keeps the old one when there is ${what}, in one ERROR line`, async () => {
			const log = await reloadWith(w.gw, pair, /stays as it was/);
			const errors = log.split('\n').filter((line) => line.includes('[ERROR]'));
			assert.equal(errors.length, 1, log);
			assert.ok(errors[0].includes(`${pair.option}: `) && errors[0].includes(pair.words),
				errors[0]);
			assert.doesNotMatch(log, /read again/);
			await keptAnswers();
			await allShow(fingerprint(current));
		});

	test('with a bad one changes nothing else either', async () => {
		const pair = Object.values(bad)[0];
		const old = w.gw.config.authorization;
		w.gw.config.authorization = 'a-new-authorization-secret-0123456789';
		await reloadWith(w.gw, pair, /stays as it was/);
		w.gw.config.authorization = old;
		assert.equal((await w.gw.request('/status', { headers: w.gw.auth() })).status, 200);
	});

	test('of all that, no session noticed anything', allRelay);

	test('tells when the new one is not for public_ip', async () => {
		const elsewhere = await makeLeaf(w.gw.dir, w.gw.ca,
			{ name: 'elsewhere', san: 'DNS:elsewhere.example' });
		assert.match(await reloadWith(w.gw, elsewhere), /warning: .* not for public_ip/);
		assert.equal(await shown(w.gw.port), fingerprint(elsewhere.cert));
	});

	test('cannot turn TLS off: that needs a restart, and says so', async () => {
		const before = await shown(w.gw.port);
		const log = await reloadWith(w.gw, { cert: undefined, key: undefined },
			/needs a restart.*\n/);
		assert.match(log, /needs a restart: tls_cert_file, tls_key_file\n/);
		assert.equal(await shown(w.gw.port), before);
	});
});

describe('SIGHUP of a gateway without TLS', () => {
	const w = useWorld();

	test('cannot turn it on: that needs a restart, and says so', async () => {
		const log = await reloadWith(w.gw, good, /needs a restart.*\n/);
		assert.match(log, /needs a restart: tls_cert_file, tls_key_file\n/);
		assert.equal((await w.gw.request('/')).status, 401);
		assert.ok((await w.gw.session()).startsWith('http://'));
	});
});
