// SPDX-License-Identifier: MIT
//
// The program's start: command line, configuration errors, warnings, log file.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync,
	writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { Gateway, runGateway } from '../lib/gateway.mjs';
import { claimPorts } from '../lib/ports.mjs';
import { tempDir } from '../lib/temp.mjs';
import { until } from '../lib/wait.mjs';
import { closeWorld, openWorld, useWorld } from './world.mjs';

/* A good configuration in a folder of its own: { dir, config, file, save(changes) }. */
async function sample() {
	const gw = new Gateway({ config: { logging_level: 'info' } });
	await gw.prepare();
	const save = (changes = {}) => {
		const all = { ...gw.config, ...changes };
		writeFileSync(gw.configFile, typeof changes === 'string' ? changes
			: JSON.stringify(all), { mode: 0o600 });
		return gw.configFile;
	};
	return { dir: gw.dir, config: gw.config, file: gw.configFile, save, ports: gw.ports };
}

describe('the command line', () => {
	let conf;
	before(async () => (conf = await sample()));

	for (const dash of ['-', '--']) {
		test(`${dash}version prints the version and exits 0`, async () => {
			const { code, stdout } = await runGateway([`${dash}version`]);
			assert.equal(code, 0);
			assert.match(stdout, /\d+\.\d+\.\d+/);
		});

		test(`${dash}help names every option and exits 0`, async () => {
			const { code, stdout } = await runGateway([`${dash}help`]);
			assert.equal(code, 0);
			for (const option of ['-config', '-port', '-check', '-version', '-help'])
				assert.ok(stdout.includes(option), option);
		});

		test(`${dash}check says ok of a good configuration and exits 0`, async () => {
			const { code, stdout, stderr } = await runGateway(
				[`${dash}check`, `${dash}config`, conf.save()]);
			assert.equal(code, 0, stderr);
			assert.match(stdout + stderr, /\bok\b/);
		});
	}

	test('the default configuration is config.json of the current folder', async () => {
		conf.save();
		const { code, stderr } = await runGateway(['-check'], { cwd: conf.dir });
		assert.equal(code, 0, stderr);
	});

	test('-check starts nothing, also with the port in use', async () => {
		const server = net.createServer().listen(conf.config.router_port, '127.0.0.1');
		try {
			assert.equal((await runGateway(['-check', '-config', conf.save()])).code, 0);
		} finally {
			server.close();
		}
	});

	for (const args of [['-nonsense'], ['stray'], ['-port', 'x'], ['-port', '0'],
		['-port', '65536'], ['-config'], ['-config', '/nowhere/at/all.json']])
		test(`${args.join(' ')} is refused with a word and a failure`, async () => {
			const { code, stdout, stderr } = await runGateway(
				args[0] === '-port' ? ['-config', conf.save(), ...args] : args);
			assert.ok(code > 0, `exit code ${code}`);
			assert.ok((stdout + stderr).trim().length > 0);
		});

	test('-port overrides router_port', async (t) => {
		const ports = await claimPorts(1);
		const gw = new Gateway({ args: ['-port', String(ports.first)] });
		t.after(() => gw.child?.kill('SIGKILL'));
		await gw.prepare();
		gw.port = ports.first;
		await gw.start();
		await gw.stop();
		ports.release();
	});
});

describe('a bad configuration stops the start with exit code 1 and the key\'s name', () => {
	let conf;
	before(async () => (conf = await sample()));
	const notFolder = () => join(conf.dir, 'config.json');

	for (const [key, value] of [
		['authorization', undefined], ['authorization', ''], ['authorization', 5],
		['authorization', 'x'.repeat(513)],
		['public_ip', undefined], ['public_ip', 'http://x'], ['public_ip', ''],
		['router_ip', 'nonsense'], ['router_port', 0], ['router_port', 65536],
		['router_port', '9999'], ['router_port', 1.5], ['session_ip', 'x y'],
		['session_port_min', 1023], ['session_port_max', 70000], ['session_port_max', null],
		['session_port_min', 65535], ['public_url', 'no url'], ['public_url', 'ftp://x'],
		['tls_cert_file', '/nowhere.pem'], ['tls_key_file', '/nowhere.pem'],
		['novnc_path', '/nowhere'], ['novnc_path', notFolder],
		['proxmox_tls', 'maybe'], ['proxmox_tls', true], ['proxmox_ca_file', '/nowhere.pem'],
		['proxmox_ca_file', notFolder],
		['token_ttl', 0], ['token_ttl', -1], ['token_ttl', 2592001], ['connect_timeout', 0],
		['reconnect_timeout', 'soon'], ['max_duration', -1], ['open_timeout', 4],
		['open_timeout', 121], ['max_pending_tokens', 0], ['max_pending_tokens', 1000001],
		['logging_enabled', 'yes'], ['logging_level', 'verbose'], ['log_file', 7],
		['log_file', ''], ['log_fil', 'stderr'], ['Authorization', 'x'],
	])
		test(`${key}: ${typeof value === 'function' ? 'a file of another kind'
			: JSON.stringify(value)?.slice(0, 30)}`, async () => {
			const file = conf.save({ [key]: typeof value === 'function' ? value() : value });
			const { code, stdout, stderr } = await runGateway(['-config', file]);
			assert.equal(code, 1, stderr);
			const text = (stderr + stdout).trim();
			assert.ok(text.includes(key), text);
			const wrong = text.split('\n').filter((l) => !/warning:/.test(l));
			assert.equal(wrong.length, 1, text);
			const checked = await runGateway(['-check', '-config', file]);
			assert.equal(checked.code, 1);
			assert.ok((checked.stdout + checked.stderr).includes(key));
		});

	for (const [what, text, words] of [
		['not JSON', '{"authorization": ', /line|JSON|end/i],
		['a list', '[]', /object/i],
		['empty', '', /JSON|empty|line/i],
		['a key twice', '{"authorization":"a","authorization":"b"}', /authorization|duplicate/],
	])
		test(`${what} is told`, async () => {
			const { code, stdout, stderr } = await runGateway(['-config', conf.save(text)]);
			assert.equal(code, 1);
			assert.match(stdout + stderr, words);
		});

	test('router_port inside the session ports is refused', async () => {
		const { code, stderr, stdout } = await runGateway(['-config',
			conf.save({ router_port: conf.config.session_port_min + 1 })]);
		assert.equal(code, 1);
		assert.match(stderr + stdout, /router_port/);
	});

	test('the secret is not in any of these messages', async () => {
		const { authorization } = conf.config;
		const { stdout, stderr } = await runGateway(['-config', conf.save({ token_ttl: 0 })]);
		assert.ok(!(stdout + stderr).includes(authorization));
	});

	test('a router port in use stops the start, naming it', async () => {
		const server = net.createServer().listen(conf.config.router_port, '127.0.0.1');
		try {
			const { code, stdout, stderr } = await runGateway(['-config', conf.save()]);
			assert.equal(code, 1);
			assert.match(stderr + stdout, new RegExp(String(conf.config.router_port)));
		} finally {
			server.close();
		}
	});
});

