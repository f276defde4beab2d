// SPDX-License-Identifier: MIT
//
// gateway - the program under test, started with a configuration of its own.
//
//   const gw = await startGateway({ pve });
//   const url = await gw.session({ vmid: 101 });       // /create, /vnc/<token> -> location
//   const { rfb } = await gw.console(url);             // websocket + RFB, ready for messages
//   await gw.stop();                                   // SIGTERM, exit code 0 or it throws
//
// Environment: GATEWAY = the binary (build/release/proxmoxvnc), GATEWAY_WRAPPER = a command put in
// front of it (valgrind ...), GATEWAY_SLOW=1 = ten times the patience.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCa, makeLeaf } from './certs.mjs';
import { request } from './http.mjs';
import { claimPorts } from './ports.mjs';
import { RfbClient } from './rfb.mjs';
import { tempDir } from './temp.mjs';
import { until, within } from './wait.mjs';
import { WsClient } from './ws.mjs';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const BINARY = resolve(process.env.GATEWAY || join(ROOT, 'build', 'release', 'proxmoxvnc'));
const WRAPPER = (process.env.GATEWAY_WRAPPER ?? '').split(/\s+/).filter(Boolean);

const START_MS = 30000;
const STOP_MS = 15000;
const POOL = 8;
const SECRET = 'test-authorization-0123456789abcdef0123';

/* Why the process under test is not as it is in service, or false. */
export function watched() {
	if (WRAPPER.length > 0)
		return `${WRAPPER[0]} runs it, and changes what it looks like`;
	return /lib[at]san\.so/.test(readFileSync(BINARY, 'latin1'))
		&& 'a sanitizer is in it, with an allocator and limits of its own';
}

const running = new Set();
process.on('exit', () => {
	for (const child of running)
		child.kill('SIGKILL');
});

/* Is it built with a sanitizer, which keeps a heap and books of its own? */
export function sanitized() {
	return existsSync(BINARY) && /__[at]san_init/.test(readFileSync(BINARY, 'latin1'));
}

/*
 * Runs the program to its end: { code, signal, stdout, stderr }. For -check, -version and
 * configurations that must be refused.
 */
export async function runGateway(args, { cwd, env, ms = 10000, input } = {}) {
	const [command, ...rest] = [...WRAPPER, BINARY, ...args];
	const child = spawn(command, rest, { cwd, env: { ...process.env, ...env } });
	running.add(child);
	let stdout = '';
	let stderr = '';
	child.stdout.on('data', (d) => (stdout += d));
	child.stderr.on('data', (d) => (stderr += d));
	child.stdin.end(input);
	const ended = new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve({ code, signal }));
	});
	try {
		const how = await within(ended, ms, `${BINARY} ${args.join(' ')}`);
		return { ...how, stdout, stderr };
	} finally {
		running.delete(child);
		child.kill('SIGKILL');
	}
}

/*
 * options:
 *   pve      a fake Proxmox: default target and CA of everything
 *   config   keys that override the defaults; undefined removes one
 *   pool     number of session ports (8)
 *   tls      true: router and sessions speak TLS, with a certificate of the CA gw.ca, whose
 *            certificate is gw.caFile; an object: the same, with these options of makeLeaf()
 *   args     more command line arguments;  env  more environment;  wrapper  a command in front
 *   dir      use this folder for config.json
 */
export async function startGateway(options = {}) {
	const gw = new Gateway(options);
	await gw.prepare();
	await gw.start();
	return gw;
}

export class Gateway {
	constructor(options) {
		this.options = options;
		this.pve = options.pve ?? null;
		this.dir = options.dir ?? tempDir('pvgw');
		this.scheme = options.tls ? 'https' : 'http';
		this.text = '';
		this.marks = 0; /* put into the log by fullLog() */
		this.exited = null;
	}

	/* ---- life ---- */

	async prepare() {
		const pool = this.options.pool ?? POOL;
		this.ports = await claimPorts(pool + 1);
		this.port = this.ports.first;
		this.config = {
			authorization: SECRET, public_ip: '127.0.0.1', router_ip: '127.0.0.1',
			router_port: this.port, session_ip: '127.0.0.1',
			session_port_min: this.ports.first + 1, session_port_max: this.ports.last,
			logging_level: 'debug', log_file: 'stderr', novnc_path: this.novncPath(),
			proxmox_tls: 'verify', proxmox_ca_file: this.pve?.caFile,
		};
		if (this.options.tls)
			await this.makeTls();
		this.setConfig(this.options.config ?? {});
	}