describe('the start', () => {
	/* What the gateway logs with this configuration. */
	async function logOf(config, options = {}) {
		const w = await openWorld({ pve: null, config, ...options });
		await closeWorld(w);
		return w.gw.log();
	}

	test('leaves out a session port in use with one line', async (t) => {
		const w = await openWorld({ pve: null }, t);
		const taken = w.gw.config.session_port_min;
		await w.gw.stop();
		const server = net.createServer().listen(taken, '127.0.0.1');
		const gw = new Gateway({ config: { ...w.gw.config } });
		t.after(() => gw.child?.kill('SIGKILL'));
		try {
			await gw.prepare();
			gw.port = w.gw.port;
			gw.setConfig(w.gw.config);
			await gw.start();
			await gw.stop();
			const lines = gw.log().split('\n')
				.filter((l) => !/DEBUG/.test(l) && l.includes(String(taken)));
			assert.equal(lines.length, 1, gw.log());
		} finally {
			server.close();
		}
	});

	test('warns of a short secret', async () => {
		assert.match(await logOf({ authorization: 'short-one' }), /INFO\] warning:.*authoriz/);
	});

	test('warns of a configuration that everybody can read', async (t) => {
		const gw = new Gateway({});
		await gw.prepare();
		chmodSync(gw.configFile, 0o644);
		t.after(() => gw.child?.kill('SIGKILL'));
		await gw.start();
		await gw.logged(/INFO\] warning:.*config\.json/);
		await gw.stop();
	});

	test('warns of a certificate that does not cover public_ip', async () => {
		const log = await logOf({ public_ip: 'console.example' }, { tls: true });
		assert.match(log, /INFO\] warning:.*public_ip|INFO\] warning:.*console\.example/);
	});

	test('says nothing of the kind of a good one', async () => {
		assert.doesNotMatch(await logOf({}), /warning:/);
	});

	test('logging_enabled false says nothing at all', async () => {
		assert.equal(await logOf({ logging_enabled: false }), '');
	});

	test('the level info hides debug lines', async () => {
		assert.doesNotMatch(await logOf({ logging_level: 'info' }), /DEBUG/);
	});

	test('public_host is another name of public_ip', async (t) => {
		const w = await openWorld({ pve: null,
			config: { public_ip: undefined, public_host: 'console.example' } }, t);
		const res = await w.gw.create({ hostname: 'h', node: 'n', username: 'u',
			password: 'pppppp', vmid: 100 });
		assert.match(res.url, /^http:\/\/console\.example:/);
		await closeWorld(w);
	});
});

describe('a log file', () => {
	const dir = tempDir('pvlog');
	const file = join(dir, 'deep', 'gateway.log');
	const w = useWorld({ pve: null, config: { log_file: file } });

	test('is made with its folder, for the program and its group only', () => {
		assert.equal(statSync(file).mode & 0o777, 0o640);
		assert.equal(statSync(join(dir, 'deep')).mode & 0o777, 0o750);
	});

	test('is opened anew on SIGHUP', async () => {
		renameSync(file, `${file}.1`);
		w.gw.reload();
		await until(() => existsSync(file), 5000, 'a new log file');
		await w.gw.request('/status', { headers: w.gw.auth() });
		assert.ok(readFileSync(`${file}.1`, 'utf8').length > 0);
	});

	test('relative paths are relative to the configuration\'s folder', async () => {
		const conf = await sample();
		mkdirSync(join(conf.dir, 'page'));
		writeFileSync(join(conf.dir, 'page', 'vnc.html'), '<!doctype html>');
		const file2 = conf.save({ novnc_path: 'page', log_file: 'logs/x.log' });
		const { code, stderr } = await runGateway(['-check', '-config', file2], { cwd: '/' });
		assert.equal(code, 0, stderr);
	});
});