	async makeTls() {
		this.ca = await makeCa(this.dir, 'gw-ca', 'Gateway test CA');
		const leaf = await makeLeaf(this.dir, this.ca, { name: 'gw', ...this.options.tls });
		this.caFile = this.ca.cert;
		this.config.tls_cert_file = leaf.cert;
		this.config.tls_key_file = leaf.key;
	}

	/* The source tree's page if it is there, else a page of one line. */
	novncPath() {
		const real = join(ROOT, 'novnc');
		if (existsSync(join(real, 'vnc.html')))
			return real;
		const stub = join(this.dir, 'novnc');
		mkdirSync(stub, { recursive: true });
		writeFileSync(join(stub, 'vnc.html'), '<!doctype html><title>console</title>\n');
		return stub;
	}

	/* Changes keys and writes config.json; reload() makes the gateway read it. */
	setConfig(changes) {
		Object.assign(this.config, changes);
		this.configFile = join(this.dir, 'config.json');
		writeFileSync(this.configFile, `${JSON.stringify(this.config, null, '\t')}\n`,
			{ mode: 0o600 });
	}

	get url() {
		return `${this.scheme}://127.0.0.1:${this.port}`;
	}

	async start() {
		const args = ['-config', this.configFile, ...(this.options.args ?? [])];
		const command = [...(this.options.wrapper ?? []), ...WRAPPER,
			this.options.binary ?? BINARY, ...args];
		const child = spawn(command[0], command.slice(1), {
			cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'],
			env: { ...process.env, ...this.options.env },
		});
		this.child = child;
		this.exited = null;
		running.add(child);
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding('utf8');
			stream.on('data', (d) => (this.text += d));
		}
		this.ended = new Promise((resolve) => {
			child.once('error', (e) => resolve({ code: null, signal: null, error: e }));
			child.once('close', (code, signal) => resolve({ code, signal }));
		}).then((how) => {
			running.delete(child);
			this.exited = how;
			return how;
		});
		try {
			await until(() => this.answers(), START_MS, 'the gateway to answer');
		} catch (e) {
			child.kill('SIGKILL');
			await this.ended;
			this.ports.release();
			throw new Error(`${e.message}\n${this.tail()}`);
		}
	}

	async answers() {
		if (this.exited)
			throw new Error(`the gateway ended at its start: ${describe(this.exited)}`);
		try {
			const res = await this.request('/', { timeoutMs: 1000 });
			return res.status === 401;
		} catch {
			return false;
		}
	}

	/*
	 * Sends signal and returns the exit code. Throws when the gateway had ended before,
	 * does not end by itself, or dies by a signal; expect: null accepts any exit code.
	 */
	async stop(signal = 'SIGTERM', { expect = 0, ms = STOP_MS } = {}) {
		const before = this.exited;
		this.child.kill(signal);
		let how;
		try {
			how = await within(this.ended, ms, 'the gateway to stop');
		} catch (e) {
			this.child.kill('SIGKILL');
			await this.ended;
			throw new Error(`${e.message}; killed.\n${this.tail()}`);
		} finally {
			this.ports.release();
		}
		if (before)
			throw this.failure('had ended by itself', before);
		if (how.error || how.signal || (expect !== null && how.code !== expect))
			throw this.failure('ended badly', how);
		return how.code;
	}

	failure(what, how) {
		return new Error(`the gateway ${what}: ${describe(how)}\n${this.tail()}`);
	}

	signal(name) {
		this.child.kill(name);
	}

	/* SIGHUP, after config changes if there are any. */
	reload(changes = {}) {
		this.setConfig(changes);
		this.signal('SIGHUP');
	}

	/* What of its stderr and stdout is here by now. A line may come some milliseconds late. */
	log() {
		return this.text;
	}

	/* All it has logged until now, late lines too. It must log at debug, as it does by default. */
	async fullLog() {
		const method = `LATEST${++this.marks}`;
		await this.request('/', { method });
		await this.logged(`"${method}" elsewhere`);
		return this.text;
	}

	/* The lines of that which match. */
	async logLines(pattern) {
		return (await this.fullLog()).split('\n').filter((line) => pattern.test(line));
	}

	tail(lines = 40) {
		return this.text.split('\n').slice(-lines).join('\n');
	}

	/* Waits for a log line that matches; returns the match. */
	logged(pattern, ms = 5000) {
		return until(() => this.text.match(pattern), ms, `a log line like ${pattern}`);
	}

	/* ---- the API ---- */

	tls() {
		return this.caFile ? { ca: this.caFile } : {};
	}

	/* Any request to the router, not authorised unless headers say so. */
	request(path, opts = {}) {
		return request(this.url + path, { ...this.tls(), ...opts });
	}

	auth(headers = {}) {
		return { Authorization: this.config.authorization, ...headers };
	}

	/* The fields of a /create for the fake Proxmox; fields override, undefined removes. */
	params(fields = {}) {
		if (!this.pve)
			return fields;
		const { host, port, nodes, user, password } = this.pve;
		return { hostname: host, port, node: nodes[0], username: user, password, vmid: 101,
			...fields };
	}

	/* POST /create: { status, headers, json, text, token, url }. */
	async create(fields = {}, opts = {}) {
		const res = await this.request('/create', {
			method: 'POST', body: JSON.stringify(this.params(fields)),
			...opts,
			headers: this.auth({ 'Content-Type': 'application/json', ...opts.headers }),
		});
		const json = parse(res.text);
		return { ...res, json, token: json?.token, url: json?.url };
	}

	/* GET /vnc/<token>, whatever comes: { status, headers, text, location }. */
	async openRaw(token, opts = {}) {
		const res = await this.request(`/vnc/${token}`, { timeoutMs: 60000, ...opts });
		return { ...res, location: res.headers.location };
	}

	/* The location of the session behind a token; throws when there is none. */
	async open(token, opts) {
		const res = await this.openRaw(token, opts);
		if (res.status !== 302)
			throw unexpected('GET /vnc/<token>', res);
		return res.location;
	}

	/* create() and open() in one. */
	async session(fields) {
		const res = await this.create(fields);
		if (res.status !== 200)
			throw unexpected('POST /create', res);
		return this.open(res.token);
	}

	/* GET /status, parsed. */
	async status() {
		const res = await this.request('/status', { headers: this.auth() });
		if (res.status !== 200)
			throw unexpected('GET /status', res);
		return JSON.parse(res.text);
	}

	/* Polls /status until test(status) holds; returns that status. */
	async statusUntil(test, ms = 10000, what = 'a certain /status') {
		let last;
		await until(async () => test(last = await this.status()), ms, what);
		return last;
	}

	/* ---- a session, by the location of open() ---- */

	/* A file under the session's url. */
	file(url, name = '', opts = {}) {
		return request(url + name, { ...this.tls(), ...opts });
	}

	/* mandatory.json of a session, parsed. */
	async mandatory(url, opts) {
		const res = await this.file(url, 'mandatory.json', opts);
		if (res.status !== 200)
			throw unexpected('mandatory.json', res);
		return JSON.parse(res.text);
	}

	/*
	 * The websocket of a session, as a browser opens it; opts as WsClient.connect, and name:
	 * 'term-proxy' for a terminal's.
	 */
	websocket(url, { name = 'vnc-proxy', ...opts } = {}) {
		const u = new URL(url);
		const ws = `${u.protocol.replace('http', 'ws')}//${u.host}${u.pathname}${name}`;
		return WsClient.connect(ws,
			{ ...this.tls(), origin: u.origin, protocols: ['binary'], ...opts });
	}

	/* Websocket and RFB handshake with the minted password: { ws, rfb, mandatory }. */
	async console(url, { from, ws: wsOptions, ...rfbOptions } = {}) {
		const mandatory = await this.mandatory(url, { from });
		const ws = await this.websocket(url, { from, ...wsOptions });
		const rfb = new RfbClient(ws);
		await rfb.handshake({ password: mandatory.password, ms: 20000, ...rfbOptions });
		return { ws, rfb, mandatory };
	}
}

function describe({ code, signal, error }) {
	return error ? error.message : signal ? `signal ${signal}` : `exit code ${code}`;
}

function unexpected(what, res) {
	return new Error(`${what}: ${res.status} ${res.text.slice(0, 300)}`);
}

function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}
